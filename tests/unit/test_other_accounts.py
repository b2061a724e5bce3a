import os
import struct
from types import SimpleNamespace

import pytest

from sysinit_vm import other_accounts

ME, GROUP = 4711, 4700
ACL = (1, 6, 0), (2, 6, 4712), (4, 6, 0), (16, 6, 0), (32, 4, 0)
"""Tag, permissions and id of each entry: 4712 may write too."""


@pytest.fixture
def accounts(monkeypatch):
    """Give this machine the group GROUP with ``members``, and accounts by name, uid and gid, as it lists them."""

    def make(*listed, members=(), group="me"):
        me = SimpleNamespace(pw_name="me", pw_uid=ME, pw_gid=GROUP)
        entries = [SimpleNamespace(pw_name=name, pw_uid=uid, pw_gid=gid) for name, uid, gid in listed]
        monkeypatch.setattr(other_accounts.pwd, "getpwuid", lambda _: me)
        monkeypatch.setattr(other_accounts.pwd, "getpwall", lambda: entries)
        row = SimpleNamespace(gr_name=group, gr_gid=GROUP, gr_mem=list(members))
        monkeypatch.setattr(other_accounts.grp, "getgrgid", lambda _: row)

    return make


def may_write(path, mode, group=GROUP):
    path.chmod(mode)
    status = list(path.stat())
    status[4:6] = ME, group
    return other_accounts.may_write(path, os.stat_result(status))


LISTED = ("me", ME, GROUP)


@pytest.mark.parametrize(
    ("mode", "others"), [(0o700, False), (0o755, False), (0o775, False), (0o757, True), (0o1777, True)]
)
def test_everyone_is_others_and_a_group_of_the_users_own_is_not(tmp_path, accounts, mode, others):
    accounts(LISTED)
    assert may_write(tmp_path, mode) is others


@pytest.mark.parametrize(("members", "others"), [([], False), (["me"], False), (["me", "you"], True)])
def test_members_of_a_group_are_others(tmp_path, accounts, members, others):
    accounts(LISTED, members=members)
    assert may_write(tmp_path, 0o775) is others


def test_a_group_that_is_not_the_users_primary_one_is_others(tmp_path, accounts):
    accounts(LISTED)
    assert may_write(tmp_path, 0o775, GROUP + 1)


@pytest.mark.parametrize(
    ("account", "others"), [(("eve", 4712, GROUP), True), (("eve", 4712, 4712), False), (("root", 0, GROUP), False)]
)
def test_accounts_whose_primary_group_it_is_are_others_though_no_group_lists_them(tmp_path, accounts, account, others):
    accounts(LISTED, account)
    assert may_write(tmp_path, 0o775) is others
    assert not may_write(tmp_path, 0o755)


@pytest.mark.parametrize(("group", "others"), [("me", False), ("domain users", True)])
def test_where_a_directory_service_lists_no_accounts_a_group_of_the_users_name_is_their_own(
    tmp_path, accounts, group, others
):
    accounts(("root", 0, 0), group=group)
    assert may_write(tmp_path, 0o775) is others


def test_an_account_that_this_machine_does_not_know_is_alone(tmp_path, monkeypatch):
    """As in a container that runs as any uid."""

    def unknown(_):
        raise KeyError

    monkeypatch.setattr(other_accounts.pwd, "getpwuid", unknown)
    assert not may_write(tmp_path, 0o775)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Linux only")
def test_accounts_of_an_acl_are_others(tmp_path, accounts):
    accounts(LISTED)
    path = tmp_path / "file"
    path.touch()
    try:
        os.setxattr(
            path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in ACL)
        )
    except OSError:
        pytest.skip("this file system has no ACLs")
    assert may_write(path, 0o664)
    with path.open() as stream:
        assert other_accounts.may_write(stream.fileno(), path.stat())
    assert not may_write(path, 0o644)
