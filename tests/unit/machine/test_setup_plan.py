"""The plan: one screen that says what setup will do."""

from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm.lima import kvm
from sysinit_vm.lima.kvm import Access
from sysinit_vm.machine import download, prerequisites, setup_plan
from sysinit_vm.machine.download import Answer
from sysinit_vm.machine.pinned_versions import ARCHIVES
from sysinit_vm.machine.release_archives import Releases
from tests.fakes import RecordingRunner
from tests.unit.machines import by_name


@pytest.fixture
def ordinary(machine, monkeypatch):
    """An ordinary account with sudo that is not in the group kvm, on a machine that has nothing."""
    monkeypatch.setattr(kvm, "access", lambda: Access.JOINABLE)
    monkeypatch.setattr(kvm, "user", lambda: "me")
    monkeypatch.delenv("SYSINIT_VM_ACCELERATOR", raising=False)
    return replace(machine.host, root=False, sudo=True)


def plan(host, *, follows=()):
    return setup_plan.summary(host, prerequisites.survey(RecordingRunner(), host), follows)


def test_it_says_what_is_missing_how_long_how_much_and_what_needs_root(ordinary):
    text = plan(ordinary, follows=["After that the VM starts."])
    assert "System packages (1 to 3 minutes, 60 MB to download)\n    for qemu-system-x86_64, qemu-img" in text
    assert "Lima 2.2.0, built from its Go module (1 to 5 minutes, 150 MB to download)\n    for limactl, guest" in text
    whole = " ".join(text.split())
    assert "In all about 17 to 48 minutes on 2 cores, 560 MB to download, 345 MB of disk" in whole
    assert "Root, by sudo: System packages, The group kvm for the account me. Nothing else." in whole
    assert "without a new login" in whole
    assert text.endswith("After that the VM starts.")


def test_what_goes_on_in_the_background_does_not_count_for_the_time_of_who_does_not_wait(ordinary):
    parts = prerequisites.survey(RecordingRunner(), ordinary)
    text = " ".join(setup_plan.summary(ordinary, parts, waits=False).split())
    assert "In all about 2 to 8 minutes on 2 cores, 560 MB to download, 345 MB of disk" in text
    assert "for zellij This goes on in the background; until it is done, the VM gives a login shell." in text
    assert "in the background" not in plan(ordinary)


def test_without_sudo_nobody_is_told_that_the_account_joins(machine, ordinary):
    text = " ".join(plan(replace(ordinary, sudo=False)).split())
    assert "joins the group" not in text
    assert "as root: usermod -aG kvm me" in text


def test_root_is_told_nothing_of_sudo(machine):
    assert "sudo" not in plan(machine.host)


def test_where_nothing_needs_root_it_says_so(machine, ordinary):
    machine.complete()
    machine.host.zellij.unlink()
    kvm.access = lambda: Access.OPEN  # the fixture restores it
    assert "Nothing of it needs root." in plan(ordinary)


def test_a_part_without_a_route_is_told_with_what_to_do(ordinary):
    assert "  qemu-img: makes disks; install it" in plan(replace(ordinary, manager=""))


def test_a_bad_setting_hides_nothing_else(ordinary, monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", "magic")
    assert "System packages" in plan(ordinary)


def test_the_commands_are_those_that_are_run(ordinary):
    ways = setup_plan.routes(prerequisites.survey(RecordingRunner(), ordinary))
    text = setup_plan.commands(ways)
    assert "  $ sudo usermod -aG kvm me\n" in text
    assert text.count("  $ ") == sum(len(route.commands) for route in ways)


def test_a_login_of_a_mirror_is_announced_and_not_shown(machine):
    route = setup_plan.Route("A root", (("mmdebstrap", "x"),), ((Path("/c/logins.tar"), b"hunter2"),))
    text = setup_plan.commands([route])
    assert "/c/logins.tar has the mirror's password" in text
    assert "hunter2" not in text


def test_the_group_is_offered_only_where_it_helps_and_can_be_given(ordinary, monkeypatch):
    def offered(host):
        return "KVM" in by_name(prerequisites.survey(RecordingRunner(), host))

    assert offered(ordinary)
    assert not offered(replace(ordinary, sudo=False))
    assert not offered(replace(ordinary, root=True))
    assert not offered(replace(ordinary, system="Darwin", manager="brew"))
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", "tcg")
    assert not offered(ordinary)
    monkeypatch.delenv("SYSINIT_VM_ACCELERATOR")
    monkeypatch.setattr(kvm, "access", lambda: Access.JOINED)
    assert not offered(ordinary)


def served(monkeypatch, **answers):
    """Let each archive be there with a length, or not: an ``obstacle`` for the program of that name."""
    monkeypatch.setattr(
        download,
        "ask",
        lambda location: next(
            (Answer(why) for name, why in answers.items() if name in location), Answer(length=23 * 10**6)
        ),
    )
    return Releases()


def test_what_upstream_compiled_is_downloaded_and_needs_nothing_else(machine, ordinary, monkeypatch):
    parts = prerequisites.survey(RecordingRunner(), ordinary, served(monkeypatch))
    text = " ".join(setup_plan.summary(ordinary, parts).split())
    assert "Lima 2.2.0, from upstream's archive (up to 2 minutes, 23 MB to download) for limactl, guest agent" in text
    assert "Zellij 0.45.1 for the guest, from upstream's archive (up to 2 minutes, 23 MB to download) for zell" in text
    assert "In all about 1 to 7 minutes on 2 cores, 106 MB to download" in text
    shown = setup_plan.commands(setup_plan.routes(parts))
    for name, archive in ARCHIVES.items():
        assert (archive.sha256 in shown) is (name[1:] == ("Linux", "x86_64"))
    assert "https://github.com/zellij-org/zellij/releases/download/v0.45.1/" in shown
    assert "$ go" not in shown
    assert "cargo" not in shown


def test_downloads_alone_have_a_most_and_no_least(machine, ordinary, monkeypatch):
    machine.complete()
    machine.host.zellij.unlink()
    text = setup_plan.summary(ordinary, prerequisites.survey(RecordingRunner(), ordinary, served(monkeypatch)))
    assert "\nIn all up to 2 minutes on 2 cores, 23 MB to download" in text


def test_what_cannot_be_had_is_said_with_the_time_that_it_takes_instead(ordinary, monkeypatch):
    releases = served(monkeypatch, lima="github.com cannot be reached (Network is unreachable)")
    text = " ".join(setup_plan.summary(ordinary, prerequisites.survey(RecordingRunner(), ordinary, releases)).split())
    assert (
        "for limactl, guest agent github.com cannot be reached (Network is unreachable): "
        "compiling instead, about 1 to 5 minutes" in text
    )
    assert "Zellij 0.45.1 for the guest, from upstream's archive" in text


def test_json_has_the_archive_beside_the_commands(ordinary, monkeypatch):
    data = by_name(prerequisites.survey(RecordingRunner(), ordinary, served(monkeypatch)))["zellij"].data()
    assert data["route"]["commands"] == ()
    assert data["route"]["archive"]["sha256"] == ARCHIVES["zellij", "Linux", "x86_64"].sha256
