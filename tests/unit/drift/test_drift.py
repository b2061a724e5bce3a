"""What differs between two configs, what each difference needs, and what the guest must show afterwards."""

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.drift import compare, plan, verify
from sysinit_vm.drift.plan import LIVE, NONE, RECREATE, RESTART
from sysinit_vm.effective import prepare
from sysinit_vm.errors import VmError
from sysinit_vm.guest import checks
from sysinit_vm.guest.checks import GuestState
from sysinit_vm.init.project_files import write_config
from sysinit_vm.lima.instance import Instance
from sysinit_vm.projects.project import Project
from tests.fakes import FakeLimactl, captured, facts, result

OURS = {"mode": "system", "script": "#!/bin/bash\n# Put into the guest by sysinit-vm; 1\n"}
HAS = {
    "cpus": 2,
    "memory": "8GiB",
    "disk": "50GiB",
    "images": [{"location": "/a.qcow2", "arch": "x86_64"}],
    "arch": "x86_64",
    "vmType": "qemu",
    "mounts": [
        {"location": "/p/demo", "mountPoint": "/p/demo", "writable": True},
        {"location": "/srv", "mountPoint": "/srv"},
    ],
    "env": {"A": "1"},
    "param": {"PROJECT_DIR": "/p/demo"},
    "portForwards": [{"guestPort": 3000, "hostPort": 3000}],
    "provision": [OURS, {"mode": "system", "script": "echo theirs"}],
    "ssh": {"localPort": 0},
}


def changed(**more):
    return {**copy.deepcopy(HAS), **more}


@pytest.mark.parametrize(
    ("more", "what", "needs"),
    [
        ({"cpus": 4}, "cpus", RESTART),
        ({"memory": "4GiB"}, "memory", RESTART),
        ({"disk": "60GiB"}, "disk", RESTART),
        ({"disk": None}, "disk", RESTART),  # 100GiB
        ({"disk": "40GiB"}, "disk", RECREATE),
        ({"images": [{"location": "/b.qcow2", "arch": "x86_64"}]}, "images", RECREATE),
        ({"arch": "aarch64"}, "arch", RECREATE),
        ({"vmType": "vz"}, "vmType", RECREATE),
        ({"user": {"name": "other"}}, "user", RECREATE),
        ({"mounts": HAS["mounts"][:1]}, "mounts /srv", RESTART),
        ({"mounts": [*HAS["mounts"], {"location": "/opt"}]}, "mounts /opt", RESTART),
        ({"mounts": HAS["mounts"][::-1]}, "mounts", RESTART),
        ({"env": {"A": "2"}}, "env.A", RESTART),
        ({"env": {}}, "env.A", RESTART),
        ({"param": {"PROJECT_DIR": "/q"}}, "param.PROJECT_DIR", LIVE),
        ({"portForwards": [{"guestPort": 3000, "hostPort": 3001}]}, "portForwards 3000", RESTART),
        (
            {"provision": [{**OURS, "script": OURS["script"] + "2"}, HAS["provision"][1]]},
            "what sysinit-vm puts into the guest",
            LIVE,
        ),
        ({"provision": [OURS, {"mode": "system", "script": "echo else"}]}, "provision[0]", RESTART),
        ({"provision": [OURS]}, "provision[0]", RESTART),
        ({"ssh": {"forwardAgent": True}}, "ssh", RESTART),
        ({"dns": ["1.1.1.1"]}, "dns", RESTART),
    ],
)
def test_each_change_is_one_line_that_says_what_it_needs(more, what, needs):
    changes = plan.changes(HAS, changed(**more))
    assert [(change.what, change.needs) for change in changes] == [(what, needs)]
    assert plan.worst(changes) == needs
    assert changes[0].now != changes[0].wanted


@pytest.mark.parametrize(
    "more",
    [{"memory": "8192MiB"}, {"memory": "8192 M"}, {"disk": "51200MiB"}, {"dns": []}, {"message": ""}, {"cpus": "2"}],
)
def test_what_means_the_same_is_no_change(more):
    assert plan.changes(HAS, changed(**more)) == []


