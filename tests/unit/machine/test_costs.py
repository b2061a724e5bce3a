"""What a route takes: by the machine's cores, and only what is left of an interrupted one."""

from dataclasses import replace

import pytest

from sysinit_vm.machine import costs, routes, setup_plan
from sysinit_vm.machine.release_archives import COMPILED
from tests.fakes import RecordingRunner


def put(place, *names):
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()


@pytest.mark.parametrize(
    ("cores", "minutes"), [(1, (27, 72)), (2, (15, 40)), (4, (9, 24)), (16, (5, 12)), (1000, (4, 9))]
)
def test_a_compilation_takes_less_on_more_cores_but_never_nothing(machine, cores, minutes):
    cost, here = costs.zellij(replace(machine.host, cores=cores))
    assert (cost.minutes, here) == (minutes, "")


def test_of_an_archive_only_the_rest_is_downloaded(tmp_path):
    part = tmp_path / "x.part"
    cost, here = costs.archive(23_000_000, part)
    assert (cost.download, cost.work, cost.stays, here) == (23, 23, 69, "")
    part.write_bytes(bytes(9_000_000))
    cost, here = costs.archive(23_000_000, part)
    assert (cost.download, cost.stays, here) == (14, 69, "9 of 23 MB are here")
    assert costs.archive(1_000_000, part)[0].download == 0


def test_of_a_zellij_with_its_root_the_crates_are_left_and_then_those_that_are_not_compiled(machine):
    whole, _ = costs.zellij(machine.host)
    work = machine.host.cache / "zellij"
    (work / "root").mkdir(parents=True)
    cost, here = costs.zellij(machine.host)
    assert (cost.minutes, cost.download, here) == ((14, 36), 60, "the Debian root with the compilers is here")
    assert cost.work < whole.work
    crates, built = work / "made/cargo/registry/cache/index-1", work / "made/target/release/.fingerprint"
    put(crates, "serde-1.0.2.crate", "serde_json-1.0.3.crate", "zellij-0.45.1.crate", "a-b-2.0.crate")
    assert costs.zellij(machine.host) == (cost, here)
    put(built, "serde-0a1b/x", "serde-ffff/x", "a-b-77aa/x", "build-script-88/x")
    cost, here = costs.zellij(machine.host)
    assert (cost.minutes, cost.download, here) == ((7, 26), 0, "about 2 of 4 crates are compiled")
    assert cost.stays == whole.stays


def test_of_a_lima_the_go_and_then_the_modules_are_here(machine):
    go = machine.host.cache / "go"
    cost, here = costs.lima(machine.host, own_go=True)
    assert (cost.minutes, cost.download, here) == ((1, 5), 150, "")
    assert costs.lima(machine.host, own_go=False)[0].download == 90
    put(go, "venv/bin/go", "build/README", "build/trim.txt")
    cost, here = costs.lima(machine.host, own_go=True)
    assert (cost.download, here) == (90, "Go is here")
    put(go, "build/3f/3f00-d")
    cost, here = costs.lima(machine.host, own_go=True)
    assert (cost.time, cost.download) == ("up to 5 minutes", 0)
    assert "modules are here" in here


def test_the_plan_says_from_where_it_goes_on_and_counts_only_the_rest(machine):
    (machine.host.cache / "zellij" / "root").mkdir(parents=True)
    put(machine.host.cache / "go", "build/3f/3f00-d", "venv/bin/go")
    ways = [routes.lima(RecordingRunner(), machine.host, COMPILED), routes.zellij(machine.host)]
    parts = [setup_plan.Prerequisite(way.description, None, "", False, "", way) for way in ways]
    text = setup_plan.summary(machine.host, parts)
    assert "built from its Go module (up to 5 minutes)\n" in text
    assert "    It goes on: the modules are here, and part of what they become.\n" in text
    assert "(14 to 36 minutes, 60 MB to download)\n" in text
    assert "    It goes on: the Debian root with the compilers is here.\n" in text
    assert "In all about 14 to 41 minutes on 2 cores, 60 MB to download" in " ".join(text.split())
