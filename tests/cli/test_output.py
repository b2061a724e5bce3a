"""Nothing from a guest, a config, a file name, a log or limactl reaches the terminal as anything but text."""

import json
import time

import pytest

from tests.cli.test_entrances import entrances
from tests.worlds import BIN, SCRIPT, TASKS

C1, BIDI = "\x9b31m", "\u202e"
HARM = f"\x1b]52;c;cHduZWQ=\x07{C1}{BIDI}\u2028\x7f\r"
YAML_HARM = r'"x\e]52;c;cHduZWQ=\a\x9b31m\u202e\u2028\x7f"'
SHOWN = r"\x1b]52;c;cHduZWQ=\x07\x9b31m\u202e"
CONSOLE = f"boot\n\x1b[0;32m OK \x1b[0mstarted\r\nLIMA 2026| Executing {HARM}\nlogin: {HARM}\n"
GUEST_PROCESS = f'tcp LISTEN 0 5 *:3000 *:* users:(("{HARM.strip()}",pid=1,fd=3))'


def raw(*texts):
    """The characters that are no text for a terminal; a line ends, and a tab moves on, by itself."""
    return {char for text in texts for char in text if not char.isprintable() and char not in "\n\t"}


def safe(done, *, shown=SHOWN):
    """The command said it, and said it as text."""
    output = done.stdout + done.stderr
    assert shown in output, output
    assert raw(output) == set()
    return done


def instance(world):
    return world.lima_home / "demo-dev"


def program(world, name, script):
    programs = world.fake / "bin"
    programs.mkdir(exist_ok=True)
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)
    world.env["PATH"] = f"{programs}:{world.env['PATH']}"


@pytest.fixture
def vm(world):
    world.put_vm()
    (world.demo / "tasks.py").write_text(TASKS)
    program(world, "sudo", f"cat <<'E'\n{GUEST_PROCESS}\nE")
    message = json.dumps({"level": "error", "msg": HARM}, ensure_ascii=False)
    (instance(world) / "ha.stderr.log").write_text(f"{message}\n{HARM}\n")
    (instance(world) / "serial.log").write_text(CONSOLE)
    world.let_fail("stop", f'{{"level":"fatal","msg":{json.dumps(HARM)}}}\n')
    return world


