"""The exit status, what is said, and where: data on stdout, talk on stderr, never a traceback."""

import contextlib
import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from sysinit_vm.errors import VmError
from tests.cli.test_entrances import entrances
from tests.worlds import BIN, SCRIPT, TASKS

ANONYMOUS = ("unshare", "--user", "--map-user=54321", "--map-group=54321")
PLAIN = f"images: [{{location: 'https://a.example/x.qcow2', digest: 'sha256:{'0' * 64}'}}]\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "Unknown command"),
        (["status", "--nonsense"], "--nonsense"),
        (["start", "extra"], "extra"),
        (["start", "--timeout", "soon"], "--timeout takes a number of seconds"),
        (["start", "--timeout", "0"], "Try: sysinit-vm start --timeout 600"),
        (["start", "--timeout"], "timeout"),
        (["status", "--name", "a--b"], "--name is not a name for a VM"),
        (["status", "--name", "a--b"], "Try: sysinit-vm status --name a-b"),
        (["init", "--name", "a--b"], "Try: sysinit-vm init --name a-b"),
        (["status", "--project", "/nowhere/at/all"], "No such project directory"),
        (["status", "--project", "/no where"], "It does not exist.\nTry: ls /\n"),
        (["init", "--project", "/no where"], "Try: mkdir -p '/no where'"),
        (["status", "--project", "/etc/passwd"], "not a directory"),
        (["init", "nope"], "dev, minimal, project-template"),
        (["init", "--project", "/"], "root of the file system"),
        (["init", "--name", "a b"], "--name"),
        (["logs", "nope"], "host, console, provision"),
        (["logs", "--lines", "many"], "--lines"),
        (["help", "nope"], "Unknown command"),
        (["--list", "nope"], "There is no group of commands 'nope'.\nThe groups are: build.\nTry: sysinit-vm --list"),
        (["--list", "--list-format", "nope"], "flat, nested, json.\nTry: sysinit-vm --list"),
        (["--print-completion-script", "zsh"], "Try: sysinit-vm completion zsh"),
        (["--print-completion-script", "csh"], "Try: sysinit-vm completion bash"),
    ],
)
def test_usage_is_2_and_changes_nothing(world, words, says):
    world.project("x", config=PLAIN)
    done = world.run(*words, cwd=world.home / "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert list((world.home / "x" / ".lima").iterdir()) == [world.home / "x" / ".lima/config.yaml"]
    assert world.verbs() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("strat", "Unknown command: strat.\nDid you mean start?\nTry: sysinit-vm start\n"),
        ("help distroy", "Unknown command: distroy.\nTry: sysinit-vm help\n"),
        ("--help strat", "Did you mean start?\nTry: sysinit-vm help start\n"),
        ("desroy --yes", "Unknown command: desroy.\nTry: sysinit-vm help\n"),
        ("des", "Unknown command: des.\nTry: sysinit-vm help\n"),
        ("prune-all", "Unknown command: prune-all.\nTry: sysinit-vm help\n"),
        ("conect", "Did you mean connect?\nTry: sysinit-vm connect\n"),
        ("build", "mean build.debian, build.dev or build.minimal?\nTry: sysinit-vm help build.debian\n"),
        ("help build", "mean build.debian, build.dev or build.minimal?\nTry: sysinit-vm help build.debian\n"),
        ("xyzzy", "Unknown command: xyzzy.\nTry: sysinit-vm help\n"),
        ("status --jsno", "status takes no --jsno.\nDid you mean --json?\nTry: sysinit-vm help status\n"),
        ("stop --yes", "stop takes no --yes.\nstop asks nothing.\nTry: sysinit-vm stop\n"),
        ("help stop --yes", "help takes no --yes.\nTry: sysinit-vm help help\n"),
        ("start --timeout", "--timeout needs a value.\nTry: sysinit-vm help start\n"),
        ("-f", "--config needs a value.\nTry: sysinit-vm help\n"),
        ("--jsn", "Unknown flag: --jsn.\nDid you mean --json?\nTry: sysinit-vm help\n"),
        ("--project . status", "--project goes after its command.\nTry: sysinit-vm status --project .\n"),
        ("--project=. status", "--project goes after its command.\nTry: sysinit-vm status --project .\n"),
        ("--name status st --json", "--name goes after its command.\nTry: sysinit-vm st --name status --json\n"),
        ("--name x stop destroy", "--name goes after its command.\nTry: sysinit-vm stop --name x\n"),
        ("--yes --name x destroy", "--yes goes after its command.\nTry: sysinit-vm destroy --yes --name x\n"),
        ("--name x exec a 'b c'", "--name goes after its command.\nTry: sysinit-vm exec --name x a 'b c'\n"),
        ("--yes status", "status takes no --yes.\nstatus asks nothing.\nTry: sysinit-vm status\n"),
        ("--yes", "--yes goes after its command.\nTry: sysinit-vm help\n"),
    ],
)
def test_what_is_not_known_is_2_with_what_was_meant(world, words, says):
    world.put_vm()
    done = world.run(*shlex.split(words))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(says)
    assert world.status() == "Running"


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--name", ["destroy", "--yes", "--name", ""]),
        ("--name", ["destroy", "--yes", "--name="]),
        ("--project", ["destroy", "--yes", "--project", ""]),
        ("--project", ["stop", "--all", "--project", ""]),
        ("--timeout", ["start", "--timeout", ""]),
        ("--drift", ["start", "--drift", ""]),
        ("--template", ["up", "--yes", "--template", ""]),
        ("--template", ["init", ""]),
        ("--ssh", ["init", "--ssh", ""]),
        ("--ports", ["init", "--yes", "--ports", ""]),
        ("--layout", ["shell", "--layout", ""]),
        ("--editor", ["open", "--editor", ""]),
        ("--source", ["logs", ""]),
        ("--approve", ["trust", "--approve", ""]),
        ("--env", ["exec", "--env", "", "true"]),
        ("--topic", ["help", "stop", ""]),
    ],
)
def test_a_flag_with_an_empty_value_is_2_and_changes_nothing(world, flag, words):
    world.put_vm()
    before = world.config()
    done = world.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{flag} is empty" in done.stderr
    assert f"Try: sysinit-vm help {words[0]}" in done.stderr
    assert (world.status(), world.config(), world.verbs()) == ("Running", before, [])


