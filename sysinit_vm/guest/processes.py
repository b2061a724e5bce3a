"""How the guest processes of one of our commands are found and ended."""

import os

from sysinit_vm.lima.limactl import Limactl

# Only root can end root's processes, and sudo does not work in every guest.
_INTERRUPT = """\
end() { sudo -n kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" -- "-$pid"; }
pid=$(pgrep -of "$1") && [ "$pid" != $$ ] && end INT && sleep 1 && end TERM"""


def interrupt(lima: Limactl, name: str, marker: str) -> None:
    """Send SIGINT to the guest processes that carry ``marker``: ssh does not do that without a terminal.

    sshd makes each command the leader of its own process group, so the oldest match leads them all.
    """
    lima.run(name, ("bash", "-c", _INTERRUPT, "bash", marker), timeout=20)


def marker() -> str:
    """Return a word that no other guest process carries."""
    return f"sysinit-exec-{os.getpid()}-{os.urandom(4).hex()}"