@pytest.mark.parametrize(
    "words",
    [
        ("ports",),
        ("logs", "--source", "host"),
        ("logs", "--source", "console"),
        ("logs", "--source", "console", "--lines", "0"),
        ("stop",),
        ("copy", "--", f"missing{HARM}", ":"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("entrance", ["sysinit-vm", "inv", "task"])
def test_a_guest_a_log_limactl_and_a_file_name_are_text_at_every_entrance(vm, words, entrance):
    safe(vm.type(*entrances(*words)[entrance]))


def test_provisioning_is_text_from_the_journal_and_from_the_console(vm):
    program(vm, "sudo", f"cat <<'E'\nLIMA 2026| {HARM}\nE")
    assert "boot" not in safe(vm.run("logs", "provision")).stdout
    program(vm, "sudo", "exit 1")
    assert "Executing" in safe(vm.run("logs", "provision")).stdout


def test_colours_go_and_their_pieces_make_no_new_sequence(vm):
    (instance(vm) / "serial.log").write_text("\x1b\x1b[0m]52;c;x\x07 \x1b\r[31mred\n")
    done = safe(vm.run("logs", "console"), shown=r"\x1b]52;c;x\x07")
    assert "red" in done.stdout


def test_what_is_followed_is_text(vm):
    following = vm.begin(*SCRIPT, "logs", "--follow")
    lines = [following.stdout.readline() for _ in range(CONSOLE.count("\n"))]
    end = time.monotonic() + 30
    while not any("later" in line for line in lines) and time.monotonic() < end:
        with (instance(vm) / "serial.log").open("a") as console:
            console.write(f"later {HARM}\n")
        lines.append(following.stdout.readline())
    following.kill()
    following.communicate()
    assert SHOWN in lines[-1]
    assert raw(*lines) == set()


def test_a_failed_start_shows_the_consoles_last_lines_as_text(world):
    world.put_vm("Stopped")
    (instance(world) / "serial.log").write_text(CONSOLE)
    world.let_fail("start", json.dumps({"level": "fatal", "msg": f"why {HARM}"}) + "\n")
    done = safe(world.run("start"))
    assert "The guest's last lines:\nboot\n" in done.stderr
    assert f"why {SHOWN}" in done.stderr


def test_a_guest_that_does_not_answer_is_quoted_as_text(world):
    world.put_vm()
    world.let_fail("shell", HARM)
    for words in (["start"], ["ports"], ["copy", "--", "a", ":"], ["doctor"], ["status"]):
        done = world.run(*words)
        assert raw(done.stdout + done.stderr) == set(), words
    safe(world.run("start"))


def test_where_git_leads_is_text(world):
    world.put_config()
    (world.demo / ".git").write_text(f"gitdir: /nowhere/{HARM.strip()}\n")
    safe(world.run("start"))


def test_a_mount_that_is_left_out_is_text(world):
    world.put_config()
    config = world.demo / ".lima" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("mounts:\n", 'mounts:\n- location: "/nowhere/\\u202e"\n', 1))
    world.trust(world.demo)
    safe(world.run("start"), shown=r"/nowhere/\u202e does not exist here")


@pytest.mark.parametrize("words", [("--tasks",), ("--taskfile",)])
def test_a_diff_of_a_strangers_file_is_text(world, words):
    name, text = {
        "--tasks": ("tasks.py", f"# {HARM.strip()}\n"),
        "--taskfile": ("Taskfile.yml", f'version: "3"\n# {BIDI}\n'),
    }[words[0]]
    (world.demo / name).write_text(text)
    for typed in (["--dry", "init", *words], ["init", *words], ["init", *words, "--yes"]):
        safe(world.run(*typed), shown=r"\u202e")


def test_values_of_a_config_are_text(world):
    world.put_vm("Stopped")
    config = world.demo / ".lima" / "config.yaml"
    harmful = f'"x\\u202e": "x\\u202e"\nmessage: {YAML_HARM}\nprobes: [{{script: {YAML_HARM}}}]\n'
    config.write_text(config.read_text() + harmful)
    safe(world.run("trust", "--show"), shown=r"x\u202e")
    safe(world.run("start"), shown=r"x\u202e")
    world.trust(world.demo)
    safe(world.run("plan"))
    for words in (["status"], ["list"], ["doctor"], ["apply"]):
        done = world.run(*words)
        assert raw(done.stdout + done.stderr) == set(), words


@pytest.mark.parametrize("words", [("status", "--json"), ("trust", "--json"), ("plan", "--json"), ("ports", "--json")])
def test_json_is_plain_ascii_that_says_the_same(vm, words):
    config = vm.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text() + f"message: {YAML_HARM}\n")
    vm.trust(vm.demo)
    done = vm.run(*words)
    assert raw(done.stdout + done.stderr) == set()
    json.loads(done.stdout)
    if words[0] == "ports":
        assert HARM.strip() in {port["process"] for port in json.loads(done.stdout)["ports"]}


def test_names_of_directories_are_text(world):
    world.put_vm()
    stray = world.lima_home / f"stray{HARM}"
    stray.mkdir()
    (stray / "lima.yaml").write_text("{}")
    project = world.project(f"p{HARM.strip()}", config="cpus: 1\n")
    for words in (["list"], ["prune"], ["doctor"], ["status", "--project", str(project)], ["status", "--name", HARM]):
        done = world.run(*words)
        assert raw(done.stdout + done.stderr) == set(), words
    safe(world.run("status", "--project", str(project)))


def test_what_echo_shows_is_text(world):
    world.put_vm()
    safe(world.run("--dry", "exec", "--", "printf", HARM))


def test_names_of_templates_are_text_in_completions_and_lists(world):
    templates = world.home / ".config" / "sysinit-vm" / "templates"
    templates.mkdir(parents=True)
    (templates / f"mine{HARM}.yaml").write_text(f"# {HARM}\n")
    for words in (["--complete", "--", "init", "--template", ""], ["init", "--list"]):
        output = safe(world.type(str(BIN / "sysinit-vm"), *words), shown="mine").stdout
        assert SHOWN in "".join(output.split())
