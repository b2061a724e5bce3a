"""The original multiple-projects test: three projects with one set of declared ports, running together."""

import json
import re

import pytest

from tests.lima.conftest import inside
from tests.lima.serving import fetched

NUMBERS = (1, 2, 3)
PORTS = (3000, 5173, 8080)
SERVER = "nohup python3 -m http.server 3000 --directory .served >/dev/null 2>&1 & sleep 0.1"


@pytest.fixture(scope="module")
def three(world):
    """Three projects of the `dev` template, all started for the first time at once, from three terminals."""
    projects = [world.project(f"multi-test-{number}") for number in NUMBERS]
    for project in projects:
        world.ok(project, "init", "dev")
    terminals = [world.terminal(project, "start", columns=150) for project in projects]
    ended = [terminal.exit_status(seconds=1800) for terminal in terminals]
    assert ended == [0, 0, 0], "\n\n".join(terminal.text for terminal in terminals)
    yield projects
    for project in projects:
        world.run(project, "destroy", "--yes")


def hosts(world, project) -> dict[int, int]:
    """The host port of each declared guest port, as `ports` says."""
    rows = json.loads(world.ok(project, "ports", "--json"))["ports"]
    return {row["guest_port"]: row["host_port"] for row in rows if row["declared"]}


def test_three_run_together_under_their_own_names(world, three):
    listed = {vm["name"]: vm for vm in json.loads(world.ok(world.place, "list", "--json"))["vms"]}
    for number, project in zip(NUMBERS, three, strict=True):
        vm = listed[f"multi-test-{number}-dev"]
        assert (vm["status"], vm["project"], vm["session"]) == ("Running", str(project), f"multi-test-{number}")


def test_every_declared_port_has_a_host_port_that_no_other_has(world, three):
    each = [hosts(world, project) for project in three]
    assert [sorted(ports) for ports in each] == [sorted(PORTS)] * 3
    used = [port for ports in each for port in ports.values()]
    assert len(set(used)) == len(used)
    assert 3000 in used, "nobody else holds it, so one of the three has it"
    for project, ports in zip(three, each, strict=True):
        assert inside(world, project, "printenv HOST_PORT_3000") == f"{ports[3000]}\n"


def test_each_host_port_leads_into_its_own_guest(world, three):
    for project in three:
        (project / ".served").mkdir(exist_ok=True)
        (project / ".served" / "index.html").write_text(project.name)
        inside(world, project, SERVER)
    for project in three:
        assert fetched(f"http://127.0.0.1:{hosts(world, project)[3000]}/") == project.name


def test_files_environments_and_hosts_do_not_mix(world, three):
    for project in three:
        inside(world, project, "echo $PROJECT_NAME > made-in-the-guest; touch ~/only-here")
    for number, project in zip(NUMBERS, three, strict=True):
        assert (project / "made-in-the-guest").read_text() == f"multi-test-{number}\n"
        assert inside(world, project, "hostname").strip() == f"lima-multi-test-{number}-dev"
        others = [other for other in three if other != project]
        for other in others:
            assert world.run(project, "exec", "test", "-e", str(other)).returncode == 1
    ids = [inside(world, project, "cat /etc/machine-id /proc/sys/kernel/random/boot_id") for project in three]
    assert len(set(ids)) == 3


def test_switching_between_them_keeps_each_session(world, three):
    for project in three:
        session = world.terminal(project, "shell", columns=160)
        session.wait_for(rf"Zellij \({project.name}\)", seconds=300)
        session.wait_for(r"\$")
        session.press("echo kept-$ZELLIJ_SESSION_NAME-$((40+2)); pwd\r")
        session.wait_for(f"kept-{project.name}-42")
        assert str(project) in session.text
        session.chord("\x01", "d")
        assert session.exit_status() == 0
    for project in reversed(three):
        again = world.terminal(project, "shell", columns=160)
        again.wait_for(f"kept-{project.name}-42")
        again.chord("\x01", "d")
        assert again.exit_status() == 0
        names = inside(world, project, "zellij list-sessions --short --no-formatting").split()
        assert names == [project.name]


def test_one_after_the_other_they_start_again_with_the_same_ports(world, three):
    before = [hosts(world, project) for project in three]
    for project in three:
        world.ok(project, "stop")
    for project in three:
        said = world.run(project, "start", timeout=1800)
        assert said.returncode == 0
        assert not re.search("port .* is held", said.stderr)
    assert [hosts(world, project) for project in three] == before
    for project in three:
        assert inside(world, project, "ls ~/only-here")


def test_two_starts_of_one_vm_wait_for_each_other(world, three):
    project = three[0]
    world.ok(project, "stop")
    terminals = [world.terminal(project, "start", columns=150) for _ in range(2)]
    assert [terminal.exit_status(seconds=1800) for terminal in terminals] == [0, 0]
    waited = [f"that is using {project.name}-dev" in " ".join(terminal.text.split()) for terminal in terminals]
    assert sorted(waited) == [False, True]
    assert "Running" in world.ok(project, "status")
