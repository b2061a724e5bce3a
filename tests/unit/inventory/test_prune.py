import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm import lock
from sysinit_vm.errors import VmError
from sysinit_vm.inventory import prune
from sysinit_vm.lima.locks import vm_lock, vm_lock_file
from sysinit_vm.runner import Runner
from tests.fakes import FakeLimactl, vm


@pytest.fixture
def lima_home(home):
    place = home / ".lima"
    place.mkdir()
    return place.resolve()


def instance(lima_home, name, directory="/gone/x", status="Stopped", *, booted=True, ours=True):
    """An instance's files as Lima leaves them, and a lock if it was made through us."""
    place = lima_home / name
    place.mkdir()
    (place / "lima.yaml").write_text("{}")
    (place / "lima-version").write_text("2.2.0")
    (place / "diffdisk").write_bytes(b"x" * 2**16)
    if booted:
        (place / "ha.stderr.log").write_text("")
    if ours:
        (lima_home / "_sysinit-vm").mkdir(exist_ok=True)
        (lima_home / "_sysinit-vm" / f"{name}.lock").touch()
    return vm(name, directory, status, lima_home)


def build(lima_home, stamp, *, family="sysinit-debian", latest=False):
    place = lima_home / "_images"
    place.mkdir(exist_ok=True)
    for part in ("qcow2", "vmlinuz", "initrd", "manifest"):
        (place / f"{family}-{stamp}.{part}").write_bytes(b"x" * 2**14)
        if latest:
            (place / f"{family}-latest.{part}").unlink(missing_ok=True)
            (place / f"{family}-latest.{part}").symlink_to(f"{family}-{stamp}.{part}")


def found(lima):
    return [(each.kind, each.name) for each in prune.find(lima.instances())]


def tree(place):
    return sorted(str(path) for path in place.rglob("*"))


def test_a_vm_whose_project_is_gone_can_go_and_others_stay(lima_home, tmp_path):
    vms = [
        instance(lima_home, "gone"),
        instance(lima_home, "here", tmp_path),
        instance(lima_home, "docker", None),
        instance(lima_home, "damaged", None, ""),
    ]
    (one,) = prune.find(FakeLimactl(*vms).instances())
    assert (one.kind, one.name, one.running) == ("vm", "gone", False)
    assert "/gone/x is gone" in one.why
    assert one.size >= 2**16
    json.dumps(one.data())


def test_one_that_runs_says_so(lima_home):
    (one,) = prune.find(FakeLimactl(instance(lima_home, "gone", status="Running")).instances())
    assert one.running
    assert "is running" in one.row()[-1]


def test_one_that_another_command_adopts_meanwhile_stays(lima_home, tmp_path, monkeypatch):
    """Its lock was waited for; what was seen before says nothing any more."""
    vms = FakeLimactl(instance(lima_home, "moved"))
    shown, held = prune.find(vms.instances()), lock.held

    @contextmanager
    def adopted_while_waiting(path, message):
        with held(path, message) as waited:
            vms.by_name["moved"] = vm("moved", tmp_path, "Stopped", lima_home)
            yield waited

    monkeypatch.setattr(lock, "held", adopted_while_waiting)
    with pytest.raises(VmError, match="Some items remain") as caught:
        prune.remove(vms, shown)
    assert "It is now in use" in str(caught.value)
    assert vms.calls == []


def test_one_behind_a_link_is_left_alone(lima_home, tmp_path):
    made = instance(lima_home, "gone")
    shutil.move(made.dir, tmp_path / "elsewhere")
    made.dir.symlink_to(tmp_path / "elsewhere")
    assert found(FakeLimactl(made)) == []


def test_one_that_never_booted_can_go_unless_somebody_works_on_it(lima_home, tmp_path):
    lima = FakeLimactl(
        instance(lima_home, "half", tmp_path, booted=False), instance(lima_home, "by-hand", tmp_path, ours=False)
    )
    assert found(lima) == [("half-made", "half")]
    with vm_lock("half"):
        assert found(lima) == []


def test_half_of_an_instance_can_go_if_it_was_ours(lima_home):
    for name, ours in (("half", True), ("strange", False)):
        instance(lima_home, name, ours=ours, booted=False)
        (lima_home / name / "lima.yaml").unlink()
    (lima_home / "stray dir").mkdir()
    (lima_home / "link").symlink_to("half")
    (lima_home / "_sysinit-vm" / "link.lock").touch()
    assert found(FakeLimactl()) == [("half-made", "half")]
    with vm_lock("half"):
        assert found(FakeLimactl()) == []


def test_a_directory_of_the_users_own_stays_whatever_its_name(lima_home):
    """A backup may be on its way back."""
    for name in ("half", "empty"):
        instance(lima_home, name, booted=False)
    for name in ("lima.yaml", "lima-version"):
        (lima_home / "half" / name).unlink()
    shutil.rmtree(lima_home / "empty")
    (lima_home / "empty").mkdir()
    assert found(FakeLimactl()) == [("half-made", "empty")]


def test_a_disk_that_a_guest_used_stays_without_its_config(lima_home):
    made = instance(lima_home, "lost")
    (made.dir / "lima.yaml").unlink()
    assert found(FakeLimactl()) == []


@pytest.mark.parametrize("left", ["ssh.config", "cidata.iso", "ha.stdout.log", "serialv.log"])
def test_a_vm_that_booted_stays_if_its_logs_were_removed(lima_home, tmp_path, left):
    made = instance(lima_home, "used", tmp_path, booted=False)
    (made.dir / left).touch()
    assert found(FakeLimactl(made)) == []


