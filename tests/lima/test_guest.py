"""What is promised of a running VM, on one guest that runs for the whole session."""

import json
import os
import re
import shlex
import signal
import subprocess
import time

import pytest

from tests.lima.conftest import inside
from tests.lima.terminal import Terminal
from tests.worlds import BIN


def test_a_running_vm_starts_again_at_once(world, demo):
    began = time.monotonic()
    world.ok(demo, "start")
    assert time.monotonic() - began < 30


def test_up_without_a_terminal_says_how_to_attach(world, demo):
    done = world.run(demo, "up")
    assert done.returncode == 0
    assert f"cd {demo} && sysinit-vm shell" in done.stderr


def test_several_words_arrive_exactly(world, demo):
    nasty = ["a b", "c$d", "e'f", '"', "*", "", "x=1", "`id`", "line\nbreak", "ü", "-n", "--", "\\"]
    done = world.ok(demo, "exec", "printf", "%s\\0", *nasty)
    assert done.split("\0")[:-1] == nasty


def test_words_with_an_equals_sign_are_not_run_by_the_guests_shell(world, demo):
    done = world.run(demo, "exec", "echo pwned;x=1", "y")
    assert done.returncode == 127
    assert "pwned\n" not in done.stdout


def test_one_word_is_a_shell_line(world, demo):
    assert inside(world, demo, "echo $((6*7)) | tr 4 X") == "X2\n"


