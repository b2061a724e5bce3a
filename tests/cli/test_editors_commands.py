"""`ssh-config` with the real ssh, and `open` with editors that are scripts; the VM is the fake limactl's."""

import shutil
import stat

import pytest

from tests.lima.terminal import Terminal
from tests.worlds import BIN, SCRIPT, TOP

NOTE = "# sysinit-vm: ssh VM, for the project VMs of this LIMA_HOME. Undo: sysinit-vm ssh-config --remove\n"
THEIRS = "# mine\r\nUser someone\n\nHost *.example.org\n\tPort 2222  \n\nHost *\n  User other\n  ProxyJump bastion"


@pytest.fixture
def ssh(world):
    """The real ssh, told the home of the test: it asks the password database, not HOME."""
    world.put_vm()
    captured = (TOP / "tests/data/limactl-2.2.0/ssh.config").read_text()
    text = captured.replace("/home/me/.lima", str(world.lima_home))
    (world.lima_home / "demo-dev" / "ssh.config").write_text(text)
    programs = world.fake / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F "$HOME/.ssh/config" "$@"\n')
    (programs / "ssh").chmod(0o755)
    world.env["PATH"] = f"{programs}:{world.env['PATH']}"
    return world.home / ".ssh" / "config"


def known(world, name="demo-dev"):
    done = world.type("ssh", "-G", name)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def include(world):
    return f'Include "{world.lima_home}/*/ssh.sysinit-vm"\n'


def test_a_machine_without_an_ssh_config_gets_one(world, ssh):
    done = world.run("ssh-config", "--yes", cwd=world.home)
    assert done.returncode == 0, done.stderr
    assert "ssh demo-dev" in done.stderr
    assert ssh.read_text() == NOTE + include(world)
    assert stat.S_IMODE(ssh.stat().st_mode) == 0o600
    assert stat.S_IMODE(ssh.parent.stat().st_mode) == 0o700
    said = known(world)
    assert (said["hostname"], said["user"]) == ("127.0.0.1", "dev")
    assert f"-F {world.lima_home}/demo-dev/ssh.config" in said["proxycommand"]
    assert said["controlmaster"] == "false"
    assert said["controlpath"] == f"{world.lima_home}/demo-dev/ssh.sock"
    assert world.run("ssh-config", "--remove", "--yes").returncode == 0
    assert not ssh.exists()


def test_what_the_file_says_it_says_still_to_the_byte(world, ssh):
    ssh.parent.mkdir(mode=0o700)
    ssh.write_bytes(THEIRS.encode())
    ssh.chmod(0o640)
    assert world.run("ssh-config", "--yes").returncode == 0
    assert ssh.read_bytes() == (NOTE + include(world) + "\n" + THEIRS).encode()
    assert stat.S_IMODE(ssh.stat().st_mode) == 0o640
    assert known(world)["user"] == "dev"
    assert known(world, "a.example.org")["user"] == "someone"
    assert known(world, "a.example.org")["port"] == "2222"
    assert world.run("ssh-config").returncode == 0
    assert ssh.read_bytes() == (NOTE + include(world) + "\n" + THEIRS).encode()
    assert world.run("ssh-config", "--remove", "--yes").returncode == 0
    assert ssh.read_bytes() == THEIRS.encode()


def test_without_a_terminal_and_yes_nothing_is_changed(world, ssh):
    done = world.run("ssh-config")
    assert done.returncode == 5
    assert "+Include" in done.stderr
    assert "sysinit-vm ssh-config --yes" in done.stderr
    assert not ssh.exists()


def test_on_a_terminal_it_asks(world, ssh):
    terminal = Terminal([*SCRIPT, "ssh-config"], world.demo, world.env, columns=200)
    terminal.wait_for(r"like this\?")
    terminal.press("n\r")
    assert terminal.exit_status() == 5
    assert not ssh.exists()
    terminal = Terminal([*SCRIPT, "ssh-config"], world.demo, world.env, columns=200)
    terminal.wait_for(r"like this\?")
    terminal.press("y\r")
    assert terminal.exit_status() == 0
    assert include(world) in ssh.read_text()


def test_print_shows_and_changes_nothing(world, ssh):
    done = world.run("ssh-config", "--print")
    assert done.returncode == 0
    assert include(world) in done.stdout
    assert "Host demo-dev\n" in done.stdout
    assert not ssh.exists()
    assert not (world.lima_home / "demo-dev" / "ssh.sysinit-vm").exists()


def test_a_host_goes_with_its_vm(world, ssh):
    world.run("ssh-config", "--yes")
    assert world.run("destroy", "--yes").returncode == 0
    assert known(world)["hostname"] == "demo-dev"


def test_a_start_makes_the_host_current(world, ssh):
    world.run("ssh-config", "--yes")
    theirs = world.lima_home / "demo-dev" / "ssh.config"
    theirs.write_text(theirs.read_text().replace("  User dev", "  User someone\n  ForwardAgent yes"))
    assert world.run("start").returncode == 0
    assert (known(world)["user"], known(world)["forwardagent"]) == ("someone", "yes")


LENDS = ("forwardagent", "forwardx11", "forwardx11trusted", "tunnel")


def test_what_the_user_lends_every_host_is_not_lent_to_a_vm(world, ssh):
    ssh.parent.mkdir()
    ssh.write_text("Host *\n  ForwardAgent yes\n  ForwardX11 yes\n  ForwardX11Trusted yes\n  Tunnel yes\n")
    (world.lima_home / "demo-dev" / "ssh.sysinit-vm").write_text("Host demo-dev\n  User dev\n")  # an earlier version's
    assert world.run("ssh-config", "--yes").returncode == 0
    assert not {"no", "false"} & {known(world, "elsewhere")[option] for option in LENDS}
    assert {known(world)[option] for option in LENDS} <= {"no", "false"}


