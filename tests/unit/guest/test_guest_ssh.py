"""The guest's ssh has the host's config as far as it can use it: our scripts, run here with the ssh of this machine."""

import shlex
import subprocess

import pytest

from sysinit_vm.guest import scripts, setup


class Guest:
    """A guest's home, and the host's ~/.ssh as it is mounted there."""

    def __init__(self, place):
        self.home, self.keys = place / "guest", place / "keys"
        self.home.mkdir()
        self.keys.mkdir(mode=0o700)

    def settle(self, config=None):
        if config is not None:
            (self.keys / "config").write_text(config)
        script = scripts.read("setup-user.sh").replace("/mnt/host-ssh", str(self.keys))
        values = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "PARAM_PROJECT_NAME": "p", "PARAM_PROJECT_DIR": "/"}
        subprocess.run(["bash", "-c", f"mountpoint() {{ :; }}\n{script}"], env=values, check=True, timeout=60)
        return self

    def asks(self, host):
        """What the guest's ssh makes of the config for ``host``."""
        text = scripts.read("ssh_config").replace("~/.ssh", f"{self.home}/.ssh")
        (self.home / "ours").write_text(text)
        argv = ["ssh", "-T", "-G", "-F", self.home / "ours", host]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert (done.stderr, done.returncode) == ("", 0)
        return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in done.stdout.splitlines() if " " in line}

    def told(self):
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        words = ["bash", "-c", scripts.read("check.sh"), "bash", "read", "", "/dev/null"]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
        return [line.removeprefix("ssh=") for line in done.stdout.splitlines() if line.startswith("ssh=")]


@pytest.fixture
def guest(tmp_path):
    return Guest(tmp_path)


def test_a_config_that_the_guests_ssh_knows_is_read_from_the_host_as_it_is_now(guest):
    guest.settle("Host work\n  User alice\n  UseKeychain yes\n")
    assert guest.asks("work")["user"] == "alice"
    (guest.keys / "config").write_text("Host work\n  User bob\n")
    assert guest.asks("work")["user"] == "bob"
    assert guest.told() == []


UNKNOWN = """\
Host old
  User alice
Match localnetworks 192.0.2.0/24
  User mallory
  Ciphers future256-xyz@example.com
Host work
  User bob
  KexAlgorithms quantum-of-2040
  HostKeyAlgorithms quantum-of-2040
  MACs none-such
"""


def test_lines_that_the_guests_ssh_does_not_know_are_left_out_with_a_word(guest):
    guest.settle(UNKNOWN)
    assert (guest.asks("old")["user"], guest.asks("work")["user"]) == ("alice", "bob")
    assert guest.asks("elsewhere")["user"] not in {"alice", "bob", "mallory"}
    assert guest.told() == [
        "Match localnetworks 192.0.2.0/24",
        "Ciphers future256-xyz@example.com",
        "KexAlgorithms quantum-of-2040",
        "HostKeyAlgorithms quantum-of-2040",
        "MACs none-such",
    ]
    guest.settle("Host work\n  User carol\n")
    assert (guest.asks("work")["user"], guest.told()) == ("carol", []), "mended on the host"


def test_an_included_file_that_the_guests_ssh_does_not_know_is_left_out_whole(guest):
    (guest.keys / "more").write_text("Ciphers future256-xyz@example.com\n")
    guest.settle(f"Include {guest.keys}/more\nHost work\n  User bob\n")
    assert guest.asks("work")["user"] == "bob"
    assert guest.told() == [f"Include {guest.keys}/more"]


def test_a_config_that_others_may_write_is_no_reason_to_end_every_ssh(guest):
    (guest.keys / "config").write_text("Host work\n  User bob\n")
    (guest.keys / "config").chmod(0o666)
    assert guest.settle().asks("work")["user"] == "bob"


def test_a_connection_is_shared_in_the_guests_own_directory(guest):
    asked = guest.settle("Host *\n  ControlMaster auto\n  ControlPath ~/.ssh/cm/%C\n").asks("work")
    assert asked["controlmaster"] == "auto"
    assert asked["controlpath"].startswith(f"{guest.home}/.ssh/.")


def test_a_config_that_is_gone_is_no_longer_read(guest):
    guest.settle(UNKNOWN)
    (guest.keys / "config").unlink()
    assert (guest.settle().asks("work")["user"] == "bob", guest.told()) == (False, [])


def test_a_command_in_the_config_that_does_not_end_does_not_keep_a_boot(guest, tmp_path):
    """`Match exec` runs a command of the user's; a stand-in for ssh waits as it would."""
    (tmp_path / "ssh").write_text("#!/bin/sh\nexec sleep 300\n")
    (tmp_path / "ssh").chmod(0o755)
    script = (
        scripts.read("setup-user.sh").replace("/mnt/host-ssh", str(guest.keys)).replace("timeout 10", "timeout 0.2")
    )
    (guest.keys / "config").write_text("Match exec true\n")
    values = {"HOME": str(guest.home), "PATH": f"{tmp_path}:/usr/bin:/bin", "PARAM_PROJECT_NAME": "p"}
    values["PARAM_PROJECT_DIR"] = "/"
    subprocess.run(["bash", "-c", f"mountpoint() {{ :; }}\n{script}"], env=values, check=True, timeout=60)
    assert (guest.home / ".ssh/config.host").resolve() == guest.keys / "config"


def test_what_the_config_names_by_the_hosts_own_path_is_there_in_the_guest(tmp_path):
    there = tmp_path / "home" / "al ice" / ".ssh"
    script = setup.provision_scripts()["system"].removesuffix("main\n").replace("/mnt/host-ssh", str(tmp_path / "keys"))
    stubs = 'mountpoint() { [[ -d ${*: -1} ]]; }; findmnt() { echo "$MOUNTED"; }'
    line = f"{script}\n{stubs}\nlink_keys {shlex.quote(str(there))}"

    def link(mounted):
        subprocess.run(["bash", "-c", line], env={"PATH": "/usr/bin:/bin", "MOUNTED": mounted}, check=True)
        return there.is_symlink()

    assert not link("/"), "no keys are mounted"
    (tmp_path / "keys").mkdir()
    assert not link(str(tmp_path)), "nothing is written in a directory of the host's"
    assert link("/")
    assert there.readlink() == tmp_path / "keys"
    (tmp_path / "keys").rmdir()
    assert not link("/"), "the keys are no longer lent"


def test_a_config_that_the_host_gets_after_the_boot_is_read_too(guest):
    guest.settle()
    (guest.keys / "config").write_text("Host work\n  User alice\n  UseKeychain yes\n")
    assert guest.asks("work")["user"] == "alice"