@pytest.mark.parametrize(
    ("line", "status"), [("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("nonesuch", 127)]
)
def test_the_guests_own_status_comes_back(world, demo, line, status):
    assert world.run(demo, "exec", line).returncode == status


def test_standard_input_goes_to_the_command_unchanged(world, demo):
    assert world.ok(demo, "exec", "wc", "-c", input="x" * 100_000).strip() == "100000"


def test_without_stdin_a_loop_keeps_its_lines(world, demo):
    tool = shlex.quote(str(BIN / "sysinit-vm"))
    line = f'while read -r each; do {tool} exec --no-stdin "echo got-$each"; done'
    done = subprocess.run(
        ["sh", "-c", line], cwd=demo, env=world.env, input="1\n2\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == "got-1\ngot-2\n"


def test_a_variable_is_given_to_the_command(world, demo):
    assert world.ok(demo, "exec", "--env", "A=b c$d", "printenv", "A") == "b c$d\n"


def test_commands_run_where_the_caller_stands(world, demo):
    below = demo / "src" / "deep"
    below.mkdir(parents=True, exist_ok=True)
    assert world.ok(below, "exec", "pwd") == f"{below}\n"
    assert world.ok(world.place, "exec", "--project", str(demo), "pwd") == f"{demo}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_exec_ends_the_guests_process(world, demo, number):
    length = str(300 + number)
    process = subprocess.Popen(
        [str(BIN / "sysinit-vm"), "exec", "sleep", length],
        cwd=demo,
        env=world.env,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    find = f"pgrep -fc '^sleep {length}' || true"
    while inside(world, demo, find) == "0\n":
        assert process.poll() is None
    os.killpg(process.pid, number)
    assert process.wait(timeout=60) == 128 + number
    assert inside(world, demo, f"sleep 1; {find}") == "0\n"


def test_ctrl_c_on_a_terminal_ends_the_guests_process(world, demo):
    terminal = world.terminal(demo, "exec", "echo begun; sleep 377")
    terminal.wait_for("begun")
    terminal.press("\x03")
    assert terminal.exit_status() == 130
    assert inside(world, demo, "sleep 1; pgrep -fc '^sleep 377' || true") == "0\n"


def test_exec_on_a_terminal_has_one_in_the_guest(world, demo):
    terminal = world.terminal(demo, "exec", "tty && stty size", rows=33, columns=111)
    terminal.wait_for("33 111")
    assert terminal.exit_status() == 0


def test_the_session_follows_the_size_of_the_terminal(world, demo):
    session = world.terminal(demo, "shell", rows=24, columns=80)
    session.wait_for(r"Zellij \(demo\)")
    session.wait_for(r"\$")
    session.resize(41, 131)
    session.read(2)
    session.press("clear; stty size\r")
    session.wait_for(r"\d+ 1[23]\d")
    session.close()


def test_a_closed_terminal_leaves_the_session_running(world, demo):
    session = world.terminal(demo, "shell")
    session.wait_for(r"\$")
    session.press("clear; left=here\r")
    session.read(2)
    session.close()
    again = world.terminal(demo, "shell")
    again.wait_for(r"\$")
    again.press("clear; echo still-$left\r")
    again.wait_for("still-here")
    again.chord("\x01", "d")
    assert again.exit_status() == 0


def test_a_plain_shell_begins_where_the_caller_stands(world, demo):
    below = demo / "plain"
    below.mkdir(exist_ok=True)
    shell = world.terminal(below, "shell", "--plain")
    shell.wait_for(r"\$")
    shell.press("pwd; exit 3\r")
    shell.wait_for(str(below))
    assert shell.exit_status() == 3


def test_every_login_knows_its_project(world, demo):
    assert inside(world, demo, 'echo "$PROJECT_NAME $ZELLIJ_SESSION"') == "demo demo\n"
    assert inside(world, demo, "readlink ~/demo") == f"{demo}\n"


def test_a_file_keeps_its_owner_both_ways(world, demo):
    (demo / "mine").write_text("x")
    assert inside(world, demo, "stat -c %U mine; whoami").split()[0] == inside(world, demo, "whoami").strip()
    inside(world, demo, "echo y > theirs")
    assert (demo / "theirs").stat().st_uid == os.getuid()


def test_demo_is_not_demo_2(world, demo):
    other = world.project("demo-2")
    world.ok(other, "init")
    assert "not created" in world.ok(other, "status")
    assert world.run(other, "stop").returncode == 4
    assert "Running" in world.ok(demo, "status")


def test_a_namesake_elsewhere_never_touches_this_vm(world, demo):
    other = world.project("elsewhere/demo")
    said = world.run(other, "init")
    assert said.returncode == 0
    assert str(demo) in said.stderr
    for verb in ("start", "stop", "destroy --yes", "exec true", "shell"):
        refused = world.run(other, *verb.split())
        assert refused.returncode == 4
        assert str(demo) in refused.stderr
        assert str(other) in refused.stderr
    assert "not created" in world.ok(other, "status")
    assert "Running" in world.ok(demo, "status")


def test_json_is_for_scripts(world, demo):
    status = json.loads(world.ok(demo, "status", "--json"))
    assert status["version"] == 1
    assert status["vm"]["status"] == "Running"
    assert status["vm"]["project"] == str(demo)
    listed = json.loads(world.ok(world.place, "list", "--json"))
    assert [vm["name"] for vm in listed["vms"] if vm["project"] == str(demo)] == ["demo-dev"]


def test_logs_hold_what_host_console_and_provisioning_said(world, demo):
    assert "requirement" in world.ok(demo, "logs", "--source", "host", "--lines", "0")
    assert "Linux" in world.ok(demo, "logs", "console", "--lines", "0")
    assert "Lima VM provisioned for demo" in world.ok(demo, "logs", "provision", "--lines", "0")


def test_tools_for_work_and_their_manuals_are_there(world, demo):
    programs = "nano --version | head -1; vim --version | head -1; htop --version"
    assert re.search("nano.*\n.*IMproved.*\nhtop", inside(world, demo, programs))
    assert inside(world, demo, "man -w git ls nano vim | wc -l") == "4\n"
    assert "list directory contents" in inside(world, demo, "man ls | cat")


def test_the_first_installation_needs_no_word_before_it(world, demo):
    """As in a new VM, whatever other tests have installed here."""
    inside(world, demo, "sudo rm -rf /var/lib/apt/lists/* && ! command -v tree")
    hint = world.ok(demo, "exec", "apt search tree 2>&1 >/dev/null")
    assert "There are no package lists yet. Try: sudo apt update" in hint
    inside(world, demo, "sudo apt-get install -y tree")
    assert inside(world, demo, "tree --version").startswith("tree")
    again = world.run(demo, "exec", "sudo apt-get install -y tree")
    assert "package lists" not in again.stderr
    assert "tree is already the newest version" in again.stdout


LOGIN = "id; pwd; umask; ulimit -a; shopt login_shell; env | sort"
NIX = """\
export NIX_PROFILES="/nix/var/nix/profiles/default $HOME/.nix-profile"
export PATH="$HOME/.nix-profile/bin:/nix/var/nix/profiles/default/bin:$PATH"
"""
FROM_PROFILE = """\
export OF_PROFILE="a 'b'"
if [ -e $HOME/.nix-profile/etc/profile.d/nix.sh ]; then . $HOME/.nix-profile/etc/profile.d/nix.sh; fi # added by Nix installer
"""


def login(world, demo):
    """What a login of `exec` has, which is that of limactl shell: a user's own SSH leaves it to that."""
    by_ssh, by_limactl = (world.ok(demo, "exec", LOGIN, env=env) for env in ({"SSH": ""}, {"SSH": "ssh"}))
    assert by_ssh == by_limactl
    return by_ssh


@pytest.fixture
def profile(world, demo):
    """The guest's user has a ~/.profile of their own, with what Nix writes there."""
    inside(world, demo, "cp ~/.profile ~/profile.before 2>/dev/null; mkdir -p ~/.nix-profile/etc/profile.d")
    world.ok(demo, "exec", "cat >~/.nix-profile/etc/profile.d/nix.sh", input=NIX)
    world.ok(demo, "exec", "cat >>~/.profile", input=FROM_PROFILE)
    yield
    inside(world, demo, "rm -r ~/.nix-profile ~/.profile; mv ~/profile.before ~/.profile 2>/dev/null || true")


def test_a_command_has_the_login_of_limactl_shell_with_the_users_profile_and_that_of_nix(world, demo, profile):
    lines = login(world, demo).splitlines()
    assert "OF_PROFILE=a 'b'" in lines
    (path,) = (line for line in lines if line.startswith("PATH="))
    assert re.match(r"PATH=/\S+/\.nix-profile/bin:/nix/var/nix/profiles/default/bin:.*/usr/bin", path)
    assert str(demo) in lines


def new_connection(world, demo):
    """End the connection that Lima shares: sshd keeps the account's shell for as long as it lasts."""
    world.run(demo, "exec", "sudo pkill -u $USER sshd")


def test_words_are_exact_in_a_guest_whose_login_shell_is_fish(world, demo):
    inside(world, demo, "sudo apt-get update -q && sudo apt-get install -qy --no-install-recommends fish")
    inside(world, demo, "sudo chsh -s /usr/bin/fish $USER")
    new_connection(world, demo)
    try:
        shared = ["ssh", "-F", world.lima_home / "demo-dev/ssh.config", "lima-demo-dev"]
        assert subprocess.run([*shared, "echo $version"], check=True, capture_output=True, text=True).stdout[0] in "345"
        for words in (["a\\\\b"], ["it\\'s", "", "x\ny", "!"], ["\\"]):
            assert world.ok(demo, "exec", "--", "printf", "<%s>", *words) == "".join(f"<{word}>" for word in words)
        assert world.run(demo, "exec", "exit 7 # \\").returncode == 7
        assert "SHELL=/usr/bin/fish" in login(world, demo).splitlines()
        world.ok(demo, "start")
    finally:
        world.ok(demo, "exec", "sudo chsh -s /bin/bash $USER")
        new_connection(world, demo)


GHOSTTY = """\
xterm-ghostty|ghostty|Ghostty,
\tam, bce, Tc,
\tcolors#0x100, cols#80, lines#24, pairs#0x7fff,
\tclear=\\E[H\\E[2J, cup=\\E[%i%p1%d;%p2%dH, smcup=\\E[?1049h, rmcup=\\E[?1049l, Smulx=\\E[4:%p1%dm,
"""


@pytest.fixture
def on_ghostty(world, demo, tmp_path):
    """Type a command on a terminal that the guest does not know and this machine does, in true colour."""
    (tmp_path / "source").write_text(GHOSTTY)
    subprocess.run(["tic", "-x", "-o", tmp_path / "terminfo", tmp_path / "source"], check=True)
    env = ["env", "TERM=xterm-ghostty", "COLORTERM=truecolor", f"TERMINFO={tmp_path}/terminfo"]
    inside(world, demo, "rm -rf ~/.terminfo")
    return lambda *words: Terminal([*env, str(BIN / "sysinit-vm"), *words], demo, world.env)


ASKED = "echo is-$TERM-$COLORTERM-$(tput colors)-$(infocmp -x | grep -c Smulx)-"


def test_a_terminal_that_the_guest_does_not_know_brings_its_entry(world, demo, on_ghostty):
    for _ in range(2):  # the second time it is there
        terminal = on_ghostty("exec", f"{ASKED}; clear")
        assert terminal.exit_status() == 0, terminal.text
    terminal = on_ghostty("shell", "--plain")
    terminal.press(f"clear; {ASKED}; exit 3\r")
    terminal.wait_for("is-xterm-ghostty-truecolor-256-1-")
    assert terminal.exit_status() == 3
    assert inside(world, demo, "ls ~/.terminfo/x") == "xterm-ghostty\n"


def test_so_it_is_in_a_session(world, demo, on_ghostty):
    world.run(demo, "exec", "zellij", "delete-session", "--force", "demo")
    session = on_ghostty("shell")
    session.wait_for(r"\$")
    session.press(f"clear; {ASKED}\r")
    session.wait_for("is-xterm-ghostty-truecolor-256-1-")
    session.chord("\x01", "d")
    assert session.exit_status() == 0
    world.run(demo, "exec", "zellij", "delete-session", "--force", "demo")


def test_a_terminal_that_nobody_knows_is_called_what_it_resembles(world, demo):
    terminal = Terminal(["env", "TERM=xterm-nonesuch", str(BIN / "sysinit-vm"), "exec", ASKED], demo, world.env)
    terminal.wait_for("is-xterm-256color--256-")
    assert terminal.exit_status() == 0


def test_no_locale_of_this_machine_makes_the_guest_warn(world, demo):
    config = world.lima_home / "demo-dev" / "ssh.config"
    options = ["-o", "ControlPath=none", "-o", "SendEnv=LANG LC_*"]
    line = "locale; perl -e 'print qq(perl\\n)'; bash -lc 'printf %s Ä | wc -m'"
    done = subprocess.run(
        ["ssh", "-F", config, *options, "lima-demo-dev", line],
        env={**world.env, "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "arning" not in done.stderr
    assert "annot" not in done.stderr
    assert "LANG=C.UTF-8" in done.stdout
    assert done.stdout.endswith("LC_ALL=\nperl\n1\n")
    assert inside(world, demo, "echo $LANG; printf %s Ä | wc -m") == "C.UTF-8\n1\n"


def test_the_last_logout_deletes_no_file_below_dev_shm(world, demo):
    manager = "org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"
    assert inside(world, demo, f"busctl get-property {manager} RemoveIPC") == "b false\n"
