import io
import os
import socket
import stat
import tarfile

import pytest

from sysinit_vm.archive import pack
from sysinit_vm.archive.pack import pack_directory, pack_file


def packed(root, **options):
    """Return the members of what is packed, by name, and what was left out."""
    left_out, stream = {}, io.BytesIO()
    handle = os.open(root, os.O_RDONLY)
    try:
        pack_directory(handle, stream, left_out.__setitem__, **options)
    finally:
        os.close(handle)
    return members(stream), left_out


def members(stream):
    stream.seek(0)
    with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape") as tar:
        return {member.name: (member, member.isreg() and tar.extractfile(member).read()) for member in tar.getmembers()}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_names_modes_times_and_links_are_packed(root):
    (root / "d").mkdir(mode=0o711)
    (root / "d" / ("ü" * 100)).write_text("long")
    (root / "run").write_bytes(b"x" * 600_000)
    (root / "run").chmod(0o751)
    os.utime(root / "run", (0, 1_000_000_000))
    (root / "link").symlink_to("/nowhere")
    (root / "again").hardlink_to(root / "run")
    (root / os.fsdecode(b"\xff\n")).write_text("")
    sizes = []
    entries, left_out = packed(root, on_bytes=sizes.append)
    assert left_out == {}
    assert set(entries) == {".", "./d", "./d/" + "ü" * 100, "./run", "./link", "./again", "./\udcff\n"}
    first, second = entries["./again"], entries["./run"]
    assert first[1] == b"x" * 600_000
    assert (first[0].mode, first[0].mtime) == (0o751, 1_000_000_000)
    assert (second[0].type, second[0].linkname) == (tarfile.LNKTYPE, "./again")
    assert entries["./link"][0].linkname == "/nowhere"
    assert stat.S_IMODE(entries["./d"][0].mode) == 0o711
    assert entries["./run"][0].uid == 0
    assert entries["./run"][0].uname == ""
    assert sizes[-1] % 512 == 0
    assert sizes[-1] > 600_000


def test_what_is_no_file_is_left_out_without_waiting(root):
    os.mkfifo(root / "fifo")
    here = os.open(".", os.O_RDONLY)
    os.chdir(root)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.fchdir(here)
        os.close(here)
    (root / "file").write_text("x")
    entries, left_out = packed(root)
    assert set(entries) == {".", "./file"}
    assert set(left_out) == {"./fifo", "./socket"}


def test_what_is_too_deep_is_left_out(root):
    deep = root
    for _ in range(150):
        deep /= "d"
        deep.mkdir()
    entries, left_out = packed(root)
    assert len(entries) == 100
    assert list(left_out.values()) == ["It is too deep."]


def test_a_file_that_becomes_shorter_keeps_the_rest_whole(root, monkeypatch):
    (root / "a").write_bytes(b"x" * 1000)
    (root / "b").write_bytes(b"y")
    real = os.read
    monkeypatch.setattr(os, "read", lambda handle, size: b"" if size == 1000 else real(handle, size))
    entries, left_out = packed(root)
    assert "changed" in left_out["./a"]
    assert entries["./a"][1] == bytes(1000)
    assert entries["./b"][1] == b"y"


def swapped(root, name, target):
    """Put a link in the place of ``name`` when it is opened, as a guest can."""
    real = os.open

    def meanwhile(path, flags, *args, **options):
        if path == name and not (root / name).is_symlink():
            (root / name).rename(root / "moved")
            (root / name).symlink_to(target)
        return real(path, flags, *args, **options)

    return meanwhile


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: path.mkdir()])
def test_a_link_that_another_puts_in_its_place_is_not_followed(root, monkeypatch, make):
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "id").write_text("secret")
    make(root / "a")
    target = secret if (root / "a").is_dir() else secret / "id"
    monkeypatch.setattr(os, "open", swapped(root, "a", target))
    entries, left_out = packed(root)
    assert b"secret" not in {data for _, data in entries.values()}
    assert "./a" in left_out


def test_one_file_is_packed_under_its_name(root):
    (root / "-f").write_text("x")
    stream = io.BytesIO()
    handle = os.open(root, os.O_RDONLY)
    pack_file("-f", handle, stream)
    assert members(stream)["./-f"][1] == b"x"
    with pytest.raises(FileNotFoundError):
        pack_file("missing", handle, io.BytesIO())
    (root / "link").symlink_to("-f")
    with pytest.raises(OSError, match="symbolic links"):
        pack_file("link", handle, io.BytesIO())
    os.close(handle)


def test_one_file_that_cannot_be_read_to_its_end_is_an_error_and_no_archive(root, monkeypatch):
    """Whoever unpacks half of it keeps the file that was there."""
    (root / "f").write_bytes(b"x" * 2000)
    monkeypatch.setattr(pack, "_CHUNK", 1000)
    reads, stream = iter([b"x" * 1000, b""]), io.BytesIO()
    monkeypatch.setattr(os, "read", lambda *_: next(reads))
    handle = os.open(root, os.O_RDONLY)
    with pytest.raises(OSError, match="It changed while it was read"):
        pack_file("f", handle, stream)
    os.close(handle)
    with pytest.raises(tarfile.ReadError):
        members(stream)
