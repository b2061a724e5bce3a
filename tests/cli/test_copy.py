"""`copy` through real words and real tar; the fake guest is this machine, so its home is ours."""

import os
import signal
import stat
import time

import pytest

from tests.cli.test_entrances import entrances
from tests.worlds import BIN, SCRIPT, TASKS

NASTY = ["a b", "-x", "--name", "ü", "c$d", "e'f", '"', "*", "x:y", "~", "new\nline", "\\", "`id`", "a=b", " ", "#"]


@pytest.fixture
def place(world):
    """Two directories outside the project, so that they are not one on both sides."""
    world.put_vm()
    for name in ("from", "to"):
        (world.home / name).mkdir()
    return world.home / "from", world.home / "to"


def wait_until(happened):
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ok(world, *words, **options):
    done = world.run("copy", *words, **options)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("mark", [(":", ""), ("", ":"), ("demo-dev:", "")])
def test_every_name_arrives_with_mode_and_time_in_both_directions(world, place, mark):
    source, goal = place
    for name in NASTY:
        (source / name).write_text(name)
        (source / name).chmod(0o751)
        os.utime(source / name, (0, 1_000_000_000))
    ok(world, "--", *(f"{mark[0]}{source / name}" for name in NASTY), f"{mark[1]}{goal}")
    for name in NASTY:
        assert (goal / name).read_text() == name
        status = (goal / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o751, 1_000_000_000)
    assert sorted(each.name for each in goal.iterdir()) == sorted(NASTY)


def test_names_relative_to_here_with_a_dash_or_a_mark_of_ours(world, place):
    source, goal = place
    for name in ("-x", ":y", "demo-dev:z", "~"):
        (source / name).write_text(name)
    ok(world, "--project", str(world.demo), "--", "-x", "./:y", "./demo-dev:z", "~", f":{goal}", cwd=source)
    assert sorted(each.name for each in goal.iterdir()) == ["-x", ":y", "demo-dev:z", "~"]


def test_flags_may_stand_anywhere_as_with_cp(world, place):
    source, goal = place
    (source / "a").write_text("1")
    ok(world, str(source / "a"), f":{goal}", "--project", str(world.demo), cwd=world.home)
    assert (goal / "a").exists()


def test_relative_guest_paths_begin_at_its_home(world, place):
    source, _ = place
    (source / "a").write_text("1")
    ok(world, str(source / "a"), ":to/b")
    ok(world, str(source / "a"), ":~/to/c")
    ok(world, str(source / "a"), ":")
    assert (world.home / "to/b").exists()
    assert (world.home / "to/c").exists()
    assert (world.home / "a").exists()


def tree(root):
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.lstat().st_mode), path.is_symlink() and str(path.readlink()))
        for path in root.rglob("*")
    }


def test_a_directory_goes_where_cp_puts_it(world, place):
    source, goal = place
    deep = source / "a b" / "ü" / "empty"
    deep.mkdir(parents=True)
    (source / "a b" / "run").write_text("x")
    (source / "a b" / "run").chmod(0o700)
    (source / "a b" / "link").symlink_to("/nowhere")
    (source / "a b" / "ü").chmod(0o711)
    ok(world, str(source / "a b"), f":{goal}")
    ok(world, str(source / "a b"), f":{goal}/new")
    ok(world, f"{source}/a b/.", f":{goal}/contents")
    for name in ("a b", "new", "contents"):
        assert tree(goal / name) == tree(source / "a b"), name
    (goal / "new" / "mine").write_text("stays")
    (source / "a b" / "run").write_text("newer")
    ok(world, f"{source}/a b/.", f":{goal}/new")
    assert (goal / "new" / "mine").read_text() == "stays"
    assert (goal / "new" / "run").read_text() == "newer"


def test_a_link_is_followed_and_keeps_its_name(world, place):
    source, goal = place
    (source / "real").write_text("x")
    (source / "link").symlink_to("real")
    ok(world, f":{source}/link", str(goal))
    assert [each.name for each in goal.iterdir()] == ["link"]
    assert not (goal / "link").is_symlink()


