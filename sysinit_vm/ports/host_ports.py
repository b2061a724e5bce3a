"""Which host ports are held on this machine, and the lock under which they are given out.

Lima's instances are the only registry: a VM's ports stand in its own ``lima.yaml``, a stopped one's too, so that
no port goes back and forth between projects.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sysinit_vm import lock
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.lima.home import own_directory
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import ports_lock
from sysinit_vm.ports import allocation, forwards, sockets
from sysinit_vm.ports.forwards import Forward, Key, Spot


@dataclass(frozen=True)
class Placed:
    """The host port of each forward; ``words`` tell of those that are not where the config wants them."""

    hosts: Mapping[Key, int]
    words: tuple[str, ...]


def place(lima: Limactl, name: str, root: Path, wanted: Iterable[Forward], kept: Mapping[Key, int]) -> Placed:
    """Choose the host ports of the VM ``name``, whose project is ``root`` (absolute), while the lock is held.

    ``wanted`` is what its config declares, ``kept`` what it has. VmError where no host port is left.
    """
    every = list(wanted)
    holder = holders(lima, name)
    hosts = allocation.assign(every, kept, holder, allocation.own_range(root))
    words = tuple(_word(each, kept.get(each.key, each.host), hosts[each.key], holder) for each in every)
    return Placed(hosts, tuple(filter(None, words)))


def replace_held(lima: Limactl, instance: Instance, committed: Config | None) -> tuple[str, ...]:
    """Move the forwards of a stopped VM whose host ports are held now, in its own config; return what to tell.

    VmError where its config cannot be read, or Lima does not take the new one.
    """
    own = lima.config(instance)
    wishes = allocation.hosts(committed) if committed else {}
    wanted = [replace(each, host=wishes.get(each.key, each.host)) for each in forwards.declared(own)]
    if not wanted:
        return ()
    kept = allocation.hosts(own)
    with ports_lock():
        placed = place(lima, instance.name, instance.project_dir or instance.dir, wanted, kept)
        if placed.hosts != kept:
            lima.edit(instance.name, allocation.moved(own, placed.hosts).data)
    return placed.words


def holders(lima: Limactl, name: str) -> Callable[[Forward, int], str]:
    """Return what names the holder of a host port that a forward of the VM ``name`` would take."""
    by_others, running = _of_other_vms(lima, name), agents(lima)

    def holder(forward: Forward, port: int) -> str:
        theirs = next((by_others[spot] for spot in sorted(forward.spots(port)) if spot in by_others), "")
        if theirs:
            return f"is held by {theirs}"
        if sockets.privileged(port):
            return "is root's alone, as all below 1024 are"
        if not sockets.taken(port, forward.probed, forward.host_ip):
            return ""
        found = sockets.listener(port, forward.probed)
        return f"is held by {(found and running.get(found.pid or 0)) or found or 'another program'}"

    return holder


def _of_other_vms(lima: Limactl, name: str) -> dict[Spot, str]:
    """Return what other VMs take of the host, also those that another start is about to give to limactl.

    These first: one that goes away meanwhile has become an instance by then.
    """
    held = dict[Spot, str]()
    for path in own_directory().glob("*.yaml"):
        if path.stem != name and lock.is_held(path.with_suffix(".lock")):
            with suppress(VmError):
                held |= dict.fromkeys(
                    forwards.claims(document.load(path).data), f"the VM {path.stem}, which starts now"
                )
    for other in lima.instances():
        if other.name != name:
            with suppress(VmError):
                held |= dict.fromkeys(forwards.claims(lima.config(other).data), _called(other))
    return held


def agents(lima: Limactl) -> dict[int, str]:
    """Return how each VM is called, by the process id of its host agent."""
    found = {host_agent(each): _called(each) for each in lima.instances()}
    return {pid: called for pid, called in found.items() if pid}


def _called(vm: Instance) -> str:
    return f"the VM {vm.name}" + (f" of {vm.project_dir}" if vm.project_dir else "")


def host_agent(instance: Instance) -> int | None:
    """Return the process id of the VM's host agent, None where there is none."""
    try:
        return int((instance.dir / "ha.pid").read_text())
    except (OSError, ValueError):
        return None


def _word(each: Forward, was: int, now: int, holder: Callable[[Forward, int], str]) -> str:
    here = f"this project's is {allocation.url(each.host_ip, now) if each.probed == 'tcp' else now}"
    if now != was:
        return f"port {each.guest}: {was} {holder(each, was)}; {here}"
    return f"port {each.guest}: {here}" if now != each.host else ""
