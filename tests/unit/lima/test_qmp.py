import json
import socket
import threading
from dataclasses import replace

import pytest

from sysinit_vm.lima import qmp
from sysinit_vm.lima.instance import Instance

GREETING = {"QMP": {"version": {}, "capabilities": ["oob"]}}
EVENT = {"event": "RTC_CHANGE", "data": {"offset": 0}}


class Monitor:
    """QEMU's monitor as QMP has it: ``status`` is the state, ``asked`` the commands that came."""

    def __init__(self, path, status="running", after_cont="running"):
        self.status, self.after_cont, self.asked = status, after_cont, []
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(path))
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as stream:
                self._say(stream, GREETING)
                for line in stream:
                    self._say(stream, EVENT)
                    self._say(stream, {"return": self._done(json.loads(line)["execute"])})

    def _done(self, command):
        self.asked.append(command)
        if command == "cont":
            self.status = self.after_cont
        return {"status": self.status, "running": self.status == "running"} if command == "query-status" else {}

    @staticmethod
    def _say(stream, message):
        stream.write(json.dumps(message).encode() + b"\r\n")


@pytest.fixture
def vm(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    monkeypatch.setattr(qmp, "_SETTLE", 0)
    return Instance("a", "Running", tmp_path)


@pytest.mark.parametrize(("status", "paused"), [("io-error", True), ("running", False), ("paused", False)])
def test_a_guest_is_paused_if_qemu_could_not_write(vm, status, paused):
    monitor = Monitor(vm.files.monitor, status)
    assert qmp.paused(vm) is paused
    assert monitor.asked == ["qmp_capabilities", "query-status"]


def test_one_that_lima_cannot_read_is_asked_too(vm):
    Monitor(vm.files.monitor, "io-error")
    assert qmp.paused(replace(vm, status=""))


@pytest.mark.parametrize(("after_cont", "goes_on"), [("running", True), ("io-error", False)])
def test_it_goes_on_if_there_is_room(vm, after_cont, goes_on):
    monitor = Monitor(vm.files.monitor, "io-error", after_cont)
    assert qmp.resume(vm) is goes_on
    assert "cont" in monitor.asked


def test_nothing_is_asked_of_a_vm_that_does_not_run(tmp_path):
    monitor = Monitor(tmp_path / "qmp.sock", "io-error")
    assert not qmp.paused(Instance("a", "Stopped", tmp_path))
    assert monitor.asked == []


@pytest.mark.parametrize(
    "said", [b"", b"\xff\n", b"[]\n", b'{"QMP":1}\n[1]\n', b'{"QMP":1}\n{"error":{}}\n{"return":1}\n']
)
def test_a_monitor_that_says_something_else_tells_nothing(vm, said):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(vm.files.monitor))
    server.listen()

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.sendall(said)

    threading.Thread(target=serve, daemon=True).start()
    assert not qmp.paused(vm)


def test_a_monitor_that_is_busy_is_not_waited_for_long(vm, monkeypatch):
    monkeypatch.setattr(qmp, "_TIMEOUT", 0.1)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(vm.files.monitor))
    server.listen()
    assert not qmp.paused(vm)


def test_there_may_be_no_monitor(vm):
    assert not qmp.paused(vm)
