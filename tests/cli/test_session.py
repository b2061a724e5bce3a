"""`shell --layout` and `init --ssh` as they are typed; what they do in a guest is in tests/lima."""

import sys
import termios

import pexpect
import pytest

from sysinit_vm.config import document
from tests.worlds import SCRIPT


@pytest.mark.parametrize("layout", ["nonesuch", "./nonesuch.kdl", "/etc/hostname", "https://x.example/l.kdl", ""])
def test_a_layout_that_cannot_be_is_refused_and_nothing_is_started(world, layout):
    world.put_config()
    done = world.run("shell", "--layout", layout)
    assert done.returncode == 2
    assert "Try: " in done.stderr
    assert not list(world.lima_home.glob("*/lima.yaml"))


def test_a_layout_of_the_running_guests_own_is_taken_only_if_it_is_there(world):
    world.put_vm()
    assert world.run("shell", "--layout", "theirs").returncode == 2
    own = world.home / ".config/zellij/layouts/theirs.kdl"
    own.parent.mkdir(parents=True)
    own.write_text("layout")
    assert "There is no layout" not in world.run("shell", "--layout", "theirs").stderr


@pytest.mark.parametrize(("choice", "code"), [("keys", 0), ("agent", 0), ("none", 0), ("all", 2), ("", 2)])
def test_the_choice_of_keys_is_written_or_refused(world, choice, code):
    done = world.run("init", "--ssh", choice)
    assert done.returncode == code
    assert (world.demo / ".lima/config.yaml").exists() is (code == 0)
    if code == 0:
        forwarded = document.load(world.demo / ".lima/config.yaml").data["ssh"].get("forwardAgent", False)
        assert forwarded is (choice == "agent")


@pytest.mark.parametrize("dirs", ["../x", "/etc", ".lima", "link/x", "a;b"])
def test_a_directory_that_leads_elsewhere_is_refused_and_nothing_is_started(world, dirs):
    world.put_config()
    (world.demo / "link").symlink_to("/etc")
    done = world.run("start", SYSINIT_VM_GUEST_DIRS=dirs)
    assert done.returncode == 2
    assert "Try: " in done.stderr
    assert not list(world.lima_home.glob("*/lima.yaml"))


# Ends what sshd started, which is what started the session's script or exec's shell.
CUT_OFF = "kill -KILL $(ps -o ppid= $PPID)"


@pytest.fixture
def zellij(world):
    """Give the guest, which is this machine, a Zellij that does these lines of shell after it took the terminal."""
    world.put_vm()

    def place(*lines):
        program = world.fake / "bin/zellij"
        program.parent.mkdir()
        takes = r"printf '\033[?1049h\033[?1003h\033[?2004h\033[>1u\033[?25l'; stty raw -echo"
        program.write_text("\n".join(["#!/bin/sh", takes, *lines]))
        program.chmod(0o755)
        world.env["PATH"] = f"{program.parent}:{world.env['PATH']}"

    return place


class Typed:
    """A verb typed on a terminal, until it ended: its exit status, what was shown, and whether the terminal is whole."""

    def __init__(self, world, *words, cwd=None):
        child = pexpect.spawn(SCRIPT[0], [*SCRIPT[1:], *words], cwd=str(cwd or world.demo), env=world.env, timeout=30)
        before = termios.tcgetattr(child.child_fd)
        child.expect(pexpect.EOF)
        self.shown = child.before.decode()
        self.settings_kept = termios.tcgetattr(child.child_fd) == before
        child.close()
        self.status = child.exitstatus
        assert "Traceback" not in self.shown

    @property
    def modes_off(self):
        """What was taken back of what Zellij took, in this order."""
        off = ("\x1b[<u", "\x1b[?1003l", "\x1b[?2004l", "\x1b[?1049l", "\x1b[?25h")
        return [code for code in off if code in self.shown] == list(off)


def test_after_a_detach_one_line_says_that_the_vm_runs_on_and_what_to_type(world, zellij):
    zellij("stty sane; echo Bye; exit 0")
    typed = Typed(world, "shell")
    last = typed.shown.splitlines()[-1]
    assert (typed.status, typed.modes_off) == (0, False)
    assert last == "The VM demo-dev runs on. Come back: sysinit-vm shell. Stop the VM: sysinit-vm stop"
    elsewhere = Typed(world, "shell", "--name", "demo-dev", cwd=world.home).shown.splitlines()[-1]
    assert "sysinit-vm shell --name demo-dev. Stop the VM: sysinit-vm stop --name demo-dev" in elsewhere


