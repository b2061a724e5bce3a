"""What ``ports`` shows: each declared port and each that listens in the guest, with what is really so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.lima import events
from sysinit_vm.lima.events import Address, host_agent_ready
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.ports import allocation, forwarding, forwards, host_ports, sockets
from sysinit_vm.ports.forwarding import GuestListener
from sysinit_vm.ports.forwards import Forward
from sysinit_vm.projects.locate import Located

COLUMNS = ("GUEST", "HOST", "URL", "PROCESS", "STATE", "FORWARD")
OPEN, SILENT, BOOTING = "open", "no answer", "still booting"
IDLE, UNREACHED = "nothing listens in the guest", "not forwarded"
_ASK_SECONDS = 60


@dataclass(frozen=True)
class Port:
    """One row: ``host`` None where nothing is forwarded; ``process`` is the guest's; ``state`` for people.

    ``url`` is where a browser on the host finds it, None where it cannot.
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
        """Whether the host does not reach what it should: a declared port that listens, or one that another holds."""
        reached = self.state.startswith((OPEN, IDLE))
        return not reached and (self.declared or not self.state.startswith(UNREACHED))

    def data(self) -> dict[str, Any]:
        """Return the versioned form; null for what is not there."""
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


def of_vm(lima: Limactl, found: Located, committed: Config | None) -> list[Port]:
    """Return the ports of a project's VM, declared ones first; without a VM those of the ``committed`` config.

    VmError where a config cannot be read, or the running guest does not say what listens in it.
    """
    instance = found.instance
    if instance is None:
        return [_at_rest(each, found.status) for each in forwards.declared(committed)] if committed else []
    declared = forwards.declared(lima.config(instance))
    booting = instance.running and host_agent_ready(instance) is None
    if booting or not instance.running:
        return [_at_rest(each, BOOTING if booting else found.status) for each in declared]
    listening = _guest_listeners(lima, instance)
    host = _Host(host_ports.host_agent(instance), host_ports.agents(lima))
    forwarded = events.forwarded(instance.files.event_lines())
    return [*_declared(declared, listening, host), *_automatic(declared, listening, forwarded, host)]


def lost(lima: Limactl, instance: Instance) -> list[str]:
    """Return what to tell of declared ports whose host port somebody took before the host agent could."""
    failed = events.failed(instance.files.host_agent_log_lines())
    if not failed:
        return []
    host, found = _Host(host_ports.host_agent(instance), host_ports.agents(lima)), []
    for each in forwards.declared(lima.config(instance)):
        holder = host.stranger(each.probed, each.host_ip, each.host)
        if (each.host_ip, each.host) in failed and holder:
            found.append(f"port {each.guest}: {each.host} is held by {holder} since. Move it: sysinit-vm restart")
    return found


def _at_rest(each: Forward, state: str) -> Port:
    url = allocation.url(each.host_ip, each.host) if each.probed == "tcp" else None
    return Port(each.guest, each.proto, each.host_ip, each.host, url, "", state, declared=True)


def _guest_listeners(lima: Limactl, instance: Instance) -> list[GuestListener]:
    done = lima.run(instance.name, forwarding.LISTENERS, timeout=_ASK_SECONDS)
    if not done.ok:
        raise VmError(
            f"The guest of {instance.name} does not say what listens in it.",
            detail=done.err or done.out or f"It did not answer within {_ASK_SECONDS} seconds.",
            hint="sysinit-vm logs",
        )
    return forwarding.listeners(done.out)


@dataclass(frozen=True)
class _Host:
    """The host as one VM's ports meet it: ``agent`` is its host agent's process, ``agents`` name every VM's."""

    agent: int | None
    agents: Mapping[int, str]

    def stranger(self, proto: str, ip: str, port: int) -> str:
        """Name who listens on ``ip`` (or its family's all) and ``port`` and is not the VM's; empty for nobody."""
        found = sockets.listener(port, proto, ipv6=":" in ip)
        if found is None or (found.pid is not None and found.pid == self.agent):
            return ""
        return self.agents.get(found.pid or 0) or str(found)

    def state(self, proto: str, at: Address, process: GuestListener | None) -> tuple[str, str | None]:
        """Return the state and the URL: that something answers proves nothing, it has to be the host agent."""
        (ip, port), tcp = at, proto != "udp"
        stranger = self.stranger(proto, ip, port)
        if stranger:
            return f"held by {stranger}", None
        url = allocation.url(ip, port) if tcp else None
        if process is None:
            return IDLE, url
        if sockets.listener(port, proto, ipv6=":" in ip) is None:
            return f"{UNREACHED}: all below 1024 is root's" if sockets.privileged(port) else UNREACHED, None
        if tcp and not sockets.answers(ip, port):
            return SILENT, url
        nearer = self.stranger(proto, "::1", port) if ":" not in ip else ""
        return (f"{OPEN}; localhost is {nearer}'s on IPv6", f"http://127.0.0.1:{port}") if nearer else (OPEN, url)


def _declared(declared: Iterable[Forward], listening: Iterable[GuestListener], host: _Host) -> list[Port]:
    found = []
    for each in declared:
        process = next((one for one in listening if each.guest == one.port and each.proto in {one.proto, "any"}), None)
        state, url = host.state(each.probed, (each.host_ip, each.host), process)
        said = process.process if process else ""
        found.append(Port(each.guest, each.proto, each.host_ip, each.host, url, said, state, declared=True))
    return found


def _automatic(
    declared: Iterable[Forward],
    listening: Iterable[GuestListener],
    forwarded: Mapping[tuple[str, int], Address],
    host: _Host,
) -> list[Port]:
    """UDP sockets are shown where they are forwarded: any client opens some."""
    known = {(kind, each.guest) for each in declared for kind, _ in each.spots(0)}
    found = dict[tuple[str, int], Port]()
    for each in sorted(listening, key=lambda one: (one.port, one.proto)):
        key = (each.proto, each.port)
        if key in known or key in found or (each.proto == "udp" and key not in forwarded):
            continue
        ip, port = forwarded.get(key, ("127.0.0.1", None))
        state, url = host.state(each.proto, (ip, port), each) if port else (UNREACHED, None)
        found[key] = Port(each.port, each.proto, ip, port, url, each.process, state, declared=False)
    return list(found.values())