def test_what_the_vms_own_config_lends_is_lent(world, ssh):
    theirs = world.lima_home / "demo-dev" / "ssh.config"
    theirs.write_text(theirs.read_text() + "  ForwardAgent yes\n  ForwardX11 yes\n  ForwardX11Trusted yes\n")
    assert world.run("ssh-config", "--yes").returncode == 0
    assert [known(world)[option] for option in LENDS] == ["yes", "yes", "yes", "false"]


def test_a_start_takes_back_what_an_earlier_version_let_a_host_inherit(world, ssh):
    world.run("ssh-config", "--yes")
    ssh.write_text(ssh.read_text() + "\nHost *\n  ForwardAgent yes\n")
    (world.lima_home / "demo-dev" / "ssh.sysinit-vm").write_text("Host demo-dev\n  User dev\n")
    assert known(world)["forwardagent"] == "yes"
    assert world.run("start").returncode == 0
    assert known(world)["forwardagent"] == "no"


def test_an_own_host_of_that_name_is_told(world, ssh):
    ssh.parent.mkdir()
    ssh.write_text("Host demo-dev\n  HostName server.example.org\n")
    done = world.run("ssh-config", "--yes")
    assert done.returncode == 0
    assert "Your own ssh config has a host demo-dev" in done.stderr


def test_a_config_that_ssh_cannot_read_is_left_as_it_was(world, ssh):
    ssh.parent.mkdir()
    ssh.write_text("Nonsense yes\n")
    done = world.run("ssh-config", "--yes")
    assert done.returncode == 1
    assert "nonsense" in done.stderr.lower()
    assert ssh.read_text() == "Nonsense yes\n"


def test_a_linked_config_is_written_through_and_a_read_only_one_refused(world, ssh):
    dotfiles = world.home / "dotfiles"
    dotfiles.write_text("Host a\n")
    ssh.parent.mkdir()
    ssh.symlink_to("../dotfiles")
    assert world.run("ssh-config", "--yes").returncode == 0
    assert ssh.is_symlink()
    assert dotfiles.read_text().endswith("\n\nHost a\n")
    dotfiles.write_text("Host a\n")
    dotfiles.chmod(0o444)
    refused = world.run("ssh-config", "--yes")
    assert refused.returncode == 1
    assert "read-only" in refused.stderr
    assert include(world).strip() in refused.stderr
    assert dotfiles.read_text() == "Host a\n"


def test_what_a_link_leads_to_stays_the_users_when_ours_is_taken_back(world, ssh):
    dotfiles = world.home / "dotfiles"
    dotfiles.touch()
    ssh.parent.mkdir()
    ssh.symlink_to("../dotfiles")
    for _ in range(2):
        assert world.run("ssh-config", "--yes").returncode == 0
        assert include(world) in dotfiles.read_text()
        assert world.run("ssh-config", "--remove", "--yes").returncode == 0
        assert dotfiles.read_text() == ""
    assert ssh.is_symlink()


def test_before_any_vm_it_is_written_all_the_same(world):
    done = world.run("ssh-config", "--yes")
    assert done.returncode == 0
    assert "once it has started" in done.stderr


def editor(world, program):
    path = world.fake / "bin" / program
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\nexit 7\n')
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("code", ["--remote", "ssh-remote+demo-dev", "{root}"]),
        ("cursor", ["--remote", "ssh-remote+demo-dev", "{root}"]),
        ("zeditor", ["ssh://demo-dev{root}"]),
        ("gateway", ["jetbrains-gateway://connect#type=ssh&host=demo-dev&port=22&deploy=false&projectPath={quoted}"]),
    ],
)
def test_an_editor_is_told_host_and_directory_and_its_status_comes_back(world, ssh, program, words):
    editor(world, program)
    done = world.run("open", "--yes")
    expected = [each.format(root=world.demo, quoted=str(world.demo).replace("/", "%2F")) for each in words]
    assert done.stdout.splitlines()[1:] == expected, done.stderr
    assert done.returncode == 7
    assert known(world)["hostname"] == "127.0.0.1"


def test_the_flag_and_the_setting_choose(world, ssh):
    for program in ("code", "cursor", "zed"):
        editor(world, program)
    assert "ssh://" in world.run("open", "--yes", SYSINIT_VM_EDITOR="zed").stdout
    assert "/cursor\n" in world.run("open", "--editor", "cursor", SYSINIT_VM_EDITOR="zed").stdout
    assert world.run("open", "--editor", "vi").returncode == 2


def test_a_stopped_vm_is_started(world, ssh):
    (world.lima_home / "demo-dev" / "status").write_text("Stopped")
    editor(world, "code")
    done = world.run("open", "--yes")
    assert "Starting" in done.stderr
    assert world.status() == "Running"
    assert "ssh-remote+demo-dev" in done.stdout


def test_without_an_editor_it_says_what_to_install_before_anything_else(world):
    world.put_vm("Stopped")
    plain = {"PATH": f"{BIN}:/usr/bin:/bin"}
    done = world.run("open", "--yes", **plain)
    assert done.returncode == 6
    for name in ("VS Code", "Cursor", "Zed", "JetBrains Gateway"):
        assert name in done.stderr
    assert "cursor.com" in world.run("open", "--editor", "cursor", **plain).stderr
    assert world.status() == "Stopped"


def test_open_without_a_terminal_and_yes_leaves_the_ssh_config(world, ssh):
    editor(world, "code")
    done = world.run("open")
    assert done.returncode == 5
    assert not ssh.exists()