def test_an_empty_value_is_refused_from_every_entrance(world):
    world.put_vm()
    (world.demo / "tasks.py").write_text(TASKS)
    for name, argv in entrances("destroy", "--yes", "--name=").items():
        done = world.type(*argv)
        assert (done.returncode, "--name is empty" in done.stderr) == (2, True), name
    assert world.status() == "Running"


def test_an_empty_variable_is_none(world):
    world.put_vm()
    assert "demo-dev" in world.run("status", VM_NAME="").stdout


@pytest.mark.parametrize("value", ["nonsense", "0"])
def test_a_bad_setting_is_2_and_names_its_source(world, value):
    root = world.project("x", config=PLAIN)
    done = world.run("start", cwd=root, SYSINIT_VM_TIMEOUT=value)
    assert done.returncode == 2
    assert "SYSINIT_VM_TIMEOUT" in done.stderr


@pytest.mark.parametrize("verb", ["start", "restart", "shell", "stop", "destroy", "status", "logs"])
def test_without_a_config_every_verb_of_a_project_is_3(world, verb):
    done = world.run(verb)
    assert (done.returncode, done.stdout) == (3, "")
    hint = "init" if verb in {"start", "restart"} else f"list, then sysinit-vm {verb} --name VM"
    assert f"Try: sysinit-vm {hint}" in done.stderr
    assert ("or, for a new VM: sysinit-vm up" in done.stderr) is (verb in {"shell", "status"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "It is empty"),
        ("- a list\n", "not a mapping"),
        ("cpus: [1\n", "line"),
        ("cpus: 1\ncpus: 2\n", "appears twice"),
        (f"{PLAIN}vmType: wsl2\n", "vmType"),
        (f"{PLAIN}arch: {{a: b}}\n", "arch"),
        (f"{PLAIN}mounts: nonsense\n", "mounts"),
        ("images: [nonsense]\n", "images"),
        ("param: {VM_NAME: 'a b'}\n", "config.yaml"),
        ("x: !!bool maybe\n", "config.yaml"),
        ("x: &a [*a]\n", "config.yaml"),
        ("x: !!timestamp 2020-01-01\n", "config.yaml"),
    ],
)
def test_a_config_that_cannot_be_used_is_an_error_that_names_it(world, text, says):
    root = world.project("x", config=text)
    with contextlib.suppress(VmError):
        world.trust(root)
    done = world.run("start", cwd=root)
    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert str(root / ".lima/config.yaml") in done.stderr
    assert world.verbs() == []
    assert (root / ".lima/config.yaml").read_text() == text


