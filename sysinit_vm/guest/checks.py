"""What a booted guest says about itself: whether the user can work in it, how it is, and what it has."""

import errno
import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sysinit_vm import project_tree
from sysinit_vm.errors import VmError
from sysinit_vm.escaping import printable
from sysinit_vm.guest import scripts
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import repository
from sysinit_vm.projects.project import CONFIG, Project
from sysinit_vm.runner import TIMED_OUT, Result

_CHECK_SECONDS = 120
_VITALS_SECONDS = 30  # an emulated guest on a busy machine takes five
_LONGEST_ANSWER = 200  # bytes; it is 22
_LONGEST_CONFIG = 2**20  # bytes
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_LONGEST_DETAIL = 4000  # characters
_MOST_NAMED, _LONGEST_NAME = 20, 200  # of failed scripts, and of lines left out; characters of one
_WHICH = 'for program; do if command -v "$program" >/dev/null 2>&1; then echo "$program"; fi; done'
_IDENTIFY_AND_CHECK = 'bash -c "$1" bash /etc/sysinit-vm "$2"; shift 2; exec bash -c "$@"'


@dataclass(frozen=True)
class Readiness:
    """Whether the user can work in a guest; ``mount_problem`` may be empty even if it is not ``mounted``.

    ``read_only`` says why the project cannot be written in it, empty if it can. ``git_problem`` is what the guest's git
    says if it cannot use the repository that the project is in on the host, else empty. ``ssh_left_out`` are lines of
    the host's ~/.ssh/config that the guest's ssh does not know.
    """

    mounted: bool
    mount_problem: str
    session_tool: bool
    failed_scripts: tuple[str, ...]
    read_only: str = ""
    git_problem: str = ""
    ssh_left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Proof:
    """A file of the host's, ``relative`` to the project's root, by which the guest proves the mount.

    It answers in the file, which then holds ``answer``; or, if it can only read it, with ``answer``, its SHA-256.
    ``problem`` says why there is no such file, ``read_only`` why the guest cannot write it. ``ours`` says that it is
    for this alone, and removed afterwards.
    """

    relative: Path
    answer: str
    problem: str = ""
    read_only: str = ""
    ours: bool = True


@dataclass(frozen=True)
class GuestState:
    """What a guest has: ``memory`` in bytes as its kernel counts it, ``names`` in each directory that was asked for."""

    cpus: int
    memory: int
    env: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Vitals:
    """How a guest is: ``time`` in seconds since the epoch by its own clock; its root disk's use in percent."""

    time: int
    disk_percent: int
    inode_percent: int


def readiness(
    lima: Limactl, name: str, project: Project, *, gitconfig: str | None = None, writable: bool = True
) -> Readiness:
    """Ask a booted guest whether the user can work in it.

    A round trip proves the mount: the guest reads a file that is written here, and its answer is read here. If the
    mount is not ``writable``, or the project not for us, reading has to do. ``gitconfig`` becomes the guest's git
    identity in the same call (see ``git_identity``); None leaves it as it is. VmError if the guest does not answer
    within two minutes.
    """
    proof = _proof(project.root, writable=writable)
    how = "read" if proof.read_only else "write"
    in_repository = str(project.root) if repository.top(project.root) else ""
    check = (scripts.read("check.sh"), "bash", how, in_repository, str(project.root / proof.relative))
    words: tuple[str, ...] = ("bash", "-c", *check)
    if gitconfig is not None:
        words = ("bash", "-c", _IDENTIFY_AND_CHECK, "bash", scripts.read("identity.sh"), gitconfig, *check)
    done = lima.run(name, words, timeout=_CHECK_SECONDS)
    answer, answer_problem = _read_and_remove(project.root, proof.relative) if proof.ours else ("", "")
    if not done.ok:
        raise no_answer(name, done)
    answers = _answers(done)
    values = dict(answers)
    mounted = (values.get("read") if proof.read_only else answer) == proof.answer
    mount_problem = proof.problem or answer_problem or printable(values.get("mount", ""), _LONGEST_DETAIL)
    mounted = mounted and not proof.problem
    git_problem = printable(values.get("git", ""), _LONGEST_DETAIL) if mounted else ""
    return Readiness(
        mounted,
        mount_problem,
        values.get("zellij") == "yes",
        _some(answers, "failed"),
        read_only=proof.read_only,
        git_problem=git_problem,
        ssh_left_out=_some(answers, "ssh"),
    )


