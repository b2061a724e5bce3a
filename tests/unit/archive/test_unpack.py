"""Hostile archives, made in memory. Nothing outside the fresh directory may change, whatever they hold."""

import errno
import gzip
import io
import os
import stat
import tarfile
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysinit_vm.archive import members, unpack
from sysinit_vm.archive.members import ArchiveError

ALLOWED = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)


def member(name, kind=tarfile.REGTYPE, data=b"", target="", **values):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(data), target
    for key, value in values.items():
        setattr(info, key, value)
    return info, data


def directory(name, **values):
    return member(name, tarfile.DIRTYPE, **{"mode": 0o755, **values})


def link(name, target):
    return member(name, tarfile.SYMTYPE, target=target)


def hard_link(name, target):
    return member(name, tarfile.LNKTYPE, target=target)


def archive(*entries, kind=tarfile.GNU_FORMAT):
    """The bytes of an archive; an entry that is bytes goes into it as it is."""
    blocks = []
    for entry in entries:
        if isinstance(entry, bytes):
            blocks.append(entry)
            continue
        info, data = entry
        blocks += [info.tobuf(kind, "utf-8", "surrogateescape"), data, bytes(-len(data) % 512)]
    return b"".join([*blocks, bytes(1024)])


@contextmanager
def handle(path):
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield opened
    finally:
        os.close(opened)


@pytest.fixture
def fresh(tmp_path):
    (tmp_path / "fresh").mkdir(mode=0o700)
    return tmp_path / "fresh"


def unpacked(data, fresh, **options):
    """Unpack ``data``; return what was left out and the statuses of the directories."""
    left_out = {}
    with handle(fresh) as opened:
        statuses = unpack.unpack(io.BytesIO(data), opened, left_out.__setitem__, **options)
    return left_out, statuses


def tree(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_files_directories_and_inward_links_arrive(fresh):
    data = archive(
        directory(".", mode=0o750, mtime=5),
        directory("./a b", mode=0o555, mtime=1_000_000_000),
        member("./a b/ü", data=b"x" * 1000, mode=0o751, mtime=1_000_000_000),
        link("./a b/up", "../top"),
        member("./top", data=b"top"),
        hard_link("./again", "./top"),
        link("./dir", "a b/"),
    )
    left_out, statuses = unpacked(data, fresh)
    assert left_out == {}
    assert (fresh / "a b/ü").read_bytes() == b"x" * 1000
    status = (fresh / "a b/ü").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o751, 1_000_000_000)
    assert (fresh / "a b/up").read_text() == "top"
    assert (fresh / "again").samefile(fresh / "top")
    assert str((fresh / "dir").readlink()) == "a b"
    assert statuses == {(): (0o750, 5 * 10**9), (b"a b",): (0o555, 10**18)}
    assert stat.S_IMODE((fresh / "a b").stat().st_mode) == 0o700