@pytest.mark.parametrize(
    ("has", "wanted", "needs"),
    [
        (None, "20GiB", RECREATE),
        (None, "200GiB", RESTART),
        ("200GiB", None, RECREATE),
        ("50GiB", None, RESTART),
        ("2e3MiB", "1GiB", RECREATE),
        ("1GiB", "2e3 M", RESTART),
    ],
)
def test_a_disk_is_compared_as_lima_reads_it_with_its_default(has, wanted, needs):
    assert plan.worst(plan.changes(changed(disk=has), changed(disk=wanted))) == needs


def test_applying_leaves_what_takes_recreation_and_takes_the_rest():
    wanted = changed(cpus=4, images=[{"location": "/b.qcow2"}], disk="1GiB")
    given_now = plan.without_recreation(HAS, wanted)
    assert (given_now["cpus"], given_now["images"], given_now["disk"]) == (4, HAS["images"], "50GiB")
    assert {change.needs for change in plan.changes(given_now, wanted)} == {RECREATE}


def test_what_changes_live_is_ours_alone():
    new = {**OURS, "script": OURS["script"] + "2"}
    wanted = changed(cpus=4, provision=[new, {"mode": "system", "script": "new"}], param={"PROJECT_DIR": "/q"})
    live = plan.only_live(HAS, wanted)
    assert live["provision"] == [new, HAS["provision"][1]]
    assert (live["param"], live["cpus"]) == ({"PROJECT_DIR": "/q"}, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
)
PLAIN = st.dictionaries(st.text(min_size=1, max_size=6).map("x{}".format), JSON, max_size=5)


@given(PLAIN)
def test_a_config_never_differs_from_itself(data):
    assert plan.changes(data, copy.deepcopy(data)) == []


@given(PLAIN, PLAIN)
def test_after_applying_nothing_is_left_but_what_takes_recreation(has, wanted):
    given_now = plan.without_recreation({**HAS, **has}, {**HAS, **wanted})
    assert all(change.needs == RECREATE for change in plan.changes(given_now, {**HAS, **wanted}))


@given(st.text())
def test_nothing_that_is_shown_steers_a_terminal(text):
    assert plan.display(text).isprintable()
    assert len(plan.display(text)) <= 61


# --- compared --------------------------------------------------------------------------------------


@pytest.fixture
def made(home, tmp_path):
    """A project as `init` wrote it, and the instance that `start` made of it."""
    project = Project((tmp_path / "demo").resolve())
    project.root.mkdir()
    write_config(project, "dev", None)
    machine = facts(lima_home=home / ".lima", home=home, ssh_dir=None)
    directory = home / ".lima" / "demo-dev"
    directory.mkdir(parents=True)
    text = prepare.prepared(document.load(project.config), project, "demo-dev", machine).text
    (directory / "lima.yaml").write_text(text)
    param = {"PROJECT_DIR": str(project.root)}
    return project, Instance("demo-dev", "Running", directory, param=param), machine


def test_what_start_made_does_not_drift(made):
    project, instance, machine = made
    drift = compare.drift(instance, document.load(project.config), machine)
    assert (drift.changes, drift.needs) == ((), NONE)
    assert compare.summary(instance, machine) == NONE


@pytest.mark.parametrize(
    ("names", "needs"),
    [([], NONE), (["config", "known_hosts"], NONE), (["config", "id_ed25519"], RESTART), (["deploy.pem"], RESTART)],
)
def test_an_ssh_directory_that_came_later_counts_when_it_has_keys(made, names, needs):
    """`ssh-config` makes one for its Include alone, and then ssh its known_hosts."""
    project, instance, machine = made
    keys = machine.home / ".ssh"
    keys.mkdir()
    for name in names:
        (keys / name).touch()
    machine = replace(machine, ssh_dir=keys)
    assert compare.drift(instance, document.load(project.config), machine).needs == needs
    assert compare.summary(instance, machine) == needs


def test_a_vm_that_mounts_an_ssh_directory_without_keys_does_not_drift(made):
    project, instance, machine = made
    keys = machine.home / ".ssh"
    keys.mkdir()
    machine = replace(machine, ssh_dir=keys)
    text = prepare.prepared(document.load(project.config), project, "demo-dev", machine).text
    instance.files.lima_yaml.write_text(text)
    assert compare.drift(instance, document.load(project.config), machine).needs == NONE


