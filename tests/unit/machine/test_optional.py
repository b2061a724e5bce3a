"""What only some commands need."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm.machine import install, locks, optional
from sysinit_vm.machine.install import Consent
from tests.fakes import RecordingRunner
from tests.unit.machines import NIX, by_name


def test_none_is_required_and_each_has_a_route(bare):
    found = by_name(optional.survey(RecordingRunner(), replace(bare.host, codename="trixie")))
    assert set(found) == {"task", "nix", "virtiofsd"}
    assert not any(part.required or part.enough for part in found.values())
    assert found["virtiofsd"].route.commands[-1][-1] == "virtiofsd"
    assert found["nix"].route.commands[-1][-2:] == ("nix-bin", "nix-setup-systemd")
    assert found["task"].route.commands[1] == locks.pip_install(bare.host.data / "task/bin/pip", "task")


def darwin(bare, manager):
    return by_name(optional.survey(RecordingRunner(), replace(bare.host, system="Darwin", manager=manager, root=False)))


def test_macos_takes_task_from_homebrew_which_has_no_nix(bare):
    found = darwin(bare, "brew")
    assert set(found) == {"task", "nix"}
    assert found["task"].route.commands == (("brew", "install", "go-task"),)
    assert found["nix"].route is None


@pytest.mark.parametrize("manager", ["nix", ""])
def test_macos_without_homebrew_takes_task_from_its_python_package(bare, manager):
    found = darwin(bare, manager)
    assert found["task"].route.commands[1] == locks.pip_install(bare.host.data / "task/bin/pip", "task")
    assert found["nix"].route is None


def test_nix_brings_virtiofsd(bare):
    found = by_name(optional.survey(RecordingRunner(), replace(bare.host, manager="nix", root=False, codename="")))
    assert found["virtiofsd"].route.commands == ((*NIX, "nixpkgs#virtiofsd"),)


TASK = {"task --help": "Usage: task\n  -t, --taskfile string\n", "task --version": "3.54.0"}


def own_task(bare):
    own, link = bare.host.data / "task/bin/task", Path.home() / ".local/bin/task"
    for path in (own, link):
        path.parent.mkdir(parents=True)
    return own, link


def test_a_task_of_ours_is_not_got_again_where_its_directory_is_not_on_path(bare):
    own, link = own_task(bare)
    bare.put(str(own))
    link.symlink_to(own)
    assert by_name(optional.survey(RecordingRunner(programs=TASK), bare.host))["task"].found == link
    link.unlink()
    assert by_name(optional.survey(RecordingRunner(programs=TASK), bare.host))["task"].found == own


def test_what_is_in_the_place_of_tasks_link_stays(bare):
    own, link = own_task(bare)
    link.symlink_to(bare.tmp / "theirs")  # which is not there
    commands = by_name(optional.survey(RecordingRunner(), bare.host))["task"].route.commands
    assert not any(command[0] == "ln" for command in commands)
    link.unlink()
    commands = by_name(optional.survey(RecordingRunner(), bare.host))["task"].route.commands
    assert commands[-1] == ("ln", "-s", str(own), str(link))


QEMUS = (
    "virtiofsd version 7.2.22 (Debian 1:7.2)\nCopyright (c) 2003-2022 Fabrice Bellard and the QEMU Project developers"
)
RUST = "virtiofsd 1.13.0"


def backend(bare, place, name="virtiofsd", kind="fs"):
    (bare.tmp / place).mkdir(exist_ok=True)
    (bare.tmp / place / f"{name}.json").write_text(json.dumps({"type": kind, "binary": str(bare.put(name))}))


def virtiofsd(bare, told, codename="trixie"):
    return by_name(optional.survey(RecordingRunner(programs=told), replace(bare.host, codename=codename)))["virtiofsd"]


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
    found = by_name(optional.survey(RecordingRunner(programs=TASK), bare.host))
    assert (found["task"].found, found["task"].version) == (bare.bin / "task", "3.54.0")


def test_taskwarrior_is_not_task_which_may_be_called_go_task(bare):
    bare.put("task")
    warrior = {f"{bare.bin}/task --help": "Usage: task <filter> <command>", "task --version": "3.1.0"}
    runner = RecordingRunner(programs=warrior)
    assert by_name(optional.survey(runner, bare.host))["task"].found is None
    assert runner.options[0]["env"] == {"TASKRC": "/dev/null"}
    bare.put("go-task")
    found = by_name(
        optional.survey(RecordingRunner(programs={**warrior, "go-task --help": TASK["task --help"]}), bare.host)
    )
    assert found["task"].found == bare.bin / "go-task"


def test_setup_obtains_extras_only_when_they_are_wished(bare):
    bare.complete()
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})
    install.setup(runner, bare.host, Consent(True))
    assert runner.ran == []
    install.setup(runner, bare.host, Consent(True), more=optional.survey)
    assert any("--require-hashes" in argv for argv in runner.ran)
