"""Where commands are measured: a project without a VM, one whose VM runs, and LIMA_HOMEs with many instances."""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import boot, machine, rows
from sysinit_vm.config import document
from sysinit_vm.effective import prepare
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.executables import find
from sysinit_vm.lima.judged import JudgedFile
from sysinit_vm.lima.messages import reason
from sysinit_vm.machine import facts
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal.console import say

CHECKOUT = Path(__file__).parents[1]
_IMAGE_SIZE = 2**20  # bytes
_TEMPLATE = "minimal"
_STEM = "bench-"  # of the names of projects


@dataclass(frozen=True)
class Place:
    """A project's ``root`` and the ``lima_home`` of its VM (both absolute), whose name is ``vm``."""

    root: Path
    lima_home: Path
    vm: str = ""

    def argv(self, line: str, programs: Mapping[str, Sequence[str]]) -> list[str]:
        """Return the words of a command ``line`` of ``rows`` here; its first is one of ``programs``."""
        values = {"vm": self.vm, "root": str(self.root), "session": Project(self.root).session}
        first, *words = shlex.split(line)
        return [*programs[first], *(word.format_map(values) for word in words)]

    def env(self, programs: Path) -> dict[str, str]:
        """Return the environment for commands here, in which ``programs``, a directory, comes first on PATH."""
        env = {**os.environ, **machine.limactl().account.env, "LIMA_HOME": str(self.lima_home)}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        path = [str(programs), str(Path(sys.executable).parent), env.get("PATH", os.defpath)]
        return {**env, "PATH": os.pathsep.join(path), **({"VM_NAME": self.vm} if self.vm else {})}


def programs(script: Path | None) -> dict[str, list[str]]:
    """Return how the first words of the rows' command lines are run; ``script`` is that of the original script."""
    own, lima = Path(sys.executable).parent, machine.limactl()
    task = find("task") or find(str(own / "task"))
    known = {
        "python": [sys.executable],
        "sysinit-vm": [str(own / "sysinit-vm")],
        "limactl": [*lima.account.prefix, str(lima.binary)],
        "inv": [str(own / "inv"), "--search-root", str(CHECKOUT)],
    }
    if task:
        known["task"] = [str(task), "-x", "-t", str(CHECKOUT / "Taskfile.yml")]
    if script:
        known["script"] = ["bash", str(script)]
    return known


def put_limactl(directory: Path) -> None:
    """Put into ``directory`` the ``limactl`` that a script finds on PATH: for root it is in a namespace."""
    lima = machine.limactl()
    program = directory / "limactl"
    if not lima.account.prefix:
        program.symlink_to(lima.binary)
        return
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*lima.account.prefix, str(lima.binary)])} "$@"\n')
    program.chmod(0o755)


@contextlib.contextmanager
def opened(name: str, vm: str) -> Iterator[Place]:
    """Make the place ``name`` of a row, yield it and remove it; ``vm`` names a running VM to be used as it is."""
    if name == rows.VM:
        with _running(vm) if vm else booted(_TEMPLATE) as place:
            yield place
        return
    with machine.scratch() as directory:
        (directory / "lima").mkdir(mode=0o700)
        place = Place(directory / f"{_STEM}001", directory / "lima")
        _init(place.root, place.lima_home, _TEMPLATE)
        if name != rows.NO_VM:
            say(f"Making {name}")
            _put_instances(place, int(name.split(maxsplit=1)[0]))
        yield place


@contextlib.contextmanager
def _running(name: str) -> Iterator[Place]:
    instance = machine.limactl().instance(name)
    if instance is None or not instance.running or instance.project_dir is None:
        raise StateError(f"{name} is no running VM of a project.", hint="sysinit-vm list")
    yield Place(instance.project_dir, instance.dir.parent, name)


@contextlib.contextmanager
def booted(*words: str) -> Iterator[Place]:
    """Boot a VM from our image, of a config that `init` writes for ``words``; it is deleted at the end."""
    disk = boot.images(theirs=False)[boot.OURS]
    with machine.home() as lima_home:
        (lima_home / "_images").symlink_to(disk.parent)
        with machine.scratch() as directory:
            root = directory / "bench"
            _init(root, lima_home, *words)
            say(f"Booting a VM: {' '.join(words)}")
            _ours(root, lima_home, "start")
            yield Place(root, lima_home, "bench-dev")


def _init(root: Path, lima_home: Path, *words: str) -> None:
    root.mkdir()
    _ours(root, lima_home, "init", *words, "--ssh", "none")


def _ours(root: Path, lima_home: Path, *words: str) -> None:
    argv = [str(Path(sys.executable).with_name("sysinit-vm")), *words]
    env = {**os.environ, "LIMA_HOME": str(lima_home)}
    done = subprocess.run(argv, cwd=root, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise VmError(f"sysinit-vm {words[0]} failed.", detail=done.stderr.decode(errors="replace"))


def _put_instances(place: Place, count: int) -> None:
    """Let limactl create one instance, from an empty image of 1 MiB, and copy it for all others, which Lima takes."""
    image = place.root.parent / "empty.raw"
    with image.open("wb") as stream:
        stream.truncate(_IMAGE_SIZE)
    project = Project(place.root)
    committed = document.load(project.config).data
    small = {"images": [{"location": str(image)}], "disk": f"{_IMAGE_SIZE // 2**20}MiB"}
    project.config.write_text(document.dump({**committed, **small}), encoding="utf-8")
    made = _create(place, project)
    for number in range(2, count + 1):
        name = f"{_STEM}{number:03d}"
        shutil.copytree(place.root, place.root.with_name(name))
        copy = made.with_name(made.name.replace(project.name, name))
        shutil.copytree(made, copy)
        for file in (Project(place.root.with_name(name)).config, copy / "lima.yaml"):
            file.write_text(file.read_text(encoding="utf-8").replace(project.name, name), encoding="utf-8")


def _create(place: Place, project: Project) -> Path:
    """Create the instance of ``project`` as `start` would, without booting it, and return its directory."""
    name = f"{project.name}-dev"
    with machine.at(place.lima_home):
        effective = prepare.prepared(document.load(project.config), project, name, facts.gather())
        written = place.root.parent / f"{name}.yaml"
        written.write_text(document.dump(effective.data), encoding="utf-8")
        done = machine.limactl().create(JudgedFile(written, name), lambda _: None)
    if not done.ok:
        raise VmError("limactl does not create the instance.", detail=reason(done.err))
    return place.lima_home / name
