"""The shell by which commands run in a guest.

limactl runs each command by the shell that the config names, whatever shell the guest's account has (2.2.0,
cmd/limactl/shell.go).
"""

from sysinit_vm import files
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import BASH, Limactl

_EVERYWHERE = (BASH, "/bin/sh")
_SECONDS = 120


def settle(lima: Limactl, instance: Instance) -> str:
    """Let commands in the running ``instance`` use /bin/bash from now on if its guest lacks the shell of its config.

    Return the missing shell, empty if there is none.
    """
    shell, mark = (instance.filled.get("user") or {}).get("shell"), instance.files.lacks_shell
    if shell not in {None, "", *_EVERYWHERE}:
        there = lima.run(instance.name, ("test", "-x", str(shell)), timeout=_SECONDS, shell=BASH)
        if there.code == 1:
            files.write(mark, str(shell))
            return str(shell)
    mark.unlink(missing_ok=True)
    return ""
