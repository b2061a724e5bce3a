"""`ssh VM` from anywhere: one Include in ~/.ssh/config, and in each VM's own directory the host that it names.

Nothing goes stale. The host's file lies in the instance's directory, which is deleted with the VM. It has the options
of Lima's own ssh config under the VM's name, but not the port, which changes at each start: ssh shares Lima's
connection if it is up, or else reads the port from Lima's file at that moment.
"""

import glob
import pwd
import re
import shlex
from collections.abc import Iterable
from os import getuid
from pathlib import Path

from sysinit_vm import file_edits, files
from sysinit_vm.errors import MissingError, VmError, typed
from sysinit_vm.executables import find
from sysinit_vm.file_edits import FileEdit
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say

_HOST_FILE = "ssh.sysinit-vm"
_NOTE = "# sysinit-vm: ssh VM, for the project VMs of this LIMA_HOME. Undo: sysinit-vm ssh-config --remove"
# What Lima writes (2.2.0, sshutil). Lima makes the shared connection: ours use it, or stand alone.
_LIMAS_OPTIONS = {
    *("batchmode", "ciphers", "compression", "controlpath", "forwardagent", "forwardx11", "forwardx11trusted"),
    *("gssapiauthentication", "hostname", "identitiesonly", "identityfile", "nohostauthenticationforlocalhost"),
    *("preferredauthentications", "stricthostkeychecking", "user", "userknownhostsfile"),
}
_IF_IT_RUNS = (
    'ps -ww -o args= -p "$(cat "$1" 2>/dev/null)" 2>/dev/null | grep -qF -e "$1" && shift && exec "$@"; '
    'echo "The VM $0 is not running. Try: sysinit-vm start --name $0" >&2; exit 1'
)
# ssh takes the first value that it finds: Lima's if the VM's config lends something, these, and only then those of the
# user's `Host *`, which would lend a guest what its config does not.
_NOTHING_LENT = ("ForwardAgent no", "ForwardX11 no", "ForwardX11Trusted no", "Tunnel no")


def path() -> Path:
    """Return the user's ssh config (absolute), which need not exist."""
    return Path.home() / ".ssh" / "config"


def include_line() -> str:
    """Return the line that makes every project VM of this LIMA_HOME known to ssh."""
    pattern = f"{glob.escape(str(lima_home()))}/*/{_HOST_FILE}"
    return 'Include "' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'


def host_block(instance: Instance) -> str:
    """Return the ssh config of ``instance`` as a host; empty if it has never started."""
    lima_config = instance.files.ssh_config
    lines = files.read_or_empty(lima_config).splitlines()
    if not lines:
        return ""
    options = [line for line in lines if line.startswith((" ", "\t")) and line.split()[:1]]
    kept = [line for line in options if line.split()[0].lower() in _LIMAS_OPTIONS]
    ssh = ["ssh", "-F", str(lima_config), "-o", "ControlMaster=no", "-W", "127.0.0.1:22", f"lima-{instance.name}"]
    # Another guest may listen on the port that a stopped VM had.
    words = ["sh", "-c", _IF_IT_RUNS, instance.name, str(instance.files.directory / "ha.pid"), *ssh]
    proxy = f"  ProxyCommand {shlex.join(words).replace('%', '%%')}"
    own = [f"  {option}" for option in (*_NOTHING_LENT, "LogLevel ERROR")]
    return "\n".join([f"Host {instance.name}", *kept, *own, proxy, ""])


def write_hosts(instances: Iterable[Instance]) -> list[str]:
    """Write the host files of those ``instances`` that belong to projects, and return the names of these hosts."""
    names = []
    for instance in instances:
        text = host_block(instance) if instance.project_dir else ""
        if text:
            names.append(instance.name)
            host_file = instance.dir / _HOST_FILE
            if files.read_or_empty(host_file) != text:
                files.write(host_file, text, mode=0o600)
    return names


