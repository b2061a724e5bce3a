"""What limactl is given for a VM: the committed config, made effective by what this machine is now."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sysinit_vm import files, settings
from sysinit_vm.config import guest_dirs
from sysinit_vm.config.document import Config
from sysinit_vm.effective import resolve
from sysinit_vm.effective.resolve import Effective
from sysinit_vm.guest import setup
from sysinit_vm.lima.home import own_directory
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports.forwards import Key
from sysinit_vm.projects import worktree
from sysinit_vm.projects.project import Project


def work_out(
    committed: Config, home: Project, name: str, machine: Facts, hosts: Mapping[Key, int] | None = None
) -> Effective:
    """Return the effective config of ``home``'s VM ``name``; VmError for what this machine cannot give.

    ``hosts`` are the host ports of its declared ports: those chosen for it now (``hostports.place``), or those
    that its instance keeps (``ports.kept``); without it they are as declared.
    """
    wished = _with_guest_dirs(committed, home, settings.value("guest_dirs", committed))
    strict = settings.value("strict_ports", committed)
    git = worktree.shared(home.root)
    done = resolve.effective(
        wished, home, name, machine, setup.setup(), hosts=hosts, strict_ports=strict, git_dir=git.directory
    )
    return replace(done, words=(*done.words, *filter(None, [git.word])))


def _with_guest_dirs(committed: Config, home: Project, found: str) -> Config:
    """The setting, from whichever place it comes, reaches the guest as a param."""
    param = committed.data.get("param") or {}
    if not isinstance(param, dict) or not (found or "GUEST_DIRS" in param):
        return committed
    guest_dirs.check(home.root, found.split())
    return Config(committed.path, {**committed.data, "param": {**param, "GUEST_DIRS": found}})


@contextmanager
def written(name: str, wished: Effective, *, dry: bool = False) -> Iterator[Path]:
    """Write what limactl is given for the VM ``name`` while it reads it, and yield the path (absolute).

    It lies outside every project: in one, the guest of an earlier start could change it before limactl reads it.
    ``dry`` writes nothing.
    """
    path = own_directory() / f"{name}.yaml"
    if not dry:
        files.write(path, wished.text, mode=0o600)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
