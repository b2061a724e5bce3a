import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from sysinit_vm.errors import NoConfigError, VmError
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project

STRANGER = 61234


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path.resolve() / "shop")
    project.config.parent.mkdir(parents=True)
    project.config.write_text("cpus: 2\n")
    return project


@pytest.fixture
def owners(monkeypatch):
    """Make `os.fstat` tell other owners and modes, by the file's name, and `os.getuid` an ordinary account."""
    told = {}
    real = os.fstat

    def fstat(handle):
        status = list(real(handle))
        mode, uid = told.get(Path(f"/proc/self/fd/{handle}").readlink().name, (0, 1000))
        status[0], status[4] = status[0] | mode, uid
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    return told


def test_the_users_own_config_has_no_foreign_owner(project, owners):
    config = committed_config.load(project)
    assert (config.data, config.path, config.foreign_owner) == ({"cpus": 2}, project.config, "")


def test_roots_config_is_as_good_as_the_users_own(project, owners):
    owners.update({"config.yaml": (0, 0), ".lima": (0, 0), "shop": (0, 0)})
    assert committed_config.load(project).foreign_owner == ""


def test_the_owner_of_a_strangers_file_in_the_users_own_directory_is_told(project, owners):
    owners["config.yaml"] = (0, STRANGER)
    assert committed_config.load(project).foreign_owner == str(STRANGER)


@pytest.mark.parametrize(
    "told",
    [
        {".lima": (0, STRANGER), "config.yaml": (0, STRANGER)},
        {".lima": (0, STRANGER)},
        {"shop": (0o1777, 0), "config.yaml": (0, STRANGER)},
        {".lima": (0o777, 1000), "config.yaml": (0, STRANGER)},
    ],
)
def test_what_a_stranger_can_replace_is_refused(project, owners, told):
    owners.update(told)
    with pytest.raises(VmError, match=str(STRANGER)):
        committed_config.load(project)


def test_root_in_a_container_may_use_the_project_of_an_account(project, owners, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 0)
    owners.update({"shop": (0, STRANGER), ".lima": (0, STRANGER), "config.yaml": (0, STRANGER)})
    assert committed_config.load(project).foreign_owner == str(STRANGER)
    owners["shop"] = (0o1777, 0)
    with pytest.raises(VmError, match=str(STRANGER)):
        committed_config.load(project)


def test_a_config_that_is_gone_is_said_with_exit_3(project):
    project.config.unlink()
    with pytest.raises(NoConfigError, match="does not exist"):
        committed_config.load(project)


def test_one_that_everyone_may_write_is_refused_whoever_owns_it(project):
    project.config.chmod(0o666)
    with pytest.raises(VmError, match="Others may write it") as error:
        committed_config.load(project)
    assert error.value.hint == f"chmod go-w {project.config}"


@pytest.mark.parametrize("place", [".", ".lima"])
def test_ones_own_in_a_directory_where_others_may_put_another_in_its_place_is_refused(project, place, monkeypatch):
    """Another of the user's own files: an example, that of a branch, what a guest wrote."""
    directory = project.root / place
    directory.chmod(0o2775)
    assert committed_config.load(project).foreign_owner == ""
    dave = SimpleNamespace(pw_name="dave", pw_uid=STRANGER, pw_gid=directory.stat().st_gid)
    accounts = pwd.getpwall()
    monkeypatch.setattr(pwd, "getpwall", lambda: [*accounts, dave])
    with pytest.raises(VmError, match=f"Others may write {directory.resolve()}") as error:
        committed_config.load(project)
    assert error.value.hint == f"chmod go-w {directory.resolve()}"


def test_ones_own_in_a_directory_where_others_may_rename_only_their_own_is_taken(project):
    project.root.chmod(0o1777)
    assert committed_config.load(project).foreign_owner == ""


def test_one_that_accounts_of_an_acl_may_write_is_refused(project, monkeypatch):
    project.config.chmod(0o664)
    assert committed_config.load(project).foreign_owner == ""
    monkeypatch.setattr(os, "getxattr", lambda _path, name: name.encode(), raising=False)
    with pytest.raises(VmError, match="Others may write it"):
        committed_config.load(project)
