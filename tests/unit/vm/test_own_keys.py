"""A VM that is given more keys than ssh takes: nobody could enter it."""

from dataclasses import replace

import pytest

from sysinit_vm.config import document
from sysinit_vm.drift import compare
from sysinit_vm.trust import approvals, gate
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.start import start
from tests.fakes import facts

OPTIONS = StartOptions(600, "auto", lambda *_: None)
KEYS = {"ssh": {"localPort": 0, "loadDotSSHPubKeys": True}}


@pytest.fixture
def keys(home):
    """Make so many key pairs."""
    place = home / ".ssh"
    place.mkdir()

    def make(number):
        for each in range(number):
            (place / f"key{each}").touch()
            (place / f"key{each}.pub").touch()
        (place / "certificate-cert.pub").touch()  # without a private key

    return make


@pytest.mark.parametrize(("number", "left_out"), [(99, False), (100, True)])
def test_a_running_vm_is_entered_without_them(lima, demo, keys, capsys, number, left_out):
    lima.add("demo-dev", demo.project.root, "Running", config=KEYS)
    keys(number)
    assert ProjectVm.read(lima, demo).running().name == "demo-dev"
    assert lima.data("demo-dev")["ssh"] == {"localPort": 0, "loadDotSSHPubKeys": not left_out}
    assert ("than 99 key pairs" in capsys.readouterr().err) is left_out
    assert lima.calls == []


@pytest.mark.parametrize("status", ["Stopped", "Running"])
def test_a_start_leaves_them_out_first(lima, demo, keys, status):
    keys(100)
    own = lima.add("demo-dev", demo.project.root, status, config=KEYS)
    approvals.save(own.dir, gate.judge_instance(own).items, project=demo.project.root)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.data("demo-dev")["ssh"]["loadDotSSHPubKeys"] is False
    assert lima.verbs == {"Stopped": ["edit", "start"], "Running": []}[status]


def test_a_vm_that_is_not_given_them_is_left_as_it_is(lima, demo, keys, capsys):
    lima.add("demo-dev", demo.project.root, "Running", config={"ssh": {"loadDotSSHPubKeys": False}})
    keys(100)
    ProjectVm.read(lima, demo).running()
    assert capsys.readouterr().err == ""


def test_a_running_vm_that_does_without_them_does_not_drift_from_its_boot(lima, demo, keys):
    own = lima.add("demo-dev", demo.project.root, "Running", config=KEYS)
    compare.remember(own)
    keys(100)
    after = replace(own, filled={**own.filled, "ssh": {"localPort": 0, "loadDotSSHPubKeys": False}})
    drift = compare.drift(after, document.load(demo.project.config), facts())
    assert not [change.what for change in drift.changes if "_config" in change.what]
