"""What we may not read of an instance is neither missing nor damaged."""

import errno
import os
import pwd

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.inventory import prune
from sysinit_vm.lima.instance import Instances
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.locks import vm_lock_file
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.vm.destroy import to_destroy
from sysinit_vm.vm.project_vm import ProjectVm
from tests.fakes import FakeLimactl, instances, vm

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def its(home):
    """The files of a whole VM that was started, with the config of that start; root loses its rights to look."""
    home.chmod(0o755)
    its = InstanceFiles(home / ".lima" / "demo-dev")
    its.directory.mkdir(parents=True)
    for name in ("lima-version", "disk", "ssh.config"):
        (its.directory / name).touch()
    its.lima_yaml.write_text("cpus: 1\n")
    its.keep_config()
    its.started_config.chmod(0o644)
    locks = vm_lock_file("demo-dev")
    locks.parent.mkdir()
    locks.touch()
    yield its
    os.seteuid(os.getuid())
    its.directory.chmod(0o700)


def close(path, mode=0):
    path.chmod(mode)
    if not os.getuid():
        os.seteuid(65534)


CLOSED = [".", "lima.yaml", "disk", "sysinit-vm-lima.yaml"]


@pytest.mark.parametrize("closed", CLOSED)
def test_what_we_may_not_read_is_told_with_what_takes_it_back(its, closed):
    assert its.denied() is None
    close(its.directory / closed)
    denied = its.denied()
    assert denied.brief == f"Cannot read {its.directory / closed}."
    assert denied.detail == "Permission denied"
    others, ours = f"sudo chown -R {ME} {its.directory}", f"chmod -R u+rwX {its.directory}"
    assert denied.hint == (ours if os.getuid() else others)


def test_what_is_ours_needs_no_sudo(its, monkeypatch):
    close(its.lima_yaml)
    monkeypatch.setattr(os, "geteuid", os.getuid)
    assert its.denied().hint == f"chmod -R u+rwX {its.directory}"


def test_a_drive_that_fails_is_no_question_of_rights(its, monkeypatch):
    def fail(path, *_):
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(os, "open", fail)
    assert (its.denied().detail, its.denied().hint) == ("Input/output error", f"ls -ld {its.directory}")


def test_in_a_closed_directory_nothing_counts_as_missing(its):
    close(its.directory)
    assert its.has_disk
    assert its.protected
    for look in ("began_to_boot", "pid_files", "image_in_part"):
        with pytest.raises(VmError, match=r"Cannot read .*demo-dev\.\nPermission denied"):
            getattr(its, look)


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("explicit", [True, False])
def test_no_advice_deletes_a_vm_that_we_may_not_read(its, closed, explicit):
    broken = vm("demo-dev", place=its.directory.parent, status="")
    if closed == "sysinit-vm-lima.yaml":
        its.lima_yaml.write_text("[")
    close(its.directory / closed)
    assert (broken.restorable, broken.lost, broken.intact) == (False, False, False)
    target = Target(None, "demo-dev", "--name" if explicit else "VM_NAME")
    with pytest.raises(VmError, match="Permission denied") as caught:
        locate.own(instances(broken), target)
    assert caught.value.hint.split()[0] in {"sudo", "chmod"}
    assert locate.own(instances(broken), Target(None, "demo-dev", "--name"), to_end=True).instance == broken


def test_a_vm_in_a_closed_directory_is_not_left_out_of_a_list(its):
    closed = vm("demo-dev", place=its.directory.parent, status="")
    its.lima_yaml.unlink()
    (its.directory / "disk").unlink()
    assert instances(unlisted=[closed]).lost == ()
    close(its.directory)
    assert instances(unlisted=[closed]).lost == (closed,)


def test_whether_a_vm_in_a_closed_directory_is_protected_is_not_known(its, home):
    lima = FakeLimactl(vm("demo-dev", place=its.directory.parent, status=""))
    close(its.directory)
    with pytest.raises(VmError, match="Permission denied"):
        to_destroy(ProjectVm.read(lima, Target(None, "demo-dev", "--name")))


def test_a_config_that_may_not_be_read_is_no_reason_for_a_new_one(its):
    close(its.lima_yaml)
    with pytest.raises(VmError, match="Permission denied") as caught:
        its.config()
    assert caught.value.hint == f"ls -ld {its.lima_yaml}"


@pytest.mark.parametrize("closed", [".", "lima.yaml", "disk"])
@pytest.mark.parametrize("listed", [True, False])
def test_prune_leaves_what_it_may_not_read_and_goes_on(its, closed, listed, tmp_path):
    (its.directory / "ssh.config").unlink()  # as if it had never booted
    whole = vm("demo-dev", tmp_path, place=its.directory.parent)
    if not listed and closed != "lima.yaml":
        its.lima_yaml.unlink()
    close(its.directory / closed)
    assert prune.find(Instances((whole,) if listed else ())) == []