def test_a_vm_of_an_earlier_version_that_left_the_mount_type_to_lima_does_not_drift(made):
    """`limactl list` leaves it out too."""
    project, instance, machine = made
    own = json.loads(instance.files.lima_yaml.read_text())
    del own["mountType"]
    instance.files.lima_yaml.write_text(json.dumps(own))
    assert compare.drift(instance, document.load(project.config), machine).changes == ()


@pytest.mark.parametrize("left", [None, "", "default"])
def test_what_an_adopted_vm_left_to_lima_does_not_drift_if_it_means_the_same(made, left):
    project, instance, machine = made
    own = json.loads(instance.files.lima_yaml.read_text())
    own |= {"arch": left, "vmType": left}
    del own["images"][0]["arch"]
    if left is None:
        del own["arch"], own["vmType"]
    instance.files.lima_yaml.write_text(json.dumps(own))
    filled = {"arch": "x86_64", "vmType": "qemu"}
    committed = document.load(project.config)
    assert compare.drift(replace(instance, status="Stopped", filled=filled), committed, machine).changes == ()
    other = replace(instance, status="Stopped", filled={"arch": "riscv64", "vmType": "qemu"})
    assert compare.drift(other, committed, machine).needs == RECREATE


def test_a_newer_build_of_the_vms_image_is_no_drift_and_what_is_recorded_stays(made):
    """By whichever names: VMs of an earlier version have the links' in their configs."""
    project, instance, machine = made
    images = machine.lima_home / "_images"
    images.mkdir(parents=True)
    committed = document.load(project.config)
    for stamp in ("20260101-000000", "20260202-000000"):
        for part in ("qcow2", "vmlinuz", "initrd"):
            (images / f"sysinit-debian-{stamp}.{part}").touch()
            (images / f"sysinit-debian-latest.{part}").unlink(missing_ok=True)
            (images / f"sysinit-debian-latest.{part}").symlink_to(f"sysinit-debian-{stamp}.{part}")
        if stamp == "20260101-000000":
            instance.files.lima_yaml.write_text(prepare.prepared(committed, project, "demo-dev", machine).text)
    own = instance.config().data["images"]
    assert "20260101-000000.vmlinuz" in own[0]["kernel"]["location"]
    drift = compare.drift(instance, committed, machine)
    assert (drift.changes, drift.wanted["images"]) == ((), own)
    text = instance.files.lima_yaml.read_text()
    instance.files.lima_yaml.write_text(text.replace("20260101-000000", "latest"))
    assert compare.drift(instance, committed, machine).changes == ()
    instance.files.lima_yaml.write_text(text.replace(str(images), "/an/older/drive/_images"))
    assert compare.drift(instance, committed, machine).changes == ()
    instance.files.lima_yaml.write_text(text.replace("sysinit-debian", "sysinit-lima-dev"))
    assert compare.drift(instance, committed, machine).needs == RECREATE


@pytest.mark.parametrize("left", [None, "", 0])
def test_limas_own_size_of_a_disk_is_no_drift(left):
    assert plan.changes({"disk": left}, {"disk": "100GiB"}) == plan.changes({"disk": "100GiB"}, {"disk": left}) == []


def test_an_edited_config_drifts(made):
    project, instance, machine = made
    project.config.write_text(project.config.read_text().replace("8GiB", "4GiB") + "dns: [1.1.1.1]\n")
    drift = compare.drift(instance, document.load(project.config), machine)
    assert [change.what for change in drift.changes] == ["dns", "memory"]
    assert compare.summary(instance, machine) == RESTART


@pytest.mark.parametrize(
    "text",
    [
        "a: [\n",
        "base: ./x.yaml\n",
        'mounts: [{location: "\\0"}]\n',
        'mounts: [{location: "~x/\\uD800"}]\n',
        "env: 5\n",
        None,
    ],
)
def test_a_config_that_cannot_be_had_is_unknown(made, text):
    project, instance, machine = made
    if text is None:
        project.config.unlink()
    else:
        project.config.write_text(text)
    assert compare.summary(instance, machine) == "unknown"


