"""What our profile does at a login, in each shell on a pty, as sshd starts it; the real sshd is in tests/lima."""

import shutil

import pytest

from sysinit_vm.guest import scripts
from tests.lima.terminal import Terminal

READS = {"bash": ".profile", "dash": ".profile", "zsh": ".zprofile", "fish": ".config/fish/conf.d/it.fish"}
ENV = {"SSH_TTY": "/dev/pts/9", "TERM": "xterm-256color", "PATH": "/usr/local/bin:/usr/bin:/bin"}


@pytest.fixture(params=READS)
def login(request, tmp_path):
    """Log in to a shell called as sshd calls it, with the session's place taken by a word."""
    shell = shutil.which(request.param)
    assert shell, f"{request.param} is missing; test.sh installs it"
    ours, profile = tmp_path / "sysinit-vm", tmp_path / READS[request.param]
    (ours / "bin").mkdir(parents=True)
    profile.parent.mkdir(parents=True, exist_ok=True)
    (ours / "env").write_text("export PROJECT_NAME='a b'\nexport ZELLIJ_SESSION=a-b\n")
    (ours / "login").write_text('echo "session of $PROJECT_NAME in $0 by $SHELL"; exit 5\n')
    (ours / "wanted").write_text(scripts.read("wanted.sh"))
    (ours / "bin" / "sysinit-vm").write_text(scripts.read("sysinit-vm.sh"))
    (ours / "bin" / "sysinit-vm").chmod(0o755)
    for name in ("profile.sh", "profile.fish"):
        (ours / name).write_text(scripts.read(name).replace("/etc/sysinit-vm", str(ours)))
    lines = {"zsh": f"emulate sh -c '. {ours}/profile.sh'", "fish": f"source {ours}/profile.fish"}
    profile.write_text(lines.get(request.param, f". {ours}/profile.sh") + "\n")

    request.node.ours = ours

    def start(*words, sign="-", **env):
        argv = ["bash", "-c", 'exec -a "$0" "$@"', sign + request.param, shell, *words]
        own = {**ENV, "HOME": str(tmp_path), "SHELL": shell, "PS1": "prompt> ", **env}
        return Terminal(["env", "-i", *[f"{key}={value}" for key, value in own.items()], *argv], tmp_path, own)

    return start


def test_a_login_on_a_terminal_opens_the_session_and_ends_with_it(login):
    terminal = login()
    terminal.wait_for("session of a b")
    assert terminal.exit_status() == 5


ALONE = [
    {"SYSINIT_VM_NO_SESSION": "1"}, {"TERM": "dumb"}, {"SSH_TTY": ""}, {"ZELLIJ": "0"}, {"TMUX": "/t"}, {"STY": "1.x"},
    {"TERM_PROGRAM": "vscode"}, {"VSCODE_INJECTION": "1"}, {"TERMINAL_EMULATOR": "JetBrains-JediTerm"},
]  # fmt: skip


@pytest.mark.parametrize("env", ALONE, ids=lambda env: next(iter(env)))
def test_other_logins_are_left_alone_and_know_their_project(login, env):
    terminal = login(**env)
    terminal.press("echo name-is-$PROJECT_NAME; exit 6\r")
    terminal.wait_for("name-is-a b")
    assert "session of" not in terminal.text
    assert terminal.exit_status() == 6


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("xterm-ghostty", "xterm-256color:truecolor"),
        ("xterm-nonesuch", "xterm-256color:"),
        ("xterm-mine", "xterm-mine:"),
        ("vt100", "vt100:"),
        ("xterm-256color", "xterm-256color:"),
    ],
)
def test_a_terminal_without_an_entry_is_called_what_it_resembles(request, login, tmp_path, term, told):
    """Shells whose logins read profile.sh."""
    if "fish" in request.node.name:
        return
    (tmp_path / ".terminfo/x").mkdir(parents=True)
    (tmp_path / ".terminfo/x/xterm-mine").touch()
    terminal = login(TERM=term, SYSINIT_VM_NO_SESSION="1")
    terminal.press("echo term-is-$TERM:$COLORTERM:$place.; exit 6\r")
    terminal.wait_for(rf"term-is-{told}:\.")
    assert terminal.exit_status() == 6


@pytest.mark.parametrize("words", [["-l"], ["-l", "-c", "echo name-is-$PROJECT_NAME; exit 6"]])
def test_a_login_shell_as_a_command_is_left_alone(login, words):
    terminal = login(*words, sign="")
    if "-c" not in words:
        terminal.press("echo name-is-$PROJECT_NAME; exit 6\r")
    terminal.wait_for("name-is-a b")
    assert "session of" not in terminal.text
    assert terminal.exit_status() == 6


def test_a_command_given_to_a_shell_called_as_a_login_is_left_alone(login):
    """As `sudo -i COMMAND` does it."""
    terminal = login("-c", "echo name-is-$PROJECT_NAME; exit 6")
    terminal.wait_for("name-is-")
    assert "session of" not in terminal.text
    assert terminal.exit_status() == 6


def test_a_guest_without_our_files_logs_in_as_ever(request, login):
    (request.node.ours / "env").unlink()
    terminal = login()
    terminal.press("echo here-we-are; exit 3\r")
    terminal.wait_for("here-we-are(?!;)")  # what was printed, not what was typed
    assert "No such file" not in terminal.text
    assert terminal.exit_status() == 3


@pytest.mark.parametrize(
    ("env", "leave"), [({}, "type exit to leave it"), ({"ZELLIJ": "0"}, "press Ctrl.A then D to detach from it")]
)
def test_our_own_command_says_that_this_is_the_guest_and_how_to_leave(login, env, leave):
    terminal = login(SYSINIT_VM_NO_SESSION="1", **env)
    terminal.press("sysinit-vm stop --force; exit\r")
    terminal.wait_for(r"This is the VM of a b, and sysinit-vm is a command of the host\.")
    terminal.wait_for(rf"Try: {leave}, then sysinit-vm stop --force")
    assert terminal.exit_status() == 127


def test_one_that_is_installed_in_the_guest_is_run_instead(login, tmp_path):
    real = tmp_path / "real" / "sysinit-vm"
    real.parent.mkdir()
    real.write_text("#!/bin/sh\necho the-real-one\n")
    real.chmod(0o755)
    terminal = login(SYSINIT_VM_NO_SESSION="1")
    terminal.press(f'export PATH="{real.parent}:$PATH"; sysinit-vm stop; exit 3\r')
    terminal.wait_for("the-real-one")
    assert terminal.exit_status() == 3
