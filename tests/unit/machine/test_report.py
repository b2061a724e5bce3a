"""The parts as a table and as JSON."""

import json
from dataclasses import replace

from sysinit_vm.machine import optional, prerequisites, report
from sysinit_vm.machine.limits import Limit
from sysinit_vm.machine.package_manager import Route
from tests.fakes import RecordingRunner


def test_json_is_plain_data_and_runs_nothing(machine, runner):
    content = json.loads(json.dumps(report.record(prerequisites.survey(runner, machine.host), [])))
    limactl = next(part for part in content["prerequisites"] if part["name"] == "limactl")
    assert limactl["found"] is None
    assert limactl["enough"] is False
    assert limactl["route"]["commands"][-1][0] == "mv"
    assert runner.ran == []


def test_each_part_is_shown_with_its_own_package_and_the_words_that_install_it(bare, capsys):
    here = replace(bare.host, manager="pacman", root=False, sudo=True)
    report.show(here, [*prerequisites.survey(RecordingRunner(), here), *optional.survey(RecordingRunner(), here)], [])
    rows = capsys.readouterr().out.splitlines()
    for start, how in (
        ("ssh ", "sudo pacman -S openssh"),
        ("qemu-img ", "sudo pacman -S qemu-img"),
        ("bwrap ", "sudo pacman -S bubblewrap"),
        ("nix ", "sudo pacman -S nix"),
        ("limactl ", "Lima 2.2.0, built from its Go module"),
        ("task ", "Task, from its Python package"),
    ):
        assert next(row for row in rows if row.startswith(start)).endswith(f"  {how}")


def test_the_table_names_the_way_and_json_the_commands(bare, capsys):
    bare.complete()
    (bare.bin / "bwrap").unlink()
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})
    found = prerequisites.survey(runner, bare.host)
    report.show(bare.host, found, [Limit("memory", "1 GiB", enough=False, hint="stop something")])
    said = capsys.readouterr()
    row = next(line for line in said.out.splitlines() if line.startswith("bwrap"))
    assert "MISSING" in row
    assert "apt-get install bubblewrap" in row
    assert report._route_in_brief(Route("Built from source", (("true",),) * 4)) == "Built from source"
    assert report._route_in_brief(Route("Lima", (("brew", "upgrade", "lima"),))) == "brew upgrade lima"
    assert "SHORT" in said.out
    assert "Everything" not in said.err
    content = json.loads(json.dumps(report.record(found, [Limit("memory", "1 GiB", enough=False)])))
    assert content["limits"] == [{"name": "memory", "found": "1 GiB", "enough": False, "mend": "", "hard": True}]
