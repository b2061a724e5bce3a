"""Ports on the command line: said at start, shown, kept; and two starts that race for one."""

import json
import os
import socket

import pytest

from tests.worlds import SCRIPT

CONFIG = "cpus: 1\nportForwards: [{guestPort: 3000, hostPort: %d}]\n"


@pytest.fixture
def port():
    """A host port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def forwards(world, name):
    return json.loads((world.lima_home / name / "lima.yaml").read_text())["portForwards"]


def test_a_held_port_moves_is_said_in_one_line_and_stays(world, port):
    two = world.project("two", config=CONFIG % port)
    with socket.create_server(("::1", port), family=socket.AF_INET6):
        first = world.run("start", cwd=two)
    (line,) = [each for each in first.stderr.splitlines() if "port 3000" in each]
    (given,) = forwards(world, "two-dev")
    assert f"{port} is held by " in line
    assert line.endswith(f"(pid {os.getpid()}); this project uses http://localhost:{given['hostPort']}")
    assert given["hostPort"] != port
    world.run("stop", cwd=two)
    again = world.run("start", cwd=two)
    assert again.returncode == 0
    assert forwards(world, "two-dev") == [given]
    assert f"port 3000: this project uses http://localhost:{given['hostPort']}" in again.stderr
    assert "edit" not in world.verbs()


def test_a_stopped_vm_moves_by_an_edit_before_it_starts(world, port):
    two = world.project("two", config=CONFIG % port)
    world.run("start", cwd=two)
    world.run("stop", cwd=two)
    with socket.create_server(("127.0.0.1", port)):
        assert world.run("start", cwd=two).returncode == 0
    assert world.verbs() == ["create", "start", "stop", "edit", "start"]
    data = json.loads((world.lima_home / "two-dev" / "lima.yaml").read_text())
    assert data["portForwards"][0]["hostPort"] != port
    assert data["env"]["HOST_PORT_3000"] == str(data["portForwards"][0]["hostPort"])


def test_an_edit_back_to_a_free_port_is_planned_and_used(world, port):
    two = world.project("two", config=CONFIG % 80)
    world.run("start", cwd=two)
    assert forwards(world, "two-dev")[0]["hostPort"] >= 20000
    (two / ".lima" / "config.yaml").write_text(CONFIG % port)
    assert f"host port {port}" in world.run("plan", cwd=two).stdout
    world.run("stop", cwd=two)
    assert world.run("apply", "--yes", cwd=two).returncode == 0
    assert forwards(world, "two-dev")[0]["hostPort"] == port
    (two / ".lima" / "config.yaml").write_text(CONFIG % 80)
    assert "80 is reserved for root" in world.run("plan", cwd=two).stderr


def test_three_starts_at_once_get_three_ports(world, port):
    projects = [world.project(f"p{number}", config=CONFIG % port) for number in range(3)]
    begun = [world.begin_in(each, *SCRIPT, "start") for each in projects]
    assert [each.wait(timeout=60) for each in begun] == [0, 0, 0]
    said = [each.stderr.read() for each in begun]
    given = [forwards(world, f"p{number}-dev")[0]["hostPort"] for number in range(3)]
    assert len(set(given)) == 3
    assert port in given
    assert sum("port 3000:" in each for each in said) == 2
    for each in begun:
        each.stdout.close()
        each.stderr.close()


def test_ports_of_a_vm_in_each_state(world, port):
    two = world.project("two", config=CONFIG % port)

    def shown():
        done = world.run("ports", "--json", cwd=two)
        assert done.returncode == 0
        return json.loads(done.stdout)

    assert (shown()["version"], shown()["status"], shown()["ports"][0]["state"]) == (1, "not created", "not created")
    world.run("start", cwd=two)
    world.run("stop", cwd=two)
    assert shown()["ports"][0]["state"] == "Stopped"
    table = world.run("ports", cwd=two).stdout.splitlines()
    assert table[0].split() == ["GUEST", "HOST", "URL", "PROCESS", "STATE", "FORWARD"]
    assert table[1].split() == ["3000", str(port), f"http://localhost:{port}", "-", "Stopped", "declared"]


def test_a_project_without_ports_says_so_and_prints_nothing(world):
    two = world.project("two", config="cpus: 1\n")
    done = world.run("ports", cwd=two)
    assert (done.returncode, done.stdout) == (0, "")
    assert "declares no port" in done.stderr


@pytest.mark.parametrize("entry", ["{guestPort: 70000}", "{guestPort: x}", "3000", "{guestPort: 22}"])
def test_ports_that_cannot_be_meant_leave_everything_as_it_was(world, entry):
    two = world.project("two", config=f"cpus: 1\nportForwards: [{entry}]\n")
    for verb in ("start", "ports"):
        done = world.run(verb, cwd=two)
        assert done.returncode == 1
        assert "portForwards" in done.stderr
        assert "Try: nano" in done.stderr
    assert world.verbs() == []
    assert not (world.lima_home / "two-dev").exists()


def test_a_strict_project_says_so_to_limactl(world):
    two = world.project("two", config="cpus: 1\nparam: {STRICT_PORTS: maybe}\n")
    refused = world.run("start", cwd=two)
    assert refused.returncode == 2
    assert "param.STRICT_PORTS" in refused.stderr
    assert world.run("start", cwd=two, SYSINIT_VM_STRICT_PORTS="true").returncode == 0
    assert forwards(world, "two-dev")[-1]["ignore"] is True