def test_a_binary_config_and_a_directory_in_its_place_are_errors_too(world):
    binary, directory = world.project("b"), world.project("d")
    (binary / ".lima").mkdir()
    (binary / ".lima/config.yaml").write_bytes(b"\xff\x00\xfe")
    (directory / ".lima/config.yaml").mkdir(parents=True)
    for root, verb in ((binary, "start"), (directory, "start"), (directory, "init")):
        done = world.run(verb, cwd=root)
        assert done.returncode == 1
        assert "config.yaml" in done.stderr


@pytest.mark.parametrize("words", [["stop"], ["restart"], ["destroy", "--yes"], ["exec", "ls"], ["logs"]])
def test_without_a_vm_it_is_4_with_what_to_type(world, words):
    root = world.project("x", config=PLAIN)
    done = world.run(*words, cwd=root)
    assert (done.returncode, done.stdout) == (4, "")
    assert "There is no VM x-dev" in done.stderr
    assert f"Try: sysinit-vm {'list' if words[0] in {'stop', 'destroy'} else 'start'}" in done.stderr


def test_a_stopped_vm_takes_no_commands_but_may_be_stopped_again(world):
    world.put_vm()
    for _ in range(2):
        assert world.run("stop").returncode == 0
    done = world.run("exec", "ls")
    assert done.returncode == 4
    assert "not running" in done.stderr
    assert world.verbs() == ["stop"]


def test_starting_a_running_vm_is_fine_and_starts_nothing(world):
    world.put_vm()
    assert world.run("start").returncode == 0
    assert world.verbs() == []


def test_another_projects_vm_of_the_same_name_is_4_and_names_both(world):
    world.put_vm()
    other = world.project("elsewhere/demo")
    made = world.run("init", cwd=other)
    assert made.returncode == 0
    assert str(world.demo) in made.stderr
    for words in (["start"], ["stop"], ["destroy", "--yes"], ["exec", "ls"]):
        done = world.run(*words, cwd=other)
        assert done.returncode == 4
        assert str(world.demo) in done.stderr
        assert str(other) in done.stderr
    assert world.status() == "Running"
    assert "not created" in world.run("status", cwd=other).stdout


@pytest.mark.parametrize("words", [["init"], ["destroy"]])
def test_without_a_terminal_and_without_yes_it_is_5_and_nothing_changes(world, words):
    world.put_vm()
    before = world.config()
    done = world.run(*words)
    assert (done.returncode, done.stdout) == (5, "")
    assert "--yes" in done.stderr
    assert (world.config(), world.status()) == (before, "Running")


