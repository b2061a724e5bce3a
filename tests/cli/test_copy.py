"""`copy` through real words and real tar; the fake guest is this machine, so its home is ours."""

import io
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import tarfile
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
        (("a", "b"), 2, "Neither side is in the guest"),
        ((":a", ":b"), 2, "Both sides are in the guest"),
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
    assert re.search("Try: sysinit-vm ((help )?copy|exec )", done.stderr)
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


def programs(world, **scripts):
    """Put programs first in the PATH; the guest, which is this machine, runs them too."""
    directory = world.fake / "bin"
    directory.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    return {"PATH": f"{directory}:{world.env['PATH']}"}


def test_what_the_guests_tar_meets_is_told_with_status_1(world, place):
    source, goal = place
    (source / "f").write_text("x")
    failing = programs(world, tar="echo no space left >&2\nexit 2")
    for words in ((str(source / "f"), f":{goal}"), (f":{source}/f", str(goal))):
        done = world.run("copy", *words, **failing)
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("mark", [(":", ""), ("", ":")])
def test_ctrl_c_and_a_closed_terminal_end_it_and_leave_nothing_half(world, place, mark, number):
    source, goal = place
    with (source / "big").open("wb") as big:
        big.truncate(2**36)
    process = world.begin(*SCRIPT, "copy", f"{mark[0]}{source}/big", f"{mark[1]}{goal}")
    wait_until(lambda: list(goal.glob(".copy.*/big")))
    os.killpg(process.pid, number)
    assert process.wait(timeout=30) == 130
    wait_until(lambda: not list(goal.iterdir()))


def test_a_terminal_that_goes_away_leaves_nothing_half(world, place):
    """Nothing can be written to it any more, while the rest is removed."""
    source, goal = place
    with (source / "big").open("wb") as big:
        big.truncate(2**36)
    terminal, its_end = os.openpty()
    lead = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    argv = [sys.executable, "-c", lead, *SCRIPT, "copy", f":{source}/big", str(goal)]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), its_end)
    with subprocess.Popen(argv, cwd=world.demo, env=world.env, start_new_session=True, **streams):
        os.close(its_end)
        wait_until(lambda: list(goal.glob(".copy.*/big")))
        os.close(terminal)
    assert list(goal.iterdir()) == []


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGKILL])
def test_a_directory_that_is_cut_off_changes_no_file_in_the_guest(world, place, ends):
    source, goal = place
    for name in ("a", "z"):
        (goal / name).write_text("old")
        (source / name).write_text("new")
    with (source / "m").open("wb") as big:
        big.truncate(2**36)
    process = world.begin(*SCRIPT, "copy", f"{source}/.", f":{goal}")
    wait_until(lambda: list(goal.glob(".copy.*/m")))
    os.killpg(process.pid, ends)
    process.wait(timeout=30)
    wait_until(lambda: sorted(path.name for path in goal.iterdir()) == ["a", "z"])
    assert [(goal / name).read_text() for name in ("a", "z")] == ["old", "old"]


def test_a_directory_that_the_guest_cannot_hold_leaves_no_half_of_it(world, place):
    source, goal = place
    (source / "a").write_text("new")
    (goal / "a").write_text("old")
    real = shlex.quote(next(path for path in ("/usr/bin/tar", "/bin/tar") if os.access(path, os.X_OK)))
    full = programs(world, tar=f'{real} "$@"\necho No space left on device >&2\nexit 2')
    for target in (goal, goal / "new"):
        done = world.run("copy", f"{source}/.", f":{target}", **full)
        assert (done.returncode, "No space left on device" in done.stderr) == (1, True)
    assert {path.name: path.read_text() for path in goal.iterdir()} == {"a": "old"}


