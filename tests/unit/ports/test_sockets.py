import os
import socket

import psutil
import pytest

from sysinit_vm.ports import sockets
from sysinit_vm.ports.sockets import Listener


@pytest.fixture
def listen():
    opened = []

    def listen(address, *, udp=False, port=0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        one = socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
        opened.append(one)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, port))
        if not udp:
            one.listen()
        return one.getsockname()[1]

    yield listen
    for each in opened:
        each.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_a_port_is_taken_by_a_listener_on_any_address_that_a_browser_would_meet(listen, address):
    port = listen(address)
    assert sockets.taken(port)
    assert sockets.listener(port) == Listener(os.getpid(), psutil.Process().name())


def test_a_port_that_nobody_holds_is_free_and_stays_so(listen):
    port = listen("127.0.0.1")
    other = port + 1 if not sockets.taken(port + 1) else port + 2
    assert not sockets.taken(other)
    assert listen("127.0.0.1", port=other) == other
    assert sockets.listener(1) is None


def test_a_connection_that_ended_holds_no_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the listening side closes first, and waits
        client.close()
    assert not sockets.taken(port)


def test_tcp_and_udp_are_apart(listen):
    port = listen("127.0.0.1", udp=True)
    assert sockets.taken(port, "udp")
    assert not sockets.taken(port, "tcp")
    assert sockets.listener(port, "udp").pid == os.getpid()
    assert sockets.listener(port, "tcp") is None


def test_a_listener_is_told_by_its_family(listen):
    port = listen("::1")
    assert sockets.listener(port, ipv6=True)
    assert sockets.listener(port, ipv6=False) is None


def test_a_forward_to_every_address_meets_a_listener_on_one(listen):
    port = listen("127.0.0.2")
    assert not sockets.taken(port)
    assert sockets.taken(port, host_ip="0.0.0.0")


def test_without_ipv6_its_addresses_are_nobodys(monkeypatch):
    def none(*_):
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(sockets.socket, "socket", none)
    assert not sockets.taken(3000)


def test_whose_it_is_where_the_system_does_not_tell(monkeypatch):
    assert sockets._name(None) == "another user's program"
    assert str(Listener(None, "another user's program")) == "another user's program"
    assert str(Listener(7, "python3")) == "python3 (pid 7)"


def test_on_macos_an_ordinary_user_is_told_of_his_own(listen, monkeypatch):
    def denied(_):
        raise psutil.AccessDenied

    port = listen("127.0.0.1")
    monkeypatch.setattr(psutil, "net_connections", denied)
    monkeypatch.setattr(psutil, "process_iter", lambda: [psutil.Process()])
    assert sockets.listener(port).pid == os.getpid()


def test_low_ports_are_roots_as_the_kernel_says(monkeypatch, tmp_path):
    limit = tmp_path / "start"
    limit.write_text("80\n")
    monkeypatch.setattr(sockets.sys, "platform", "linux")
    monkeypatch.setattr(sockets, "_UNPRIVILEGED", limit)
    assert (sockets.privileged(79), sockets.privileged(80)) == (True, False)
    monkeypatch.setattr(sockets, "_UNPRIVILEGED", tmp_path / "none")
    assert (sockets.privileged(1023), sockets.privileged(1024)) == (True, False)
    monkeypatch.setattr(sockets.sys, "platform", "darwin")
    assert not sockets.privileged(80)


def test_whether_something_answers(listen):
    port = listen("127.0.0.1")
    assert sockets.answers("0.0.0.0", port)
    assert not sockets.answers("127.0.0.1", 1)