def test_the_bytes_of_a_name_are_kept(fresh):
    assert unpacked(archive(member("\udcff\n")), fresh)[0] == {}
    assert [os.fsencode(path.name) for path in fresh.iterdir()] == [b"\xff\n"]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (member("/absolute"), "absolute"),
        (member("../outside"), "leads out"),
        (member("a/../../outside"), "leads out"),
        (directory(".."), "leads out"),
        (member("x" * 256), "too long"),
        (member("/".join(["x" * 200] * 25)), "too long"),
        (directory("/".join(["x"] * 101)), "too long"),
        (member("."), "not a directory"),
        (link("l", "/etc/passwd"), "leads out"),
        (link("l", ".."), "leads out"),
        (link("d/l", "../.."), "leads out"),
        (link("l", "d/.."), "leads out"),
        (link("l", "x/../../outside"), "leads out"),
        (link("l", "x" * 5000), "nowhere"),
        (link("l", ""), "nowhere"),
        (hard_link("h", "/etc/passwd"), "absolute"),
        (hard_link("h", "../outside"), "leads out"),
        (hard_link("h", "never"), "No such file"),
        (hard_link("h", "d"), "what is not a file"),
        (hard_link("h", "."), "what is not a file"),
        (hard_link("h", "inward"), "what is not a file"),
        (hard_link("h", "inward/file"), "place of a directory"),
        (member("f", tarfile.FIFOTYPE), "neither"),
        (member("c", tarfile.CHRTYPE, devmajor=1, devminor=3), "neither"),
        (member("b", tarfile.BLKTYPE), "neither"),
        (member("u", b"Z"), "neither"),
        (member("d"), "directory is in its place"),
        (link("d", "file"), "directory is in its place"),
        (directory("file"), "place of a directory"),
        (member("file/x"), "place of a directory"),
        (member("inward/through"), "place of a directory"),
        (directory("inward"), "place of a directory"),
        (directory("inward/deeper"), "place of a directory"),
    ],
)
def test_what_is_left_out_and_the_rest_arrives(fresh, entry, why):
    (fresh.parent / "outside").write_text("mine")
    before = [directory("d"), member("file", data=b"f"), link("inward", "d")]
    left_out, _ = unpacked(archive(*before, entry, member("last", data=b"x")), fresh)
    assert list(left_out) == [entry[0].name]
    assert why in left_out[entry[0].name]
    assert set(tree(fresh)) - {"x"} == {"d", "file", "inward", "last"}
    assert (fresh.parent / "outside").read_text() == "mine"


def test_setuid_setgid_and_sticky_bits_are_dropped(fresh):
    _, statuses = unpacked(archive(member("f", mode=0o7755), directory("d", mode=0o7777)), fresh)
    assert stat.S_IMODE((fresh / "f").stat().st_mode) == 0o755
    assert statuses[(b"d",)][0] == 0o777


