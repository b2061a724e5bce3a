"""Declared ports on a real VM: guaranteed, shown as they are, and told to the guest; and Lima's automatic ones."""

import json
import os
import socket
import time
from contextlib import contextmanager

import pytest

from tests.lima.conftest import inside
from tests.lima.serving import fetched, free_port, serve


@contextmanager
def holding(port, address="127.0.0.1"):
    """Listen on a host port, as another program would."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family):
        yield f"(pid {os.getpid()})"


def shown(world, project):
    return {each["guest_port"]: each for each in json.loads(world.ok(project, "ports", "--json"))["ports"]}


def test_an_undeclared_port_is_forwarded_by_itself_and_shown(world, demo):
    port = free_port()
    serve(world, demo, port)
    assert fetched(f"http://localhost:{port}") == f"guest {port}"
    found = shown(world, demo)[port]
    assert found["declared"] is False
    assert (found["state"], found["host_port"], found["process"]) == ("open", port, "python3")
    assert found["url"] == f"http://localhost:{port}"


@pytest.fixture(scope="module")
def wanted():
    return {3000: free_port(), 8080: free_port(), 5173: free_port(), 4000: free_port()}


@pytest.fixture(scope="module")
def declared(world, wanted):
    """A strict VM, made while programs hold two of its four ports; the tests go on from one another."""
    project = world.project("ports")
    world.ok(project, "init", "minimal")
    config = project / ".lima/config.yaml"
    entries = "".join(f"- guestPort: {guest}\n  hostPort: {host}\n" for guest, host in wanted.items())
    text = config.read_text().replace("param:\n", 'param:\n  STRICT_PORTS: "true"\n', 1)
    config.write_text(f"{text.rstrip()}\nportForwards:\n{entries}")
    before = config.read_text()
    assert {each["state"] for each in shown(world, project).values()} == {"not created"}
    with holding(wanted[8080]) as who, holding(wanted[5173], "::1"):
        started = world.run(project, "start", timeout=1800)
    assert started.returncode == 0
    assert config.read_text() == before
    for guest in (8080, 5173):
        line = f"port {guest}: {wanted[guest]} is held by "
        assert line in started.stderr
        assert f"{who}; this project uses http://localhost:" in started.stderr.split(line)[1].splitlines()[0]
    assert "port 3000:" not in started.stderr
    yield project
    world.run(project, "destroy", "--yes")


def test_held_ports_moved_and_the_others_are_as_declared(world, declared, wanted):
    found = shown(world, declared)
    assert (found[3000]["host_port"], found[4000]["host_port"]) == (wanted[3000], wanted[4000])
    moved = {found[8080]["host_port"], found[5173]["host_port"]}
    assert len(moved) == 2
    assert all(20000 <= port < 32000 for port in moved)
    assert {each["state"] for each in found.values()} == {"nothing listens in the guest"}


def test_each_answers_where_ports_and_the_guests_environment_say(world, declared):
    serve(world, declared, 3000, 8080, 5173)
    for guest in (3000, 8080, 5173):
        host = inside(world, declared, f"printenv HOST_PORT_{guest}").strip()
        assert fetched(f"http://localhost:{host}") == f"guest {guest}"
        found = shown(world, declared)[guest]
        assert (found["url"], found["state"]) == (f"http://localhost:{host}", "open")
        assert (found["process"], found["declared"]) == ("python3", True)


def test_a_strict_vm_forwards_nothing_else(world, declared):
    port = free_port()
    serve(world, declared, port)
    events, deadline = world.lima_home / "ports-dev" / "ha.stdout.log", time.monotonic() + 90
    while f'"type":"not-forwarding","protocol":"tcp","guestAddr":"127.0.0.1:{port}"' not in events.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.5)
    with pytest.raises(OSError, match="refused"):
        fetched(f"http://127.0.0.1:{port}", seconds=0)
    found = shown(world, declared)[port]
    assert (found["state"], found["host_port"], found["process"]) == ("not forwarded", None, "python3")


def test_a_port_that_is_taken_after_the_start_is_shown_as_what_it_is_and_start_says_what_to_type(
    world, declared, wanted
):
    with holding(wanted[4000]) as who:
        serve(world, declared, 4000)
        deadline = time.monotonic() + 90
        while "Move it: sysinit-vm restart" not in (said := world.run(declared, "start").stderr):
            assert time.monotonic() < deadline
        assert f"port 4000: {wanted[4000]} is now held by " in said
        found = shown(world, declared)[4000]
        assert found["state"].startswith("held by ")
        assert found["state"].endswith(who)
        assert found["url"] is None
        told = json.loads(world.run(declared, "doctor", "--json").stdout)["findings"]
        (port,) = [each for each in told if each["subject"] == "port 4000"]
        assert (port["level"], port["mend"]) == ("wrong", "sysinit-vm restart")
        assert who in port["said"]


def test_a_restart_keeps_what_moved_and_moves_what_is_held_now(world, declared, wanted):
    before = shown(world, declared)
    world.ok(declared, "stop")
    assert {each["state"] for each in shown(world, declared).values()} == {"Stopped"}
    with holding(wanted[3000]) as who:
        again = world.run(declared, "start", timeout=1800)
    assert again.returncode == 0
    assert f"port 3000: {wanted[3000]} is held by " in again.stderr
    assert who in again.stderr
    assert f"port 8080: this project uses http://localhost:{before[8080]['host_port']}" in again.stderr
    after = shown(world, declared)
    for guest in (8080, 5173, 4000):
        assert after[guest]["host_port"] == before[guest]["host_port"]
    moved = after[3000]["host_port"]
    assert 20000 <= moved < 32000
    assert inside(world, declared, "printenv HOST_PORT_3000") == f"{moved}\n"
    serve(world, declared, 3000, 8080)
    for guest in (3000, 8080):
        assert fetched(f"http://localhost:{after[guest]['host_port']}") == f"guest {guest}"