def test_a_directory_is_merged_with_one_in_the_guest_as_cp_does_it(world, place):
    source, goal = place
    for name in NASTY:
        (source / "d" / name).mkdir(parents=True)
        (source / "d" / name / name).write_text(name)
        (source / "d" / f".{name}").write_text("hidden")
    for path in (source / "closed" / "inner", goal / "closed", goal / "link to", goal / "taken", source / "l"):
        path.mkdir(parents=True)
    (source / "closed" / "inner" / "f").write_text("x")
    (source / "closed" / "inner").chmod(0o555)
    (source / "closed").chmod(0o555)
    (goal / "closed").chmod(0o751)
    (source / "l" / "f").write_text("new")
    (goal / "l").symlink_to("link to")
    (source / "taken").write_text("a file")
    (goal / "f").symlink_to("link to")
    (source / "f").write_text("whole")
    (goal / "d").mkdir()
    (goal / "d" / "mine").write_text("stays")
    done = world.run("copy", f"{source}/.", f":{goal}")
    assert done.returncode == 1  # for what a link or a directory is in the place of
    assert "/l" in done.stderr
    assert "/taken" in done.stderr
    assert {path.name for path in (goal / "d").iterdir()} == {"mine", *NASTY, *(f".{name}" for name in NASTY)}
    assert [(goal / "d" / name / name).read_text() for name in NASTY] == NASTY
    modes = [stat.S_IMODE((goal / path).stat().st_mode) for path in ("closed", "closed/inner")]
    assert modes == [0o751, 0o555]
    assert (goal / "f").read_text() == "whole"
    assert not (goal / "f").is_symlink()
    assert (goal / "taken").is_dir()
    assert list((goal / "link to").iterdir()) == []
    assert sorted(path.name for path in goal.iterdir()) == ["closed", "d", "f", "l", "link to", "taken"]
    for path in (source / "closed", source / "closed/inner", goal / "closed/inner"):
        path.chmod(0o755)


def member(name, data=b"", kind=tarfile.REGTYPE, **values):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for key, value in values.items():
        setattr(info, key, value)
    return info, data


