"""A typo in a config costs no VM: the real limactl, which makes a VM here without a boot, and what we find without it."""

import json

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import find_programs
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner
from sysinit_vm.vm import permission
from tests.lima.test_judged import create, effective

MEMORY = 'memory: "4GiB"'


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    """A project whose VM was made but never started, and its limactl."""
    project = world.project("typos")
    world.ok(project, "init", "minimal")
    (project / "sub").mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in world.env.items():
            monkeypatch.setenv(name, value)
        lima = Limactl(Runner(), find_programs.find_limactl())
        create(lima, "typos-dev", effective(project), tmp_path_factory.mktemp("typos"))
        yield project, lima
        world.ok(project, "destroy", "--yes")


@pytest.fixture
def config(made):
    """The project's config, which is as it was after the test."""
    path = made[0] / ".lima/config.yaml"
    text = path.read_text()
    yield path
    path.write_text(text)


def write(config, old, new):
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def refused(world, project, *says):
    """Neither `plan` nor `apply` takes the config, and the VM keeps its own."""
    lima_yaml = world.lima_home / "typos-dev/lima.yaml"
    before = lima_yaml.read_text()
    for words in (("plan",), ("apply", "--yes"), ("apply", "--recreate", "--yes"), ("start", "--drift", "apply")):
        done = world.run(project, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert all(text in done.stderr for text in says)
        assert f"Try: nano {project}/.lima/config.yaml" in done.stderr
    assert lima_yaml.read_text() == before
    assert "Stopped" in world.ok(project, "status")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (MEMORY, "memory: 3 gigs", "memory: '3 gigs' in line"),
        ("cpus: 2", "cpus: many", "cpus: 'many' in line"),
        ('disk: "20GiB"', "disk: 10", "disk: 10 in line"),
        (MEMORY, f"{MEMORY}\nportForwards: [{{guestPortRange: [3010, 3000]}}]", "portForwards[0].guestPortRange"),
    ],
)
def test_what_we_find_ourselves_has_its_line(world, made, config, old, new, says):
    line = write(config, old, new) + new.count("\n")
    refused(world, made[0], says, f"in line {line} of {config}")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("mounts:\n", "mounts:\n- {location: ./sub, mountPoint: /etc}\n", "must not be a system path"),
        ("param:\n", "param:\n  UNUSED: '1'\n", "`UNUSED` is not used in any"),
        (MEMORY, f"{MEMORY}\nminimumLimaVersion: 99.0.0", "requires Lima version"),
        (MEMORY, f"{MEMORY}\nplain: many", "many"),
    ],
)
def test_what_only_limactl_finds_changes_nothing(world, made, config, old, new, says):
    if "minimumLimaVersion" in new:
        config.write_text("".join(row for row in config.read_text().splitlines(True) if "minimumLima" not in row))
    write(config, old, new)
    refused(world, made[0], says, "Nothing was changed")


def test_a_smaller_disk_is_left_to_a_new_vm_and_limactl_finds_it_only_at_an_edit(world, made, config):
    project, lima = made
    write(config, 'disk: "20GiB"', 'disk: "1e4MiB"')
    assert json.loads(world.ok(project, "plan", "--json"))["needs"] == "recreate"
    assert "--recreate" in world.run(project, "apply", "--yes").stderr
    own = json.loads((world.lima_home / "typos-dev/lima.yaml").read_text())
    assert own["disk"] == "20GiB"
    smaller = JudgedConfig("typos-dev", {**own, "disk": "1e4MiB"})
    assert lima.refusal(smaller) == ""
    with pytest.raises(VmError, match="shrinking"):
        lima.edit(smaller)


def test_a_valid_change_and_an_approved_key_that_lima_does_not_know_pass(world, made, config):
    project, _ = made
    write(config, MEMORY, 'memory: "3GiB"\nnotLimas: {a: 1}')
    assert world.run(project, "plan").returncode == 5
    world.ok(project, "trust", "--approve", json.loads(world.ok(project, "trust", "--json"))["hash"])
    assert "memory" in world.ok(project, "plan")


def test_a_config_whose_image_is_not_built_yet_is_taken(world, made):
    """Lima looks at neither images nor kernels."""
    project, lima = made
    root = Project(project.resolve())
    config = permission.unbuilt(committed_config.load(root), root, "not-made")
    nowhere = [
        {key: {**part, "location": "/none"} if key in {"kernel", "initrd"} else part for key, part in entry.items()}
        | {"location": "/none"}
        for entry in config.data["images"]
    ]
    assert lima.refusal(JudgedConfig("not-made", {**config.data, "images": nowhere})) == ""
    assert lima.refusal(config) == ""


def test_a_first_start_is_refused_by_create_which_leaves_nothing(world):
    project = world.project("first")
    world.ok(project, "init", "minimal")
    write(project / ".lima/config.yaml", "param:\n", "param:\n  UNUSED: '1'\n")
    done = world.run(project, "start")
    assert done.returncode == 1
    assert "`UNUSED` is not used in any" in done.stderr
    assert f"Try: nano {project}/.lima/config.yaml" in done.stderr
    assert not (world.lima_home / "first-dev").exists()
