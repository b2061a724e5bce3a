"""A project on a network file system whose server is gone: here one of FUSE that nobody serves."""

import ctypes
import os
import signal
import subprocess
import time

import pytest

from tests.worlds import SCRIPT

_DETACHED = 2  # MNT_DETACH


@pytest.fixture
def dead(world):
    """A healthy project with a VM; another VM's project does not answer any more."""
    other = world.home / "other"
    other.mkdir()
    world.put_vm("Stopped")
    world.put_vm("Stopped", other)
    try:
        server = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        pytest.skip("there is no FUSE here")
    system = ctypes.CDLL(None, use_errno=True)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
    if system.mount(b"dead", bytes(other), b"fuse", 0, options):
        os.close(server)
        pytest.skip("this account may not mount")
    yield other
    system.umount2(bytes(other), _DETACHED)
    os.close(server)


@pytest.mark.parametrize(
    "words",
    ["start", "trust --show", "status", "list", "exec -- true", "copy /etc/passwd :", "prune --yes", "stop --all"],
)
def test_other_projects_go_on_and_the_directory_is_named(world, dead, words):
    if words.startswith(("exec", "copy")):
        (world.lima_home / "demo-dev" / "status").write_text("Running")
    process = world.begin(*SCRIPT, *words.split())
    out, err = process.communicate(timeout=60)
    assert f"{dead} does not answer" in err
    assert process.returncode == 0, out + err
    assert (world.lima_home / "other-dev" / "lima.yaml").exists()


def test_a_command_for_the_silent_vm_ends_and_says_why(world, dead):
    process = world.begin_in(world.home, *SCRIPT, "start", "--name", "other-dev")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert f"{dead}, which it mounts, does not answer." in err
    assert "Try: mount" in err


def test_ctrl_c_ends_the_wait(world, dead):
    process = world.begin(*SCRIPT, "start")
    deadline = time.monotonic() + 30
    while not subprocess.run(["pgrep", "-g", str(process.pid), "-x", "sh"], capture_output=True, check=False).stdout:
        assert time.monotonic() < deadline
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
