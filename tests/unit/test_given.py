from pathlib import Path

import pytest
from recording import facts

from sysinit_vm import config, given
from sysinit_vm.config import Config
from sysinit_vm.effective import Effective
from sysinit_vm.ports import IGNORE_ALL
from sysinit_vm.project import Project


def test_what_is_worked_out_holds_our_setup_first(home):
    committed = Config(Path("/p/demo/.lima/config.yaml"), {"provision": [{"mode": "user", "script": "theirs"}]})
    done = given.work_out(committed, Project(Path("/p/demo")), "demo-dev", facts())
    assert [each["mode"] for each in done.data["provision"]] == ["system", "user", "user"]
    assert done.data["param"]["VM_NAME"] == "demo-dev"


def test_strict_ports_is_a_setting(home, monkeypatch):
    committed = Config(Path("/p/demo/.lima/config.yaml"), {"param": {"STRICT_PORTS": "true"}})
    forwards = given.work_out(committed, Project(Path("/p/demo")), "demo-dev", facts()).data["portForwards"]
    assert forwards == [IGNORE_ALL]
    monkeypatch.setenv("SYSINIT_VM_STRICT_PORTS", "false")
    assert "portForwards" not in given.work_out(committed, Project(Path("/p/demo")), "demo-dev", facts()).data


def test_limactl_reads_a_file_that_no_project_holds_and_that_goes_away(home):
    wished = Effective({"cpus": 2})
    with given.written("demo-dev", wished) as path:
        assert path == home / ".lima" / "_sysinit-vm" / "demo-dev.yaml"
        assert config.load(path).data == wished.data
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_it_goes_away_after_a_failure_too(home):
    with pytest.raises(KeyboardInterrupt), given.written("demo-dev", Effective({})):
        raise KeyboardInterrupt
    assert list(given.directory().iterdir()) == []


def test_dry_writes_nothing(home):
    with given.written("demo-dev", Effective({"cpus": 2}), dry=True):
        assert not given.directory().exists()
