"""Files, ssh and editors on the one guest: what `copy`, `ssh-config` and `open` promise."""

import os
import shutil
import stat
import subprocess

import platformdirs
import pytest

from tests.lima.conftest import inside

NAMES = ["a b", "-x", "ü", "c$d", "e'f", '"', "x:y", "new\nline", "*"]


@pytest.fixture(scope="module")
def person(world, demo):
    """Somebody's home with the real ssh, which would ask the password database for it instead of HOME."""
    home, programs = world.place / "person", world.place / "programs"
    home.mkdir()
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F "$HOME/.ssh/config" "$@"\n')
    (programs / "code").write_text('#!/bin/sh\nexec ssh "${2#ssh-remote+}" test -d "$3" -a -d "$3/.lima"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    before = dict(world.env)
    world.env |= {"HOME": str(home), "PATH": f"{programs}{os.pathsep}{world.env['PATH']}"}
    kept = {
        "CACHE": platformdirs.user_cache_path(),
        "DATA": platformdirs.user_data_path(),
        "CONFIG": platformdirs.user_config_path(),
    }
    world.env |= {
        f"XDG_{name}_HOME": str(path) for name, path in kept.items()
    }  # limactl and images stay where they are
    yield home
    world.env.clear()
    world.env |= before


def ssh(world, *words):
    return subprocess.run(
        ["ssh", *words],
        env=world.env,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_files_of_any_name_go_into_the_guest_and_come_back(world, demo, tmp_path):
    source, back = tmp_path / "from", tmp_path / "back"
    (source / "deep ü" / "empty").mkdir(parents=True)
    back.mkdir()
    for name in NAMES:
        (source / name).write_text(name)
        (source / name).chmod(0o751)
        os.utime(source / name, (0, 1_000_000_000))
    (source / "link").symlink_to("/nowhere")
    (source / "inward").symlink_to("a b")
    world.ok(demo, "copy", str(source), ":sent here")
    assert inside(world, demo, 'readlink ~/"sent here"/link').strip() == "/nowhere"
    mode, time, owner, user = inside(world, demo, 'cd ~/"sent here" && stat -c "%a %Y %U" -- -x && id -un').split()
    assert (mode, time, owner) == ("751", "1000000000", user)
    world.ok(demo, "copy", str(source / "a b"), ":~/sent here/again")
    assert inside(world, demo, 'cat ~/"sent here/again"') == "a b"
    done = world.run(demo, "copy", ":sent here", str(back))
    assert done.returncode == 1
    assert "link: It is a link that leads out of what is copied." in done.stderr
    assert "Left out: 1." in done.stderr
    for name in NAMES:
        found = back / "sent here" / name
        assert found.read_text() == name
        assert (stat.S_IMODE(found.stat().st_mode), found.stat().st_mtime) == (0o751, 1_000_000_000)
        assert found.stat().st_uid == os.getuid()
    assert not (back / "sent here" / "link").is_symlink()
    assert str((back / "sent here" / "inward").readlink()) == "a b"
    assert (back / "sent here" / "deep ü" / "empty").is_dir()


def test_copying_says_why_it_cannot(world, demo, tmp_path):
    missing = world.run(demo, "copy", ":no such file", str(tmp_path))
    assert missing.returncode == 1
    assert "no such file" in missing.stderr
    (tmp_path / "f").write_text("x")
    refused = world.run(demo, "copy", str(tmp_path / "f"), ":/etc/f")
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr


def test_ssh_knows_the_vm_from_anywhere_also_without_limas_connection(world, demo, person):
    world.ok(world.place, "ssh-config", "--yes")
    assert (person / ".ssh" / "config").read_text().count("Include") == 1
    shared = ssh(world, "demo-dev", "hostname; exit 7")
    assert (shared.returncode, shared.stdout) == (7, "lima-demo-dev\n")
    alone = ssh(world, "-o", "ControlPath=none", "demo-dev", "hostname")
    assert (alone.returncode, alone.stdout, alone.stderr) == (0, "lima-demo-dev\n", "")


def test_open_gives_an_editor_a_host_and_a_directory_that_ssh_reaches(world, demo, person):
    assert world.run(demo, "open", "--editor", "code", "--yes").returncode == 0


def test_ssh_config_is_taken_back(world, demo, person):
    world.ok(world.place, "ssh-config", "--remove", "--yes")
    assert not (person / ".ssh" / "config").exists()
