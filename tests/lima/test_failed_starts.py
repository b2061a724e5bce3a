"""Starts that fail, on one VM in a directory whose name is hard to carry."""

import os
import shlex
import signal
import subprocess
import time

import psutil
import pytest

from tests.lima.conftest import inside
from tests.worlds import BIN

NAME = "a b'c\"d$e &|#: é[x]{y}`id`"
FAILING = """
- mode: system
  script: |
    #!/bin/sh
    echo about to fail; exit 3
"""
STALL = """\
cat >/usr/local/sbin/stall <<'END'
#!/bin/sh
[ ! -e /var/stalled ] || exit 0
touch /var/stalled
sync
for _ in 1 2; do echo "<3>rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies!" >/dev/kmsg; done
sleep 600
END
chmod +x /usr/local/sbin/stall
cat >/etc/systemd/system/stall.service <<'END'
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/stall
[Install]
WantedBy=sysinit.target
END
systemctl enable stall
"""


@pytest.fixture(scope="module")
def hard(world):
    project = world.project(NAME)
    world.ok(project, "init", "minimal")
    config = project / ".lima/config.yaml"
    config.write_text(config.read_text().rstrip("\n") + FAILING)
    yield project
    world.run(project, "destroy", "--yes")


def name_of(world) -> str:
    return next(path.parent.name for path in world.lima_home.glob("a*/lima.yaml"))


def test_a_start_that_is_killed_while_the_image_is_copied_leaves_part_of_it(world, hard):
    start = [str(BIN / "sysinit-vm"), "start"]
    first = subprocess.Popen(start, cwd=hard, env=world.env, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (images := list(world.lima_home.glob("a*/image"))):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    directory = images[0].parent
    for process in psutil.process_iter(["cmdline"]):
        if "start" in (words := process.info["cmdline"] or []) and words[-1:] == [directory.name]:
            process.kill()
            process.wait(30)
    assert not (directory / "ha.stderr.log").exists()
    for path in (directory / "image", directory / "disk"):
        path.unlink(missing_ok=True)
    (directory / "image").write_bytes(b"QFI\xfb")  # however quick the copy was, that much of it is there
    assert "Stopped" in world.ok(hard, "status")


def test_an_interrupted_start_is_130_and_the_next_one_goes_on_and_reports_the_failed_script(world, hard):
    before = (hard / ".lima/config.yaml").read_text()
    start = [str(BIN / "sysinit-vm"), "start"]
    first = subprocess.Popen(start, cwd=hard, env=world.env, start_new_session=True, stderr=subprocess.PIPE, text=True)
    told = ""
    for line in first.stderr:
        told += line
        if "booting" in line:
            break
    assert "was killed while it copied the image: copying it again" in told
    time.sleep(2)
    os.killpg(first.pid, signal.SIGINT)
    assert first.wait(timeout=30) == 130
    assert (hard / ".lima/config.yaml").read_text() == before

    second = world.run(hard, "start", timeout=1800)
    assert second.returncode == 1
    assert "provisioning failed" in second.stderr
    assert "logs --source provision" in second.stderr
    assert "about to fail" in world.ok(hard, "logs", "--source", "provision", "--lines", "0")


def test_a_directory_with_a_hard_name_works_end_to_end(world, hard):
    assert inside(world, hard, "pwd") == f"{hard}\n"
    assert inside(world, hard, "echo from the guest > g; printenv PROJECT_NAME") == f"{NAME}\n"
    assert (hard / "g").read_text() == "from the guest\n"
    assert str(hard) in world.ok(hard, "status")
    session = world.terminal(hard, "shell", columns=160)
    session.wait_for("Zellij")
    session.wait_for(r"\$")
    session.press("clear; pwd\r")
    session.wait_for("a b'c")
    session.chord("\x01", "d")
    assert session.exit_status() == 0


def test_a_killed_host_agent_is_recovered_by_the_next_start(world, hard):
    instance = world.lima_home / name_of(world)
    psutil.Process(int((instance / "ha.pid").read_text())).kill()
    time.sleep(1)
    assert "Broken" in world.ok(hard, "status")
    config = hard / ".lima/config.yaml"
    recovered = world.run(hard, "start", timeout=1800)
    assert "provisioning failed" in recovered.stderr  # booted, and the script still fails
    assert "Running" in world.ok(hard, "status")
    assert config.is_file()


def test_a_start_that_runs_out_of_time_says_so_and_the_next_one_goes_on(world, hard):
    world.ok(hard, "stop")
    late = world.run(hard, "start", "--timeout", "4")
    assert late.returncode == 1
    assert "did not start" in late.stderr
    assert "Try: sysinit-vm" in late.stderr
    later = world.run(hard, "start", timeout=1800)
    assert "provisioning failed" in later.stderr


def test_a_guest_that_stalls_as_it_boots_is_started_once_more(world, hard):
    """In the kernel's words but not by its fault: nothing brings a real stall about."""
    inside(world, hard, f"sudo sh -c {shlex.quote(STALL)}")
    world.ok(hard, "stop")
    started = world.run(hard, "start", timeout=1800)
    assert "the guest stalled during boot: starting it once more" in started.stderr
    assert "provisioning failed" in started.stderr
    assert inside(world, hard, "ls /var/stalled") == "/var/stalled\n"
