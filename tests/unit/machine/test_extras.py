"""What only some commands need."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_machine import NIX, Recorder, by_name, machine  # noqa: F401

from sysinit_vm.lima import accelerator
from sysinit_vm.machine import extras, limits, obtain
from sysinit_vm.machine.host import Route
from sysinit_vm.machine.limits import Limit


@pytest.fixture
def bare(machine, monkeypatch):  # noqa: F811
    """Without a task beside the interpreter, with an empty home, and without the system's own virtiofsd."""
    monkeypatch.setenv("HOME", str(machine.tmp / "home"))
    monkeypatch.setattr(extras.sys, "executable", str(machine.bin / "python3"))
    monkeypatch.setattr(extras, "_BACKENDS", (machine.tmp / "mine", machine.tmp / "systems"))
    return machine


def test_none_is_required_and_each_has_a_route(bare):
    found = by_name(extras.survey(Recorder(), replace(bare.host, codename="trixie")))
    assert set(found) == {"task", "nix", "virtiofsd"}
    assert not any(part.required or part.enough for part in found.values())
    assert found["virtiofsd"].route.commands[-1][-1] == "virtiofsd"
    assert found["nix"].route.commands[-1][-2:] == ("nix-bin", "nix-setup-systemd")
    assert found["task"].route.commands[1][1:] == ("install", "go-task-bin")


def darwin(bare, manager):
    return by_name(extras.survey(Recorder(), replace(bare.host, system="Darwin", manager=manager, root=False)))


def test_macos_takes_task_from_homebrew_which_has_no_nix(bare):
    found = darwin(bare, "brew")
    assert set(found) == {"task", "nix"}
    assert found["task"].route.commands == (("brew", "install", "go-task"),)
    assert found["nix"].route is None


@pytest.mark.parametrize("manager", ["nix", ""])
def test_macos_without_homebrew_takes_task_from_its_python_package(bare, manager):
    found = darwin(bare, manager)
    assert found["task"].route.commands[1][1:] == ("install", "go-task-bin")
    assert found["nix"].route is None


def test_nix_brings_virtiofsd(bare):
    found = by_name(extras.survey(Recorder(), replace(bare.host, manager="nix", root=False, codename="")))
    assert found["virtiofsd"].route.commands == ((*NIX, "nixpkgs#virtiofsd"),)


def own_task(bare):
    own, link = bare.host.data / "task/bin/task", Path.home() / ".local/bin/task"
    for path in (own, link):
        path.parent.mkdir(parents=True)
    return own, link


def test_a_task_of_ours_is_not_got_again_where_its_directory_is_not_on_path(bare):
    own, link = own_task(bare)
    bare.put(str(own))
    link.symlink_to(own)
    assert by_name(extras.survey(Recorder(), bare.host))["task"].found == link
    link.unlink()
    assert by_name(extras.survey(Recorder(), bare.host))["task"].found == own


def test_what_is_in_the_place_of_tasks_link_stays(bare):
    own, link = own_task(bare)
    link.symlink_to(bare.tmp / "theirs")  # which is not there
    commands = by_name(extras.survey(Recorder(), bare.host))["task"].route.commands
    assert not any(command[0] == "ln" for command in commands)
    link.unlink()
    commands = by_name(extras.survey(Recorder(), bare.host))["task"].route.commands
    assert commands[-1] == ("ln", "-s", str(own), str(link))


QEMUS = (
    "virtiofsd version 7.2.22 (Debian 1:7.2)\nCopyright (c) 2003-2022 Fabrice Bellard and the QEMU Project developers"
)
RUST = "virtiofsd 1.13.0"


def backend(bare, place, name="virtiofsd", kind="fs"):
    (bare.tmp / place).mkdir(exist_ok=True)
    (bare.tmp / place / f"{name}.json").write_text(json.dumps({"type": kind, "binary": str(bare.put(name))}))


def virtiofsd(bare, told, codename="trixie"):
    return by_name(extras.survey(Recorder(told), replace(bare.host, codename=codename)))["virtiofsd"]


def test_qemus_own_virtiofsd_is_not_enough_though_lima_takes_it(bare):
    backend(bare, "systems")
    part = virtiofsd(bare, {"virtiofsd": QEMUS})
    assert not part.enough
    assert "QEMU's own needs root" in part.need
    assert part.route.commands[-1][-1] == "virtiofsd"


def test_on_debian_12_virtiofsd_has_no_route_and_says_why(bare):
    backend(bare, "systems")
    part = virtiofsd(bare, {"virtiofsd": QEMUS}, "bookworm")
    assert part.route is None
    assert "Debian has it from 13 on" in part.need


def test_the_first_virtiofsd_that_lima_would_try_counts(bare):
    backend(bare, "systems", "qemus")
    backend(bare, "mine", "gpu", kind="gpu")
    (bare.tmp / "mine" / "broken.json").write_text("{")
    assert not virtiofsd(bare, {"qemus": QEMUS, "own": RUST}).enough
    backend(bare, "mine", "own")
    part = virtiofsd(bare, {"qemus": QEMUS, "own": RUST})
    assert (part.enough, part.version, part.found) == (True, "1.13.0", bare.bin / "own")


def test_one_on_path_that_no_file_names_is_not_found_by_lima(bare):
    bare.put("virtiofsd")
    assert not virtiofsd(bare, {"virtiofsd": RUST}).enough


def test_what_is_there_is_enough_with_its_version(bare):
    bare.put("task")
    found = by_name(extras.survey(Recorder({"task": "3.54.0"}), bare.host))
    assert (found["task"].found, found["task"].version) == (bare.bin / "task", "3.54.0")


