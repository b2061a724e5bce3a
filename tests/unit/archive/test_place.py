import os
import stat
from contextlib import ExitStack

import pytest

from sysinit_vm.archive.place import fresh_directory, merge, opened, place_directory, place_file


@pytest.fixture
def place(tmp_path):
    """A fresh directory with things in it, a target, and what is neither; ``handles`` are those of the first two."""
    for name in ("fresh", "goal", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "f").write_text("mine")
    with ExitStack() as stack:
        parent = os.open(tmp_path, os.O_RDONLY)
        stack.callback(os.close, parent)
        yield tmp_path, *(stack.enter_context(opened(name, parent)) for name in ("fresh", "goal")), parent


def merged(place, statuses=None):
    left_out = {}
    merge(place[1], place[2], statuses or {}, left_out.__setitem__)
    return left_out


def test_trees_become_one_and_the_newer_file_stays(place):
    root = place[0]
    for name, text in (("fresh", "new"), ("goal", "old")):
        (root / name / "d" / "e").mkdir(parents=True)
        (root / name / "d" / "e" / "f").write_text(text)
    (root / "goal" / "d" / "mine").write_text("stays")
    (root / "fresh" / "d" / "l").symlink_to("e")
    (root / "goal" / "d").chmod(0o711)
    assert merged(place, {(b"d",): (0o777, 0)}) == {}
    assert (root / "goal/d/e/f").read_text() == "new"
    assert (root / "goal/d/mine").read_text() == "stays"
    assert str((root / "goal/d/l").readlink()) == "e"
    assert stat.S_IMODE((root / "goal/d").stat().st_mode) == 0o711


def test_a_new_directory_gets_its_status_when_it_is_complete(place):
    root = place[0]
    (root / "fresh" / "d" / "e").mkdir(parents=True)
    (root / "fresh" / "d" / "e" / "f").write_text("x")
    assert merged(place, {(b"d",): (0o555, 10**18), (b"d", b"e"): (0o511, 10**18)}) == {}
    for name, mode in (("d", 0o555), ("d/e", 0o511)):
        status = (root / "goal" / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (mode, 1_000_000_000)


def test_a_link_in_a_directorys_place_is_left_alone_and_told(place):
    root = place[0]
    (root / "fresh" / "d").mkdir()
    (root / "fresh" / "d" / "f").write_text("theirs")
    (root / "fresh" / "other").write_text("x")
    (root / "goal" / "d").symlink_to(root / "outside")
    left_out = merged(place)
    assert list(left_out) == ["d"]
    assert "in its place" in left_out["d"]
    assert (root / "goal" / "d").is_symlink()
    assert (root / "outside" / "f").read_text() == "mine"
    assert (root / "goal" / "other").exists()


def test_a_file_replaces_a_link_and_is_not_written_through_it(place):
    root = place[0]
    (root / "fresh" / "f").write_text("theirs")
    (root / "goal" / "f").symlink_to(root / "outside" / "f")
    assert merged(place) == {}
    assert (root / "goal" / "f").read_text() == "theirs"
    assert (root / "outside" / "f").read_text() == "mine"


def test_a_directory_in_a_files_place_is_left_alone_and_told(place):
    root = place[0]
    (root / "fresh" / "f").write_text("theirs")
    (root / "goal" / "f").mkdir()
    assert list(merged(place)) == ["f"]
    assert (root / "goal" / "f").is_dir()


def test_one_file_takes_a_name_of_its_own(place):
    root = place[0]
    (root / "fresh" / "f").write_text("x")
    place_file("f", place[1], "g", place[2])
    assert (root / "goal" / "g").read_text() == "x"


def test_a_directory_takes_a_name_of_its_own(place):
    root = place[0]
    (root / "fresh" / "f").write_text("x")
    place_directory(place[1], "new", place[2], {(): (0o700, 10**18)}, print)
    assert (root / "goal" / "new" / "f").read_text() == "x"
    assert (root / "goal" / "new").stat().st_mtime == 1_000_000_000


def test_a_file_system_without_modes_takes_directories(place, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    (place[0] / "fresh" / "d").mkdir()
    assert merged(place, {(b"d",): (0o755, 0)}) == {}
    assert (place[0] / "goal" / "d").is_dir()


def test_a_directory_does_not_take_a_links_name(place):
    root = place[0]
    (root / "fresh" / "f").write_text("theirs")
    (root / "goal" / "new").symlink_to(root / "outside")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        place_directory(place[1], "new", place[2], {}, print)
    assert (root / "outside" / "f").read_text() == "mine"


def test_a_fresh_directory_is_private_and_removed_whatever_happens(place):
    root, parent = place[0], place[3]
    before = set(root.iterdir())

    def use(error):
        with fresh_directory(parent) as handle:
            (made,) = set(root.iterdir()) - before
            assert stat.S_IMODE(made.stat().st_mode) == 0o700
            assert os.fstat(handle).st_ino == made.stat().st_ino
            (made / "d").mkdir()
            (made / "d" / "f").write_text("x")
            raise error

    for error in (KeyboardInterrupt, OSError, ValueError):
        with pytest.raises(error):
            use(error)
        assert set(root.iterdir()) == before


def test_a_link_in_the_fresh_directorys_place_keeps_what_it_leads_to(place):
    root, parent = place[0], place[3]
    before = set(root.iterdir())
    with fresh_directory(parent):
        (made,) = set(root.iterdir()) - before
        made.rename(root / "moved")
        made.symlink_to(root / "outside")
    assert (root / "outside" / "f").read_text() == "mine"


def test_a_link_that_would_lead_through_one_of_the_users_is_left_out(place):
    """Its text stays in what is copied, but the target has a link of that name."""
    root, _, _, parent = place
    source, target, told = root / "fresh", root / "goal", []
    for directory in (source / "a", target / "a"):
        directory.mkdir()
    (target / "out").symlink_to(root / "outside")
    (target / "lib.so").symlink_to("lib.so.1")  # as it came before
    (source / "x").symlink_to("out/f")
    (source / "a" / "y").symlink_to("../out/f")
    (source / "lib.so").symlink_to("lib.so.1")
    (source / "chain").symlink_to("lib.so")
    (source / "lib.so.1").write_text("")
    with opened("fresh", parent) as handle:
        place_directory(handle, "goal", parent, {}, lambda path, _: told.append(path))
    assert sorted(told) == ["a/y", "x"]
    assert sorted(path.name for path in target.iterdir()) == ["a", "chain", "lib.so", "lib.so.1", "out"]


def test_links_that_lead_on_to_one_of_the_users_are_left_out_by_a_merge_too(place):
    root = place[0]
    source, target = root / "fresh", root / "goal"
    (target / "c").symlink_to(root / "outside")
    (target / "L").symlink_to(root / "outside")
    (source / "d").mkdir()
    for name, text in {
        "a": "c/f",
        "b": "c/f",
        "e": ".",
        "g": "e/c/f",
        "d/up": "..",
        "h": "d/up/c/f",
        "i": "L",
        "j": "i/f",
        "loop": "loop",
        "fine": "d/up/d",
    }.items():
        (source / name).symlink_to(text)
    assert set(merged(place)) == {"a", "b", "g", "h", "i", "j", "loop"}
    assert (target / "fine").is_symlink()
