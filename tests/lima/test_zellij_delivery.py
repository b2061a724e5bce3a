"""A guest that lacks Zellij gets this machine's: the session's VM, from which root takes it away."""

import hashlib

import pytest

from sysinit_vm.machine import find_programs
from tests.lima.conftest import inside

PROMPT = r"(?m)\$ *(│|$)"
READ_ONLY = "sudo mount --bind /usr/local/bin /usr/local/bin && sudo mount -o remount,bind,{} /usr/local/bin"


@pytest.fixture
def bare(world, demo):
    """The guest without Zellij. At the end it has it again, by `start`."""
    inside(world, demo, "sudo rm /usr/local/bin/zellij")
    yield demo
    inside(world, demo, "sudo umount /usr/local/bin 2>/dev/null; sudo rm -f /run/sysinit-vm-zellij-refused")
    world.ok(demo, "start")
    assert inside(world, demo, "command -v zellij") == "/usr/local/bin/zellij\n"


def test_shell_installs_it_and_the_session_that_runs_goes_on(world, demo):
    terminal = world.terminal(demo, "shell")
    terminal.wait_for(r"Zellij \(demo\)")
    terminal.wait_for(PROMPT)
    terminal.press("kept=he''re\r")
    terminal.wait_for(r"kept=he''re[^\n]*\n[^\n]*\$")
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0
    inside(world, demo, "sudo rm /usr/local/bin/zellij")

    terminal = world.terminal(demo, "shell")
    terminal.wait_for(r"Zellij \(demo\)", seconds=360)
    assert "installing Zellij in the guest" in terminal.output
    terminal.press("\x15echo is-$kept\r")
    terminal.wait_for("is-here")
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0
    ours = hashlib.sha256(find_programs.find_zellij().read_bytes()).hexdigest()
    assert inside(world, demo, "sha256sum /usr/local/bin/zellij").split()[0] == ours
    assert inside(world, demo, "stat -c '%U %a' /usr/local/bin/zellij; ls /usr/local/bin | grep zellij") == (
        "root 755\nzellij\n"
    )

    again = world.terminal(demo, "shell")
    again.wait_for("is-here")
    assert "installing" not in again.output
    again.chord("\x01", "d")
    assert again.exit_status() == 0


@pytest.mark.parametrize(
    ("options", "why"), [("ro", "Read-only file system"), ("noexec", "this machine's does not run there")]
)
def test_a_guest_that_cannot_take_it_gives_a_login_shell_with_a_word(world, bare, options, why):
    inside(world, bare, READ_ONLY.format(options))
    shell = world.terminal(bare, "shell", columns=200)
    shell.wait_for(f"Zellij is not installed in this guest: .*{why}", seconds=360)
    shell.wait_for(PROMPT)
    shell.press("pwd; exit 4\r")
    shell.wait_for(f"(?m)^{bare}$")
    assert shell.exit_status() == 4
    done = world.run(bare, "start")
    assert done.returncode == 0
    assert why in done.stderr
    assert inside(world, bare, "ls /usr/local/bin | grep zellij || true") == ""
