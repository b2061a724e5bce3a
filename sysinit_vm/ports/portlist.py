"""What ``ports`` shows: each declared port and each port that listens in the guest, with its actual state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.lima import events
from sysinit_vm.lima.events import Address, host_agent_ready
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.ports import allocation, forwards, guest_listeners, host_ports, sockets
from sysinit_vm.ports.forwards import Forward
from sysinit_vm.ports.guest_listeners import GuestListener
from sysinit_vm.projects.locate import Located
from sysinit_vm.runner import TIMED_OUT

COLUMNS = ("GUEST", "HOST", "URL", "PROCESS", "STATE", "FORWARD")
OPEN, SILENT, BOOTING = "open", "no answer", "still booting"
IDLE, UNREACHED = "nothing listens in the guest", "not forwarded"
_ASK_SECONDS = 60
_MOST_SOCKETS = 10_000


@dataclass(frozen=True)
class Port:
    """One row: ``host`` None if nothing is forwarded; ``process`` is the guest's; ``state`` is text.

    ``url`` is for a browser on the host, None if it cannot reach the port.
    """

    guest: int
    proto: str
    host_ip: str
    host: int | None
    url: str | None
    process: str
    state: str
    declared: bool

    @property
    def lost(self) -> bool:
        """Whether the host cannot reach a port that it should: a declared one that listens, or one held by another."""
        reached = self.state.startswith((OPEN, IDLE))
        return not reached and (self.declared or not self.state.startswith(UNREACHED))

    def data(self) -> dict[str, Any]:
        """Return the versioned JSON form; null for what does not exist."""
        return {
            "guest_port": self.guest,
            "protocol": self.proto,
            "host_ip": self.host_ip if self.host else None,
            "host_port": self.host,
            "url": self.url,
            "process": self.process or None,
            "state": self.state,
            "declared": self.declared,
        }

    def cells(self) -> tuple[str, ...]:
        """Return the cells, in the order of ``COLUMNS``."""
        kind = "/udp" if self.proto == "udp" else ""
        how = "declared" if self.declared else "automatic"
        return (f"{self.guest}{kind}", str(self.host or "-"), self.url or "-", self.process or "-", self.state, how)


def of_vm(lima: Limactl, located: Located, committed: Config | None) -> list[Port]:
    """Return the ports of a project's VM, declared ones first; without a VM, those of the ``committed`` config.

    VmError if a config cannot be read, or the running guest does not list its listening ports.
    """
    instance = located.instance
    if instance is None:
        declared = forwards.declared(committed) if committed else []
        return [_at_rest(forward, located.status) for forward in declared]
    declared = forwards.declared(instance.config())
    booting = instance.running and host_agent_ready(instance) is None
    if booting or not instance.running:
        return [_at_rest(forward, BOOTING if booting else located.status) for forward in declared]
    listeners = _guest_listeners(lima, instance)
    host = _HostSide.of(instance)
    forwarded = events.forwarded(instance.files.event_lines())
    return [*_declared(declared, listeners, host), *_automatic(declared, listeners, forwarded, host)]


def lost(instance: Instance) -> list[str]:
    """Return a sentence for each declared port whose host port another program took before the host agent could."""
    failed = events.failed(instance.files.host_agent_log_lines())
    if not failed:
        return []
    host, warnings = _HostSide.of(instance), []
    for forward in forwards.declared(instance.config()):
        holder = host.stranger(forward.probed, forward.host_ip, forward.host)
        if (forward.host_ip, forward.host) in failed and holder:
            warnings.append(
                f"port {forward.guest}: {forward.host} is now held by {holder}. Move it: sysinit-vm restart"
            )
    return warnings


def _at_rest(forward: Forward, state: str) -> Port:
    url = allocation.url(forward.host_ip, forward.host) if forward.probed == "tcp" else None
    return Port(forward.guest, forward.proto, forward.host_ip, forward.host, url, "", state, declared=True)


def _guest_listeners(lima: Limactl, instance: Instance) -> list[GuestListener]:
    done = lima.run(instance.name, guest_listeners.COMMAND, timeout=_ASK_SECONDS)
    if not done.ok:
        why = f"within {_ASK_SECONDS} seconds" if done.code == TIMED_OUT else f"(status {done.code})"
        raise VmError(
            f"The guest of {instance.name} did not list its listening ports.",
            detail=done.err or done.out or f"It did not answer {why}.",
            hint="sysinit-vm logs",
        )
    if done.out.count("\n") > _MOST_SOCKETS:
        raise VmError(
            f"The guest of {instance.name} lists more than {_MOST_SOCKETS} listening sockets.",
            detail="They are too many to be shown.",
            hint=f"sysinit-vm exec '{' '.join(guest_listeners.COMMAND)} | head'",
        )
    return guest_listeners.parse(done.out)


@dataclass(frozen=True)
class _HostSide:
    """The host side of one VM's ports: the process ids of its host ``agent`` and of all VMs' ``agents``."""

    agent: int | None
    agents: Mapping[int, str]

    @classmethod
    def of(cls, instance: Instance) -> Self:
        """Read the process ids that Lima recorded."""
        return cls(instance.files.host_agent_pid(), host_ports.agents())

    def stranger(self, proto: str, ip: str, port: int) -> str:
        """Name a listener on ``port`` and ``ip`` (or its family's wildcard) that is not the VM's; empty if none."""
        listener = sockets.listener(port, proto, ipv6=":" in ip)
        if listener is None or (listener.pid is not None and listener.pid == self.agent):
            return ""
        return self.agents.get(listener.pid or 0) or str(listener)

    def state(self, proto: str, at: Address, process: GuestListener | None) -> tuple[str, str | None]:
        """Return the state and the URL. An answer is not enough: it must come from the VM's host agent."""
        (ip, port), tcp = at, proto != "udp"
        stranger = self.stranger(proto, ip, port)
        if stranger:
            return f"held by {stranger}", None
        url = allocation.url(ip, port) if tcp else None
        if process is None:
            return IDLE, url
        if sockets.listener(port, proto, ipv6=":" in ip) is None:
            return f"{UNREACHED}: below 1024 only root may listen" if sockets.privileged(port) else UNREACHED, None
        if tcp and not sockets.answers(ip, port):
            return SILENT, url
        nearer = self.stranger(proto, "::1", port) if ":" not in ip else ""
        return (f"{OPEN}; localhost is {nearer}'s on IPv6", f"http://127.0.0.1:{port}") if nearer else (OPEN, url)


def _declared(declared: Iterable[Forward], listeners: Sequence[GuestListener], host: _HostSide) -> list[Port]:
    ports = []
    for forward in declared:
        listener = next((listener for listener in listeners if _meets(forward, listener)), None)
        state, url = host.state(forward.probed, (forward.host_ip, forward.host), listener)
        process = listener.process if listener else ""
        address = (forward.guest, forward.proto, forward.host_ip, forward.host)
        ports.append(Port(*address, url, process, state, declared=True))
    return ports


def _meets(forward: Forward, listener: GuestListener) -> bool:
    return forward.guest == listener.port and forward.proto in {listener.proto, "any"}


def _automatic(
    declared: Iterable[Forward],
    listeners: Iterable[GuestListener],
    forwarded: Mapping[tuple[str, int], Address],
    host: _HostSide,
) -> list[Port]:
    """A UDP socket is shown only if it is forwarded, because every client opens some."""
    covered = {(kind, forward.guest) for forward in declared for kind, _ in forward.spots(0)}
    ports = dict[tuple[str, int], Port]()
    for listener in sorted(listeners, key=lambda listener: (listener.port, listener.proto)):
        key = (listener.proto, listener.port)
        if key in covered or key in ports or (listener.proto == "udp" and key not in forwarded):
            continue
        ip, port = forwarded.get(key, ("127.0.0.1", None))
        state, url = host.state(listener.proto, (ip, port), listener) if port else (UNREACHED, None)
        ports[key] = Port(listener.port, listener.proto, ip, port, url, listener.process, state, declared=False)
    return list(ports.values())
