import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm.errors import StateError, VmError
from sysinit_vm.lima import qmp
from sysinit_vm.lima.instance import Instance
from sysinit_vm.projects import locate
from sysinit_vm.vm import restore
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.stop import stop


@pytest.fixture
def damaged(lima, demo):
    """A stopped VM whose lima.yaml was damaged after a start; Lima calls it nothing."""
    instance = lima.add("demo-dev", demo.project.root, "")
    for name in ("lima-version", "disk"):
        (instance.dir / name).touch()
    instance.files.keep_config()
    instance.files.lima_yaml.write_text("[")
    return instance


def names(instance):
    return sorted(path.name for path in instance.dir.glob("lima.yaml*"))


def test_what_was_there_takes_a_free_name(lima, damaged):
    """An edit of the user's may be in an earlier one."""
    restore.restore(lima, "demo-dev")
    damaged.files.lima_yaml.unlink()
    damaged.files.lima_yaml.mkdir()
    restore.restore(lima, "demo-dev")
    damaged.files.lima_yaml.write_text("{")
    restore.restore(lima, "demo-dev")
    assert names(damaged) == ["lima.yaml", "lima.yaml.damaged", "lima.yaml.damaged+", "lima.yaml.damaged++"]
    assert (damaged.dir / "lima.yaml.damaged").read_text() == "["
    assert (damaged.dir / "lima.yaml.damaged+").is_dir()
    assert (damaged.dir / "lima.yaml.damaged++").read_text() == "{"


def test_what_cannot_be_moved_aside_is_told_with_what_to_type(lima, damaged, monkeypatch):
    def refuse(path, _target):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(VmError, match="Read-only file system") as caught:
        restore.restore(lima, "demo-dev")
    assert caught.value.hint == f"ls -ld {damaged.files.lima_yaml}"
    assert names(damaged) == ["lima.yaml"]


def test_what_another_command_restored_meanwhile_is_read_again(lima, demo, damaged):
    vm = ProjectVm.read(lima, demo)
    damaged.files.lima_yaml.write_text(damaged.files.started_config.read_text())
    lima.by_name["demo-dev"] = replace(damaged, status="Stopped")
    assert restore.restored(vm).own().instance.status == "Stopped"
    assert names(damaged) == ["lima.yaml"]


@pytest.mark.parametrize("refused", ["Broken", ""])
def test_a_config_that_can_be_read_is_never_replaced(damaged, tmp_path, refused):
    """An update can take away a playbook, or put a file in place of what is mounted, and bring it back later.

    What the user has since taken out of the config must not return with that.
    """
    playbook = tmp_path / "play.yml"
    own = {"provision": [5, {"mode": "ansible", "playbook": str(playbook)}]}
    damaged.files.lima_yaml.write_text(json.dumps(own))
    row = {"name": "demo-dev", "status": refused, "dir": str(damaged.dir), "errors": [{"Op": "open"}]}
    instance = Instance.from_json(row).with_own_config()
    assert (instance.unreadable, instance.restorable, instance.lost) == (True, False, False)
    assert f"{playbook} is a playbook of it, and is missing" in locate.unreadable(instance).detail
    playbook.touch()
    instance = Instance.from_json(row).with_own_config()
    assert not instance.restorable
    assert "limactl cannot list" in locate.unreadable(instance).detail


def test_a_guest_that_is_paused_by_a_full_disk_is_not_cut_off(lima, demo, damaged, monkeypatch):
    """It would lose what it has not written: its config is put back, and it waits for room."""
    monkeypatch.setattr(qmp, "paused", lambda _: True)
    monkeypatch.setattr(qmp, "resume", lambda _: False)
    for act in (lambda: restore.restore(lima, "demo-dev"), lambda: stop(ProjectVm.read(lima, demo))):
        with pytest.raises(StateError, match="is paused: the disk of this machine is full"):
            act()
    assert lima.calls == []
    assert names(damaged) == ["lima.yaml", "lima.yaml.damaged"]
