"""The original project workflow, once through each entrance, each on a VM of its own."""

import pytest

from tests.lima.conftest import ssh_from_guest
from tests.worlds import ENTRANCES

TASKS_PY = """\
from invoke import Collection
import sysinit_vm
ns = Collection(lima=sysinit_vm.ns)
"""
TASKFILE = "version: '3'\nincludes:\n  sysinit: {{taskfile: '{path}', flatten: true}}\n"


# Each entrance with one of the choices of how ssh in the guest gets at the host's keys.
CHOICES = dict(zip(ENTRANCES, ("keys", "agent", "none"), strict=True))


@pytest.fixture(params=list(ENTRANCES))
def each(request, world, demo):
    from sysinit_vm import files

    project = world.project(f"app-{request.param}")
    (project / "tasks.py").write_text(TASKS_PY)
    (project / "Taskfile.yml").write_text(TASKFILE.format(path=files.data("Taskfile.yml")))
    yield project, request.param
    world.run(project, "destroy", "--yes")


def logs_in_elsewhere_by_choice(world, each):
    project, entrance = each
    said = ssh_from_guest(world, project)
    refused = CHOICES[entrance] == "none"
    assert (said.returncode, said.stdout) == ((255, "") if refused else (0, "lima-demo-dev\n"))


def test_the_whole_workflow(world, each):
    project, entrance = each

    def run(*argv, **options):
        return world.ok(project, *argv, entrance=entrance, **options)

    run("init", "--ssh", CHOICES[entrance])
    config = (project / ".lima/config.yaml").read_text().replace("param:\n", 'param:\n  GUEST_DIRS: ".venv"\n', 1)
    (project / ".lima/config.yaml").write_text(config)
    assert project.name in config
    assert (project / ".lima/.gitignore").is_file()
    assert "not created" in run("status")

    run("start", timeout=1800)
    assert "Running" in run("status")
    assert (project / ".lima/config.yaml").read_text() == config
    words = ["--", "echo test"] if entrance == "inv" else ["echo test"]
    assert run("exec", *words) == "test\n"

    logs_in_elsewhere_by_choice(world, each)
    run("exec", *(["--", "echo kept > .venv/x"] if entrance == "inv" else ["echo kept > .venv/x"]))
    assert list((project / ".venv").iterdir()) == []

    (project / "from-host").write_text("host\n")
    session = world.terminal(project, "shell", entrance=entrance, columns=160)
    session.wait_for(r"Ctrl\+A, then: d detach")
    session.wait_for(r"\$")
    session.press(
        "echo session-$ZELLIJ_SESSION_NAME; pwd; cat from-host; echo test > test-file.txt; echo wrote-$((40+2))\r"
    )
    session.wait_for("wrote-42")
    assert f"session-{project.name}" in session.text
    assert str(project) in session.text
    assert "host" in session.text
    assert (project / "test-file.txt").read_text() == "test\n"
    session.chord("\x01", "d")
    assert session.exit_status() == 0

    again = world.terminal(project, "shell", entrance=entrance, rows=40, columns=120)
    again.wait_for("wrote-42")
    again.press("clear; echo keys-$(ssh-add -l 2>/dev/null | grep -c ED25519)\r")
    again.wait_for("keys-1" if CHOICES[entrance] == "agent" else "keys-0")
    again.chord("\x01", "D")
    assert again.exit_status() == 0

    run("stop")
    run("stop")
    assert "Stopped" in run("status")
    refused = world.run(project, "exec", *words, entrance=entrance)
    assert refused.returncode == 4
    assert "sysinit-vm start" in refused.stderr

    run("start", timeout=1800)
    assert run("exec", *(["--", "cat test-file.txt"] if entrance == "inv" else ["cat test-file.txt"])) == "test\n"
    assert run("exec", *(["--", "cat .venv/x"] if entrance == "inv" else ["cat .venv/x"])) == "kept\n"
    refused = world.run(project, "destroy", entrance=entrance)
    assert refused.returncode == 5
    run("destroy", "--yes")
    assert "not created" in run("status")
    assert not (world.lima_home / f"{project.name}-dev").exists()
    assert (project / "test-file.txt").is_file()
