import pytest

from sysinit_vm.machine import optional
from tests.fakes import RecordingRunner
from tests.unit.machines import Machine


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def runner():
    return RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})


@pytest.fixture
def bare(machine, monkeypatch):
    """Without a task beside the interpreter, with an empty home, and without the system's own virtiofsd."""
    monkeypatch.setenv("HOME", str(machine.tmp / "home"))
    monkeypatch.setattr(optional.sys, "executable", str(machine.bin / "python3"))
    monkeypatch.setattr(optional, "_BACKENDS", (machine.tmp / "mine", machine.tmp / "systems"))
    return machine
