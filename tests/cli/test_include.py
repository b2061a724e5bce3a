"""A second person's project gains our tasks through its own Taskfile and tasks.py, and uses them."""

import os
import shlex
import subprocess

import pytest

from tests.lima.terminal import Terminal
from tests.worlds import BIN, SCRIPT, TOP

TASKFILE = "# theirs\nversion: '3'\n\ntasks:\n  hello: # greets\n    cmds: [echo hello]\n    silent: true\n"
TASKS = "from invoke import task\n\n\n@task\ndef hello(c):\n    print('hello')\n"


def task(world, root, *words, **env):
    return world.type(str(BIN / "task"), "-x", *words, cwd=root, **env)


def inv(world, root, *words):
    return world.type(str(BIN / "inv"), *words, cwd=root)


def test_a_taskfile_gains_ours_and_keeps_its_own(world):
    other = world.project("other")
    (other / "Taskfile.yml").write_text(TASKFILE)
    done = world.run("init", "--taskfile", "--yes", cwd=other)
    assert done.returncode == 0, done.stderr
    assert "+includes:" in done.stderr
    assert task(world, other, "hello").stdout == "hello\n"
    assert "other-dev" in task(world, other, "lima:status").stdout
    text = (other / "Taskfile.yml").read_text()
    assert str(world.home) not in text
    assert str(TOP) not in text
    again = world.run("init", "--taskfile", cwd=other)
    assert again.returncode == 0
    assert "has it already" in again.stderr
    assert (other / "Taskfile.yml").read_text() == text


@pytest.mark.parametrize(
    ("includes", "file"),
    [
        ("lima: ./more.yml", "tasks: {start: echo}"),
        ("more: {taskfile: ./more.yml, flatten: true}", "tasks: {lima:start: echo}"),
        (f"vm: {{taskfile: {TOP}, flatten: true}}", ""),
    ],
)
def test_a_taskfile_that_task_would_refuse_with_ours_is_left(world, includes, file):
    text = f"version: '3'\nincludes:\n  {includes}\ntasks: {{hello: {{cmds: [echo hello], silent: true}}}}\n"
    (world.demo / "Taskfile.yml").write_text(text)
    (world.demo / "more.yml").write_text(f"version: '3'\n{file}\n")
    done = world.run("init", "--taskfile", "--yes")
    assert done.returncode == 1
    assert "left as it is" in done.stderr
    assert "has the tasks now" not in done.stderr
    assert (world.demo / "Taskfile.yml").read_text() == text
    assert sorted(path.name for path in world.demo.iterdir()) == ["Taskfile.yml", "more.yml"]
    assert task(world, world.demo, "hello").stdout == "hello\n"


def test_ours_under_another_name_is_ours(world):
    text = "version: '3'\nincludes: {vm: {taskfile: ~/.local/share/sysinit-vm/Taskfile.yml, flatten: true}}\n"
    (world.demo / "Taskfile.yml").write_text(text)
    assert "has it already" in world.run("init", "--taskfile", "--yes").stderr
    assert (world.demo / "Taskfile.yml").read_text() == text
    assert "demo-dev" in task(world, world.demo, "lima:status").stdout


def test_a_project_without_a_taskfile_gets_one(world):
    assert world.run("init", "--taskfile", "--yes").returncode == 0
    assert "demo-dev" in task(world, world.demo, "lima:status").stdout


def test_an_existing_config_stays_as_it_is(world):
    world.put_config()
    (world.demo / ".lima" / "config.yaml").write_bytes(world.config() + b"# mine\n")
    assert world.run("init", "--taskfile", "--tasks", "--yes").returncode == 0
    assert world.config().endswith(b"# mine\n")


def test_a_machine_without_us_keeps_the_other_tasks(world):
    other = world.project("other")
    (other / "Taskfile.yml").write_text(TASKFILE)
    world.run("init", "--taskfile", "--yes", cwd=other)
    colleague = world.home / "colleague"
    colleague.mkdir()
    assert task(world, other, "hello", HOME=str(colleague)).stdout == "hello\n"
    printed = world.run("taskfile", HOME=str(colleague)).stdout
    assert printed == f"{colleague}/.local/share/sysinit-vm/Taskfile.yml\n"
    assert "other-dev" in task(world, other, "lima:status", HOME=str(colleague)).stdout


def test_the_environment_may_name_another_taskfile(world):
    other = world.project("other")
    world.run("init", "--taskfile", "--yes", cwd=other)
    nowhere = world.home / "nowhere"
    nowhere.mkdir()
    found = task(world, other, "lima:status", HOME=str(nowhere), SYSINIT_TASKFILE=str(TOP / "Taskfile.yml"))
    assert "other-dev" in found.stdout


def test_tasks_that_invoke_found_by_itself_stay_beside_ours(world):
    (world.demo / "tasks.py").write_text(TASKS)
    assert world.run("init", "--tasks", "--yes").returncode == 0
    assert inv(world, world.demo, "hello").stdout == "hello\n"
    assert "demo-dev" in inv(world, world.demo, "lima.status").stdout
    listed = inv(world, world.demo, "--list").stdout
    assert "  hello" in listed
    assert "  lima.start" in listed


