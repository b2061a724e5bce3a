"""What the doctor sees of a running VM, and mends."""

import json
import os
import socket

from tests.lima.conftest import inside


def findings(world, project, *flags, code):
    done = world.run(project, "doctor", "--json", *flags)
    assert done.returncode == code
    return {(each["area"], each["subject"]): each for each in json.loads(done.stdout)["findings"]}


def test_a_vm_that_is_well_has_nothing_wrong(world, demo):
    found = findings(world, demo, code=0)
    assert found["VM", "state"]["said"] == "Running"
    assert found["VM", "mount"]["level"] == "ok"
    assert found["VM", "provisioning"]["level"] == "ok"
    assert found["machine", "limactl"]["level"] == "ok"


def test_a_clock_a_stale_pid_and_a_dead_socket_are_found_and_mended(world, demo):
    instance = world.lima_home / "demo-dev"
    (instance / "left.pid").write_text(str(os.getpid()))
    os.utime(instance / "left.pid", (0, 0))  # before the process of that number began
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(instance / "left.sock"))
    # the host agent sets the clock every ten seconds through the guest agent (Lima's pkg/hostagent/timesync.go)
    signal_guest_agent = "sudo systemctl kill --signal={} lima-guestagent"
    inside(world, demo, f"{signal_guest_agent.format('STOP')} && sudo date --set '-1 hour'")
    try:
        found = findings(world, demo, code=1)
        wrong = {subject for (area, subject), each in found.items() if each["level"] == "wrong"}
        assert wrong == {"clock", "stale pids", "dead sockets"}
        mended = findings(world, demo, "--fix", code=0)
    finally:
        inside(world, demo, signal_guest_agent.format("CONT"))
    assert mended["VM", "clock"]["level"] == "ok"
    assert not (instance / "left.pid").exists()
    assert not (instance / "left.sock").exists()
    assert "Running" in world.ok(demo, "status")


def test_a_full_guest_disk_is_told(world, demo):
    inside(world, demo, "sudo fallocate -l $(($(df --output=avail -B1 / | tail -1) - 50000000)) /filling")
    try:
        found = findings(world, demo, code=1)
        assert found["VM", "guest disk"]["level"] == "wrong"
    finally:
        inside(world, demo, "sudo rm /filling")
