"""Package managers, and what a person types."""

import ctypes
import os
from dataclasses import replace

import pytest

from sysinit_vm.machine import host, package_manager
from sysinit_vm.machine.host import Host


def test_sudo_is_shown_where_the_account_is_not_root(machine):
    account = replace(machine.host, root=False, sudo=True)
    update, install = package_manager.install_commands(account, ["ovmf", "git", "git"])
    apt = ("sudo", "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get", "-o", "DPkg::Lock::Timeout=120")
    assert update == (*apt, "update")
    assert install == (*apt, "install", "-y", "--no-remove", "--no-install-recommends", "ovmf", "git")


def test_fresh_lists_are_not_updated(machine):
    (machine.tmp / "lists").mkdir()
    (machine.tmp / "lists" / "mirror_main_binary-amd64_Packages").touch()
    assert len(package_manager.install_commands(machine.host, ["git"])) == 1
    os.utime(machine.tmp / "lists", (0, 0))
    assert len(package_manager.install_commands(machine.host, ["git"])) == 2


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        ("dnf", ("dnf", "install", "-y", "git")),
        ("pacman", ("pacman", "-S", "--needed", "--noconfirm", "git")),
        ("zypper", ("zypper", "--non-interactive", "install", "git")),
    ],
)
def test_other_package_managers(machine, manager, words):
    assert package_manager.install_commands(replace(machine.host, manager=manager), ["git"]) == (words,)


def test_a_package_manager_that_we_do_not_know_has_no_packages(machine):
    other = replace(machine.host, manager="apk")
    assert package_manager.install_commands(other, ["git"]) == ()
    assert package_manager.by_hand(other, ["git"]) == ""


@pytest.mark.parametrize(
    ("change", "typed"),
    [
        ({}, "apt-get install ovmf git"),
        ({"root": False, "sudo": True}, "sudo apt-get install ovmf git"),
        ({"root": False}, "as root: apt-get install ovmf git"),
        ({"manager": "pacman"}, "pacman -S ovmf git"),
        ({"manager": "zypper"}, "zypper install ovmf git"),
        (
            {"manager": "nix", "root": False, "sudo": True},
            "nix --extra-experimental-features 'nix-command flakes' profile install 'nixpkgs#ovmf' 'nixpkgs#git'",
        ),
        ({"manager": "brew", "root": False}, "brew install ovmf git"),
        ({"manager": ""}, ""),
    ],
)
def test_what_a_person_types_is_whole(machine, change, typed):
    assert package_manager.by_hand(replace(machine.host, **change), ["ovmf", "git", "git"]) == typed


@pytest.mark.parametrize(("system", "other"), [("Linux", "dnf"), ("Darwin", "brew")])
def test_the_systems_own_package_manager_stands_before_nix(machine, monkeypatch, system, other):
    monkeypatch.setattr(host.platform, "system", lambda: system)
    machine.put("nix")
    assert Host.read().manager == "nix"
    machine.put(other)
    assert Host.read().manager == other


def test_this_machine_can_be_read():
    here = Host.read()
    assert here.limactl.is_absolute()
    assert here.zellij.is_absolute()


class Library:
    """The C library of a Mac: ``translated`` is what it knows of Rosetta, None if it is an Intel Mac's."""

    def __init__(self, translated):
        self.translated = translated

    def sysctlbyname(self, name, value, _size, _new, _length):
        assert name == b"sysctl.proc_translated"
        if self.translated is None:
            return -1
        value._obj.value = self.translated
        return 0


@pytest.mark.parametrize(
    ("machine", "translated", "arch"),
    [("x86_64", 1, "aarch64"), ("x86_64", None, "x86_64"), ("arm64", 0, "aarch64")],
)
def test_a_python_under_rosetta_is_on_apple_silicon(monkeypatch, machine, translated, arch):
    monkeypatch.setattr(host.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(host.platform, "machine", lambda: machine)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Library(translated))
    assert Host.read().arch == arch


def test_a_machine_has_a_core_even_if_the_system_does_not_say_so(home, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert Host.read().cores == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert Host.read().cores == 6