def test_a_new_tasks_py_has_ours(world):
    assert world.run("init", "--tasks", "--yes").returncode == 0
    assert "demo-dev" in inv(world, world.demo, "lima.status").stdout
    assert "has it already" in world.run("init", "--tasks").stderr


@pytest.mark.parametrize(
    "text",
    [
        "from invoke import Collection\nfrom others import hello\nns = Collection(hello)\n",
        "from invoke import Collection, task\n@task\ndef hello(c): print('hello')\nns = Collection(hello)\n",
    ],
)
def test_a_collection_of_its_own_is_left_and_the_printed_lines_work_when_pasted(world, text):
    (world.demo / "others.py").write_text(TASKS)
    path = world.demo / "tasks.py"
    path.write_text(text)
    done = world.run("init", "--tasks", "--yes")
    assert (done.returncode, path.read_text()) == (1, text)
    world.put_config()
    pasted = done.stderr.partition("Lines to add:\n")[2].partition("Try: ")[0]
    path.write_text(f"{text}\n{pasted}")
    assert "demo-dev" in inv(world, world.demo, "lima.status").stdout
    assert inv(world, world.demo, "hello").stdout == "hello\n"


@pytest.mark.parametrize(
    "line",
    [
        "from typing import Collection",
        "from collections.abc import Collection",
        "class Collection(list): pass",
        "import invoke.collection",
        "import sys; sys.modules[__name__].there = True",
    ],
)
def test_tasks_that_have_such_names_for_something_else_work_as_before(world, line):
    before = "from invoke import task\n\n@task\ndef build(c):\n    print('built', names.__annotations__)\n"
    annotated = "\n\ndef names(words: 'Collection'): pass\n" + ("print(Collection)\n" if "Collection" in line else "")
    (world.demo / "tasks.py").write_text(f"{line}\n{before}{annotated}")
    said = inv(world, world.demo, "build").stdout
    assert "built" in said
    assert world.run("init", "--tasks", "--yes").returncode == 0
    assert inv(world, world.demo, "build").stdout == said
    assert "demo-dev" in inv(world, world.demo, "lima.status").stdout


def test_without_a_terminal_and_yes_the_difference_is_shown_and_nothing_is_changed(world):
    (world.demo / "Taskfile.yml").write_text(TASKFILE)
    done = world.run("init", "--taskfile", "--tasks")
    assert done.returncode == 5
    assert "+includes:" in done.stderr
    assert "sysinit-vm init --taskfile --tasks --yes" in done.stderr
    assert (world.demo / "Taskfile.yml").read_text() == TASKFILE
    assert sorted(path.name for path in world.demo.iterdir()) == ["Taskfile.yml"]


def test_one_that_cannot_be_changed_leaves_the_other_and_the_config_alone(world):
    (world.demo / "Taskfile.yml").write_text(TASKFILE)
    (world.demo / "tasks.py").write_text("ns = made_elsewhere()\n")
    done = world.run("init", "--taskfile", "--tasks", "--yes")
    assert done.returncode == 1
    assert "Lines to add:\nimport sysinit_vm" in done.stderr
    assert (world.demo / "Taskfile.yml").read_text() == TASKFILE
    assert not (world.demo / ".lima").exists()


def test_a_home_that_cannot_hold_the_link_leaves_the_project_as_it_was(world):
    (world.home / ".local").write_text("a file, so that root cannot make directories there either\n")
    (world.demo / "Taskfile.yml").write_text(TASKFILE)
    done = world.run("init", "--taskfile", "--tasks", "--yes")
    assert done.returncode == 1
    assert "Cannot make" in done.stderr
    assert (world.demo / "Taskfile.yml").read_text() == TASKFILE
    assert sorted(path.name for path in world.demo.iterdir()) == ["Taskfile.yml"]


@pytest.mark.parametrize("above", [("Taskfile.yml", "tasks.py"), ("taskfile.dist.yaml", "tasks/__init__.py")])
def test_what_a_new_file_hides_is_told_before_the_question(world, above):
    mono = world.project("mono")
    for name in above:
        (mono / name).parent.mkdir(exist_ok=True)
        (mono / name).touch()
    inner = mono / "deep" / "proj"
    inner.mkdir(parents=True)
    done = world.run("init", "--taskfile", "--tasks", cwd=inner)
    assert done.returncode == 5
    for name in above:
        assert f"hides {mono / name} from {inner}" in done.stderr
    assert not list(inner.iterdir())


