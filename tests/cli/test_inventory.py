"""`list` and `prune` on the command line, in a LIMA_HOME that has seen better days."""

import json
import re
import shutil

import pexpect
import pytest

from tests.worlds import SCRIPT


@pytest.fixture
def littered(world):
    """One VM that runs, one whose project is gone, and all that a LIMA_HOME collects beside them."""
    world.put_config(world.project("lost"))
    assert world.run("start", cwd=world.home / "lost").returncode == 0
    (world.lima_home / "lost-dev" / "status").write_text("Stopped")
    shutil.rmtree(world.home / "lost")
    world.put_vm()
    for name in ("stray dir", "a--b", "empty", "corrupt", "_odd"):
        (world.lima_home / name).mkdir()
    (world.lima_home / "a--b" / "lima.yaml").write_text("{}")
    (world.lima_home / "corrupt" / "lima.yaml").write_text("corrupt")
    (world.lima_home / "dead").symlink_to("/nowhere")
    (world.lima_home / "linked").symlink_to("demo-dev")
    (world.lima_home / "file").write_text("")
    return world


def test_the_list_is_right_from_any_directory(littered):
    done = littered.run("list", cwd=littered.home)
    assert done.returncode == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert set(rows) >= {"NAME", "corrupt", "demo-dev", "lost-dev"}
    assert "(gone)" in rows["lost-dev"]
    assert "(gone)" not in rows["demo-dev"]
    assert "Broken" in rows["corrupt"]
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == sorted(set(rows) - {"NAME"})
    assert rows["demo-dev"].index(str(littered.demo)) == rows["NAME"].index("PROJECT")


def test_json_has_everything_in_plain_units(littered):
    found = {each["name"]: each for each in json.loads(littered.run("list", "--json").stdout)["vms"]}
    one = found["demo-dev"]
    assert (one["status"], one["project_exists"], found["lost-dev"]["project_exists"]) == ("Running", True, False)
    assert one["created"].endswith("+00:00")
    assert one["age"] >= 0
    assert isinstance(one["disk_used"], int)
    assert one["memory_resident"] is None  # the driver of this limactl is nobody
    assert one["ports"] == [{"guest": port, "host": port} for port in (3000, 8080, 5173)]


HEADER = ["NAME", "STATUS", "AGE", "CPUS", "MEMORY", "DISK", "PORTS", "DRIFT", "PROJECT"]
VMS = {"corrupt", "demo-dev", "lost-dev"}


@pytest.mark.parametrize(("columns", "grid"), [(60, False), (200, True)])
def test_it_fits_a_terminal(littered, columns, grid):
    program, *rest = [*SCRIPT, "list"]
    child = pexpect.spawn(
        program, rest, cwd="/", env=littered.env, encoding="utf-8", dimensions=(60, columns), timeout=20
    )
    child.expect(pexpect.EOF)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", child.before).splitlines()
    told = next(number for number, line in enumerate(lines) if "corrupt/lima.yaml is damaged" in line)
    lines = lines[:told]  # the terminal breaks the lines of messages
    assert [line for line in lines if len(line) > columns] == []
    words = [line.split() for line in lines if line.strip()]
    if grid:
        assert words[0] == HEADER
        assert {each[0] for each in words[1:]} >= VMS
    else:  # a block of lines for each VM
        vms = [each[1] for each in words if each[0] == "NAME"]
        assert set(vms) >= VMS
        assert [each[0] for each in words if each[0] in HEADER] == HEADER * len(vms)


def test_prune_shows_asks_and_removes_only_what_is_nobodys(littered):
    before = sorted(path.name for path in littered.lima_home.iterdir())
    shown = json.loads(littered.run("prune", "--json").stdout)
    assert [(each["kind"], each["name"]) for each in shown["litter"]] == [("vm", "lost-dev")]
    assert shown["bytes"] == shown["litter"][0]["bytes"]
    refused = littered.run("prune", cwd=littered.home)
    assert refused.returncode == 5
    assert str(littered.home / "lost") in refused.stdout
    dry = littered.run("--dry", "prune", "--yes")
    assert "Would remove lost-dev" in dry.stderr
    assert sorted(path.name for path in littered.lima_home.iterdir()) == before
    assert littered.run("prune", "--yes").returncode == 0
    assert sorted(path.name for path in littered.lima_home.iterdir()) == [name for name in before if name != "lost-dev"]
    assert littered.status() == "Running"
    again = littered.run("prune", "--yes")  # the lock that it held goes at the next
    assert again.returncode == 0
    assert "Nothing to remove" in littered.run("prune", "--yes").stderr


def test_one_that_runs_goes_only_where_that_is_said(littered):
    (littered.lima_home / "lost-dev" / "status").write_text("Running")
    done = littered.run("prune", "--yes")
    assert done.returncode == 0
    assert "lost-dev is running, so it stays" in done.stderr
    assert littered.status("lost-dev") == "Running"
    assert littered.run("prune", "--yes", "--running").returncode == 0
    assert littered.status("lost-dev") == "not created"


@pytest.mark.parametrize(("answer", "code", "left"), [("y\r", 0, False), ("n\r", 5, True), ("\x03", 130, True)])
def test_a_terminal_is_asked(littered, answer, code, left):
    program, *rest = [*SCRIPT, "prune"]
    child = pexpect.spawn(program, rest, cwd="/", env=littered.env, encoding="utf-8", dimensions=(40, 200), timeout=20)
    child.expect_exact("Remove lost-dev")
    child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert (littered.lima_home / "lost-dev").exists() is left
