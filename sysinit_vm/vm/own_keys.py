"""The user's keys: too many pairs in ~/.ssh, with which every login of a VM that is given them fails; no ssh-agent."""

import os
from pathlib import Path

from sysinit_vm.effective import ssh_keys
from sysinit_vm.errors import VmError
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.terminal.console import say


def too_many(instance: Instance) -> bool:
    """Whether nobody can enter ``instance`` because of them."""
    return ssh_keys.too_many(instance.filled.get("ssh"), facts.key_pairs())


def leave_out(lima: Limactl, instance: Instance) -> Instance:
    """If they are too many for ``instance``, running or stopped, change its own config so that it does without them.

    Return the instance as it is then; VmError if it is gone. limactl reads this value at each call (2.2.0), so that a
    running VM can be entered again.
    """
    own = instance.config().data
    if lima.runner.dry or not too_many(instance) or not ssh_keys.too_many(own.get("ssh"), facts.key_pairs()):
        return instance
    from sysinit_vm.vm import permission  # which loads all of trust; hardly anybody has so many keys

    judged = permission.edited(instance, {**own, "ssh": ssh_keys.without(own["ssh"])}, ask=False)
    if instance.running:
        lima.rewrite(instance, judged)
    else:
        lima.edit(judged)
    say(f"  {ssh_keys.LEFT_OUT}")
    changed = lima.instance(instance.name)
    if changed is None:
        raise VmError(f"The VM {instance.name} disappeared meanwhile.", hint="sysinit-vm status")
    return changed


def no_agent(instance: Instance) -> str:
    """Return what to tell if ``instance`` is lent the user's ssh-agent, and there is none; otherwise nothing."""
    ssh, agent = instance.filled.get("ssh") or {}, os.environ.get("SSH_AUTH_SOCK", "")
    if ssh.get("forwardAgent") is not True or (agent and Path(agent).is_socket()):
        return ""
    return (
        "ssh in the guest has no keys: no ssh-agent answers here (SSH_AUTH_SOCK). Once one does (eval $(ssh-agent); "
        "ssh-add): sysinit-vm restart"
    )
