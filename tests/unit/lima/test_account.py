import os
import pwd
import time
from pathlib import Path

import psutil
import pytest

from sysinit_vm.errors import MissingError
from sysinit_vm.lima import account
from sysinit_vm.lima.account import Account
from sysinit_vm.runner import Runner

ROOT = pwd.struct_passwd(("root", "x", 0, 0, "root", "/root", "/bin/bash"))
SAME_UID = pwd.struct_passwd(("me", "x", 1000, 1000, "", "/home/me", "/bin/sh"))
SAME_NAME = pwd.struct_passwd(("dev", "x", 2000, 2000, "", "/home/dev", "/bin/sh"))
OTHER = pwd.struct_passwd(("daemon", "x", 1, 1, "daemon", "/usr/sbin", "/usr/sbin/nologin"))


@pytest.fixture
def as_root(home, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwall", lambda: [ROOT, SAME_UID, SAME_NAME, OTHER])
    monkeypatch.setattr("sysinit_vm.lima.account.find", lambda name: f"/usr/bin/{name}")
    return home / "cache/sysinit-vm/passwd"


def test_an_ordinary_account_runs_limactl_as_it_is(home, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account.current_account() == Account((), {})
    assert not (home / "cache").exists()


def test_root_appears_as_an_ordinary_account_with_its_own_home(as_root, home):
    found = account.current_account()
    assert found.env == {"USER": "dev", "LOGNAME": "dev"}
    assert found.prefix[0] == "/usr/bin/bwrap"
    assert found.prefix[-1] == "--"
    words = " ".join(found.prefix)
    assert "--dev-bind / /" in words
    assert "--unshare-user --uid 1000 --gid 1000" in words
    assert f"--ro-bind {as_root} /etc/passwd" in words


def test_its_passwd_has_one_entry_for_that_uid_and_keeps_the_others(as_root, home):
    account.current_account()
    assert as_root.read_text() == (
        f"dev:x:1000:1000::{home}:/bin/bash\n"
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    )


def test_its_passwd_is_written_only_when_it_changes(as_root):
    account.current_account()
    before = as_root.stat().st_ino
    account.current_account()
    assert as_root.stat().st_ino == before
    as_root.write_text("old")
    account.current_account()
    assert as_root.read_text().startswith("dev:")


def test_root_without_bubblewrap_is_told_what_to_type(as_root, monkeypatch):
    monkeypatch.setattr("sysinit_vm.lima.account.find", lambda _: None)
    with pytest.raises(MissingError, match=r"bubblewrap[\s\S]*sysinit-vm setup") as caught:
        account.current_account()
    assert caught.value.exit_code == 6


def test_the_entry_of_any_home_stays_one_line(as_root, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/srv/a b"))
    account.current_account()
    assert as_root.read_text().splitlines()[0].split(":") == ["dev", "x", "1000", "1000", "", "/srv/a b", "/bin/bash"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root goes through bubblewrap")
def _alive(pid):
    """One that ended and that nobody has reaped, as in a container without an init, is not alive."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_runs_through_it_ends_with_it(monkeypatch):
    found = account.current_account()
    line = "echo $$ >&2; exec sleep 30"
    done = Runner().read((*found.prefix, "sh", "-c", line), timeout=0.5)
    assert done.code == 124
    deadline = time.monotonic() + 3
    while (alive := _alive(int(done.err))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive
