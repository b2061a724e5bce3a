"""A command in a guest by ssh itself, which takes a third of the time of ``limactl shell``.

Lima writes an ssh config for everybody at each start, and its host agent holds the connection that this names.
``limactl shell`` asks for the instance and for ssh's version again, and then runs ssh with the same options and the
same line (2.2.0, cmd/limactl/shell.go), so that the guest's command has the same login.
"""

import os
import shlex
import sys
from collections.abc import Sequence

from sysinit_vm.executables import find
from sysinit_vm.lima import guest_words
from sysinit_vm.lima.instance import Instance


def argv(instance: Instance, words: Sequence[str], workdir: str, marker: str) -> tuple[str, ...]:
    """Return the host argv that runs guest ``words`` as ``Limactl.shell_argv`` does, empty if limactl has to.

    ``instance`` runs. limactl has to for a terminal, of which it tells ssh, for a user's own ``SSH``, Lima's name of
    its ssh, and for a guest that lacks its config's shell.
    """
    shell, its, ssh = (instance.filled.get("user") or {}).get("shell"), instance.files, find("ssh")
    if sys.stdout.isatty() or os.environ.get("SSH") or its.lacks_shell.exists():
        return ()
    if not (shell and ssh and its.ssh_config.is_file()):
        return ()
    workdir, guest = guest_words.exact(words, workdir, marker)
    line = f"cd {shlex.quote(workdir)} || exit 1 ; exec {shlex.quote(shell)} -l -c {shlex.quote(shlex.join(guest))}"
    return (str(ssh), "-F", str(its.ssh_config), "-o", "LogLevel=ERROR", f"lima-{instance.name}", "--", line)
