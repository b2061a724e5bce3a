"""A config is edited, planned, applied, and seen in the guest; on a VM of its own."""

import json

import pytest

from tests.lima.conftest import inside


@pytest.fixture(scope="module")
def drifting(world):
    project = world.project("drifting")
    world.ok(project, "init", "minimal")
    world.ok(project, "start", timeout=1800)
    yield project
    (world.lima_home / "_config" / "override.yaml").unlink(missing_ok=True)
    world.run(project, "destroy", "--yes")


def planned(world, project):
    told = json.loads(world.ok(project, "plan", "--json"))
    return told["needs"], {each["what"]: each["needs"] for each in told["changes"]}


def edit(project, *pairs, more=""):
    config = project / ".lima/config.yaml"
    text = config.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    config.write_text(text + more)


def test_memory_mount_env_port_and_cpus_are_planned_applied_and_seen_in_the_guest(world, drifting):
    assert planned(world, drifting) == ("none", {})
    inside(world, drifting, "echo kept > ~/on-the-guests-disk")
    more = drifting / "shared"
    more.mkdir()
    (more / "from host").touch()
    ports = "portForwards:\n- guestPort: 8123\n  hostPort: 8123\n"
    edit(
        drifting,
        ("cpus: 2", "cpus: 1"),
        ('memory: "4GiB"', 'memory: "1GiB"'),
        ("mounts:\n", 'mounts:\n- location: "./shared"\n  mountPoint: "/mnt/shared"\n'),
        ("env:\n", "env:\n  WISHED: applied\n"),
        more=ports,
    )
    needs, changes = planned(world, drifting)
    assert needs == "restart"
    assert {"cpus", "memory", "mounts /mnt/shared", "env.WISHED", "portForwards 8123"} <= set(changes)
    shown = world.run(drifting, "plan")
    assert "restarts the VM; its data stays" in shown.stderr
    warned = world.run(drifting, "start")
    assert warned.returncode == 0
    assert "sysinit-vm plan" in warned.stderr
    assert inside(world, drifting, "nproc") == "2\n", "without a terminal it is only a warning"
    assert world.run(drifting, "apply").returncode == 5

    world.ok(drifting, "apply", "--yes", timeout=1800)
    assert planned(world, drifting) == ("none", {})
    assert inside(world, drifting, "nproc; printenv WISHED; ls /mnt/shared; cat ~/on-the-guests-disk") == (
        "1\napplied\nfrom host\nkept\n"
    )
    assert int(inside(world, drifting, "free -m | awk '/Mem:/ {print $2}'")) < 1024
    rows = json.loads(world.ok(drifting, "ports", "--json"))["ports"]
    assert [row["guest_port"] for row in rows if row["declared"]] == [8123]


def test_what_limas_own_override_brings_is_told(world, drifting):
    override = world.lima_home / "_config" / "override.yaml"
    override.write_text("timezone: Antarctica/Troll\n")
    _, changes = planned(world, drifting)
    assert changes == {"timezone (set for all VMs in LIMA_HOME/_config)": "restart"}
    override.unlink()
    assert planned(world, drifting) == ("none", {})


def test_what_takes_the_vm_anew_is_left_without_a_word_for_it(world, drifting):
    edit(drifting, ('disk: "20GiB"', 'disk: "10GiB"'))
    assert planned(world, drifting) == ("recreate", {"disk": "recreate"})
    status = json.loads(world.ok(drifting, "status", "--json"))
    assert status["vm"]["drift"] == "recreate"
    told = json.loads(world.ok(drifting, "doctor", "--json"))["findings"]
    (drift,) = [each for each in told if each["subject"] == "drift"]
    assert (drift["level"], drift["mend"]) == ("note", "sysinit-vm plan, then sysinit-vm apply --recreate")
    refused = world.run(drifting, "apply", "--recreate")
    assert refused.returncode == 5
    assert "is lost" in refused.stderr
    assert inside(world, drifting, "cat ~/on-the-guests-disk") == "kept\n"
    edit(drifting, ('disk: "10GiB"', 'disk: "20GiB"'))


def test_what_is_ours_changes_live(world, drifting):
    boot = inside(world, drifting, "cat /proc/sys/kernel/random/boot_id")
    lima_yaml = world.lima_home / "drifting-dev" / "lima.yaml"
    config = json.loads(lima_yaml.read_text())
    ours = next(each for each in config["provision"] if "Put into the guest by sysinit-vm" in each["script"])
    ours["script"] += "\n# of an older version\n"
    lima_yaml.write_text(json.dumps(config))
    inside(world, drifting, "sudo rm /etc/profile.d/sysinit-vm.sh")
    assert planned(world, drifting) == ("live", {"what sysinit-vm puts into the guest": "live"})
    world.ok(drifting, "apply", "--yes")
    assert planned(world, drifting) == ("none", {})
    assert inside(world, drifting, "cat /proc/sys/kernel/random/boot_id") == boot
    assert inside(world, drifting, "test -e /etc/profile.d/sysinit-vm.sh && echo there") == "there\n"
