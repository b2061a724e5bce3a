"""What limactl is given for a VM: the committed config, made effective on this machine as it is now."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from sysinit_vm import files, settings
from sysinit_vm.config import guest_dirs
from sysinit_vm.config.document import Config
from sysinit_vm.effective.resolve import EffectiveConfig, effective_config
from sysinit_vm.guest import setup
from sysinit_vm.lima.home import own_directory
from sysinit_vm.lima.judged import JudgedConfig, JudgedFile
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports.forwards import Key
from sysinit_vm.projects import worktree
from sysinit_vm.projects.project import Project


def prepared(
    committed: Config, project: Project, name: str, facts: Facts, hosts: Mapping[Key, int] | None = None
) -> EffectiveConfig:
    """Return the effective config of ``project``'s VM ``name``; VmError for what this machine cannot give.

    ``hosts`` are the host ports of its declared ports: those chosen for it now (``host_ports.place``), or those
    that its instance keeps (``allocation.kept``); without it they are as declared.
    """
    config = _with_guest_dirs(committed, project, settings.value("guest_dirs", committed))
    strict = settings.value("strict_ports", committed)
    git = worktree.shared(project.root)
    scripts = setup.provision_scripts()
    effective = effective_config(
        config, project, name, facts, scripts, hosts=hosts, strict_ports=strict, git_dir=git.directory
    )
    return replace(effective, notes=(*effective.notes, *filter(None, [git.word])))


def _with_guest_dirs(committed: Config, project: Project, directories: str) -> Config:
    """The setting reaches the guest as a param, wherever it was set."""
    param = committed.data.get("param") or {}
    if not isinstance(param, dict) or not (directories or "GUEST_DIRS" in param):
        return committed
    guest_dirs.check(project.root, directories.split())
    return replace(committed, data={**committed.data, "param": {**param, "GUEST_DIRS": directories}})


@contextmanager
def config_file(config: JudgedConfig, *, dry: bool = False) -> Iterator[JudgedFile]:
    """Write the file that limactl reads, yield it, and remove it afterwards.

    It lies outside every project: in one, the guest of an earlier start could change it before limactl reads it.
    ``dry`` writes nothing.
    """
    path = own_directory() / f"{config.name}.yaml"
    if not dry:
        files.write(path, config.text, mode=0o600)
    try:
        yield JudgedFile(path, config.name)
    finally:
        path.unlink(missing_ok=True)