def test_setup_obtains_extras_only_when_they_are_wished(bare):
    bare.complete()
    runner = Recorder({"zellij --version": "zellij 0.45.1"})
    obtain.setup(runner, bare.host, yes=True)
    assert runner.ran == []
    obtain.setup(runner, bare.host, yes=True, more=extras.survey)
    assert any("go-task-bin" in argv for argv in runner.ran)


@pytest.mark.parametrize(
    ("free", "available", "files", "short"),
    [
        (50, 8, 4096, set()),
        (2, 8, 4096, {"disk space"}),
        (50, 1, 4096, {"memory"}),
        (50, 8, 256, {"open files"}),
    ],
)
def test_a_limit_is_short_where_a_vm_would_not_fit(machine, monkeypatch, free, available, files, short):  # noqa: F811
    import psutil

    gib = 2**30
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda _: SimpleNamespace(free=free * gib))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available * gib, total=16 * gib))
    monkeypatch.setattr(limits.resource, "getrlimit", lambda _: (files, files))
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", "tcg")
    found = limits.survey(Recorder(), machine.host, Path("/nowhere/lima"))
    assert {limit.name for limit in found if not limit.enough} == short
    assert all(limit.mend for limit in found if not limit.enough)


def test_broken_kvm_is_told_with_its_reason_and_stops_nothing(machine, monkeypatch):  # noqa: F811
    broken = accelerator.Accelerator("tcg", "/dev/kvm exists but does not work here.")
    monkeypatch.setattr(accelerator, "choose", lambda *_: broken)
    first = limits.survey(Recorder(), machine.host, machine.tmp)[0]
    assert first == Limit("accelerator", f"tcg. {broken.note}", enough=False, hard=False)


def test_an_accelerator_that_cannot_be_is_told_with_what_to_type(machine, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", "magic")
    first = limits.survey(Recorder(), machine.host, machine.tmp)[0]
    assert (first.enough, first.hard) == (False, True)
    assert "magic" in first.found
    assert first.mend


@pytest.mark.parametrize(
    ("wish", "enough", "hard"), [("auto", False, False), ("tcg", True, False), ("kvm", False, True)]
)
def test_no_right_to_kvm_is_in_the_way_of_nobody_who_can_do_without(machine, monkeypatch, wish, enough, hard):  # noqa: F811
    monkeypatch.setenv("SYSINIT_VM_ACCELERATOR", wish)
    monkeypatch.setattr(limits.os, "access", lambda *_: False)
    monkeypatch.setattr(limits.Path, "exists", lambda _: True)
    (found,) = limits._rights(replace(machine.host, root=False))
    assert (found.enough, found.hard) == (enough, hard)
    assert "kvm" in found.mend


def test_a_setting_of_something_else_says_nothing_of_the_accelerator(machine, monkeypatch):  # noqa: F811
    for name, value in (("ACCELERATOR", "tcg"), ("EDITOR", "vim"), ("ZELLIJ", "/nowhere")):
        monkeypatch.setenv(f"SYSINIT_VM_{name}", value)
    assert limits.survey(Recorder(), machine.host, machine.tmp)[0].enough


def test_a_bad_mirror_leaves_all_but_zellij_as_it_is(machine, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SYSINIT_VM_MIRROR", "ftp://a.example")
    found = by_name(obtain.survey(Recorder(), machine.host))
    assert found["limactl"].route
    assert found["zellij"].route is None
    assert "is no mirror" in found["zellij"].need


def test_each_part_is_shown_with_its_own_package_and_the_words_that_install_it(bare, capsys):
    here = replace(bare.host, manager="pacman", root=False, sudo=True)
    obtain.report(here, [*obtain.survey(Recorder(), here), *extras.survey(Recorder(), here)], [])
    rows = capsys.readouterr().out.splitlines()
    for start, how in (
        ("ssh ", "sudo pacman -S openssh"),
        ("qemu-img ", "sudo pacman -S qemu-img"),
        ("bwrap ", "sudo pacman -S bubblewrap"),
        ("nix ", "sudo pacman -S nix"),
        ("limactl ", "Lima 2.2.0, built from its Go module (about two minutes)"),
        ("task ", "Task, from its Python package"),
    ):
        assert next(row for row in rows if row.startswith(start)).endswith(f"  {how}")


def test_a_lima_home_that_leaves_no_room_for_a_name_is_short(machine):  # noqa: F811
    found = {limit.name: limit for limit in limits.survey(Recorder(), machine.host, machine.tmp / ("x" * 90))}
    assert not found["LIMA_HOME"].enough
    assert "shorter" in found["LIMA_HOME"].mend


def test_the_table_names_the_way_and_json_the_commands(bare, capsys):
    bare.complete()
    (bare.bin / "bwrap").unlink()
    runner = Recorder({"zellij --version": "zellij 0.45.1"})
    parts = obtain.survey(runner, bare.host)
    obtain.report(bare.host, parts, [Limit("memory", "1 GiB", enough=False, mend="stop something")])
    said = capsys.readouterr()
    row = next(line for line in said.out.splitlines() if line.startswith("bwrap"))
    assert "MISSING" in row
    assert "apt-get install bubblewrap" in row
    assert obtain._how(Route("Built from source", (("true",),) * 4)) == "Built from source"
    assert obtain._how(Route("Lima", (("brew", "upgrade", "lima"),))) == "brew upgrade lima"
    assert "SHORT" in said.out
    assert "Everything" not in said.err
    content = json.loads(obtain.as_json(parts, [Limit("memory", "1 GiB", enough=False)]))
    assert content["limits"] == [{"name": "memory", "found": "1 GiB", "enough": False, "mend": "", "hard": True}]
