"""`ssh VM` from anywhere: one Include in ~/.ssh/config, and in each VM's own directory the host that it names.

Nothing goes stale. The host's file lies in the instance's directory, which goes with the VM. It is Lima's own
ssh.config under the VM's name, but for the port, which is another one at each start: where Lima's connection is up it
is shared, and where it is not, the port is read from Lima's file as it is then.
"""

import glob
import pwd
import re
import shlex
from collections.abc import Iterable
from os import getuid
from pathlib import Path

from sysinit_vm import file_edits, files
from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.executables import find
from sysinit_vm.file_edits import FileEdit
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say

_FILE = "ssh.sysinit-vm"
_NOTE = "# sysinit-vm: ssh VM, for the project VMs of this LIMA_HOME. Undo: sysinit-vm ssh-config --remove"
# Connections of ours share Lima's, or stand alone: who makes the shared one is Lima.
_LIMAS_AFFAIR = {"port", "controlmaster", "controlpersist"}


def path() -> Path:
    """Return the user's ssh config (absolute), which need not exist."""
    return Path.home() / ".ssh" / "config"


def include() -> str:
    """Return the line that makes every project VM of this LIMA_HOME known to ssh."""
    pattern = f"{glob.escape(str(lima_home()))}/*/{_FILE}"
    return 'Include "' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'


def host(instance: Instance) -> str:
    """Return what ssh is told of ``instance``; empty where it has not started yet."""
    theirs = instance.dir / "ssh.config"
    try:
        lines = theirs.read_text().splitlines()
    except OSError:
        return ""
    options = [line for line in lines if line.startswith((" ", "\t")) and line.split()[:1]]
    kept = [line for line in options if line.split()[0].lower() not in _LIMAS_AFFAIR]
    through = shlex.join(["ssh", "-F", str(theirs), "-o", "ControlMaster=no", "-W", "127.0.0.1:22"])
    proxy = f"  ProxyCommand {through.replace('%', '%%')} lima-{instance.name}"
    return "\n".join([f"Host {instance.name}", *kept, "  LogLevel ERROR", proxy, ""])


def refresh(instances: Iterable[Instance]) -> list[str]:
    """Write the hosts of those ``instances`` that belong to projects, and return the names of those that have one."""
    known = []
    for each in instances:
        text = host(each) if each.project_dir else ""
        if text:
            known.append(each.name)
            kept = each.dir / _FILE
            if not kept.is_file() or kept.read_text() != text:
                files.write(kept, text, mode=0o600)
    return known


def with_include() -> FileEdit | None:
    """Return what ~/.ssh/config becomes with our Include at its top, None where it has it."""
    config = path()
    before = file_edits.read(config)
    if include() in _lines(before):
        return None
    block = f"{_NOTE}\n{include()}\n" + ("\n" if before else "")
    return FileEdit(config, before, block.encode() + (before or b""), mode=0o600)


def without_include() -> FileEdit | None:
    """Return what ~/.ssh/config becomes without it, the file gone where nothing else is in it; None where it is not."""
    config = path()
    before = file_edits.read(config)
    if before is None or include() not in _lines(before):
        return None
    ours = rb"(?m)^(?:%s\r?\n)?[ \t]*%s[ \t]*(?:\r?\n|\Z)\n?" % (
        re.escape(_NOTE.encode()),
        re.escape(include().encode()),
    )
    return FileEdit(config, before, re.sub(ours, b"", before) or None)


def _lines(content: bytes | None) -> list[str]:
    return [line.strip() for line in (content or b"").decode(errors="replace").splitlines()]


def ensure(runner: Runner, instances: Iterable[Instance], *, yes: bool) -> list[str]:
    """Make ssh know the project VMs and return their names; the change to ~/.ssh/config is shown and confirmed.

    VmError where ssh does not know them afterwards: then the file is as it was. MissingError without ssh.
    """
    if find("ssh") is None:
        raise MissingError("ssh was not found.", detail="Its config is of no use without it.", hint="sysinit-vm setup")
    names = refresh(instances) if not runner.dry else []
    wanted = with_include()
    if wanted:
        for name in names:
            if _said(runner, name).get("hostname", name).lower() != name.lower():  # ssh prints it in lower case
                say(f"Your own ssh config has a host {name}: the VM of that name takes its place.")
        new = not path().parent.exists()
        file_edits.make([wanted], yes=yes, dry=runner.dry, hint="sysinit-vm ssh-config --yes")
        if new and not runner.dry:
            path().parent.chmod(0o700)
    if not runner.dry:
        _prove(runner, names, wanted)
    return names


def _prove(runner: Runner, names: Iterable[str], made: FileEdit | None) -> None:
    for name in names:
        said = _said(runner, name)
        if f"lima-{name}" in said.get("proxycommand", "") and said.get("hostname") == "127.0.0.1":
            continue
        if made:
            file_edits.put(made.path, made.before)
        reads = Path(pwd.getpwuid(getuid()).pw_dir) / ".ssh" / "config"  # whatever HOME says
        raise VmError(
            f"ssh does not know the VM {name}, though {path()} names it.",
            detail=said.get("error") or f"ssh reads {reads}; what that says of {name} first wins.",
            hint=f"ssh -G {name}",
        )


def _said(runner: Runner, name: str) -> dict[str, str]:
    """Return the options that ssh would use for a host; ``error`` where it cannot read its config."""
    done = runner.read(("ssh", "-G", name))
    if not done.ok:
        return {"error": done.err}
    return {key: value for key, _, value in (line.partition(" ") for line in done.out.splitlines())}