def hostile(world, *members, cut=None):
    """Let the guest send these members, whatever it was asked for; return the variables for that."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    sent = world.fake / "sent.tar"
    sent.write_bytes(stream.getvalue()[:cut])
    real = shlex.quote(next(path for path in ("/usr/bin/tar", "/bin/tar") if os.access(path, os.X_OK)))
    script = f'case " $* " in *" -cf "*) exec cat {shlex.quote(str(sent))};; esac\nexec {real} "$@"'
    return programs(world, tar=script)


@pytest.fixture
def secret(world):
    """What no guest may change."""
    bashrc = world.home / ".bashrc"
    bashrc.write_text("mine")
    (world.home / ".ssh").mkdir(exist_ok=True)
    (world.home / ".ssh" / "id").write_text("secret")
    yield bashrc
    assert bashrc.read_text() == "mine"
    assert (world.home / ".ssh" / "id").read_text() == "secret"
    assert [path.name for path in (world.home / ".ssh").iterdir()] == ["id"]


def test_nothing_is_written_through_a_link_that_the_guest_sent_before(world, place, secret):
    source, goal = place
    (source / "x").write_text("theirs")
    sends = hostile(
        world, member(".", kind=tarfile.DIRTYPE, mode=0o755), member("./x", kind=tarfile.SYMTYPE, linkname=str(secret))
    )
    first = world.run("copy", f":{source}/.", str(goal), **sends)
    assert first.returncode == 1
    assert "from/./x: It is a link that leads out of what is copied." in first.stderr
    ok(world, f":{source}/x", str(goal))
    assert (goal / "x").read_text() == "theirs"


def test_nothing_is_written_through_a_link_in_the_target(world, place, secret):
    source, goal = place
    (source / "x").write_text("theirs")
    (source / "d").mkdir()
    (source / "d" / "id").write_text("theirs")
    (goal / "x").symlink_to(secret)
    (goal / "d").symlink_to(world.home / ".ssh")
    ok(world, f":{source}/x", str(goal))
    assert not (goal / "x").is_symlink()
    refused = world.run("copy", f":{source}/d", str(goal))
    assert refused.returncode == 1
    assert "is a link, which is not followed" in refused.stderr
    merged = world.run("copy", f":{source}/.", str(goal))
    assert merged.returncode == 1
    assert "/d: A link or a file is in its place" in merged.stderr
    assert (goal / "d").is_symlink()


def test_nothing_is_written_through_a_link_inside_an_archive_that_is_sent_twice(world, place, secret):
    source, goal = place
    sends = hostile(
        world,
        member("./d", kind=tarfile.SYMTYPE, linkname=str(world.home / ".ssh")),
        member("./d/authorized_keys", b"theirs"),
        member("./rest", b"rest"),
    )
    for _ in range(2):
        done = world.run("copy", f":{source}", f"{goal}/new", **sends)
        assert done.returncode == 1
        assert (goal / "new" / "rest").read_text() == "rest"
        assert not (goal / "new" / "d").is_symlink()


@pytest.mark.parametrize("words", [("out",), ("out/",), ("out/new",), ("sub/out",), ("../demo/out",)])
def test_nothing_is_written_through_a_link_that_is_planted_in_the_project(world, place, secret, words):
    source, _ = place
    (source / "x").write_text("theirs")
    (source / "d").mkdir()
    (world.demo / "sub").mkdir()
    for planted in (world.demo / "out", world.demo / "sub" / "out"):
        planted.symlink_to(world.home / ".ssh")
    for path in (f":{source}/x", f":{source}/d"):
        done = world.run("copy", path, *words)
        assert done.returncode == 1
        assert "is a link" in done.stderr
        assert "Copying" not in done.stderr


@pytest.mark.parametrize("path", ["leak", "leak/id", "sub/../leak/id", "key"])
def test_no_link_that_is_planted_in_the_project_is_read(world, place, secret, path):
    _, goal = place
    (world.demo / "sub").mkdir()
    (world.demo / "leak").symlink_to(world.home / ".ssh")
    (world.demo / "key").symlink_to(world.home / ".ssh" / "id")
    done = world.run("copy", path, f":{goal}")
    assert done.returncode == 1
    assert "is a link" in done.stderr
    assert list(goal.iterdir()) == []


@pytest.mark.parametrize("path", ["src", "src/.", "src/id"])
def test_no_link_is_read_that_the_guest_plants_once_the_path_was_looked_up(world, place, secret, path):
    _, goal = place
    src, away = world.demo / "src", world.demo / "away"
    src.mkdir()
    (src / "id").write_text("harmless")
    plants = f"mv {src} {away} && ln -s {world.home}/.ssh {src}"
    meanwhile = programs(world, sh=f'[ -d {away} ] || {{ {plants}; }} 2>/dev/null\nexec /bin/sh "$@"')
    done = world.run("copy", path, f":{goal}", **meanwhile)
    assert src.is_symlink()
    assert done.returncode == 1
    assert [each for each in goal.rglob("*") if each.is_file()] == []


def test_the_users_own_links_outside_the_project_are_followed(world, place):
    source, goal = place
    (source / "x").write_text("new")
    (world.home / "short").symlink_to("to")
    (world.home / "name").symlink_to(goal / "file")
    ok(world, f":{source}/x", str(world.home / "short"))
    ok(world, f":{source}/x", str(world.home / "name"))
    ok(world, str(world.home / "short" / "x"), f":{goal}/back")
    assert {path.name: path.read_text() for path in goal.iterdir()} == dict.fromkeys(("x", "file", "back"), "new")
    assert (world.home / "name").is_symlink()


def test_a_directory_comes_out_of_the_guest_as_cp_puts_it(world, place):
    source, goal = place
    (source / "d" / "sub").mkdir(parents=True)
    (source / "d" / "sub" / "run").write_text("x")
    (source / "d" / "sub" / "run").chmod(0o751)
    (source / "d" / "link").symlink_to("sub/run")
    (source / "d" / "sub").chmod(0o511)
    ok(world, f":{source}/d", str(goal))
    ok(world, f":{source}/d", f"{goal}/new")
    for name in ("d", "new"):
        assert tree(goal / name) == tree(source / "d"), name
    (goal / "new" / "mine").write_text("stays")
    (source / "d" / "more").write_text("more")
    ok(world, f":{source}/d/.", f"{goal}/new")
    assert (goal / "new" / "mine").read_text() == "stays"
    assert (goal / "new" / "more").read_text() == "more"
    for directory in (source / "d" / "sub", *(goal / name / "sub" for name in ("d", "new"))):
        directory.chmod(0o755)


def test_setuid_bits_and_devices_do_not_arrive_and_the_rest_does(world, place):
    source, goal = place
    sends = hostile(
        world,
        member(".", kind=tarfile.DIRTYPE, mode=0o7777),
        member("./su", b"x", mode=0o6755),
        member("./pipe", kind=tarfile.FIFOTYPE),
        member("./\x1b[2J", kind=tarfile.CHRTYPE),
        member("../up", b"x"),
    )
    done = world.run("copy", f":{source}", f"{goal}/new", **sends)
    assert done.returncode == 1
    assert "Left out: 3. The rest was copied." in done.stderr
    assert r"\x1b[2J: It is neither a file, nor a directory, nor a link." in done.stderr
    assert "\x1b[2J" not in done.stderr
    assert stat.S_IMODE((goal / "new").stat().st_mode) == 0o777
    assert tree(goal / "new") == {"su": (0o755, False)}
    assert [path.name for path in goal.iterdir()] == ["new"]


def test_what_comes_beside_a_single_file_is_named_by_its_own_path(world, place):
    source, goal = place
    (source / "a").touch()
    done = world.run("copy", f":{source}/a", str(goal), **hostile(world, member("./b", b"x"), member("./a", b"x")))
    assert done.returncode == 1
    assert f":{source}/b: It was not asked for." in done.stderr.splitlines()
    assert [path.name for path in goal.iterdir()] == ["a"]


def test_a_single_file_that_cannot_be_read_to_its_end_leaves_the_guests_former_file(world, place):
    """A file of sysfs says that it has a page, and holds less."""
    _, goal = place
    (goal / "online").write_text("former\n")
    done = world.run("copy", "/sys/devices/system/cpu/online", f":{goal}")
    assert (done.returncode, "It changed while it was read." in done.stderr) == (1, True), done.stderr
    wait_until(lambda: [path.name for path in goal.iterdir()] == ["online"])
    assert (goal / "online").read_text() == "former\n"


def test_of_much_that_is_left_out_the_first_is_listed(world, place):
    source, goal = place
    done = world.run("copy", f":{source}", f"{goal}/new", **hostile(world, *(member(f"/{at}") for at in range(1000))))
    assert done.returncode == 1
    assert "and 980 more" in done.stderr
    assert len(done.stderr.splitlines()) < 30


@pytest.mark.parametrize("cut", [0, 100, 512, 1100, 2000])
def test_half_an_archive_changes_nothing(world, place, cut):
    source, goal = place
    (goal / "a").write_text("mine")
    done = world.run(
        "copy",
        f":{source}/.",
        str(goal),
        **hostile(world, member("./a", b"x" * 700), member("./b", b"y" * 700), cut=cut),
    )
    assert done.returncode == 1
    assert "was not copied" in done.stderr
    assert {path.name: path.read_text() for path in goal.iterdir()} == {"a": "mine"}


def test_sigterm_leaves_nothing_half_either(world, place):
    source, goal = place
    with (source / "big").open("wb") as big:
        big.truncate(2**36)
    process = world.begin(*SCRIPT, "copy", f":{source}/big", str(goal))
    wait_until(lambda: list(goal.glob(".copy.*/big")))
    process.terminate()
    assert process.wait(timeout=30) == 130
    assert list(goal.iterdir()) == []
