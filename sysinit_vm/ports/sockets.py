"""What listens on this machine: found by trying to bind, and named if the system allows it."""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

# A browser's `localhost` goes to ::1 first. On Linux a wildcard listener also blocks the loopback addresses.
# BSD sockets allow both at once, so there the wildcard addresses are tried too.
_TRIED = ("127.0.0.1", "::1", *(("0.0.0.0", "::") if sys.platform != "linux" else ()))  # noqa: S104
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@dataclass(frozen=True)
class Listener:
    """A process that listens on a host port; ``pid`` is None if unknown, for example another user's."""

    pid: int | None
    name: str

    def __str__(self) -> str:
        """The name and process id, for messages."""
        return f"{self.name} (pid {self.pid})" if self.pid else self.name


def taken(port: int, proto: str = "tcp", host_ip: str = "127.0.0.1") -> bool:
    """Whether a program holds host ``port`` on ``host_ip`` or on an address that a browser's `localhost` uses.

    This does not disturb other programs: it binds a socket, but does not listen.
    """
    return any(_in_use(address, port, proto) for address in dict.fromkeys((host_ip, *_TRIED)))


def _in_use(address: str, port: int, proto: str) -> bool:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET  # noqa: PLR2004
    try:
        with socket.socket(family, _KINDS[proto]) as probe:
            if proto == "tcp":  # as Lima's host agent binds; connections that end do not hold a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def privileged(port: int) -> bool:
    """Whether ``port`` is reserved for root, so that the host agent cannot listen on it; never so on macOS."""
    if sys.platform != "linux":
        return False
    try:
        return port < int(_UNPRIVILEGED.read_text())
    except (OSError, ValueError):
        return port < 1024  # noqa: PLR2004


def listener(port: int, proto: str = "tcp", *, ipv6: bool | None = None) -> Listener | None:
    """Return a listener on host ``port``, None if there is none; ``ipv6`` limits it to IPv6 or IPv4."""
    for pid, family, bound, status in _sockets(proto):
        listens = bound and bound[1] == port and (proto == "udp" or status == "LISTEN")
        if listens and ipv6 in {None, family == socket.AF_INET6}:
            return Listener(pid, _name(pid))
    return None


def _sockets(proto: str) -> Iterator[tuple[int | None, int, tuple[Any, ...], str]]:
    import psutil

    try:
        for connection in psutil.net_connections(proto):
            yield connection.pid, connection.family, connection.laddr, connection.status
    except psutil.AccessDenied:  # macOS shows an ordinary user their own processes only
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                for own in process.net_connections(proto):
                    yield process.pid, own.family, own.laddr, own.status


def _name(pid: int | None) -> str:
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).name() if pid else "another user's program"
    return "a program"


def answers(host_ip: str, port: int) -> bool:
    """Whether a TCP connection to host ``port`` is accepted within two seconds."""
    address = "127.0.0.1" if ip_address(host_ip).is_unspecified else host_ip
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True
