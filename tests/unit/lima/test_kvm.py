"""Who may use KVM, with a device and a group that stand in for the real ones."""

import grp
import os
import pwd
import shlex

import pytest

from sysinit_vm.lima import kvm
from sysinit_vm.lima.kvm import Access

OWN = 4321


class Group:
    """The group of the stand-in device, and who is in it."""

    def __init__(self, device):
        self.name, self.members, self.gid = "kvm", [], device.stat().st_gid

    def entry(self, gid):
        name, members = (self.name, self.members) if gid == self.gid else ("us", [])
        return grp.struct_group((name, "x", gid, members))


@pytest.fixture
def group(tmp_path, monkeypatch):
    device = tmp_path / "kvm"
    device.write_text("")
    device.chmod(0o660)
    group = Group(device)
    monkeypatch.setattr(kvm, "DEVICE", device)
    monkeypatch.setattr(kvm, "find", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(kvm, "user", lambda: "me")
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "getgid", lambda: OWN)
    monkeypatch.setattr(grp, "getgrgid", group.entry)
    return group


def test_an_account_that_is_not_in_the_group_can_join_it(group):
    assert kvm.access() is Access.JOINABLE
    group.members.append("me")
    assert kvm.access() is Access.JOINED


def test_what_this_process_may_open_needs_no_group(group, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: True)
    assert kvm.access() is Access.OPEN


def test_without_the_device_there_is_no_kvm(group):
    kvm.DEVICE.unlink()
    assert kvm.access() is Access.NO_DEVICE


def test_nobody_joins_another_group_for_it(group):
    group.name = "disk"
    assert kvm.access() is Access.CLOSED


def test_a_group_that_may_not_open_it_is_of_no_use(group):
    kvm.DEVICE.chmod(0o600)
    assert kvm.access() is Access.CLOSED


def test_without_sg_a_new_login_would_be_needed(group, monkeypatch):
    monkeypatch.setattr(kvm, "find", lambda _: None)
    assert kvm.access() is Access.CLOSED


def test_a_device_whose_group_has_no_name_is_closed(group, monkeypatch):
    def unknown(gid):
        raise KeyError(gid)

    monkeypatch.setattr(grp, "getgrgid", unknown)
    assert kvm.access() is Access.CLOSED


def test_a_command_goes_through_sg_only_if_the_account_has_just_joined(group):
    argv = ("limactl", "start", "a 'b\" $c")
    assert kvm.as_member(argv) == argv
    group.members.append("me")
    sg, name, _, line = kvm.as_member(argv)
    assert (sg, name) == ("sg", "kvm")
    inner = shlex.split(line)
    assert inner[:4] == ["exec", "sg", "us", "-c"]
    assert shlex.split(inner[4]) == ["exec", *argv]


def test_an_account_without_an_entry_is_called_by_its_number(monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert kvm.user() == str(os.getuid())


def test_no_other_system_is_asked_for_kvm(group, monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert kvm.access() is Access.NO_DEVICE
