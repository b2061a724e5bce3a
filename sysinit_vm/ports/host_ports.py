"""Which host ports are held on this machine, and the choice of free ones.

Lima's instances are the only registry: a VM's ports are in its own ``lima.yaml``. A stopped VM keeps its ports, so
that none goes back and forth between projects.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sysinit_vm import lock
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.config.params import PROJECT_DIR
from sysinit_vm.errors import VmError
from sysinit_vm.lima.home import all_instance_files, own_directory
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import ports_lock, vm_lock_file
from sysinit_vm.ports import allocation, forwards, moves, sockets
from sysinit_vm.ports.forwards import Entry, Forward, Key, Spot


@dataclass(frozen=True)
class Placed:
    """The host port of each forward; ``words`` are a sentence for each that is not the declared one."""

    hosts: Mapping[Key, int]
    words: tuple[str, ...]


def place(name: str, root: Path, declared: Iterable[Forward], kept: Mapping[Key, int]) -> Placed:
    """Choose the host ports of the VM ``name``, whose project is ``root`` (absolute), while the lock is held.

    ``declared`` is what its config declares, ``kept`` what the VM has now. VmError if no host port is left.
    """
    forwards_ = list(declared)
    holder = holders(name)
    hosts = allocation.assign(forwards_, kept, holder, allocation.own_range(root))
    words = (_word(forward, kept.get(forward.key, forward.host), hosts[forward.key], holder) for forward in forwards_)
    return Placed(hosts, tuple(filter(None, words)))


def replace_held(
    lima: Limactl, instance: Instance, committed: Config | None, judge: Callable[[Instance, Entry], JudgedConfig]
) -> tuple[str, ...]:
    """Move the forwards of a stopped VM whose host ports are now held, in its own config; return messages.

    ``judge`` lets the new config pass. VmError if its config cannot be read, or Lima refuses the new one.
    """
    own = instance.config()
    wanted = allocation.hosts(committed) if committed else {}
    declared = [replace(forward, host=wanted.get(forward.key, forward.host)) for forward in forwards.declared(own)]
    if not declared:
        return ()
    kept = allocation.hosts(own)
    with ports_lock():
        placed = place(instance.name, instance.project_dir or instance.dir, declared, kept)
        if placed.hosts != kept:
            lima.edit(judge(instance, allocation.moved(own, placed.hosts).data))
            if not lima.runner.dry:
                moves.remember(instance.dir, declared, placed.hosts, kept)
    return placed.words


def unavailable(name: str, present: Config, wanted: Config) -> list[str]:
    """Return a sentence for each host port that the VM ``name`` cannot have, of those that ``wanted`` would change.

    ``present`` is the config that it has.
    """
    had = allocation.hosts(present)
    changed = [forward for forward in forwards.declared(wanted) if forward.host != had.get(forward.key)]
    if not changed:
        return []
    holder = holders(name)
    whys = [(forward, holder(forward, forward.host)) for forward in changed]
    return [f"port {one.guest}: {one.host} {why}; this project gets another." for one, why in whys if why]


def holders(name: str) -> Callable[[Forward, int], str]:
    """Return a function that says what holds a host port that a forward of the VM ``name`` would take."""
    by_others, host_agents = _of_other_vms(name), agents()

    def holder(forward: Forward, port: int) -> str:
        vm = next((by_others[spot] for spot in sorted(forward.spots(port)) if spot in by_others), "")
        if vm:
            return f"is held by {vm}"
        if sockets.privileged(port):
            return "is reserved for root, like all ports below 1024"
        if not sockets.taken(port, forward.probed, forward.host_ip):
            return ""
        listener = sockets.listener(port, forward.probed)
        return f"is held by {(listener and host_agents.get(listener.pid or 0)) or listener or 'another program'}"

    return holder


def _of_other_vms(name: str) -> dict[Spot, str]:
    """Return what other VMs claim on the host, including configs that another start is about to pass to limactl.

    Those are read first: if one disappears in the meantime, it is an instance by then. Configs are read from the disk,
    where they do not change while the lock is held.
    """
    held = dict[Spot, str]()
    for path in own_directory().glob("*.yaml"):
        if path.stem != name and lock.is_held(vm_lock_file(path.stem)):
            with suppress(VmError):
                claims = forwards.claims(document.load(path).data)
                held |= dict.fromkeys(claims, f"the VM {path.stem}, which starts now")
    for other in all_instance_files():
        if other.name != name:
            with suppress(VmError):
                held |= dict.fromkeys(forwards.claims(other.config().data), _title(other))
    return held


def agents() -> dict[int, str]:
    """Return a description of each VM, by the process id of its host agent."""
    titles = {instance.host_agent_pid(): _title(instance) for instance in all_instance_files()}
    return {pid: title for pid, title in titles.items() if pid}


def _title(instance: InstanceFiles) -> str:
    param = None
    with suppress(VmError):
        param = instance.config().data.get("param")
    project = param.get(PROJECT_DIR) if isinstance(param, Mapping) else None
    return f"the VM {instance.name}" + (f" of {project}" if project else "")


def _word(forward: Forward, was: int, now: int, holder: Callable[[Forward, int], str]) -> str:
    here = f"this project uses {allocation.url(forward.host_ip, now) if forward.probed == 'tcp' else now}"
    if now != was:
        return f"port {forward.guest}: {was} {holder(forward, was)}; {here}"
    return f"port {forward.guest}: {here}" if now != forward.host else ""