def test_without_standard_input_at_all_it_is_5_too(world):
    world.put_vm()
    line = f"{shlex.join(SCRIPT)} destroy <&-"
    done = world.type("sh", "-c", line)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "closed"),
    [("help", ">&-"), ("--list", ">&-"), ("stop", ">&-"), ("stop", "2>&-"), ("status", "<&- >&- 2>&-")],
)
def test_a_closed_output_takes_nothing_from_the_work(world, line, closed):
    world.put_vm()
    (world.demo / "tasks.py").write_text(TASKS)
    lines = [f"{shlex.join(SCRIPT)} {line}", *([] if line == "--list" else [f"{BIN / 'inv'} lima.{line}"])]
    for entrance in lines:
        state = world.lima_home / "demo-dev/status"
        state.write_text("Running")
        told = world.type("sh", "-c", entrance)
        state.write_text("Running")
        done = world.type("sh", "-c", f"{entrance} {closed}")
        last = told.stderr.splitlines()[-1:]  # before it, what a stop waits for
        assert (done.returncode, done.stderr.splitlines()[-1:]) == (0, last if closed == ">&-" else []), entrance
        assert len(done.stdout) == (len(told.stdout) if closed == "2>&-" else 0), entrance
    assert world.status() == ("Stopped" if line == "stop" else "Running")


@pytest.mark.parametrize(
    ("words", "example"),
    [
        (["exec"], 'sysinit-vm exec "make test"'),
        (["exec", "--env", "CI", "make"], "sysinit-vm exec --env CI=1 make test"),
        (["copy"], "sysinit-vm copy notes.txt :notes.txt"),
        (["copy", ":notes.txt"], "sysinit-vm copy notes.txt :notes.txt"),
    ],
)
def test_too_few_words_are_2_with_an_example_wherever_there_is_a_vm(world, words, example):
    for prepared in (lambda: None, lambda: world.put_vm("Stopped")):
        prepared()
        done = world.run(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"Try: {example}" in done.stderr


@pytest.mark.parametrize("said", ["nowhere/limactl", "limactl"])
def test_no_limactl_is_6_with_what_to_type(world, said):
    root = world.project("x", config=PLAIN)
    done = world.run("start", cwd=root, SYSINIT_VM_LIMACTL=said)
    assert (done.returncode, done.stdout) == (6, "")
    assert "SYSINIT_VM_LIMACTL" in done.stderr
    tools = world.home / "tools"
    tools.mkdir()
    done = world.run("start", cwd=root, SYSINIT_VM_LIMACTL="", PATH=str(tools))
    assert done.returncode == 6
    assert "sysinit-vm setup" in done.stderr


def test_a_limactl_that_is_too_old_is_6_and_is_asked_for_nothing_more(world):
    root = world.project("x", config=PLAIN)
    (world.fake / "version").write_text("limactl version 1.2.1\n")
    done = world.run("start", cwd=root)
    assert done.returncode == 6
    assert "2.0.0" in done.stderr
    assert world.verbs() == []


def test_a_limactl_that_is_no_program_is_6(world):
    root = world.project("x", config=PLAIN)
    world.limactl.write_text("not a program")
    world.limactl.chmod(0o644)
    done = world.run("list", cwd=root)
    assert done.returncode in {0, 6}
    assert world.run("start", cwd=root).returncode in {1, 6}


def test_init_needs_no_limactl(world):
    assert world.run("init", SYSINIT_VM_LIMACTL="/nowhere").returncode == 0
    assert (world.demo / ".lima/config.yaml").is_file()


def test_a_start_that_fails_is_1_with_limas_own_reason_and_goes_on_later(world):
    world.put_config()
    before = world.config()
    world.let_fail("start", '{"level":"fatal","msg":"no space left on device"}\n')
    done = world.run("start")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no space left on device" in done.stderr
    assert '{"level"' not in done.stderr
    assert world.config() == before
    (world.fake / "start.fail").unlink()
    assert world.run("start").returncode == 0


def test_a_protected_vm_is_not_destroyed_and_says_how(world):
    world.put_vm()
    (world.lima_home / "demo-dev" / "protected").touch()
    config = world.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("50GiB", "20GiB"))
    for words in (("destroy", "--yes"), ("apply", "--recreate", "--yes"), ("destroy",)):
        done = world.run(*words)
        assert done.returncode == 4
        assert "limactl unprotect demo-dev" in done.stderr
    assert world.verbs() == []
    assert world.status() == "Running"


