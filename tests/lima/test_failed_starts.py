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


def test_an_interrupted_start_is_130_and_the_next_one_goes_on_and_reports_the_failed_script(world, hard):
    before = (hard / ".lima/config.yaml").read_text()
    start = [str(BIN / "sysinit-vm"), "start"]
    first = subprocess.Popen(start, cwd=hard, env=world.env, start_new_session=True, stderr=subprocess.PIPE, text=True)
    for line in first.stderr:
        if "booting" in line:
            break
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
    session.wait_for(r"(?m)\$$")
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
