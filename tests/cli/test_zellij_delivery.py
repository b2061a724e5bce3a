"""A guest without Zellij, which is this machine: `start` and `shell` install the host's copy there, or say why not."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.lima.terminal import Terminal
from tests.worlds import GUEST_SUDO, SCRIPT


class Guest:
    """What the guest has: the directory ``local`` for /usr/local/bin, ``bin`` for its other programs."""

    def __init__(self, world):
        self.world = world
        self.local, self.bin, self.run = (world.place / "guest" / name for name in ("local", "bin", "run"))
        for directory in (self.local, self.bin, self.run):
            directory.mkdir(parents=True)
        self.program("sudo", GUEST_SUDO.format(local=self.local, run=self.run))
        self.program("login-shell", '#!/bin/sh\necho "a login shell $1"\n')
        without = [part for part in world.env["PATH"].split(os.pathsep) if not (Path(part) / "zellij").exists()]
        world.env["PATH"] = os.pathsep.join([str(self.local), str(self.bin), *without])
        world.env["SHELL"] = str(self.bin / "login-shell")

    def program(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def sent(self):
        """How often a program was sent."""
        return sum("/usr/local/bin/zellij" in " ".join(call) for call in self.world.calls())

    def type(self, *words):
        """What is shown of a verb on a terminal, and how it ended."""
        terminal = Terminal([*SCRIPT, *words], self.world.demo, self.world.env, columns=200)
        status = terminal.exit_status()
        assert "Traceback" not in terminal.output
        return status, terminal.output


@pytest.fixture
def guest(world):
    world.put_vm()
    return Guest(world)


@pytest.fixture
def host(world):
    """This machine's Zellij for the guest: put a copy of ``program`` there."""

    def put(program="/bin/echo"):
        copy = world.place / "host" / "zellij"
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(program, copy)
        world.env["SYSINIT_VM_ZELLIJ"] = str(copy)
        return copy

    return put


def is_installed(guest, copy):
    """Whether it is whole, everyone may run it, and nothing else is beside it."""
    (installed,) = guest.local.iterdir()
    assert installed.name == "zellij"
    return installed.read_bytes() == copy.read_bytes() and stat.S_IMODE(installed.stat().st_mode) == 0o755


def test_shell_installs_it_once_and_opens_the_session(guest, host):
    copy = host()
    for _ in range(2):
        status, shown = guest.type("shell")
        assert (status, is_installed(guest, copy)) == (0, True)
        assert "attach --create demo" in shown
        assert "a login shell" not in shown
        assert guest.sent() == 1


@pytest.mark.parametrize("verb", [("start",), ("up", "--yes")])
def test_start_and_up_install_it(guest, host, verb):
    copy = host()
    done = guest.world.run(*verb)
    assert done.returncode == 0, done.stderr
    assert is_installed(guest, copy)
    assert "installing Zellij in the guest" in done.stderr
    assert "Zellij is not" not in done.stderr


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_a_dry_run_installs_nothing(guest, host, status):
    host()
    (guest.world.lima_home / "demo-dev/status").write_text(status)
    for verb in ("start", "shell"):
        assert guest.world.run("--dry", verb).returncode == 0
    assert (guest.sent(), list(guest.local.iterdir())) == (0, [])


def test_a_guests_own_wins(guest, host):
    host()
    guest.program("zellij", '#!/bin/sh\necho own "$@"\n')
    assert "own --" not in guest.world.run("start").stderr
    status, shown = guest.type("shell")
    assert (status, "attach --create demo" in shown) == (0, True)
    assert (guest.sent(), list(guest.local.iterdir())) == (0, [])


def refused(guest, why, verb=("shell",)):
    status, shown = guest.type("shell")
    assert status == 0
    assert f"Zellij is not installed in this guest: {why}" in shown, shown
    assert shown.splitlines()[-1] == "a login shell -l"
    assert shown.count("Zellij is not installed") == 1
    done = guest.world.run("start")
    assert done.returncode == 0
    assert f"Zellij is not installed in this guest: {why}" in done.stderr
    assert list(guest.local.iterdir()) == []


def test_without_root_in_the_guest_there_is_a_word_and_a_login_shell(guest, host):
    host()
    guest.program("sudo", "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    refused(guest, "its user cannot become root there without a password")


def test_a_guest_that_cannot_be_written_says_so_in_its_own_words(guest, host):
    host()
    guest.program("mktemp", "#!/bin/sh\nprintf 'mktemp: \\033[31mRead-only file system\\n' >&2\nexit 1\n")
    refused(guest, r"mktemp: \x1b[31mRead-only file system")


def test_a_copy_that_does_not_run_there_is_taken_away_again(guest, host):
    host("/bin/false")
    refused(guest, "this machine's does not run there")


def test_a_copy_that_does_not_arrive_whole_is_taken_away_again(guest, host):
    host()
    guest.program("sha256sum", "#!/bin/sh\nread -r line\necho 'abc  -'\n")
    refused(guest, "it did not arrive whole")


def test_without_one_for_the_guest_on_this_machine_setup_is_named_and_nothing_sent(guest):
    refused(guest, "this machine has none for x86_64: sysinit-vm setup")
    assert guest.sent() == 0


def test_one_for_another_architecture_is_not_sent(guest, host):
    copy = host()
    program = bytearray(copy.read_bytes())
    program[18:20] = (183).to_bytes(2, "little")
    copy.write_bytes(program)
    refused(guest, "this machine has none for x86_64: sysinit-vm setup")
    assert guest.sent() == 0


def test_only_a_program_is_sent(guest, host):
    host().write_text("a secret\n")
    refused(guest, "this machine has none for x86_64: sysinit-vm setup")
    assert guest.sent() == 0


def test_a_variable_that_names_no_file_is_a_word_too(guest, host):
    host().unlink()
    refused(guest, "SYSINIT_VM_ZELLIJ names no file")
