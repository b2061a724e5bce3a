import errno
import os
import pwd
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from sysinit_vm import files, other_accounts
from sysinit_vm.errors import VmError


def test_a_file_is_made_with_its_parents_and_mode(tmp_path):
    path = tmp_path / "a/b/c"
    files.write(path, "ünï\n", mode=0o600)
    assert path.read_bytes() == "ünï\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["c"]


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "f"
    files.write(path, "old")
    with path.open() as reader:
        files.write(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("broken", ["os.fsync", "tempfile.mkstemp"])
def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "f"
    path.write_text("old")

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(broken, full)
    with pytest.raises(VmError, match=r"Cannot write [\s\S]*No space left"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    path = tmp_path / "f"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


def test_a_directory_in_its_place_and_a_file_above_it_are_refused(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "f").write_text("")
    for path in (tmp_path / "d", tmp_path / "f" / "below"):
        with pytest.raises(VmError, match="Cannot write"):
            files.write(path, "x")


def test_what_is_shipped_is_found(tmp_path, monkeypatch):
    assert (files.data("templates") / "dev.yaml").is_file()
    assert files.data("Taskfile.yml").is_file()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "templates").mkdir()
    monkeypatch.setattr(files, "PACKAGE", tmp_path)
    assert files.data("templates") == Path(tmp_path / "data/templates")


def test_what_cannot_be_read_is_empty_and_odd_bytes_are_replaced(tmp_path):
    (tmp_path / "odd").write_bytes(b"a\xffb\n")
    assert files.read_or_empty(tmp_path / "odd") == "a\ufffdb\n"
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 2**32)
    assert files.read_or_empty(tmp_path / "fifo") == files.read_or_empty(tmp_path / "huge") == ""
    assert files.read_or_empty(tmp_path / "missing") == files.read_or_empty(tmp_path) == ""


def test_lines_are_read_from_plain_files_only(tmp_path):
    (tmp_path / "some").write_bytes(b"one\r\n\ntw\xffo\nrest")
    assert list(files.lines(tmp_path / "some")) == ["one", "", "tw\ufffdo", "rest"]
    assert list(files.lines(tmp_path / "some", last=7)) == ["\ufffdo", "rest"]
    assert list(files.lines(tmp_path / "some", last=100)) == list(files.lines(tmp_path / "some"))
    assert list(files.lines(tmp_path / "some", end=6)) == ["one", ""]
    assert list(files.lines(tmp_path / "some", last=3, end=4)) == ["ne"]
    assert list(files.lines(tmp_path / "some", end=100)) == list(files.lines(tmp_path / "some"))
    os.mkfifo(tmp_path / "fifo")
    assert [list(files.lines(tmp_path / name)) for name in ("fifo", ".", "missing")] == [[], [], []]


def test_a_piece_of_a_long_line_is_no_line_where_only_whole_ones_count(tmp_path):
    path = tmp_path / "log"
    forged = '{"status":{"exiting":true}}'
    path.write_text(f"first\n{'x' * files.LONGEST_LINE}{forged}\nlast\n")
    assert list(files.lines(path, whole=True)) == ["first", "last"]
    assert forged in list(files.lines(path))


@pytest.mark.parametrize(
    ("mode", "safe"), [(0o700, True), (0o755, True), (0o1777, True), (0o777, False), (0o757, False)]
)
def test_what_is_below_a_directory_that_others_may_write_is_not_used(tmp_path, mode, safe):
    """In one with the sticky bit, as /tmp, they can rename nothing of ours."""
    own = tmp_path / "above" / "own"
    own.mkdir(parents=True)
    (tmp_path / "above").chmod(mode)
    if safe:
        assert files.require_private(own) == own
        assert files.require_private(own / "later") == own / "later"
    else:
        with pytest.raises(VmError, match="Others may write") as error:
            files.require_private(own)
        assert error.value.hint == f"chmod go-w {tmp_path}/above"


