"""What the product assumes of limactl, asked of the real one: a Lima release that changes it is noticed here."""

import json
from pathlib import Path

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.lima.account import current_account
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine.find_programs import find_limactl, limactl_version
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner


@pytest.fixture
def lima(world, monkeypatch):
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    return Limactl(Runner(), find_limactl())


def test_the_version_is_new_enough(lima):
    assert limactl_version(Runner(), lima.binary, Host.read()) >= (2, 0, 0)


def test_an_unknown_instance_is_none(lima):
    assert lima.instance("nonesuch") is None


def test_stray_directories_in_lima_home_do_not_disturb(lima, world, demo):
    stray = world.lima_home / "not..valid"
    stray.mkdir()
    try:
        assert "demo-dev" in [each.name for each in lima.instances()]
    finally:
        stray.rmdir()


def test_an_instance_carries_its_project(lima, demo):
    found = lima.instance("demo-dev")
    assert found.running
    assert found.project_dir == demo


def test_stopping_what_does_not_exist_fails(lima, world):
    with pytest.raises(VmError):
        lima.stop("nonesuch")


def test_the_effective_config_is_taken_without_a_warning(lima, demo, world):
    given = lima.instance("demo-dev").dir / "lima.yaml"
    done = Runner().read(
        (*current_account().prefix, str(lima.binary), "validate", str(given)), env=current_account().env
    )
    assert done.ok
    assert "warn" not in done.err


def test_the_committed_config_is_plain_lima_yaml(lima, demo):
    done = Runner().read(
        (*current_account().prefix, str(lima.binary), "validate", str(demo / ".lima/config.yaml")),
        env=current_account().env,
    )
    assert done.ok, done.err


def test_an_edit_arrives_to_the_byte(lima, world):
    """Of an instance that was never started, as `list` and `edit` see it."""
    nasty = "a\\b \\(.images) \"q\" \\n real\nline \u00e9 \u2028 tab\t 's' $x `y` {{.Home}} \\\\ end \\u0041 #c"
    base = {"minimumLimaVersion": "2.0.0", "vmType": "qemu", "images": [{"location": "/none.qcow2"}]}
    directory = world.lima_home / "never-started"
    directory.mkdir()
    (directory / "lima.yaml").write_text(json.dumps(base))
    (directory / "lima-version").write_text("2.2.0")
    wished = {**base, "provision": [{"mode": "system", "script": f"#!/bin/sh\n{nasty}"}]}
    try:
        lima.edit(JudgedConfig("never-started", wished))
        assert lima.instance("never-started").config().data == wished
        with pytest.raises(VmError, match="vmType"):
            lima.edit(JudgedConfig("never-started", {**base, "vmType": "nonesuch"}))
        assert lima.instance("never-started").config().data == wished
        assert not Path("lima.REJECTED.yaml").exists()
    finally:
        lima.delete("never-started")


def test_a_list_fills_in_what_a_config_leaves_to_lima_and_shows_that_plain_mounts_nothing(lima, world):
    """By this an adopted VM is compared, a shell that its guest lacks is known, and a plain one is not booted."""
    directory = world.lima_home / "never-started"
    directory.mkdir()
    base = {"images": [{"location": "/none.qcow2"}], "mounts": [{"location": "/srv"}]}
    (directory / "lima.yaml").write_text(json.dumps(base))
    try:
        filled = lima.instance("never-started").filled
        here = Host.read().arch
        assert (filled["arch"], filled["images"][0]["arch"], filled["vmType"]) == (here, here, "qemu")
        assert (filled["plain"], filled["mounts"][0]["mountPoint"], filled["mounts"][0]["writable"]) == (
            False,
            "/srv",
            False,
        )
        assert filled["user"]["shell"] == "/bin/bash"
        (directory / "lima.yaml").write_text(json.dumps({**base, "plain": True}))
        assert not lima.instance("never-started").filled.get("mounts")
    finally:
        lima.delete("never-started")