def test_a_file_system_without_modes_and_times_takes_the_files(fresh, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    assert unpacked(archive(member("f", data=b"x"), link("l", "f")), fresh)[0] == {}
    assert tree(fresh) == ["f", "l"]


@pytest.mark.parametrize("time", [2**62, -(2**62)])
def test_an_impossible_time_is_the_epoch(fresh, time):
    unpacked(archive(member("f", mtime=time)), fresh)
    assert (fresh / "f").stat().st_mtime == 0


@pytest.mark.parametrize("time", ["nan", "inf", "-1e300", "later"])
def test_an_impossible_time_in_an_extended_header_is_the_epoch(fresh, time):
    unpacked(archive(member("f", pax_headers={"mtime": time}, mtime=0), kind=tarfile.PAX_FORMAT), fresh)
    assert (fresh / "f").stat().st_mtime == 0


@pytest.mark.parametrize("path", ["../outside", "/etc/x", "a/\0"])
def test_the_path_of_an_extended_header_counts(fresh, path):
    data = archive(member("harmless", pax_headers={"path": path}), kind=tarfile.PAX_FORMAT)
    assert len(unpacked(data, fresh)[0]) == 1
    assert tree(fresh) == []


def test_the_link_of_an_extended_header_counts(fresh):
    info, _ = link("l", "harmless")
    info.pax_headers = {"linkpath": "/etc/passwd"}
    assert list(unpacked(archive((info, b""), kind=tarfile.PAX_FORMAT), fresh)[0]) == ["l"]


def test_a_global_header_does_not_pile_up(fresh):
    headers = [tarfile.TarInfo.create_pax_global_header({f"k{at}": "v"}) for at in range(3)]
    data = archive(*headers, member("f", data=b"x"))
    assert unpacked(data, fresh)[0] == {}
    assert tree(fresh) == ["f"]


def test_the_last_of_a_name_counts_and_is_a_file_of_its_own(fresh):
    data = archive(member("a", data=b"first"), hard_link("kept", "a"), member("a", data=b"second"), hard_link("a", "a"))
    assert unpacked(data, fresh)[0] == {}
    assert ((fresh / "a").read_text(), (fresh / "kept").read_text()) == ("second", "first")


def test_a_file_after_a_link_of_its_name_replaces_it(fresh):
    data = archive(member("real", data=b"mine"), link("l", "real"), member("l", data=b"theirs"))
    assert unpacked(data, fresh)[0] == {}
    assert ((fresh / "real").read_text(), (fresh / "l").read_text()) == ("mine", "theirs")


def test_names_that_differ_in_case_alone_never_lead_through_a_link(fresh):
    data = archive(directory("d"), link("Link", "d"), directory("link"), member("link/x", data=b"1"), member("LINK"))
    unpacked(data, fresh)
    assert not (fresh / "d" / "x").exists()
    assert (fresh.parent / "probe").write_text("") == 0
    case_matters = not (fresh.parent / "PROBE").exists()
    assert (fresh / "link" / "x").exists() == case_matters


def test_missing_directories_are_made(fresh):
    assert unpacked(archive(member("a/b/c", data=b"x")), fresh) == ({}, {})
    assert (fresh / "a/b/c").read_text() == "x"


def test_only_a_file_that_was_asked_for_arrives(fresh):
    data = archive(member("./x/f"), link("g", "f"), member("./f", data=b"1"), member("h"), directory("d"))
    left_out, _ = unpacked(data, fresh, only="f")
    assert set(left_out) == {"./x/f", "g", "h", "d"}
    assert tree(fresh) == ["f"]
    left_out, _ = unpacked(archive(link("./f", "g")), fresh, only="f")
    assert list(left_out) == ["./f"]
    assert not (fresh / "f").is_symlink()


SPARSE_OLD = tarfile.TarInfo("sparse")
SPARSE_OLD.type, SPARSE_OLD.size = tarfile.GNUTYPE_SPARSE, 0


def old_sparse(extended):
    block = bytearray(SPARSE_OLD.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"00000000000\0" + b"00000000000\0"
    block[482] = extended
    block[483:495] = b"77777777777\0"
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


@pytest.mark.parametrize(
    "bomb",
    [
        old_sparse(extended=0),
        archive(
            member("sparse", pax_headers={"GNU.sparse.size": str(2**50), "GNU.sparse.numblocks": "0"}),
            kind=tarfile.PAX_FORMAT,
        )[:-1024],
        archive(
            member("sparse", pax_headers={"GNU.sparse.map": "0,0", "GNU.sparse.size": str(2**50)}),
            kind=tarfile.PAX_FORMAT,
        )[:-1024],
    ],
    ids=["gnu", "pax 0.0", "pax 0.1"],
)
def test_a_sparse_file_is_left_out_unread(fresh, bomb):
    left_out, _ = unpacked(archive(bomb, member("last")), fresh)
    assert left_out == {"sparse": "It is a sparse file."}
    assert tree(fresh) == ["last"]


def endless(*beginning, then=b"\1" * 512):
    """A stream that never ends, and counts what is read of it."""

    class Stream(io.RawIOBase):
        taken, rest = 0, b"".join(beginning)

        def read(self, size=-1):
            data, self.rest = self.rest[:size], self.rest[size:]
            data = data or (then * (size // len(then) + 1))[:size]
            self.taken += len(data)
            return data

    return Stream()


def header(name, kind, size, **values):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    for key, value in values.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


PAX_SPARSE = archive(
    member("sparse", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}, data=b""), kind=tarfile.PAX_FORMAT
)[:-1024]


@pytest.mark.parametrize(
    "stream",
    [
        endless(header("p", tarfile.XHDTYPE, 2**40)),
        endless(header("p", tarfile.XGLTYPE, 2**40)),
        endless(header("p", tarfile.GNUTYPE_LONGNAME, 2**40)),
        endless(header("p", tarfile.GNUTYPE_LONGLINK, 2**33)),
        endless(old_sparse(extended=1)),
        endless(PAX_SPARSE, then=b"9" * 500 + b"\n" * 12),
        endless(b"", then=header("p", tarfile.XHDTYPE, 0)),
        endless(b"", then=header("p", tarfile.GNUTYPE_LONGNAME, 512) + b"x" * 512),
        endless(archive(member("a"))[:-1024], then=header("p", tarfile.XGLTYPE, 512) + b"12 a=bbbbbb\n" + bytes(500)),
    ],
    ids=["pax", "global", "long name", "long link", "old map", "new map", "paxes", "long names", "globals"],
)
def test_endless_headers_end_it_with_little_in_memory(fresh, stream):
    with handle(fresh) as opened, pytest.raises(ArchiveError):
        unpack.unpack(stream, opened, lambda *_: None)
    assert stream.taken < 2**20


def test_endless_data_ends_where_the_disk_does(fresh, monkeypatch):
    class FullError(OSError):
        pass

    def on_bytes(size):
        if size > 2**24:
            raise FullError(28, "No space left on device")

    with handle(fresh) as opened, pytest.raises(OSError, match="No space left"):
        unpack.unpack(endless(header("f", tarfile.REGTYPE, 2**60)), opened, lambda *_: None, on_bytes)


def test_endless_padding_is_not_read(fresh):
    stream = endless(archive(member("f")), then=bytes(512))
    with handle(fresh) as opened:
        unpack.unpack(stream, opened, lambda *_: None)
    assert stream.taken < 2**23
    assert tree(fresh) == ["f"]


def test_more_members_than_the_limit_end_it(fresh):
    stream = endless(b"", then=header("f", tarfile.FIFOTYPE, 0))
    left_out = []
    with handle(fresh) as opened, pytest.raises(ArchiveError, match="100000 members"):
        unpack.unpack(stream, opened, lambda name, why: left_out.append(name))
    assert len(left_out) == members.MOST_MEMBERS == 100_000


def test_few_members_with_many_directories_end_it(fresh, monkeypatch):
    monkeypatch.setattr(unpack, "MOST_MEMBERS", 5)
    with pytest.raises(ArchiveError, match="5 directories"):
        unpacked(archive(member("a/b/c/d/e/f/x")), fresh)


WHOLE = archive(directory("d"), member("d/a", data=b"x" * 700), member("b", data=b"y"))


@pytest.mark.parametrize("length", range(0, len(WHOLE) - 512, 256))
def test_a_truncated_archive_is_an_error_wherever_it_ends(fresh, length):
    with pytest.raises(ArchiveError):
        unpacked(WHOLE[:length], fresh)


@pytest.mark.parametrize(
    "data",
    [
        b"garbage" * 1000,
        b"\0" * 100,
        gzip.compress(WHOLE),
        WHOLE[:512] + b"garbage" * 1000 + bytes(1024),
        WHOLE[:512] + header("f", tarfile.REGTYPE, 2**70) + bytes(1024),
        WHOLE[:512] + header("f", tarfile.FIFOTYPE, 2**70) + header("g", b"Z", 2**70),
        archive(member("f", size=-(2**20))),
        archive(member("f", pax_headers={"size": "-1048576"}), kind=tarfile.PAX_FORMAT),
        archive(member("f", pax_headers={"size": "9" * 30}), kind=tarfile.PAX_FORMAT),
        archive(member("f", pax_headers={"GNU.sparse.map": "x,y"}), kind=tarfile.PAX_FORMAT),
        header("p", tarfile.XHDTYPE, 512) + b"x" * 512 + bytes(1024),
        WHOLE[:512] + header("p", tarfile.XHDTYPE, 512) + b"6 a=b\n" + bytes(506 + 1024),
        header("p", tarfile.GNUTYPE_LONGNAME, 512) + b"x" * 512 + bytes(1024),
    ],
)  # fmt: skip
def test_a_malformed_archive_is_an_error(fresh, data):
    with pytest.raises(ArchiveError):
        unpacked(data, fresh)


@pytest.mark.parametrize("record", [b"3 a=b\n", b"99 a=b\n", b"x\n", b"6 a b\n", b"6 a=bc"])
def test_a_malformed_extended_header_never_passes_for_the_end(fresh, record):
    extended = header("p", tarfile.XHDTYPE, 512) + record + bytes(512 - len(record))
    with suppress(ArchiveError):  # not every Python finds fault with it
        unpacked(WHOLE[:512] + extended + WHOLE[512:], fresh)
        assert tree(fresh) == ["b", "d", "d/a"]


def test_an_empty_archive_is_one(fresh):
    assert unpacked(bytes(1024), fresh) == ({}, {})


def test_bytes_are_counted(fresh):
    seen = []
    unpacked(WHOLE, fresh, on_bytes=seen.append)
    assert seen[-1] == len(WHOLE)


@pytest.mark.parametrize("swap", ["d", "d/e"])
def test_a_link_that_another_puts_in_a_directorys_place_is_not_followed(fresh, swap):
    outside = fresh.parent / "outside"
    outside.mkdir()
    (outside / "e").mkdir()
    where = {"unswapped": True}

    def meanwhile(*_):
        if where.pop("unswapped", False):
            (fresh / swap).rename(fresh / "moved")
            (fresh / swap).symlink_to(outside)

    data = archive(directory("d"), directory("d/e"), member("fifo", tarfile.FIFOTYPE), member("d/e/f", data=b"x"))
    left_out = {}
    with handle(fresh) as opened:
        unpack.unpack(
            io.BytesIO(data), opened, lambda name, why: (left_out.__setitem__(name, why), meanwhile())
        )  # fmt: skip
    assert tree(outside) == ["e"]


NAMES = st.lists(st.sampled_from(["a", "b", "A", "..", ".", "", "l", "ü", "x\ny", "\udcff"]), max_size=4).map("/".join)
KINDS = [
    tarfile.REGTYPE,
    tarfile.AREGTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.CONTTYPE,
    b"Z",
]
MEMBERS = st.builds(
    lambda name, kind, target, mode, root: member(
        root + name, kind, b"data" if kind in {tarfile.REGTYPE, tarfile.CONTTYPE} else b"", target, mode=mode
    ),
    NAMES, st.sampled_from(KINDS), NAMES, st.integers(0, 0o7777), st.sampled_from(["", "", "./", "/", "../"]),
)  # fmt: skip


def snapshot(root, but):
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_nlink, path.is_file() and path.read_bytes())
        for path in root.rglob("*")
        if path != but and but not in path.parents
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MEMBERS, max_size=12), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.integers(0, 3000))
def test_whatever_comes_stays_below_the_fresh_directory(tmp_path_factory, entries, kind, cut):
    place = tmp_path_factory.mktemp("place")
    fresh = place / "in" / "fresh"
    fresh.mkdir(parents=True)
    for name in ("a", "l", "in/b"):
        (place / name).write_bytes(b"outside")
    before = snapshot(place, fresh)
    data = archive(*entries, kind=kind)
    try:
        unpacked(data[: -cut or None] if cut < 1024 else data, fresh)
    except ArchiveError:
        assert cut
    assert snapshot(place, fresh) == before
    for path in fresh.rglob("*"):
        status = path.lstat()
        assert any(allowed(status.st_mode) for allowed in ALLOWED)
        assert path.is_symlink() or not status.st_mode & 0o7000
        assert not path.is_symlink() or leads_to(path).is_relative_to(fresh)


def leads_to(path):
    """Where a link leads to; a loop leads nowhere else, though Python takes `a -> a//a` for one to `/a`."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return path
    return path.resolve()