def test_a_directory_in_which_anyone_may_make_files_is_not_used(tmp_path):
    tmp_path.chmod(0o1777)
    with pytest.raises(VmError, match="Others may write"):
        files.require_private(tmp_path)


ELSEWHERE = "unset the variable that names it, LIMA_HOME or one of XDG_*"


@pytest.mark.parametrize("kind", ["shared", "/", "/opt", "/usr/lib"])
def test_only_for_a_directory_of_the_users_own_is_chmod_the_way_out(tmp_path, monkeypatch, kind):
    place = tmp_path if kind == "shared" else Path(kind)
    if kind == "shared":
        place.chmod(0o1777)
    real = other_accounts.may_write
    monkeypatch.setattr(other_accounts, "may_write", lambda path, status: path == place or real(path, status))
    with pytest.raises(VmError, match=f"Others may write {place}") as caught:
        files.require_private(place)
    assert caught.value.hint == ELSEWHERE


@pytest.mark.parametrize("name", ["/dev/null", "file"])
def test_what_is_no_directory_is_told_and_is_not_to_be_changed_for_us(tmp_path, name):
    """As root, `chmod go-w /dev/null` breaks the whole machine."""
    (tmp_path / "file").touch()
    place = tmp_path / name
    for directory in (place, place / "sysinit-vm"):
        with pytest.raises(VmError, match=f"{place} is not a directory") as caught:
            files.require_private(directory)
        assert caught.value.hint == ELSEWHERE


def test_another_accounts_directory_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "getuid", lambda: 4711)
    if os.geteuid() == 0:
        os.chown(tmp_path, 4712, -1)
    with pytest.raises(VmError, match="It is the account") as caught:
        files.require_private(tmp_path)
    assert "chmod" not in caught.value.hint


def test_a_directory_that_another_account_of_the_users_group_may_write_is_not_used(tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    own.chmod(0o775)
    files.require_private(own)
    eve = SimpleNamespace(pw_name="eve", pw_uid=4712, pw_gid=own.stat().st_gid)
    accounts = pwd.getpwall()
    monkeypatch.setattr(pwd, "getpwall", lambda: [*accounts, eve])
    with pytest.raises(VmError, match=f"Others may write {own}"):
        files.require_private(own)


def test_a_file_of_another_account_is_not_read_as_our_own(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("x")
    assert files.read(path, 1, own=True) == b"x"
    mine = path.stat().st_uid
    monkeypatch.setattr(files.os, "fstat", lambda _: os.stat_result([0o100644, 0, 0, 1, mine + 4711, 0, 1, 0, 0, 0]))
    with pytest.raises(ValueError, match="another account's"):
        files.read(path, 1, own=True)


@pytest.mark.parametrize("mode", ["rb", "wb", "ab"])
@pytest.mark.parametrize("other_end", [False, True])
def test_nothing_but_a_plain_file_is_opened_and_never_waited_for(tmp_path, mode, other_end):
    os.mkfifo(tmp_path / "fifo")
    end = os.open(tmp_path / "fifo", os.O_RDWR) if other_end else None
    with pytest.raises((OSError, ValueError)):
        files.opened(tmp_path / "fifo", mode)
    with pytest.raises((OSError, ValueError)):
        files.opened(Path("/dev/null"), mode)
    with pytest.raises((OSError, ValueError)):
        files.opened(tmp_path, mode)
    if end is not None:
        os.close(end)


def test_what_is_written_is_the_file_itself_and_for_its_user_only(tmp_path):
    path = tmp_path / "f"
    for mode, text in (("wb", b"a"), ("ab", b"b")):
        with files.opened(path, mode) as stream:
            stream.write(text)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"ab", 0o600)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match="symbolic links"):
        files.opened(tmp_path / "link", "ab")
    with files.opened(tmp_path / "link") as stream:
        assert stream.read() == b"ab"
