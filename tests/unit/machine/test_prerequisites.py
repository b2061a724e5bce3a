"""What a machine needs, what of it is there, and which parts have a route."""

from dataclasses import replace

import pytest

from sysinit_vm.machine import download, prerequisites
from sysinit_vm.machine.download import Answer
from sysinit_vm.machine.release_archives import Releases
from tests.fakes import RecordingRunner
from tests.unit.machines import NIX, Machine, by_name

X86, ARM = prerequisites._X86, prerequisites._ARM


def test_only_missing_packages_are_asked_for(machine, runner):
    machine.complete()
    (machine.bin / "mmdebstrap").unlink()
    (machine.bin / "bwrap").unlink()
    found = by_name(prerequisites.survey(runner, machine.host))
    (_, install) = found["bwrap"].route.commands
    assert install[-2:] == ("mmdebstrap", "bubblewrap")
    assert found["mmdebstrap"].route is found["bwrap"].route
    assert found["git"].route is None


def test_a_qemu_that_lima_refuses_is_not_enough(machine):
    machine.complete()
    found = by_name(
        prerequisites.survey(RecordingRunner(programs={"qemu-system": "QEMU emulator version 3.1.0"}), machine.host)
    )
    assert not found["qemu-system-x86_64"].enough
    assert found["qemu-system-x86_64"].version == "3.1.0"
    assert found["qemu-system-x86_64"].need == "runs the VM; at least 4.0.0"


@pytest.mark.parametrize(("root", "name"), [(True, "bwrap"), (False, "newuidmap")])
def test_root_and_ordinary_accounts_need_different_parts(machine, runner, root, name):
    found = by_name(prerequisites.survey(runner, replace(machine.host, root=root)))
    assert name in found
    assert ("newuidmap" in found) is not root
    assert found["bwrap"].required is root


def test_arm_gets_its_own_qemu(machine, runner):
    found = by_name(prerequisites.survey(runner, replace(machine.host, **machine.ARM)))
    assert "qemu-system-arm" in found["qemu-system-aarch64"].route.commands[-1]


@pytest.fixture
def firmware(machine, monkeypatch):
    """Only what a test puts is there, of the files that do not depend on QEMU's place or the home."""
    monkeypatch.setenv("HOME", str(machine.tmp / "home"))
    for name, tools in (("_X86", X86), ("_ARM", ARM)):
        files = tuple(file for file in tools[1].files if not file.startswith("/"))
        monkeypatch.setattr(prerequisites, name, (tools[0], replace(tools[1], files=files)))
    return machine


@pytest.mark.parametrize(("change", "arch"), [({}, "x86_64"), (Machine.ARM, "aarch64")])
@pytest.mark.parametrize("place", ["share/qemu", "home/.local/share/qemu"])
def test_firmware_is_looked_for_where_lima_does(firmware, runner, change, arch, place):
    here = replace(firmware.host, **change)
    firmware.put(f"qemu-system-{arch}")  # so its prefix is the directory above
    assert by_name(prerequisites.tools(runner, here))["firmware"].found is None
    path = firmware.tmp / place / f"edk2-{arch}-code.fd"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert by_name(prerequisites.tools(runner, here))["firmware"].found == path


