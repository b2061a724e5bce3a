"""The disk of the host is full under a running VM."""

import subprocess
import time

import pytest

from tests.lima.conftest import inside

FILL = "dd if=/dev/urandom of=~/much bs=1M count=2000 oflag=direct >/dev/null 2>&1 &"


@pytest.fixture
def full(world):
    """A VM whose disk lies on a small file system; what makes room there comes with it."""
    place = world.place / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=650m,mode=755", "tmpfs", place], check=True)
    project = world.project("full")
    usual = world.env["LIMA_HOME"]
    (place / "_images").symlink_to(world.lima_home / "_images")
    world.env["LIMA_HOME"] = str(place)

    def make_room():
        subprocess.run(["mount", "-o", "remount,size=3g", place], check=True)

    try:
        world.ok(project, "init", "minimal")
        world.ok(project, "start")
        yield project, make_room
    finally:
        done = world.run(project, "destroy", "--yes")
        world.env["LIMA_HOME"] = usual
        subprocess.run(["umount", place], check=True)
        assert done.returncode == 0


def test_a_paused_guest_is_told_and_goes_on_when_there_is_room(world, full):
    project, make_room = full
    inside(world, project, "echo alive >/dev/shm/mark")
    world.ok(project, "exec", FILL)
    deadline = time.monotonic() + 300
    while "Paused" not in world.ok(project, "status"):
        assert time.monotonic() < deadline
        time.sleep(2)
    assert "Try: sysinit-vm start, when there is room" in world.run(project, "status").stderr
    for words in (["exec", "true"], ["start"], ["stop"], ["restart"]):
        done = world.run(project, *words)
        assert done.returncode == 4
        assert "The VM full-dev is paused: the disk of this machine is full." in done.stderr
        assert "Try: " in done.stderr
    assert "paused: the disk of this machine is full" in world.run(project, "doctor").stdout
    make_room()
    world.ok(project, "start")
    assert inside(world, project, "cat /dev/shm/mark") == "alive\n"
    world.ok(project, "stop")
