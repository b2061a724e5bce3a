"""Help as it is typed, and the exit statuses that it promises."""

import os

import pexpect
import pytest

from sysinit_vm.program import program
from sysinit_vm.tasks import ns
from tests.worlds import BIN, SCRIPT, TASKS, TOP

NAMES = [str(each.name) for each in ns.to_contexts()]
# These act on the machine instead of a project, or make one.
NOT_OF_A_PROJECT = {"up", "init", "setup", "build.debian", "build.dev", "build.minimal"}
WORDS = {"exec": ["true"], "copy": ["a", ":"]}


def test_every_way_to_ask_for_help_gives_the_same(world):
    told = world.run("help").stdout
    assert all(world.run(*words).stdout == told for words in (["--help"], ["-h"]))
    one = world.run("help", "destroy").stdout
    spelled = (["destroy", "--help"], ["--help", "destroy"], ["rm", "--help"], ["help", "rm"], ["destroy", "-h"])
    assert all(world.run(*words).stdout == one for words in spelled)


def test_without_a_word_the_daily_commands_fit_a_screen_and_lead_to_the_rest(world):
    done = world.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) <= 32
    assert "  up [template] " in done.stdout
    assert "  ports " in done.stdout
    assert all(word in done.stdout for word in ("sysinit-vm help ", "sysinit-vm doctor ", "help <command>"))


def test_help_explains_each_command_that_follows_it_and_runs_none(world):
    world.put_vm()
    done = world.run("help", "stop", "destroy")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "\n".join(world.run("help", each).stdout for each in ("stop", "destroy"))
    assert world.status() == "Running"


@pytest.mark.parametrize("words", [["stop", "destroy", "--yes"], ["--yes", "destroy"], ["destroy", "--name", "x"]])
def test_help_takes_no_flags_of_the_commands_that_it_explains(world, words):
    world.put_vm()
    done = world.run("help", *words)
    assert (done.returncode, done.stdout, world.status()) == (2, "", "Running")
    assert next(word for word in words if word.startswith("-")) in done.stderr


def test_inv_takes_the_topic_as_a_flag(world):
    (world.demo / "tasks.py").write_text(TASKS)
    told = world.type(str(BIN / "inv"), "lima.help", "--topic=stop").stdout
    assert told == world.run("help", "stop").stdout


def test_help_of_an_unknown_command_is_a_usage_error(world):
    done = world.run("--help", "strat")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean start?" in done.stderr


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("words", [["help"], ["exec", "--help"]])
def test_help_fits_the_terminal_it_is_shown_on(world, columns, words):
    env = {name: value for name, value in world.env.items() if name not in {"NO_COLOR", "COLUMNS"}}
    told = pexpect.run(
        " ".join([*SCRIPT, *words]), cwd=str(world.demo), env=env, dimensions=(50, columns), encoding="utf-8"
    )
    assert "\x1b[1mUsage:\x1b[0m" in told
    plain = told.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert "\x1b" not in "".join(plain)
    assert columns * 0.6 < max(map(len, plain)) <= columns or columns == 200


def test_what_is_no_terminal_gets_plain_text(world):
    assert "\x1b" not in world.run("help", NO_COLOR="").stdout


def test_inv_and_task_list_one_line_each(world):
    (world.demo / "tasks.py").write_text(TASKS)
    listed = world.type(str(BIN / "inv"), "--list", COLUMNS="80").stdout.splitlines()
    for name in NAMES:
        (line,) = [line for line in listed if line.split()[:1] == [f"lima.{name}"]]
        assert line.endswith(f"{ns[name].manual.summary}.")
    entries = world.type(str(BIN / "task"), "-t", str(TOP / "Taskfile.yml"), "--list", COLUMNS="80").stdout
    lines = [line for line in entries.splitlines() if line.startswith("* lima:")]
    assert len(lines) == len(NAMES)
    assert all(len(line) <= 90 and len(line.split()) > 3 for line in lines)


def test_inv_shows_examples_and_exit_statuses_of_a_task(world):
    (world.demo / "tasks.py").write_text(TASKS)
    told = world.type(str(BIN / "inv"), "--help", "lima.start").stdout
    assert "Examples:\n    sysinit-vm start\n" in told
    assert "3 no .lima/config.yaml" in told
    assert "--timeout=STRING" in told


@pytest.fixture
def ended(world, monkeypatch):
    """The exit status of one command, typed in this process: there are many."""

    def end(name, **env):
        for variable in set(os.environ) - set(world.env):
            monkeypatch.delenv(variable)
        for variable, value in {**world.env, **env}.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.chdir(world.demo)
        try:
            program.run(["sysinit-vm", name, *WORDS.get(name, [])])
        except SystemExit as status:
            return status.code
        return 0

    return end


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_OF_A_PROJECT])
class TestExitStatuses:
    def test_without_a_config_only_those_end_with_3_that_say_so(self, ended, name):
        assert (ended(name) == 3) == (3 in ns[name].manual.exits)

    def test_without_limactl_only_those_end_with_6_that_say_so(self, world, ended, name):
        world.put_config()
        world.limactl.unlink()
        assert (ended(name, SYSINIT_VM_LIMACTL="") == 6) == (6 in ns[name].manual.exits)
