"""Room, rights and settings that a VM needs, beside programs."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sysinit_vm.lima import kvm
from sysinit_vm.lima.kvm import Access
from sysinit_vm.machine import accelerator, limits, root_files
from sysinit_vm.machine.limits import Limit
from tests.fakes import RecordingRunner


@pytest.mark.parametrize(
    ("free", "available", "files", "short"),
    [
        (50, 8, 4096, set()),
        (2, 8, 4096, {"disk space"}),
        (50, 1, 4096, {"memory"}),
        (50, 8, 256, {"open files"}),
    ],
)
def test_a_limit_is_short_where_a_vm_would_not_fit(machine, monkeypatch, free, available, files, short):
    import psutil

    gib = 2**30
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda _: SimpleNamespace(free=free * gib))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available * gib, total=16 * gib))
    monkeypatch.setattr(limits.resource, "getrlimit", lambda _: (files, files))
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", "tcg")
    found = limits.survey(RecordingRunner(), machine.host, Path("/nowhere/lima"))
    assert {limit.name for limit in found if not limit.enough} == short
    assert all(limit.hint for limit in found if not limit.enough)


def test_broken_kvm_is_told_with_its_reason_and_stops_nothing(machine, monkeypatch):
    broken = accelerator.Accelerator("tcg", "/dev/kvm exists but does not work here.")
    monkeypatch.setattr(accelerator, "choose", lambda *_: broken)
    first = limits.survey(RecordingRunner(), machine.host, machine.tmp)[0]
    assert first == Limit("accelerator", f"tcg. {broken.note}", enough=False, hard=False)


def test_an_accelerator_that_cannot_be_is_told_with_what_to_type(machine, monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", "magic")
    first = limits.survey(RecordingRunner(), machine.host, machine.tmp)[0]
    assert (first.enough, first.hard) == (False, True)
    assert "magic" in first.found
    assert first.hint


@pytest.mark.parametrize(
    ("wanted", "enough", "hard"), [("auto", False, False), ("tcg", True, False), ("kvm", False, True)]
)
def test_no_right_to_kvm_is_in_the_way_of_nobody_who_can_do_without(machine, monkeypatch, wanted, enough, hard):
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", wanted)
    monkeypatch.setattr(kvm, "access", lambda: Access.CLOSED)
    (found,) = limits._rights(replace(machine.host, root=False))
    assert (found.enough, found.hard) == (enough, hard)
    assert found.hint.startswith("ls -l /dev/kvm")
    monkeypatch.setattr(kvm, "access", lambda: Access.JOINABLE)
    (found,) = limits._rights(replace(machine.host, root=False, sudo=False))
    assert "as root: usermod -aG kvm" in found.hint


@pytest.mark.parametrize(("access", "sudo", "enough"), [(Access.JOINABLE, True, False), (Access.JOINED, True, True)])
def test_a_group_that_setup_can_give_is_left_to_it(machine, monkeypatch, access, sudo, enough):
    monkeypatch.setattr(kvm, "access", lambda: access)
    (found,) = limits._rights(replace(machine.host, root=False, sudo=sudo))
    assert (found.enough, found.hint) == (enough, "sysinit-vm setup" if access is Access.JOINABLE else found.hint)


def test_a_setting_of_something_else_says_nothing_of_the_accelerator(machine, monkeypatch):
    for name, value in (("ACCELERATOR", "tcg"), ("EDITOR", "vim"), ("ZELLIJ", "/nowhere")):
        monkeypatch.setenv(f"SYSINIT_VM_{name}", value)
    assert limits.survey(RecordingRunner(), machine.host, machine.tmp)[0].enough


def test_a_lima_home_that_leaves_no_room_for_a_name_is_short(machine):
    found = {limit.name: limit for limit in limits.survey(RecordingRunner(), machine.host, machine.tmp / ("x" * 90))}
    assert not found["LIMA_HOME"].enough
    assert "shorter" in found["LIMA_HOME"].hint


@pytest.fixture
def owners(machine, home, monkeypatch):
    """What the limit `owners` says if these files are root's, in the directories of an account that is not root."""
    lima_home = home / ".lima"
    for name in ("shop-dev/disk", "_images/base.qcow2", "_sysinit-vm/shop-dev.lock", "other-dev/disk"):
        (lima_home / name).parent.mkdir(parents=True, exist_ok=True)
        (lima_home / name).touch()

    def look(*names):
        monkeypatch.setattr(root_files, "_is_roots", {home / name for name in names}.__contains__)
        monkeypatch.setattr(kvm, "user", lambda: "me")
        return list(limits._owners(replace(machine.host, root=False), lima_home))

    return look


def test_files_of_root_in_the_users_directories_are_named_with_what_takes_them_back(owners, home):
    """sudo with HOME kept leaves them, and each later command is denied there."""
    (found,) = owners(".lima/shop-dev", ".lima/shop-dev/disk", ".lima/_sysinit-vm/shop-dev.lock")
    assert (found.name, found.enough, found.hard) == ("owners", False, True)
    paths = f"{home}/.lima/_sysinit-vm/shop-dev.lock", f"{home}/.lima/shop-dev"
    assert ", ".join(paths) in found.found
    assert found.hint == f"sudo chown -R me {' '.join(paths)}"


def test_of_many_files_of_root_the_directory_is_named(owners, home):
    names = ("shop-dev/disk", "_sysinit-vm/shop-dev.lock", "other-dev/disk", "_images")
    (found,) = owners(*(f".lima/{name}" for name in names))
    assert "and 1 more" in found.found
    assert found.hint == f"sudo chown -R me {home}/.lima"


def test_a_home_without_files_of_root_and_images_that_are_shared_are_no_fault(owners, machine):
    (found,) = owners(".lima/_images/base.qcow2")
    assert found.enough
    assert list(limits._owners(machine.host, machine.tmp)) == []  # root's own are root's


def test_a_limit_that_may_be_any_number_is_none(machine, monkeypatch):
    monkeypatch.setattr(limits.resource, "getrlimit", lambda _: (256, limits.resource.RLIM_INFINITY))
    found = limits.survey(RecordingRunner(), machine.host, Path("/nowhere/lima"))
    assert [limit.found for limit in found if limit.name == "open files"] == ["256 (any number may be set)"]