def test_several_go_into_a_directory_only(world, place):
    source, goal = place
    for name in "ab":
        (source / name).write_text(name)
    ok(world, str(source / "a"), str(source / "b"), f":{goal}")
    assert sorted(each.name for each in goal.iterdir()) == ["a", "b"]
    done = world.run("copy", str(source / "a"), str(source / "b"), f":{goal}/nowhere")
    assert done.returncode == 2
    assert not (goal / "nowhere").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "a source and a target"),
        (("a",), 2, "a source and a target"),
        (("a", "b"), 2, "must be in the guest"),
        ((":a", ":b"), 2, "must be in the guest"),
        (("a", ":b", ":c"), 2, "must be in the guest"),
        (("", ":"), 2, "path is empty"),
        (("there", "", ":"), 2, "path is empty"),
        ((":there", ""), 2, "path is empty"),
        (("missing", ":"), 1, "no such file"),
        ((":missing", "."), 1, "no such file"),
        (("there", ":no/such/place"), 1, "is not a directory"),
        (("directory", "missing", ":to"), 1, "no such file"),
        (("there", ":to"), 1, "and is not a file"),
        (("directory", ":file"), 1, "and is not a directory"),
        (("/dev/null", ":"), 1, "neither a file nor"),
        (("there", ":file/"), 1, "is not a directory"),
        (("there", ":new/"), 2, "is not a directory"),
    ],
)
def test_what_cannot_be_is_refused_in_three_parts_before_anything(world, place, words, code, says):
    source, goal = place
    (source / "there").write_text("x")
    (source / "directory").mkdir()
    (goal / "there").mkdir()
    (world.home / "file").write_text("x")
    before = tree(world.home)
    done = world.run("copy", "--project", str(world.demo), *words, cwd=source)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Try: sysinit-vm copy" in done.stderr
    assert "Copying" not in done.stderr
    assert {
        path for path in set(tree(world.home)) ^ set(before) if ".lima" not in path and ".cache" not in path
    } == set()


def test_the_project_is_not_copied_onto_itself(world):
    world.put_vm()
    (world.demo / "src").mkdir()
    (world.demo / "src" / "f").write_text("precious")
    for words in (("src/f", f":{world.demo}/src/f"), ("src", f":{world.demo}"), (".", f":{world.demo}/src/in")):
        done = world.run("copy", *words)
        assert done.returncode == 2, words
        assert "onto itself" in done.stderr
    assert (world.demo / "src" / "f").read_text() == "precious"
    ok(world, "src/f", f":{world.demo}/g")
    assert (world.demo / "g").read_text() == "precious"


def test_what_tar_meets_is_told_with_status_1(world, place):
    source, goal = place
    (source / "f").write_text("x")
    blocked = world.fake / "bin"
    blocked.mkdir()
    (blocked / "tar").write_text("#!/bin/sh\necho no space left >&2\nexit 2\n")
    (blocked / "tar").chmod(0o755)
    done = world.run("copy", str(source / "f"), f":{goal}", PATH=f"{blocked}:{world.env['PATH']}")
    assert done.returncode == 1
    assert "no space left" in done.stderr
    assert list(goal.iterdir()) == []


def test_a_vm_that_does_not_run_is_exit_4(world):
    world.put_vm("Stopped")
    assert world.run("copy", "a", ":b").returncode == 4


def test_each_entrance_copies_exact_words(world, place):
    source, goal = place
    (source / "a  b'").write_text("x")
    (world.demo / "tasks.py").write_text(TASKS)
    for name, argv in entrances("copy", "--", f"{source}/a  b'", f":{goal}").items():
        done = world.type(*argv)
        assert done.returncode == 0, (name, done.stderr)
        (goal / "a  b'").unlink()


def test_dry_copies_nothing(world, place):
    source, goal = place
    (source / "a").write_text("x")
    done = world.type(str(BIN / "sysinit-vm"), "--dry", "copy", str(source / "a"), f":{goal}")
    assert done.returncode == 0
    assert "tar -C" in done.stderr
    assert list(goal.iterdir()) == []


@pytest.mark.parametrize("mark", [(":", ""), ("", ":")])
def test_ctrl_c_ends_it_and_leaves_nothing_half(world, place, mark):
    source, goal = place
    with (source / "big").open("wb") as big:
        big.truncate(2**36)
    process = world.begin(*SCRIPT, "copy", f"{mark[0]}{source}/big", f"{mark[1]}{goal}")
    wait_until(lambda: list(goal.glob(".copy.*/big")))
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 130
    wait_until(lambda: not list(goal.iterdir()))
