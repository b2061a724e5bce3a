import pytest

from bench import commands
from bench.commands import Report
from bench.rows import NO_VM, ROWS, VM, How, Row, Target, instances

FAST = Row("fast", VM, "sysinit-vm fast", ("limactl {vm}", "python"), Target(2))
SLOW = Row("slow", NO_VM, "sysinit-vm slow", ("python",), Target(2))
FREE = Row("free", NO_VM, "sysinit-vm free", ("python",))
TOOK = {
    "VM: sysinit-vm fast": [0.02, 0.03, 0.04],
    "VM: limactl {vm}": [0.01],
    "VM: python": [0.01],
    "no VM: sysinit-vm slow": [0.3],
    "no VM: sysinit-vm free": [0.3],
    "no VM: python": [0.1],
}


def test_ours_is_compared_with_all_peers_together_and_the_verdict_printed(capsys):
    commands.print_report(Report([FAST, SLOW, FREE], TOOK, ["task: it is not here"]))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        "fast sysinit-vm fast 30 25-35 1.50 2 x met",
        "limactl VM 10 10-10",
        "python 10 10-10",
        "slow sysinit-vm slow 300 300-300 3.00 2 x NOT MET",
        "python 100 100-100",
        "free sysinit-vm free 300 300-300 3.00",
        "python 100 100-100",
        "Left out: task: it is not here",
    ]


def test_the_data_has_every_run_in_seconds():
    data = commands.as_data(Report([FAST, FREE], TOOK))
    assert data["rows"][0]["seconds"] == [0.02, 0.03, 0.04]
    assert (data["rows"][0]["ratio"], data["rows"][0]["met"]) == (pytest.approx(1.5), True)
    assert data["rows"][0]["peers"][0] == {
        "command": "limactl {vm}",
        "median": 0.01,
        "quartiles": [0.01, 0.01],
        "seconds": [0.01],
    }
    assert (data["rows"][1]["target"], data["rows"][1]["met"]) == (None, None)


def test_a_row_that_was_not_measured_to_its_end_is_not_shown():
    assert Report([SLOW], {"no VM: sysinit-vm slow": [0.3], "no VM: python": []}).compared() == []


def test_a_row_for_which_something_is_missing_says_what():
    programs = {"sysinit-vm", "python", "limactl"}
    assert commands._missing(ROWS["help"], programs, "") == ""
    assert "--seed-script" in commands._missing(ROWS["status, no VM"], programs, "")
    stopping = next(row for row in ROWS.values() if row.how is How.FROM_STOPPED)
    assert commands._missing(stopping, programs, "") == ""
    assert "mine-dev" in commands._missing(stopping, programs, "mine-dev")


def test_the_cost_of_one_more_instance_is_shown():
    rows = [Row(f"list of {count}", instances(count), "list", ("python",)) for count in (1, 10, 100)]
    took = {
        f"{row.place}: {line}": [seconds]
        for row, seconds in zip(rows, (0.1, 0.19, 1.99), strict=True)
        for line in row.lines
    }
    assert commands._growth(Report(rows, took)) == [
        "list, from 1 to 10 instances: 10.0 ms for each",
        "list, from 10 to 100 instances: 20.0 ms for each",
    ]