def test_old_images_can_go_but_never_the_newest_nor_one_that_is_used(lima_home, tmp_path):
    for stamp in ("20260101-000000", "20260102-000000", "20260103-000000", "20260105-000000"):
        build(lima_home, stamp)
    build(lima_home, "20260104-000000", latest=True)
    build(lima_home, "20250101-000000", family="sysinit-lima-dev")
    (lima_home / "_images" / "mine.qcow2").write_text("")
    user = instance(lima_home, "uses", tmp_path)
    (user.dir / "lima.yaml").write_text('{"images": [{"location": "/x/_images/sysinit-debian-20260102-000000.qcow2"}]}')
    assert found(FakeLimactl(user)) == [
        ("image", "sysinit-debian-20260101-000000"),
        ("image", "sysinit-debian-20260103-000000"),
    ]


def test_images_behind_a_link_are_not_looked_at(lima_home, tmp_path):
    build(lima_home, "20260101-000000")
    build(lima_home, "20260102-000000")
    (lima_home / "_images").rename(tmp_path / "images")
    (lima_home / "_images").symlink_to(tmp_path / "images")
    assert found(FakeLimactl()) == []


def test_what_a_started_vm_left_beside_its_lock_goes_with_it(lima_home, tmp_path):
    here = instance(lima_home, "here", tmp_path)
    own = lima_home / "_sysinit-vm"
    for name in ("old.lock", "old.yaml", "_ports.lock", "held.lock"):
        (own / name).touch()
    with lock.held(own / "held.lock", ""):
        (one,) = prune.find(FakeLimactl(here).instances())
        assert [path.name for path in one.paths] == ["old.lock", "old.yaml"]
        prune.remove(FakeLimactl(here), [one])
    assert sorted(path.name for path in own.iterdir()) == ["_ports.lock", "held.lock", "here.lock"]


def test_a_lock_goes_only_while_it_is_held_so_that_no_start_has_it(lima_home, monkeypatch):
    own = lima_home / "_sysinit-vm"
    own.mkdir()
    for name in ("old.lock", "old.yaml"):
        (own / name).touch()
    held, unlink = [], Path.unlink

    def noted(path, **options):
        held.append((path.name, lock.is_held(own / "old.lock")))
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", noted)
    prune.remove(FakeLimactl(), prune.find(FakeLimactl().instances()))
    assert held == [("old.yaml", True), ("old.lock", True)]
    assert list(own.iterdir()) == []


def test_a_lock_stays_if_its_vm_is_there_by_then(lima_home, tmp_path):
    own = lima_home / "_sysinit-vm"
    own.mkdir()
    (own / "new.lock").touch()
    shown = prune.find(FakeLimactl().instances())
    instance(lima_home, "new", tmp_path)
    prune.remove(FakeLimactl(), shown)
    assert (own / "new.lock").exists()


def test_half_of_an_instance_goes_only_while_its_lock_is_held(lima_home, monkeypatch):
    instance(lima_home, "half", booted=False)
    (lima_home / "half" / "lima.yaml").unlink()
    shown = prune.find(FakeLimactl().instances())
    held = []
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda path: held.append((path, lock.is_held(vm_lock_file("half")))))
        prune.remove(FakeLimactl(), shown)
    assert held == [(lima_home / "half", True)]
    with vm_lock("half"), pytest.raises(VmError, match="Another sysinit-vm is using it"):
        prune.remove(FakeLimactl(), shown)


def test_removing_removes_just_that(lima_home, tmp_path):
    build(lima_home, "20260101-000000")
    build(lima_home, "20260102-000000", latest=True)
    (tmp_path / "kept").write_text("kept")
    vms = FakeLimactl(instance(lima_home, "gone"), instance(lima_home, "here", tmp_path))
    instance(lima_home, "half", booted=False)
    (lima_home / "half" / "lima.yaml").unlink()
    (lima_home / "half" / "out").symlink_to(tmp_path)
    prune.remove(vms, prune.find(vms.instances()))
    assert vms.calls == [("delete", "gone")]
    assert not (lima_home / "half").exists()
    assert (tmp_path / "kept").read_text() == "kept"
    assert {path.name.split(".")[0] for path in (lima_home / "_images").iterdir()} == {
        "sysinit-debian-20260102-000000",
        "sysinit-debian-latest",
    }


def test_what_is_in_use_by_then_stays_and_the_rest_goes(lima_home, tmp_path):
    vms = FakeLimactl(
        instance(lima_home, "back", tmp_path / "back"), instance(lima_home, "gone"), instance(lima_home, "runs")
    )
    shown = prune.find(vms.instances())
    (tmp_path / "back").mkdir()
    vms.by_name["runs"] = replace(vms.by_name["runs"], status="Running")
    with pytest.raises(VmError, match="Some items remain") as caught:
        prune.remove(vms, shown)
    assert "back" in str(caught.value)
    assert "runs" in str(caught.value)
    assert vms.calls == [("delete", "gone")]


def test_dry_removes_nothing(lima_home):
    vms = FakeLimactl(instance(lima_home, "gone"))
    vms.runner = Runner(dry=True)
    before = tree(lima_home)
    prune.remove(vms, prune.find(vms.instances()))
    assert (vms.calls, tree(lima_home)) == ([], before)


def test_without_a_lima_home_there_is_nothing(home):
    assert prune.find(FakeLimactl().instances()) == []