@pytest.mark.parametrize("verb", ["status", "list"])
def test_json_is_all_of_stdout_and_has_its_version(world, verb):
    for prepared in (world.put_config, world.put_vm):
        prepared()
        done = world.run(verb, "--json")
        content = json.loads(done.stdout)
        assert content["version"] == 1
        assert (done.returncode, done.stderr) == (0, "")


def test_json_has_the_vms_of_the_machine_and_of_the_project(world):
    world.put_vm()
    vm = json.loads(world.run("status", "--json").stdout)["vm"]
    assert (vm["name"], vm["status"], vm["project"]) == ("demo-dev", "Running", str(world.demo))
    (listed,) = json.loads(world.run("list", "--json").stdout)["vms"]
    assert vm.items() <= listed.items()


def test_what_changes_something_says_nothing_on_stdout(world):
    for words in (["init"], ["start"], ["restart"], ["stop"], ["destroy", "--yes"]):
        done = world.run(*words)
        assert (done.returncode, done.stdout) == (0, ""), words
        assert done.stderr != ""


def test_an_empty_list_is_no_error_and_says_so(world):
    done = world.run("list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "sysinit-vm init" in done.stderr


def test_a_stray_directory_in_lima_home_disturbs_nothing(world):
    world.put_vm()
    for name in ("a--b", "with space"):
        (world.lima_home / name).mkdir()
        (world.lima_home / name / "lima.yaml").write_text("{}")
    done = world.run("list")
    assert done.returncode == 0
    assert "demo-dev" in done.stdout


def test_dry_changes_nothing_and_shows_what_it_would_do(world):
    world.put_vm()
    done = world.run("--dry", "stop")
    assert done.returncode == 0
    assert "stop demo-dev" in done.stderr
    assert world.status() == "Running"


def test_logs_show_every_source_and_only_their_lines_on_stdout(world):
    world.put_vm()
    done = world.run("logs")
    assert done.returncode == 0
    assert "info: Starting QEMU" in done.stdout
    assert "login:" in done.stdout
    assert "==" not in done.stdout
    assert world.run("logs", "console", "--lines", "1").stdout == "login:\n"


def test_a_current_directory_that_is_gone_is_a_sentence(world):
    gone = world.project("gone")
    line = f'rmdir "$PWD"; exec {shlex.join(SCRIPT)} status'
    done = world.type("sh", "-c", line, cwd=gone)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["help"], ["--list"]])
def test_a_full_standard_output_is_a_failure_and_a_sentence(world, words, unbuffered):
    env = {**world.env, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*SCRIPT, *words], env=env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_config_that_is_not_ours_to_read_or_a_directory_to_write_is_a_sentence(world):
    root = world.project("x", config=PLAIN)
    (root / ".lima/config.yaml").chmod(0)
    (root / ".lima").chmod(0o500)
    done = world.run("start", cwd=root)
    (root / ".lima").chmod(0o700)
    assert done.returncode == (1 if os.geteuid() else done.returncode)
    assert done.stderr != ""


@pytest.mark.parametrize(
    "words", [["-T", "soon", "status"], ["-f", "/nowhere.yaml", "status"], ["-f", "/nowhere", "status"]]
)
def test_a_bad_value_of_invokes_own_flags_is_2_and_no_traceback(world, words):
    world.put_config()
    done = world.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr != ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".invoke.yaml", "a: ["),
        (".invoke.yaml", "[1, 2]"),
        (".invoke.yml", "run: 5"),
        (".invoke.json", "{"),
        (".invoke.py", "1 / 0"),
        (".invoke.yaml/", ""),
    ],
)
@pytest.mark.parametrize("words", [["help", "--all"], ["status"]])
def test_a_configuration_of_invokes_that_cannot_be_used_is_2_and_named(world, name, text, words):
    world.put_config()
    path = world.home / name.rstrip("/")
    path.mkdir() if name.endswith("/") else path.write_text(text)
    done = world.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cannot be used: {path}." in done.stderr
    assert f"Try: nano {path}" in done.stderr


