"""The project: its config, whether it can be one, and whose VM its name leads to."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sysinit_vm import settings
from sysinit_vm.doctor.finding import NOTE, OK, WRONG, Finding, wrong
from sysinit_vm.effective import prepare, resolve
from sysinit_vm.errors import VmError, edit
from sysinit_vm.images import debian
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import cloud_folders, facts, find_programs
from sysinit_vm.projects import committed_config, locate, search
from sysinit_vm.projects.locate import Target
from sysinit_vm.runner import Runner

AREA = "project"


def examine(lima: Limactl | None, target: Target | None) -> Iterator[Finding]:
    """Yield what is wrong with the project of ``target``, None if there is none."""
    if target is None or target.project is None:
        yield Finding(AREA, "config", NOTE, "no .lima/config.yaml here or above", "sysinit-vm init")
        return
    project = target.project
    try:
        search.checked(project)
    except VmError as error:
        yield wrong(AREA, "directory", error)
    try:
        committed, machine = committed_config.load(project), facts.gather()
        choice = resolve.choose_image(committed, machine)
        prepare.prepared(committed, project, target.name, machine)
    except VmError as error:
        yield wrong(AREA, "config", error)
        return
    yield Finding(AREA, "config", OK, str(project.config))
    if choice.entry is not None:
        yield _image(str(choice.entry["location"]))
    elif choice.buildable or choice.left_to_lima:
        yield Finding(AREA, "image", NOTE, "not there yet; the first start provides it")
    else:
        hint = "sysinit-vm build.debian" if machine.system == "Linux" else edit(project.config)
        yield Finding(AREA, "image", WRONG, "none of the config's images is available here", hint)
    if machine.system == "Darwin" and (service := cloud_folders.service(project.root, machine.home)):
        text = f"{service} keeps this directory: a file that it has not downloaded cannot be read in the VM"
        yield Finding(AREA, "cloud folder", NOTE, f"{text}. Keep it downloaded, or move the project out of there.")
    if lima is not None:
        yield from _owner(lima, target)


def _image(location: str) -> Finding:
    """Our own image stays after an upgrade until it is rebuilt, and new VMs are made from it."""
    with suppress(VmError):  # a Zellij that cannot be used is reported among the programs
        zellij = find_programs.find_zellij()
        version = find_programs.program_version(Runner(), zellij) if zellij else ()
        if debian.outdated(Path(location), version, settings.value("packages")):
            text = f"{location}: built by an earlier version; new VMs lack what has changed since"
            return Finding(AREA, "image", NOTE, text, "sysinit-vm build.debian")
        if zellij and debian.lacks_zellij(Path(location)):
            text = f"{location}: built before there was a Zellij; each new VM gets it when it starts"
            return Finding(AREA, "image", NOTE, text, "sysinit-vm build.debian")
    return Finding(AREA, "image", OK, location)


def _owner(lima: Limactl, target: Target) -> Iterator[Finding]:
    try:
        instance = locate.own(lima.instances(), replace(target, problem=None))  # told as such
    except VmError as error:
        yield wrong(AREA, "VM", error)
        return
    yield Finding(AREA, "VM", OK, f"{instance.name}: {instance.status}")