def with_include() -> FileEdit | None:
    """Return the edit that puts our Include at the top of ~/.ssh/config, None if it is there already."""
    config = _of_no_guest()
    before = file_edits.read(config)
    if include_line() in _lines(before):
        return None
    block = f"{_NOTE}\n{include_line()}\n" + ("\n" if before else "")
    return FileEdit(config, before, block.encode() + (before or b""), mode=0o600)


def without_include() -> FileEdit | None:
    """Return the edit that takes our Include out of ~/.ssh/config, None if it is not there.

    A file with nothing else in it is removed.
    """
    config = _of_no_guest()
    before = file_edits.read(config)
    if before is None or include_line() not in _lines(before):
        return None
    ours = rb"(?m)^(?:%s\r?\n)?[ \t]*%s[ \t]*(?:\r?\n|\Z)\n?" % (
        re.escape(_NOTE.encode()),
        re.escape(include_line().encode()),
    )
    return FileEdit(config, before, re.sub(ours, b"", before) or None)


def _of_no_guest() -> Path:
    """Return ~/.ssh/config; VmError if a guest can write it, because ssh runs what it says (`Match exec`)."""
    files.require_no_guest(path(), typed("ls", "-ld", path().parent, path()))
    return path()


def _lines(content: bytes | None) -> list[str]:
    return [line.strip() for line in (content or b"").decode(errors="replace").splitlines()]


def ensure(runner: Runner, instances: Iterable[Instance], *, yes: bool) -> list[str]:
    """Make ssh know the project VMs and return their names; the edit of ~/.ssh/config is shown and confirmed.

    MissingError if there is no ssh. VmError if ssh does not know a VM afterwards; then the file is as it was, unless
    another program has changed it since our edit.
    """
    if find("ssh") is None:
        raise MissingError("ssh was not found.", detail="Its config is useless without it.", hint="sysinit-vm setup")
    names = write_hosts(instances) if not runner.dry else []
    edit = with_include()
    if edit:
        for name in names:
            if _options(runner, name).get("hostname", name).lower() != name.lower():  # ssh prints it in lower case
                say(f"Your own ssh config has a host {name}. The VM of that name replaces it.")
        new_directory = not path().parent.exists()
        file_edits.ask_and_write([edit], yes=yes, dry=runner.dry, hint="sysinit-vm ssh-config --yes")
        if new_directory and not runner.dry:
            path().parent.chmod(0o700)
    if not runner.dry:
        _verify(runner, names, edit)
    return names


def _verify(runner: Runner, names: Iterable[str], edit: FileEdit | None) -> None:
    for name in names:
        options = _options(runner, name)
        if f"lima-{name}" in options.get("proxycommand", "") and options.get("hostname") == "127.0.0.1":
            continue
        left = _undo(edit) if edit else ""
        config_of_ssh = Path(pwd.getpwuid(getuid()).pw_dir) / ".ssh" / "config"  # whatever HOME says
        why = options.get("error") or f"ssh reads {config_of_ssh}, and uses what that says first about {name}."
        raise VmError(
            f"ssh does not know the VM {name}, though {path()} names it.",
            detail="\n".join(filter(None, (why, left))),
            hint=f"ssh -G {name}" + ("; sysinit-vm ssh-config --remove" if left else ""),
        )


def _undo(edit: FileEdit) -> str:
    """Take our edit back, and return why it stays, if it does: what another wrote since then is not ours to remove."""
    try:
        file_edits.write([edit.reversed()])
    except VmError as error:
        return f"Our Include stays. {error.brief}"
    return ""


def _options(runner: Runner, name: str) -> dict[str, str]:
    """Return the options that ssh would use for a host; ``error`` if it cannot read its config."""
    done = runner.read(("ssh", "-G", name))
    if not done.ok:
        return {"error": done.err}
    return {key: value for key, _, value in (line.partition(" ") for line in done.out.splitlines())}