def test_so_is_one_that_is_named_for_this_run_only(world):
    world.put_config()
    for name, text in (("bad.yaml", "a: ["), ("list.json", "[1]"), ("raises.py", "raise SystemError")):
        path = world.home / name
        path.write_text(text)
        for done in (world.run("-f", str(path), "status"), world.run("status", INVOKE_RUNTIME_CONFIG=str(path))):
            assert done.returncode == 2
            assert f"Try: nano {path}" in done.stderr


def test_a_configuration_of_invokes_is_used(world):
    world.put_vm()
    (world.home / ".invoke.yaml").write_text("run: {dry: true}")
    assert world.run("stop").returncode == 0
    assert world.status() == "Running"


def test_a_terminal_that_knows_only_ascii_is_no_reason_to_fail(world):
    root = world.project("ünï", config=PLAIN)
    done = world.run("status", cwd=root, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "uni-dev" in done.stdout


def test_a_vm_whose_own_files_are_corrupt_is_shown_and_can_be_destroyed_by_name(world):
    world.put_vm()
    (world.lima_home / "demo-dev/lima.yaml").write_text("corrupt")
    assert world.run("status").returncode == 0
    assert world.run("start").returncode == 4
    done = world.run("destroy", "--yes", "--name", "demo-dev")
    assert done.returncode == 0, done.stderr
    assert world.status() == "not created"
    assert world.run("start").returncode == 0


def test_a_lima_home_whose_path_is_too_long_for_any_vm_is_a_sentence(world):
    done = world.run("init", LIMA_HOME=f"{world.home}/{'x' * 80}")
    assert done.returncode in {1, 2}
    assert "LIMA_HOME" in done.stderr
    assert list(world.demo.iterdir()) == []


@pytest.mark.parametrize("words", [["doctor"], ["list"], ["init"]])
def test_an_account_without_an_entry_and_a_home_directory_is_told_so(world, words):
    done = world.type(*ANONYMOUS, "env", "-u", "HOME", *SCRIPT, *words)
    assert (done.returncode, "no home directory" in done.stderr) == (6, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("unset", [["HOME="], ["-u", "HOME"]], ids=" ".join)
def test_limactl_always_gets_a_home(world, unset):
    """A service or a container may have none, and limactl 2.2.0 then ends in a stack trace."""
    world.put_vm()
    program = world.env["SYSINIT_VM_LIMACTL"]
    strict = world.place / "limactl"
    strict.write_text(
        f'#!/bin/sh\n[ -n "$HOME" ] || {{ echo "goroutine 1 [running]:" >&2; exit 2; }}\nexec {program} "$@"\n'
    )
    strict.chmod(0o755)
    own = {f"XDG_{kind}_HOME": str(world.home / kind) for kind in ("DATA", "CACHE", "CONFIG")}
    done = world.type("env", *unset, *SCRIPT, "list", SYSINIT_VM_LIMACTL=str(strict), **own)
    assert (done.returncode, "demo-dev" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("words", [["list"], ["--list"]], ids=" ".join)
def test_a_home_that_is_a_file_is_told_so(world, words):
    (world.place / "file").touch()
    done = world.run(*words, HOME=str(world.place / "file"))
    assert (done.returncode, "file is not a directory" in done.stderr) == (6, True), done.stderr


def test_the_doctor_tells_an_account_without_an_entry_that_it_has_no_name(world):
    done = world.type(*ANONYMOUS, *SCRIPT, "doctor")
    assert "its uid 54321 has no entry in /etc/passwd" in done.stdout
    assert "missing: makes and runs VMs" not in done.stdout
    started = world.type(*ANONYMOUS, *SCRIPT, "list")
    assert (started.returncode, "useradd --uid 54321" in started.stderr) == (6, True)
    assert "Traceback" not in done.stderr + started.stderr
