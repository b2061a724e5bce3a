"""Run the project's own provisioning scripts again in the running guest, as its config is now."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sysinit_vm import hints
from sysinit_vm.config.document import Config
from sysinit_vm.drift import plan
from sysinit_vm.effective import prepare
from sysinit_vm.errors import VmError, edit
from sysinit_vm.guest import processes, scripts, setup
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.machine import facts
from sysinit_vm.ports import allocation
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import INTERRUPTED
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import permission, validity

# The order of a boot (Lima 2.2.0, cidata and boot.sh). The modes yq and ansible are left to the next boot.
_ORDER = ("boot", "dependency", "data", "system", "user")
_DATA = {"path": "", "owner": "root:root", "permissions": "644", "overwrite": True}  # Lima's defaults
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_KNOWN = re.compile(r" *\.(Param\.\w+|Name|Hostname|UID|User|Home) *")
_ENDED = {INTERRUPTED, 143}


@dataclass(frozen=True)
class Step:
    """One entry of ``provision``: ``where`` in the config, Lima's ``mode``, and provision.sh's next five arguments."""

    where: str
    mode: str
    words: tuple[str, ...]


def reprovision(lima: Limactl, instance: Instance, project: Project, committed: Config) -> int:
    """Run every script of ``committed``, ``project``'s config, in the guest of ``instance``; return 0, or 128+n.

    128+n means that signal n ended it. After 0 the VM also uses these scripts at its next boots. VmError before any
    script runs if one has a template that only a boot fills in, or if Lima would refuse the config; VmError after all
    have run if some failed.
    """
    with vm_lock(instance.name):
        present = instance.config()
        kept = allocation.kept(present, committed)
        wanted = prepare.prepared(committed, project, instance.name, facts.gather(), kept).data
        data = plan.with_scripts(present.data, wanted)
        proposed = permission.proposed(instance, data)  # asked now: the scripts get the terminal, and may type ahead
        if data != present.data:
            validity.require(lima, proposed, committed.path)
        own = wanted["provision"][len(setup.provision_scripts()) :]  # the project's own: ours come first
        failures = list[str]()
        for step in list(_steps(own, _values(instance, wanted["param"]))):
            say(f"{step.where} ({step.mode})")
            code = _run(lima, instance.name, step, _environment(wanted))
            if code in _ENDED:
                return code
            failures += [f"{step.where} ({step.mode}) ended with {code}."] if code else []
        if failures:
            detail = "\n".join(failures)
            raise VmError(f"Provisioning {instance.name} failed.", detail=detail, hint=edit(committed.path))
        if not lima.runner.dry:
            lima.rewrite(instance, permission.edited(instance, data, ask=False))
    return 0


def _run(lima: Limactl, name: str, step: Step, env: tuple[str, ...]) -> int:
    marker = processes.marker()
    words = ("sudo", "bash", "-c", scripts.read("provision.sh"), "bash", step.mode, *step.words, *env)
    interrupt = partial(processes.interrupt, lima, name, marker)
    return lima.attach(name, words, "/", stdin=False, marker=marker, on_interrupt=interrupt)


def _environment(wanted: Mapping[str, Any]) -> tuple[str, ...]:
    param = {f"PARAM_{key}": value for key, value in wanted["param"].items()}
    variables = {**wanted["env"], **param}.items()
    return tuple(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in variables)


def _values(instance: Instance, param: Mapping[str, str]) -> dict[str, str]:
    """The values that Lima's guest templates can name."""
    user, name = instance.filled.get("user") or {}, instance.name
    own = {"User": str(user.get("name")), "UID": str(user.get("uid")), "Home": str(user.get("home"))}
    hostname = "lima-" + name.replace(".", "-").replace("_", "-")
    return {"Name": name, "Hostname": hostname, **own, **{f"Param.{key}": value for key, value in param.items()}}


def _steps(provision: list[dict[str, Any]], values: Mapping[str, str]) -> Iterator[Step]:
    entries = [
        (f"provision[{number}]", str(entry.get("mode", "system")), entry) for number, entry in enumerate(provision)
    ]
    for where, mode, _ in entries:
        if mode not in _ORDER:
            say(hints.completed(f"{where} ({mode}) is left to the next boot: sysinit-vm restart"))
    for next_mode in _ORDER:
        for where, mode, entry in entries:
            if mode == next_mode:
                yield Step(where, mode, tuple(_fill(word, values, where) for word in _words(entry, mode)))


def _words(entry: Mapping[str, Any], mode: str) -> Iterator[str]:
    yield str(entry.get("content" if mode == "data" else "script") or "")
    for key, default in _DATA.items():
        value = entry.get(key, default)
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _fill(text: str, values: Mapping[str, str], where: str) -> str:
    """Fill in what Lima fills in at a boot. It uses Go templates, of which only plain values are supported here."""

    def value(braces: re.Match[str]) -> str:
        name = _KNOWN.fullmatch(braces[1])
        if name is None or name[1] not in values:
            raise _unknown(where, braces[0])
        return values[name[1]]

    if "{{" in _BRACES.sub("", text):
        raise _unknown(where, "{{")
    return _BRACES.sub(value, text)


def _unknown(where: str, template: str) -> VmError:
    return VmError(
        f"{where} has a template that only a boot fills in: {plan.display(template)}",
        detail="Filled in here are only {{.User}}, {{.UID}}, {{.Home}}, {{.Name}}, {{.Hostname}} and {{.Param.NAME}}.",
        hint="sysinit-vm apply, which restarts the VM",
    )