def test_firmware_that_other_packages_bring_is_known():
    assert {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/qemu/ovmf-x86_64-4m.bin"} < set(X86[1].files)
    assert "/usr/share/AAVMF/AAVMF_CODE.fd" in ARM[1].files


@pytest.mark.parametrize("codename", ["bookworm", "trixie", ""])
def test_any_linux_with_the_two_programs_has_a_route_to_zellij(machine, runner, codename):
    part = by_name(prerequisites.survey(runner, replace(machine.host, codename=codename)))["zellij"]
    assert part.route is not None
    assert not part.required


def test_where_those_cannot_be_had_zellij_has_no_route_and_says_what_to_do(machine, runner):
    part = by_name(prerequisites.survey(runner, replace(machine.host, manager="pacman")))["zellij"]
    assert part.route is None
    assert "compiled with mmdebstrap and bwrap: install these first" in part.need


def test_macos_takes_homebrew_and_needs_no_qemu(machine, runner):
    found = prerequisites.survey(runner, replace(machine.host, system="Darwin", manager="brew", root=False))
    assert [part.name for part in found] == ["limactl", "guest agent", "zellij"]
    assert found[0].route.commands == (("brew", "install", "lima"),)
    assert found[2].route is None
    assert "cannot be compiled on Darwin" in found[2].need


def test_macos_with_nix_alone_takes_lima_from_there(machine, runner):
    found = prerequisites.survey(runner, replace(machine.host, system="Darwin", manager="nix", root=False))
    assert found[0].route.commands == ((*NIX, "nixpkgs#lima"),)


def test_macos_without_homebrew_says_so(machine, runner):
    part = prerequisites.survey(runner, replace(machine.host, system="Darwin", manager="", root=False))[0]
    assert part.route is None
    assert "install Homebrew" in part.need


def archives(monkeypatch, obstacle=""):
    monkeypatch.setattr(download, "ask", lambda _: Answer(obstacle))
    return Releases()


@pytest.mark.parametrize("manager", ["", "brew", "nix"])
def test_macos_gets_the_guests_zellij_from_upstream(machine, runner, monkeypatch, manager):
    mac = replace(machine.host, system="Darwin", arch="aarch64", manager=manager, root=False)
    part = by_name(prerequisites.survey(runner, mac, archives(monkeypatch)))["zellij"]
    assert part.route.archive.location.endswith("zellij-aarch64-unknown-linux-musl.tar.gz")


def test_macos_without_homebrew_and_nix_gets_lima_from_upstream(machine, runner, monkeypatch):
    mac = replace(machine.host, system="Darwin", arch="aarch64", manager="", root=False)
    found = by_name(prerequisites.survey(runner, mac, archives(monkeypatch)))
    assert found["limactl"].route.archive.location.endswith("lima-2.2.0-Darwin-arm64.tar.gz")
    assert found["guest agent"].route is found["limactl"].route


def test_homebrew_and_nix_stay_the_ways_of_their_users(machine, runner, monkeypatch):
    for manager, program in (("brew", "brew"), ("nix", "nix")):
        mac = replace(machine.host, system="Darwin", manager=manager, root=False)
        found = by_name(prerequisites.survey(runner, mac, archives(monkeypatch)))
        assert found["limactl"].route.commands[0][0] == program


def test_macos_that_reaches_nothing_says_why_and_what_to_install(machine, runner, monkeypatch):
    mac = replace(machine.host, system="Darwin", manager="", root=False)
    found = by_name(prerequisites.survey(runner, mac, archives(monkeypatch, "github.com cannot be reached")))
    assert "github.com cannot be reached; install Homebrew or nix first" in found["limactl"].need
    assert "github.com cannot be reached; one for the guest cannot be compiled on Darwin" in found["zellij"].need


def test_a_linux_without_compilers_gets_zellij_from_upstream(machine, runner, monkeypatch):
    bare = replace(machine.host, manager="pacman")
    assert by_name(prerequisites.survey(runner, bare, archives(monkeypatch)))["zellij"].route.archive


def test_nobody_is_asked_for_what_is_there(machine, runner, monkeypatch):
    machine.complete()
    monkeypatch.setattr(download, "ask", lambda _: pytest.fail("asked"))
    assert all(part.enough for part in prerequisites.survey(runner, machine.host, Releases()))


def test_nix_alone_brings_what_needs_no_rights_of_root(machine, runner):
    account = replace(machine.host, manager="nix", root=False)
    found = by_name(prerequisites.survey(runner, account))
    qemu = found["qemu-system-x86_64"]
    assert qemu.route.commands == (
        (*NIX, *(f"nixpkgs#{name}" for name in ("qemu", "openssh", "e2fsprogs", "git", "bubblewrap"))),
    )
    assert {name for name, part in found.items() if part.route is qemu.route} == {
        *("qemu-system-x86_64", "qemu-img", "ssh", "mkfs.ext4", "git", "bwrap"),
    }
    assert found["limactl"].route.commands == ((*NIX, "nixpkgs#lima"),)
    assert found["guest agent"].route is found["limactl"].route
    assert {name for name, part in found.items() if not part.route} == {
        *("mmdebstrap", "Debian's keys", "newuidmap", "zellij"),
    }


@pytest.mark.parametrize("change", [{"root": False}, {"manager": ""}])
def test_no_rights_or_no_manager_is_no_route(machine, runner, change):
    found = by_name(prerequisites.survey(runner, replace(machine.host, **change)))
    assert found["ssh"].route is None
    assert "install it (on Debian: openssh-client)" in found["ssh"].need


def test_a_bad_mirror_leaves_all_but_zellij_as_it_is(machine, monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_MIRROR", "ftp://a.example")
    found = by_name(prerequisites.survey(RecordingRunner(), machine.host))
    assert found["limactl"].route
    assert found["zellij"].route is None
    assert "is not a mirror" in found["zellij"].need