def _proof(root: Path, *, writable: bool) -> _Proof:
    """Write a file for the guest; if that is forbidden, the config that is there has to do."""
    token = os.urandom(8).hex()
    relative = CONFIG.with_name(f".mounted-{token}")
    try:
        project_tree.write(root, relative, token.encode(), parents=False)
    except VmError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FORBIDDEN:
            return _config_as_proof(root, f"you may not write {root}: {error.detail}")
        return _Proof(relative, "", f"{root / relative} cannot be written on the host: {error.detail}")
    if writable:
        return _Proof(relative, f"{token} seen")
    return _Proof(relative, hashlib.sha256(token.encode()).hexdigest(), read_only="its mount is not writable")


def _config_as_proof(root: Path, why: str) -> _Proof:
    try:
        content, problem = project_tree.read(root, CONFIG, _LONGEST_CONFIG), f"{root / CONFIG} is gone."
    except VmError as error:
        content, problem = None, f"{error.brief} {error.detail}"
    if content is None:
        return _Proof(CONFIG, "", problem, why, ours=False)
    return _Proof(CONFIG, hashlib.sha256(content.data).hexdigest(), read_only=why, ours=False)


def _read_and_remove(root: Path, relative: Path) -> tuple[str, str]:
    """Return the guest's answer, and why it is none: the guest may have put anything in the file's place."""
    try:
        answer = project_tree.read(root, relative, _LONGEST_ANSWER)
        return (answer.text(root / relative).strip() if answer else "", "")
    except VmError as error:
        return "", f"{error.brief} {error.detail}"
    finally:
        project_tree.remove(root, relative)


def vitals(lima: Limactl, name: str) -> Vitals:
    """Ask a booted guest for its clock and how full its disk is; VmError if it does not answer."""
    done = lima.run(name, ("sh", "-c", scripts.read("vitals.sh")), timeout=_VITALS_SECONDS)
    values = dict(_answers(done))
    try:
        return Vitals(*(int(values[key].rstrip("%")[:12]) for key in ("time", "disk", "inodes")))
    except (KeyError, ValueError) as error:
        if done.code == TIMED_OUT:
            done = replace(done, err=f"It was asked how it is, and gave no answer within {_VITALS_SECONDS} seconds.")
        raise no_answer(name, done) from error


def state(lima: Limactl, name: str, variables: Sequence[str], directories: Sequence[str], most: int) -> GuestState:
    """Ask a login of the guest for its CPUs and memory, ``variables``, and ``most`` names in each of ``directories``.

    ``directories`` are absolute. VmError if it does not answer.
    """
    script = ("bash", "-c", scripts.read("state.sh"), "bash", str(most), str(len(variables)), *variables, *directories)
    done = lima.run(name, script, timeout=_CHECK_SECONDS)
    answers = _answers(done)
    values = dict(answers)
    listings = [value.rstrip("\0").split("\0") for key, value in answers if key == "place"]
    try:
        env = dict(value.split("=", 1) for key, value in answers if key == "env")
        cpus, memory = int(values["cpus"]), int(values["memory"]) * 1024
    except (KeyError, ValueError) as error:
        raise no_answer(name, done) from error
    return GuestState(cpus, memory, env, {directory: tuple(names) for directory, *names in listings})


def programs(lima: Limactl, name: str, wanted: Sequence[str]) -> set[str]:
    """Return which of the programs ``wanted`` a login of the guest finds; VmError if it does not answer."""
    done = lima.run(name, ("sh", "-c", _WHICH, "sh", *wanted), timeout=_CHECK_SECONDS)
    if not done.ok:
        raise no_answer(name, done)
    return set(done.out.split()) & set(wanted)


def set_clock(lima: Limactl, name: str) -> None:
    """Set the guest's clock to this machine's, because it stops while the host sleeps; VmError if it refuses."""
    done = lima.run(name, ("sudo", "date", "--set", f"@{time.time():.0f}"), timeout=_CHECK_SECONDS)
    if not done.ok:
        raise VmError(f"The clock of {name} cannot be set.", detail=done.err or done.out, hint="sysinit-vm restart")


def _answers(done: Result) -> list[tuple[str, str]]:
    """Return the KEY=VALUE lines that a script of ours printed, in order; a key may appear more than once."""
    return [(key, value) for key, equals, value in (line.partition("=") for line in done.out.split("\n")) if equals]


def _some(answers: Sequence[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    """Return the values of a key that may appear more than once, as many as are shown."""
    values = [value for key, value in answers if key == wanted]
    return tuple(printable(value, _LONGEST_NAME) for value in values[:_MOST_NAMED])


def no_answer(name: str, done: Result) -> VmError:
    """Return the error of a guest that did not run what it was asked to."""
    detail = (done.err or done.out)[-_LONGEST_DETAIL:]
    return VmError(f"The guest of {name} does not answer.", detail=detail, hint="sysinit-vm logs")
