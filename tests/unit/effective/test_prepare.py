from pathlib import Path

import pytest

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare
from sysinit_vm.errors import UsageError
from sysinit_vm.lima.home import own_directory
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.ports.allocation import IGNORE_ALL
from sysinit_vm.projects import worktree
from sysinit_vm.projects.project import Project
from sysinit_vm.projects.worktree import Shared
from tests.fakes import facts


def test_what_is_worked_out_holds_our_setup_first(home):
    committed = Config(Path("/p/demo/.lima/config.yaml"), {"provision": [{"mode": "user", "script": "theirs"}]})
    done = prepare.prepared(committed, Project(Path("/p/demo")), "demo-dev", facts())
    assert [entry["mode"] for entry in done.data["provision"]] == ["system", "user", "user"]
    assert done.data["param"]["VM_NAME"] == "demo-dev"


def test_strict_ports_is_a_setting(home, monkeypatch):
    committed = Config(Path("/p/demo/.lima/config.yaml"), {"param": {"STRICT_PORTS": "true"}})
    forwards = prepare.prepared(committed, Project(Path("/p/demo")), "demo-dev", facts()).data["portForwards"]
    assert forwards == [IGNORE_ALL]
    monkeypatch.setenv("SYSINIT_VM_STRICT_PORTS", "false")
    assert "portForwards" not in prepare.prepared(committed, Project(Path("/p/demo")), "demo-dev", facts()).data


@pytest.mark.parametrize("variable", [None, "web/node_modules"])
def test_directories_on_the_guests_disk_are_a_setting_that_reaches_the_guest(home, monkeypatch, variable):
    if variable:
        monkeypatch.setenv("SYSINIT_VM_GUEST_DIRS", variable)
    committed = Config(Path("/p/demo/.lima/config.yaml"), {"param": {"GUEST_DIRS": ["target", ".venv"], "A": "b"}})
    param = prepare.prepared(committed, Project(Path("/p/demo")), "demo-dev", facts()).data["param"]
    assert param["GUEST_DIRS"] == (variable or ".venv target")
    assert param["A"] == "b"


def test_a_worktrees_git_directory_is_looked_up_and_what_is_not_mounted_is_said(home, monkeypatch):
    committed, demo = Config(Path("/p/demo/.lima/config.yaml"), {}), Project(Path("/p/demo"))
    monkeypatch.setattr(worktree, "shared", lambda root: Shared(root.parent / "main/.git"))
    done = prepare.prepared(committed, demo, "demo-dev", facts())
    assert done.data["mounts"][-1]["location"] == "/p/main/.git"
    monkeypatch.setattr(worktree, "shared", lambda _: Shared(None, "git: why not"))
    assert "git: why not" in prepare.prepared(committed, demo, "demo-dev", facts()).notes


def test_one_that_is_a_link_is_refused_before_limactl_is_asked(home, tmp_path):
    (tmp_path / "target").symlink_to("/etc")
    committed = Config(tmp_path / ".lima/config.yaml", {"param": {"GUEST_DIRS": "target"}})
    with pytest.raises(UsageError, match="is a link"):
        prepare.prepared(committed, Project(tmp_path), "demo-dev", facts())


def test_limactl_reads_a_file_that_no_project_holds_and_that_goes_away(home):
    with prepare.config_file(JudgedConfig("demo-dev", {"cpus": 2})) as file:
        assert (file.path, file.name) == (home / ".lima" / "_sysinit-vm" / "demo-dev.yaml", "demo-dev")
        assert document.load(file.path).data == {"cpus": 2}
        assert file.path.stat().st_mode & 0o777 == 0o600
    assert not file.path.exists()


def test_it_goes_away_after_a_failure_too(home):
    with pytest.raises(KeyboardInterrupt), prepare.config_file(JudgedConfig("demo-dev", {})):
        raise KeyboardInterrupt
    assert list(own_directory().iterdir()) == []


def test_dry_writes_nothing(home):
    with prepare.config_file(JudgedConfig("demo-dev", {"cpus": 2}), dry=True):
        assert not own_directory().exists()