def test_what_limas_own_defaults_brought_since_the_boot_needs_a_restart(made):
    project, instance, machine = made
    compare.remember(replace(instance, filled={"cpus": 4, "provision": [1]}))
    drift = compare.drift(
        replace(instance, filled={"cpus": 2, "provision": [2]}), document.load(project.config), machine
    )
    assert [(change.what, change.needs) for change in drift.changes] == [
        ("cpus (set for all VMs in LIMA_HOME/_config)", RESTART)
    ]


def test_a_vm_that_was_booted_by_other_means_has_nothing_to_compare_with(made):
    project, instance, machine = made
    assert compare.drift(replace(instance, filled={"cpus": 2}), document.load(project.config), machine).changes == ()


# --- the proof -------------------------------------------------------------------------------------

GIB = 2**30


@pytest.fixture
def wanted(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).touch()
    mounts = [{"location": str(tmp_path), "mountPoint": "/m"}, {"location": "{{.Home}}/x"}]
    return {"cpus": 2, "memory": "4GiB", "env": {"A": "1"}, "mounts": mounts}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (GuestState(4, 4 * GIB - 10, {"A": "1"}, {"/m": ("a", "b")}), "cpus: the guest has 4, not 2"),
        (GuestState(2, 8 * GIB, {"A": "1"}, {"/m": ("a", "b")}), "memory: the guest has 8192 MiB, not 4096 MiB"),
        (GuestState(2, 2 * GIB, {"A": "1"}, {"/m": ("a", "b")}), "memory: the guest has 2048 MiB"),
        (GuestState(2, 4 * GIB - 10, {}, {"/m": ("a", "b")}), "env: A is None in the guest, not '1'"),
        (GuestState(2, 4 * GIB - 10, {"A": "1"}, {"/m": ("c",)}), "mounts: /m in the guest does not hold what"),
        (GuestState(2, 4 * GIB - 10, {"A": "1"}, {}), "mounts: /m"),
    ],
)
def test_a_guest_that_has_something_else_is_told(wanted, monkeypatch, state, says):
    monkeypatch.setattr(checks, "state", lambda *_: state)
    with pytest.raises(VmError, match="runs, but not as its config says") as caught:
        verify.require(FakeLimactl(), Instance("demo-dev", "Running", None), wanted)
    assert says in caught.value.detail


def test_a_guest_that_has_it_passes(wanted, monkeypatch):
    monkeypatch.setattr(checks, "state", lambda *_: GuestState(2, int(3.9 * GIB), {"A": "1"}, {"/m": ("b", "a")}))
    verify.require(FakeLimactl(), Instance("demo-dev", "Running", None), wanted)


def test_a_value_that_is_no_text_is_what_lima_makes_of_it(wanted, monkeypatch):
    env = {"A": "1", "DEBUG": "true", "LEVEL": "2"}
    monkeypatch.setattr(checks, "state", lambda *_: GuestState(2, int(3.9 * GIB), env, {"/m": ("b", "a")}))
    wanted["env"] |= {"DEBUG": True, "LEVEL": 2}
    verify.require(FakeLimactl(), Instance("demo-dev", "Running", None), wanted)


def test_what_the_guest_says_is_read_to_the_byte(home):
    answer = "cpus=2\nmemory=4000000\nenv=A=b=c\nplace=/m\0a b\0c=d\0\nplace=/empty\0\n"
    lima = FakeLimactl(guest=result(out=answer))
    state = checks.state(lima, "demo-dev", ["A", "B"], ["/m", "/empty"], 200)
    assert state == GuestState(2, 4_096_000_000, {"A": "b=c"}, {"/m": ("a b", "c=d"), "/empty": ()})
    assert lima.asked[0][1][-6:] == ("200", "2", "A", "B", "/m", "/empty")


def test_a_guest_that_does_not_answer_is_an_error(home):
    with pytest.raises(VmError, match="does not answer"):
        checks.state(FakeLimactl(guest=result(255, err="no route")), "demo-dev", [], [], 1)


def test_the_captured_list_holds_the_filled_config():
    assert "cpus" in document.parse(captured("list-stopped.json"), None)["config"]
