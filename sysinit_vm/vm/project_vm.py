"""The VM that a command means, as it is now, and its lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Located, Target
from sysinit_vm.vm import own_keys, pause


@dataclass(frozen=True)
class ProjectVm:
    """The target, and the instances as limactl last listed them; only ``read`` and ``read_again`` run limactl."""

    lima: Limactl
    target: Target
    instances: Instances

    @classmethod
    def read(cls, lima: Limactl, target: Target) -> Self:
        """Run limactl once to list the instances."""
        return cls(lima, target, lima.instances())

    def read_again(self) -> Self:
        """Return the same VM as it is now."""
        return self.read(self.lima, self.target)

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Hold the VM's lock, and yield the VM as it is then: another command may have changed it.

        If the target means a VM of another name by then, hold that one's lock instead.
        """
        vm, held = self, ""
        while held != vm.located.name:
            held = vm.located.name
            with vm_lock(held):
                vm = vm.read_again()
                if held == vm.located.name:
                    yield vm

    @property
    def located(self) -> Located:
        """The VM, or another project's VM of that name; see ``locate.locate``."""
        return locate.locate(self.instances, self.target)

    def own(self) -> Located:
        """As ``located``, but StateError if it is another project's, or cannot be read."""
        return locate.own(self.instances, self.target)

    def existing(self) -> Instance:
        """Return the VM; StateError (exit 4) if there is none."""
        return locate.existing(self.instances, self.target)

    def to_end(self) -> Instance:
        """As ``existing``, to stop or delete the VM: also if Lima cannot read it, as long as it is the project's."""
        return locate.existing(self.instances, self.target, to_end=True)

    def running(self) -> Instance:
        """Return the VM if it runs and has booted; StateError (exit 4) otherwise, and if it is paused.

        Keys of the user that would keep everybody out are left out first.
        """
        instance = locate.running(self.instances, self.target)
        pause.require_going(instance)
        if not own_keys.too_many(instance):
            return instance
        with self.locked() as vm:
            return own_keys.leave_out(vm.lima, locate.running(vm.instances, vm.target))
