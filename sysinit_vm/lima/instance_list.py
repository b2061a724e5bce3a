"""Which instances there are, as limactl lists them."""

import json
import re
from collections.abc import Callable, Iterable

from sysinit_vm.errors import VmError
from sysinit_vm.lima import home, names, silent
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.messages import reason
from sysinit_vm.runner import TIMED_OUT, Result

Read = Callable[..., Result]
"""Runs `limactl list --json` for the names that it is given; ``timeout`` in seconds."""

_SOON = 5  # seconds
_LATE = 60  # seconds: more than Lima waits for the host agents of frozen VMs
_NO_INSTANCE = "_sysinit-vm"  # a name that no instance can have: a limactl that works knows none
_BY_SIGNAL = 128  # a status above it: what started limactl saw that it was ended by a signal
_UNMATCHED = re.compile(r'msg"?[:=]"unmatched instances"')


def instances(read: Read) -> Instances:
    """Return what instances there are below LIMA_HOME; stray directories there do not disturb.

    Lima is asked by name, because one directory with an invalid name makes a plain ``list`` fail (2.2.0).
    """
    legal = [InstanceFiles(place) for place in home.instance_directories() if names.is_legal(place.name)]
    known_to_lima = [(its, its.has_config) for its in legal]
    listed = [its for its, has_config in known_to_lima if has_config]
    unlisted = tuple(_unlisted(its.name) for its, has_config in known_to_lima if not has_config)
    known = tuple(_list(read, *(its.name for its in listed))) if listed else ()
    if all(its.has_config for its in listed):
        return Instances(known, unlisted)
    return instances(read)  # one of them is just being deleted, which Lima does not always survive (2.2.0)


def instance(read: Read, name: str) -> Instance | None:
    """Return the instance ``name`` as it is now, None if there is none; half of one is ``unreadable``."""
    its = home.instance_files(name)
    if not names.is_legal(name) or not its.directory.is_dir():
        return None
    if not its.has_config:
        return _unlisted(name)
    return next((instance for instance in _list(read, name) if instance.name == name), None)


def _list(read: Read, *wanted: str) -> list[Instance]:
    """Return those of ``wanted`` that Lima has; VmError if it does not answer, or not as we know it.

    It looks at each directory that one mounts, and waits for ever if that does not answer: those are unreadable, too.
    One that it cannot list makes it fail for all (2.2.0): then each is asked for alone, and that one is unreadable.
    """
    if mute := _silent(wanted):
        answering = [name for name in wanted if name not in {instance.name for instance in mute}]
        return [*(_list(read, *answering) if answering else []), *mute]
    done = read(*wanted, timeout=_SOON)
    if done.code == TIMED_OUT:
        silent.find(place for name in wanted for place in _unlisted(name).mounted)
        if _silent(wanted):
            return _list(read, *wanted)
        done = read(*wanted, timeout=_LATE)
    if done.code == TIMED_OUT:
        raise VmError(
            "limactl does not answer.", detail="It did not end the list of its instances.", hint="limactl list"
        )
    listed = {instance.name: instance.with_own_config() for instance in _rows(done)}
    left = [name for name in wanted if name not in listed and home.instance_files(name).has_config]
    if done.code < 0 or done.code > _BY_SIGNAL:  # for lack of memory, say: that is no fault of an instance
        raise VmError("limactl was ended while it listed its instances.", detail=reason(done.err), hint="limactl list")
    if not left or _UNMATCHED.search(done.err):
        return list(listed.values())
    if done.ok:  # a VM would be called not created, and made again
        raise _not_understood(f"It does not list {left[0]}.")
    if len(wanted) > 1:
        alone = {name: instance for name in left for instance in _list(read, name)}
        return [instance for name in wanted if (instance := listed.get(name) or alone.get(name))]
    if not _UNMATCHED.search(read(_NO_INSTANCE, timeout=_LATE).err):
        raise VmError("limactl cannot list its instances.", detail=reason(done.err or done.out), hint="limactl list")
    return [_unlisted(wanted[0])]


def _silent(wanted: Iterable[str]) -> list[Instance]:
    """Return those of ``wanted`` that mount what is known not to answer."""
    return [instance for instance in map(_unlisted, wanted) if instance.silent] if silent.known() else []


def _unlisted(name: str) -> Instance:
    """What Lima does not list: one that it refuses, or that lacks its lima.yaml, perhaps half made; or a stray."""
    return Instance(name, "", home.instance_files(name).directory).with_own_config()


def _rows(done: Result) -> list[Instance]:
    """Return the instances in the output of a list; VmError if a row of it is not as Lima 2.2 prints it."""
    try:
        return [Instance.from_json(json.loads(line)) for line in done.out.splitlines() if line.startswith("{")]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _not_understood(f"{type(error).__name__}: {error}") from error


def _not_understood(why: str) -> VmError:
    detail = f"{why} It may be newer than sysinit-vm, or another program."
    return VmError("The list of limactl's instances cannot be read.", detail=detail, hint="sysinit-vm doctor")
