"""`sysinit-vm X`, `inv lima.X` and `task -x lima:X` are the same task."""

import re
import shutil

import pytest

from tests.worlds import BIN, TASKS, TOP

TASKFILE = ("-x", "-t", str(TOP / "Taskfile.yml"))
NOTHING, MADE, STARTED = "nothing", "made", "started"
CASES = [
    (NOTHING, ("help",)),
    (NOTHING, ("help", "--topic", "start")),
    (NOTHING, ("init", "--template", "minimal")),
    (NOTHING, ("taskfile",)),
    (STARTED, ("ssh-config", "--print")),
    (STARTED, ("ssh-config",)),
    (STARTED, ("open", "--editor", "emacs")),
    (STARTED, ("copy", "--", "missing", ":")),
    (NOTHING, ("start",)),
    (MADE, ("start", "--timeout", "x")),
    (MADE, ("status",)),
    (MADE, ("status", "--json")),
    (NOTHING, ("list",)),
    (MADE, ("stop",)),
    (MADE, ("init",)),
    (STARTED, ("list", "--json")),
    (STARTED, ("restart",)),
    (STARTED, ("rebuild",)),
    (STARTED, ("logs", "--source", "console")),
    (STARTED, ("destroy",)),
    (STARTED, ("destroy", "--yes")),
    (STARTED, ("exec", "--", "exit 7")),
    (STARTED, ("exec", "--", "printf", "<%s>", "a b")),
]


WHEN = re.compile(r'"(created|age)": .*')  # each entrance has a VM of its own


def entrances(verb, *words):
    after = words if words[:1] == ("--",) else ("--", *words) if words else ()
    return {
        "sysinit-vm": (str(BIN / "sysinit-vm"), verb, *words),
        "inv": (str(BIN / "inv"), f"lima.{verb}", *words),
        "task": (str(BIN / "task"), *TASKFILE, f"lima:{verb.replace('.', ':')}", *after),
    }


def reset(world, prepared):
    for path in (world.lima_home / "demo-dev", world.demo / ".lima"):
        shutil.rmtree(path, ignore_errors=True)
    (world.demo / "tasks.py").write_text(TASKS)
    {NOTHING: lambda: None, MADE: world.put_config, STARTED: world.put_vm}[prepared]()


@pytest.mark.parametrize(
    ("prepared", "words"), CASES, ids=lambda part: part if isinstance(part, str) else " ".join(part)
)
def test_the_three_entrances_give_the_same_output_and_exit_status(world, prepared, words):
    seen = {}
    for name, argv in entrances(*words).items():
        reset(world, prepared)
        done = world.type(*argv)
        assert "Traceback" not in done.stderr
        seen[name] = (done.returncode, WHEN.sub("", done.stdout), world.status())
    assert seen["inv"] == seen["sysinit-vm"]
    assert seen["task"] == seen["sysinit-vm"]


NASTY = [
    "a b",
    "c$d",
    "e'f",
    '"',
    "*",
    "",
    "x=1",
    "one\ntwo",
    "--yes",
    "-n",
    "\\",
    "`id`",
    "$(id)",
    "é",
    "~",
    "!",
    ";",
    "--",
]


def test_exec_hands_exact_words_to_the_guest_from_every_entrance(world):
    reset(world, STARTED)
    for name, argv in entrances("exec", "--", "printf", "<%s>", *NASTY).items():
        done = world.type(*argv)
        assert done.stdout == "".join(f"<{word}>" for word in NASTY), name
        assert world.guest_words() == ["printf", "<%s>", *NASTY], name


def test_words_that_task_itself_would_read_as_its_template_are_exact_elsewhere(world):
    reset(world, STARTED)
    both = entrances("exec", "--", "printf", "%s", "{{.X}}")
    assert [world.type(*both[name]).stdout for name in ("sysinit-vm", "inv")] == ["{{.X}}"] * 2


@pytest.mark.parametrize("line", ["echo 'a  b' | tr a-z A-Z", "x=1; echo $x", "echo one\necho two", "cd /; pwd"])
def test_one_word_is_a_shell_line_from_every_entrance(world, line):
    reset(world, STARTED)
    for name, argv in entrances("exec", "--", line).items():
        world.type(*argv)
        assert world.guest_words() == ["bash", "-c", "--", line], name


