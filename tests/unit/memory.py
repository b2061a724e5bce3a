"""Lima's instances in memory, for tests of whose they are."""

from dataclasses import replace
from pathlib import Path

from recording import Recorder

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.lima.instance import Instance


def vm(name, directory=None, status="Stopped", place=None):
    """An instance that carries ``directory``; ``place`` is what LIMA_HOME is to the test."""
    param = {"PROJECT_DIR": str(directory)} if directory else {}
    return Instance(name, status, (place or Path("/l")) / name, param=param)


class Memory:
    """As ``Limactl``; ``configs`` holds what each instance was made with, ``calls`` what was changed."""

    def __init__(self, *instances, configs=None):
        self.known = {each.name: each for each in instances}
        self.configs, self.calls, self.runner = configs or {}, [], Recorder()

    def instance(self, name):
        return self.known.get(name)

    def instances(self):
        return [self.known[name] for name in sorted(self.known)]

    def config(self, instance):
        if instance.name not in self.configs:
            raise VmError("It cannot be read.")
        return Config(instance.dir / "lima.yaml", self.configs[instance.name])

    def stop(self, name, *, force=False):
        self.calls.append(("stop", name, force))
        self.known[name] = replace(self.known[name], status="Stopped")

    def edit(self, name, data):
        assert self.known[name].status == "Stopped"
        self.calls.append(("edit", name))
        self.configs[name] = data
        self.known[name] = replace(self.known[name], param=data["param"])

    def delete(self, name):
        self.calls.append(("delete", name))
        del self.known[name]