def test_only_a_new_file_hides_one_above_and_the_home_is_the_last_place_looked_at(world):
    inner = world.project("mono/proj")
    (inner / "Taskfile.yml").write_text(TASKFILE)
    for place in (world.home.parent, inner.parent):
        (place / "Taskfile.yml").write_text(TASKFILE)
    assert "hides" not in world.run("init", "--taskfile", cwd=inner).stderr
    (inner / "Taskfile.yml").unlink()
    (inner.parent / "Taskfile.yml").unlink()
    assert "hides" not in world.run("init", "--taskfile", cwd=inner).stderr
    (world.home / "Taskfile.yml").write_text(TASKFILE)
    assert f"hides {world.home}/Taskfile.yml" in world.run("init", "--taskfile", cwd=inner).stderr


@pytest.fixture
def hostile(world):
    """A project in which whatever evaluates its Taskfile or imports its Python leaves ``marker``.

    The first ``task`` on PATH is the real one, but writes its arguments to ``task-calls``.
    """
    marker, calls = world.home / "marker", world.home / "task-calls"
    other = world.project("other")
    touch = f"{{sh: 'touch {marker}'}}"
    (other / ".env").write_text(f"TASKFILE={other}/more.yml\nSYSINIT_TASKFILE={other}/more.yml\n")
    (other / "more.yml").write_text(f"version: '3'\nvars: {{Y: {touch}}}\ntasks: {{more: 'echo {{{{.Y}}}}'}}\n")
    (other / "Taskfile.yml").write_text(
        f"version: '3'\nincludes:\n  more: {{taskfile: ./more.yml, vars: {{Z: {touch}}}}}\n"
        f"dotenv: ['.env', '{{{{.X}}}}']\nvars: {{X: {touch}}}\nenv: {{W: {touch}}}\ntasks: {{hello: 'echo {{{{.X}}}}'}}\n"
    )
    for name in ("tasks.py", "invoke.py", "yaml.py", "sitecustomize.py"):
        (other / name).write_text(f"open({str(marker)!r}, 'w')\n{TASKS}")
    program = world.fake / "task"
    program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {BIN / "task"} "$@"\n')
    program.chmod(0o755)
    world.env |= {
        "PATH": f"{world.fake}{os.pathsep}{world.env['PATH']}",
        "TASKFILE": str(other / "more.yml"),
        "TASKFILE_PATH": str(other / "more.yml"),
        "SYSINIT_TASKFILE": str(other / "more.yml"),
    }
    return other


@pytest.mark.parametrize(
    "words",
    [
        ["init", "--taskfile", "--tasks", "--yes"],
        ["--dry", "init", "--taskfile", "--tasks", "--yes"],
        ["init"],
        ["up"],
        ["doctor"],
        ["start"],
        ["status"],
        ["taskfile"],
    ],
)
def test_neither_task_nor_python_of_the_project_is_run(world, hostile, words):
    if words[0] in {"start", "status", "doctor"}:
        world.put_config(hostile)
    done = world.type(str(BIN / "sysinit-vm"), *words, cwd=hostile)
    assert done.returncode in ({0, 1} if words[0] == "doctor" else {0}), done.stderr
    assert not (world.home / "marker").exists()
    calls = world.home / "task-calls"
    assert set(calls.read_text().splitlines() if calls.exists() else ()) <= {"--version", "--help"}
    if "--taskfile" in words:
        assert "+includes:" in done.stderr or "+  sysinit:" in done.stderr
        assert "+import sysinit_vm" in done.stderr
        assert ("sysinit" in (hostile / "Taskfile.yml").read_text()) is ("--dry" not in words)


def test_what_is_not_run_would_have_left_its_marker(world, hostile):
    for program in ("task", "inv"):
        world.type(program, "--list", cwd=hostile)
        world.type(program, "hello", cwd=hostile)
        assert (world.home / "marker").exists()
        (world.home / "marker").unlink()
    assert "hello" in (world.home / "task-calls").read_text()


def test_dry_shows_and_changes_nothing(world):
    done = world.type(str(BIN / "sysinit-vm"), "--dry", "init", "--taskfile")
    assert done.returncode == 0
    assert "+includes:" in done.stderr
    assert not list(world.demo.iterdir())
    assert not (world.home / ".local").exists()


def test_the_printed_path_can_be_used_in_a_shell(world):
    line = f'export SYSINIT_TASKFILE="$({shlex.quote(str(BIN / "sysinit-vm"))} taskfile)"; test -f "$SYSINIT_TASKFILE"'
    done = subprocess.run(["sh", "-c", line], env=world.env, cwd=world.demo, check=False)
    assert done.returncode == 0


def test_on_a_terminal_the_difference_is_shown_and_asked_for(world):
    (world.demo / "Taskfile.yml").write_text(TASKFILE)
    for key, status in (("n", 5), ("y", 0)):
        terminal = Terminal([*SCRIPT, "init", "--taskfile"], world.demo, world.env, rows=40, columns=160)
        terminal.wait_for(r"\+includes:[\s\S]*like this\?")
        assert (world.demo / "Taskfile.yml").read_text() == TASKFILE
        terminal.press(f"{key}\r")
        assert terminal.exit_status() == status
    assert "sysinit:" in (world.demo / "Taskfile.yml").read_text()