def test_tasks_chain_in_one_call(world):
    (world.demo / "tasks.py").write_text(TASKS)
    done = world.type(str(BIN / "inv"), "lima.init", "lima.start", "lima.status")
    assert done.returncode == 0, done.stderr
    assert "Running" in done.stdout
    assert world.run("--chain", "stop", "status").stdout.splitlines()[1].split()[1] == "Stopped"
    assert world.verbs() == ["create", "start", "stop"]


def test_a_chain_ends_at_its_first_failure(world):
    done = world.run("--chain", "stop", "init")
    assert done.returncode == 3
    assert not (world.demo / ".lima").exists()


def test_the_verbs_can_be_at_the_top_of_anyones_tasks(world):
    (world.demo / "tasks.py").write_text("import sysinit_vm\nns = sysinit_vm.ns\n")
    assert world.type(str(BIN / "inv"), "init", "status").returncode == 0


def test_inv_lists_every_verb_with_its_sentence(world):
    (world.demo / "tasks.py").write_text(TASKS)
    listed = world.type(str(BIN / "inv"), "--list").stdout
    for verb in ("up", "init", "start", "stop", "restart", "destroy", "shell", "exec", "status", "list", "logs"):
        line = next(line for line in listed.splitlines() if line.split()[:1] == [f"lima.{verb}"])
        assert len(line.split()) > 3


def test_inv_below_the_project_and_another_directory_by_option(world):
    reset(world, MADE)
    deep = world.demo / "src/deep"
    deep.mkdir(parents=True)
    assert "demo-dev" in world.type(str(BIN / "inv"), "lima.status", cwd=deep).stdout
    assert "demo-dev" in world.run("status", "--project", str(world.demo), cwd=world.home).stdout


def test_a_taskfile_elsewhere_includes_ours_and_works_in_the_callers_directory(world):
    other = world.project("other")
    (other / "Taskfile.yml").write_text(
        'version: "3"\nincludes:\n  sysinit: {taskfile: "' + str(TOP / "Taskfile.yml") + '", flatten: true}\n'
    )
    deep = other / "src"
    deep.mkdir()
    assert world.type(str(BIN / "task"), "-x", "lima:init", cwd=other).returncode == 0
    assert (other / ".lima/config.yaml").is_file()
    assert "other-dev" in world.type(str(BIN / "task"), "-x", "lima:status", cwd=deep).stdout


@pytest.mark.parametrize("name", ["$HOME", 'a`b\\c "d e$(id)', "~", "x'y"])
def test_task_works_in_a_directory_whose_name_means_something_to_it(world, name):
    place = world.place / "odd" / name
    place.mkdir(parents=True)
    (place / "Taskfile.yml").write_text((TOP / "Taskfile.yml").read_text())
    before = sorted((world.place / "odd").rglob("*"))
    line = ("lima:status", "SYSINIT_VM=pwd; true")
    for words in (line, ("-t", str(TOP / "Taskfile.yml"), *line)):
        done = world.type(str(BIN / "task"), "-x", *words, cwd=place)
        assert (done.returncode, done.stdout) == (0, f"{place}\n")
    assert sorted((world.place / "odd").rglob("*")) == before


def test_a_global_taskfile_works_in_the_callers_directory(world):
    reset(world, MADE)
    (world.home / "Taskfile.yml").write_text((TOP / "Taskfile.yml").read_text())
    assert "demo-dev" in world.type(str(BIN / "task"), "-g", "-x", "lima:status").stdout


def test_the_taskfile_has_an_entry_for_every_verb(world):
    listed = world.type(str(BIN / "task"), "-t", str(TOP / "Taskfile.yml"), "--list-all").stdout
    entries = {line.split()[1].rstrip(":") for line in listed.splitlines() if line.startswith("* ")}
    from sysinit_vm import ns

    assert entries == {f"lima:{name.replace('.', ':')}" for name in ns.task_names}


@pytest.mark.parametrize("words", [["--version"], ["--version", "status"]], ids="_".join)
def test_the_version_is_the_packages_and_no_program_is_looked_for(world, words):
    import sysinit_vm

    done = world.run(*words)
    assert (done.returncode, done.stdout) == (0, f"sysinit-vm {sysinit_vm.__version__}\n")
    assert not (world.fake / "argv").exists()


def test_the_doctor_shows_the_versions_of_lima_and_task(world):
    shown = world.run("doctor", "--all").stdout
    assert re.search(r"limactl.* 2\.2\.0 ", shown)
    assert re.search(r"task.* \d+\.\d+\.\d+ ", shown)
