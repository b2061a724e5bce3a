import os
import pwd
from pathlib import Path

import pytest

from sysinit_vm import user_account
from sysinit_vm.errors import MissingError, UsageError
from sysinit_vm.machine import find_programs
from sysinit_vm.projects import search
from sysinit_vm.tasks import context


@pytest.fixture
def nobody(monkeypatch):
    """A uid without an entry."""

    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_an_account_of_this_machine_is_let_through(home):
    user_account.require_home()
    user_account.require_name()


@pytest.mark.usefixtures("nobody")
def test_without_a_home_directory_the_variable_to_set_is_named(monkeypatch):
    monkeypatch.delenv("HOME")
    with pytest.raises(MissingError, match="no home directory") as caught:
        user_account.require_home()
    assert caught.value.hint.startswith("export HOME=")


@pytest.mark.parametrize("value", ["", None])
def test_a_home_that_is_empty_or_unset_is_that_of_the_accounts_entry(tmp_path, monkeypatch, value):
    """Programs get it too: limactl 2.2.0 ends in a stack trace without one."""
    entry = pwd.struct_passwd(("me", "x", os.getuid(), os.getgid(), "", str(tmp_path), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)
    monkeypatch.setenv("HOME", "")
    if value is None:
        monkeypatch.delenv("HOME")
    user_account.require_home()
    assert (os.environ["HOME"], Path.home()) == (str(tmp_path), tmp_path)


@pytest.mark.usefixtures("nobody")
def test_an_empty_home_without_an_entry_is_none(monkeypatch):
    monkeypatch.setenv("HOME", "")
    with pytest.raises(MissingError, match="no home directory"):
        user_account.require_home()


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_home(tmp_path, monkeypatch, name):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / name))
    with pytest.raises(MissingError, match="file is not a directory"):
        user_account.require_home()


@pytest.mark.parametrize("home", ["here", "."])
def test_a_relative_home_directory_is_none(monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    with pytest.raises(MissingError, match="not an absolute path"):
        user_account.require_home()


@pytest.mark.usefixtures("nobody")
def test_an_account_without_a_name_is_told_so_and_not_that_limactl_is_missing(home):
    with pytest.raises(MissingError, match=r"no name[\s\S]*useradd"):
        find_programs.find_limactl()


@pytest.mark.parametrize(
    ("euid", "variable", "user"), [(0, "dev", "dev"), (0, "root", ""), (0, None, ""), (7, "dev", "")]
)
def test_who_typed_sudo_is_known(monkeypatch, euid, variable, user):
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setenv("SUDO_USER", variable) if variable else monkeypatch.delenv("SUDO_USER", raising=False)
    assert user_account.by_sudo() == user


def test_root_by_sudo_is_sent_back_to_the_account_that_has_the_vms(monkeypatch):
    monkeypatch.setattr(find_programs, "find_limactl", lambda: None)
    monkeypatch.setattr(user_account, "by_sudo", lambda: "dev")
    with pytest.raises(MissingError, match="the programs for them, are dev's own") as caught:
        context.lima(None)
    assert caught.value.hint == "the same command without sudo"
    monkeypatch.setattr(user_account, "by_sudo", lambda: "")
    with pytest.raises(MissingError, match="Try: sysinit-vm setup"):
        context.lima(None)


@pytest.fixture
def by_sudo(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "dev")


@pytest.fixture
def devs(monkeypatch):
    """Each directory is the account dev's."""
    of_dev = os.stat_result((0o40755, 1, 1, 1, 1000, 1000, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: of_dev)


@pytest.mark.usefixtures("by_sudo", "devs")
def test_root_by_sudo_leaves_no_files_in_the_home_that_it_kept(home):
    with pytest.raises(UsageError, match="is not root's") as caught:
        user_account.require_home()
    assert caught.value.hint == "the same command without sudo"


@pytest.mark.usefixtures("devs")
def test_root_itself_may_use_any_home(home, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("SUDO_USER", raising=False)
    user_account.require_home()


@pytest.mark.usefixtures("by_sudo", "devs")
def test_root_by_sudo_makes_no_project_in_a_directory_of_another():
    with pytest.raises(UsageError, match="is not root's"):
        search.for_init("/srv")