@pytest.mark.parametrize("end", [CUT_OFF, "exit 1"])
def test_a_terminal_whose_vm_was_stopped_is_whole_again_and_says_what_to_type(world, zellij, end):
    zellij(f"printf Stopped >'{world.lima_home}/demo-dev/status'", end)
    typed = Typed(world, "shell")
    assert typed.status == 4
    assert "The VM demo-dev was stopped while this terminal was in it." in typed.shown
    assert "Try: sysinit-vm shell" in typed.shown
    assert (typed.settings_kept, typed.modes_off) == (True, True)


def test_a_terminal_that_lost_a_vm_which_runs_is_whole_again_and_says_what_to_type(world, zellij):
    zellij(CUT_OFF)
    typed = Typed(world, "shell")
    assert typed.status == 1
    assert "lost its connection to the VM demo-dev, which runs" in typed.shown
    assert "Try: sysinit-vm shell" in typed.shown
    assert (typed.settings_kept, typed.modes_off) == (True, True)


@pytest.mark.parametrize(
    ("gone", "brief", "hint"),
    [
        ("printf Stopped >'{vm}/status'", "The VM demo-dev was stopped while this terminal was in it.", "shell"),
        ("rm -r '{vm}'", "The VM demo-dev was deleted while this terminal was in it.", "list"),
    ],
)
def test_a_vm_that_lima_calls_running_until_it_is_down_is_not_said_to_run(world, zellij, gone, brief, hint):
    """Lima lists it as running when the terminal is cut off; its guest does not answer any more."""
    vm = world.lima_home / "demo-dev"
    zellij(f"echo >'{world.fake}/shell.fail'", f"(sleep 2; {gone.format(vm=vm)}) >&- 2>&- <&- &", CUT_OFF)
    typed = Typed(world, "shell")
    assert typed.status == 4
    assert brief in typed.shown
    assert "which runs" not in typed.shown
    assert f"Try: sysinit-vm {hint}" in typed.shown
    assert (typed.settings_kept, typed.modes_off) == (True, True)
    assert typed.shown.index("Checking") > typed.shown.index("\x1b[?1049l")


def test_a_vm_that_another_command_has_in_hand_is_said_to_be(world, zellij):
    held = world.lima_home / "_sysinit-vm/demo-dev.lock"
    holder = (
        f"import fcntl, time; f = open('{held}', 'w'); fcntl.flock(f, fcntl.LOCK_EX)"
        f"; open('{world.fake}/held', 'w').close(); time.sleep(8)"
    )
    held.parent.mkdir(exist_ok=True)
    waits = f"until test -e '{world.fake}/held'; do sleep 0.1; done"
    zellij(f'{sys.executable} -c "{holder}" >&- 2>&- <&- &', waits, CUT_OFF)
    typed = Typed(world, "shell")
    assert typed.status == 4
    assert "is being stopped, restarted or deleted by another sysinit-vm command" in typed.shown
    assert "Try: sysinit-vm status" in typed.shown
    assert (typed.settings_kept, typed.modes_off) == (True, True)


def test_what_exec_runs_leaves_a_whole_terminal_too(world, zellij):
    zellij(CUT_OFF)
    typed = Typed(world, "exec", "zellij; true")
    assert (typed.status, typed.settings_kept, typed.modes_off) == (255, True, True)


def test_a_session_without_a_terminal_is_refused_and_exec_is_named(world):
    world.put_vm("Stopped")
    done = world.run("shell")
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert 'Try: sysinit-vm start, then sysinit-vm exec "COMMAND"' in done.stderr
    assert world.verbs() == []
    assert world.status() == "Stopped"


@pytest.mark.parametrize("status", ["Stopped", "Running"])
def test_a_dry_run_needs_no_terminal_and_says_nothing_of_a_session(world, status):
    world.put_vm(status)
    done = world.run("--dry", "shell")
    assert (done.returncode, "Come back" in done.stderr) == (0, False)
    assert world.status() == status


def test_a_plain_shell_needs_no_terminal(world):
    world.put_vm()
    done = world.type(*SCRIPT, "shell", "--plain", SHELL="/bin/true")
    assert done.returncode == 0
