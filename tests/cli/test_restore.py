"""A VM whose lima.yaml is lost or damaged: its disk stays, and start gives it the config of its last start again."""

import json
import os
import shutil

import pytest

from sysinit_vm.trust import approvals
from tests.worlds import SCRIPT

# Root is an ordinary account there: it may not read what is closed to its owner.
UNSHARE = (str(shutil.which("unshare")), "--user", "--map-user=1", "--map-group=1")
ORDINARY = UNSHARE if os.geteuid() == 0 else ()


@pytest.fixture
def lima_yaml(world):
    """The lima.yaml of a VM that runs, started by us, and has a disk."""
    world.put_vm("Stopped")
    own = world.lima_home / "demo-dev"
    (own / "lima-version").write_text("2.2.0")
    (own / "disk").write_text("the guest's")
    assert world.run("start").returncode == 0
    return own / "lima.yaml"


def missing(path):
    path.unlink()


def corrupt(path):
    path.write_text("corrupt")


LOSSES = pytest.mark.parametrize("lose", [missing, corrupt])


@LOSSES
def test_start_restores_the_config_of_the_last_start_and_keeps_the_disk(world, lima_yaml, lose):
    before = lima_yaml.read_bytes()
    lose(lima_yaml)
    done = world.run("start")
    assert done.returncode == 0, done.stderr
    assert "its last start's again; the disk was kept" in done.stderr
    assert lima_yaml.read_bytes() == before
    assert (lima_yaml.parent / "disk").read_text() == "the guest's"
    assert world.verbs() == ["start", "stop", "start"]  # the guest was shut down in between
    aside = lima_yaml.with_name("lima.yaml.damaged")
    assert (aside.exists(), str(aside) in done.stderr) == ((lose is corrupt,) * 2)


@LOSSES
@pytest.mark.parametrize("words", [["status"], ["list"], ["plan"], ["stop"], ["exec", "true"], ["destroy"], ["apply"]])
def test_each_command_says_what_is_wrong_and_names_start(world, lima_yaml, lose, words):
    lose(lima_yaml)
    done = world.run(*words)
    assert f"{lima_yaml} is {'missing' if lose is missing else 'damaged'}" in done.stderr
    assert "Try: sysinit-vm start --name demo-dev" in done.stderr
    assert "limactl unprotect" not in done.stderr
    assert "rm -r" not in done.stderr
    assert (lima_yaml.parent / "disk").exists()


@LOSSES
def test_doctor_offers_to_restore_it(world, lima_yaml, lose):
    before = lima_yaml.read_bytes()
    lose(lima_yaml)
    assert "Try: sysinit-vm start --name demo-dev" in world.run("doctor").stderr
    done = world.run("doctor", "--fix")
    assert "its last start's again" in done.stderr
    assert lima_yaml.read_bytes() == before


def test_what_is_restored_is_judged(world, lima_yaml):
    kept = lima_yaml.with_name("sysinit-vm-lima.yaml")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "mounts": [{"location": "/srv", "writable": True}]}))
    lima_yaml.unlink()
    done = world.run("start")
    assert (done.returncode, "lets the guest write /srv" in done.stderr) == (5, True)
    assert world.verbs().count("start") == 1


def test_a_kept_config_behind_a_link_is_not_taken(world, lima_yaml):
    kept = lima_yaml.with_name("sysinit-vm-lima.yaml")
    kept.rename(world.home / "elsewhere.yaml")
    kept.symlink_to(world.home / "elsewhere.yaml")
    lima_yaml.unlink()
    assert world.run("start").returncode == 4
    assert not lima_yaml.exists()


@LOSSES
def test_without_a_kept_config_the_projects_own_is_offered(world, lima_yaml, lose):
    lima_yaml.with_name("sysinit-vm-lima.yaml").unlink()
    lose(lima_yaml)
    done = world.run("start")
    assert done.returncode == 4
    assert "sysinit-vm adopt --name demo-dev" in done.stderr
    refused = world.run("adopt")
    assert (refused.returncode, "Its disk stays" in refused.stderr) == (5, True)
    done = world.run("adopt", "--yes")
    assert done.returncode == 0, done.stderr
    assert json.loads(lima_yaml.read_text())["param"]["PROJECT_DIR"] == str(world.demo)
    assert (lima_yaml.parent / "disk").read_text() == "the guest's"
    assert world.run("start").returncode == 0


def test_another_projects_lost_vm_is_not_given_this_projects_config(world, lima_yaml, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(world.home / ".local/share"))
    other = world.project("other")
    world.put_config(other)
    approvals.save(lima_yaml.parent, [], project=world.demo)
    for name in ("sysinit-vm-lima.yaml", "lima.yaml"):
        lima_yaml.with_name(name).unlink()
    done = world.run("adopt", "--name", "demo-dev", "--yes", cwd=other)
    assert (done.returncode, f"has a project: {world.demo}" in done.stderr) == (4, True)
    assert not lima_yaml.exists()


def test_a_destroy_that_was_killed_is_not_undone(world, lima_yaml):
    world.let_fail("delete", "killed")
    assert world.run("destroy", "--yes").returncode == 1
    lima_yaml.unlink()
    assert world.run("start").returncode == 4
    assert not lima_yaml.exists()


@pytest.mark.parametrize("also", [[], ["sysinit-vm-lima.yaml"]])
def test_prune_leaves_what_start_or_adopt_restores(world, lima_yaml, also):
    (lima_yaml.parent / "ssh.config").touch()  # of a VM that booted
    for name in ("lima.yaml", *also):
        lima_yaml.with_name(name).unlink()
    assert world.run("prune", "--yes").returncode == 0
    assert (lima_yaml.parent / "disk").exists()


def test_a_protected_vm_that_limactl_cannot_read_is_not_to_be_unprotected_by_it(world, lima_yaml):
    (lima_yaml.parent / "protected").touch()
    lima_yaml.unlink()
    done = world.run("destroy", "--yes")
    assert (done.returncode, f"Try: rm {lima_yaml.parent}/protected" in done.stderr) == (4, True)
    assert "limactl unprotect" not in done.stderr


def test_dry_restores_nothing(world, lima_yaml):
    lima_yaml.unlink()
    assert "Would restore" in world.run("start", "--dry").stderr
    assert not lima_yaml.exists()


def test_the_kept_config_is_the_users_alone(lima_yaml):
    assert lima_yaml.with_name("sysinit-vm-lima.yaml").stat().st_mode & 0o777 == 0o600
    assert lima_yaml.with_name("sysinit-vm-booted.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("closed", ["lima.yaml", "disk", "."])
def test_what_may_not_be_read_is_neither_replaced_nor_deleted_and_no_advice_does_that(world, lima_yaml, closed):
    """Root's files, say, after a sudo: the VM is whole."""
    own = lima_yaml.parent
    (own / "status").write_text("Stopped")
    before = {path.name: path.read_bytes() for path in own.iterdir()}
    ran, mode = world.verbs(), (own / closed).stat().st_mode
    (own / closed).chmod(0)
    told = ""
    for words in (["start"], ["start", "--name", "demo-dev"], ["adopt", "--yes"], ["prune", "--yes"], ["status"]):
        done = world.type(*ORDINARY, *SCRIPT, *words)
        assert "Traceback" not in done.stderr
        told += done.stderr
    (own / closed).chmod(mode)
    assert "Permission denied\n" in told
    assert f"Try: chmod -R u+rwX {own}\n" in told
    assert not any(word in told for word in ("destroy", "rm -r", "missing", "damaged", "The system refused"))
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before
    assert world.verbs() == ran
