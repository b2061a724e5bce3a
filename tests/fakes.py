"""Stand-ins for what starts processes, held to the real classes by ``tests/unit/test_fakes.py``."""

import base64
import io
import json
import shlex
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sysinit_vm.config import document
from sysinit_vm.errors import StateError
from sysinit_vm.lima.account import Account
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine.facts import Facts
from sysinit_vm.runner import Result, Runner
from sysinit_vm.terminal.progress import Progress

DATA = Path(__file__).parent / "data" / "limactl-2.2.0"
READY = '{"status":{"running":true}}\n'


def result(code=0, out="", err=""):
    """What a captured command left behind, whatever its words were."""
    return Result((), code, out, err)


def captured(name):
    """What the real limactl, or a guest of its, said."""
    return (DATA / name).read_text()


def facts(**changes):
    """The facts of a Linux machine."""
    values = {
        "system": "Linux",
        "arch": "x86_64",
        "cpus": 8,
        "memory": 16000,
        "lima_home": Path("/home/me/.lima"),
        "home": Path("/home/me"),
        "ssh_dir": Path("/home/me/.ssh"),
        "can_build_image": False,
    }
    return Facts(**{**values, **changes})


def vm(name="demo-dev", project=None, status="Stopped", place=None, **more):
    """An instance that carries the directory ``project``; ``place`` is what LIMA_HOME is to the test."""
    param = {"PROJECT_DIR": str(project)} if project else {}
    return Instance(name, status, (place or Path("/l")) / name, **{"param": param, **more})


def instances(*vms, unlisted=()):
    """What instances limactl lists, and those without a lima.yaml."""
    return Instances(tuple(sorted(vms, key=lambda instance: instance.name)), tuple(unlisted))


@dataclass
class Call:
    """One call of a runner: its ``kind`` is the method's name."""

    kind: str
    argv: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


class RecordingRunner(Runner):
    """Starts nothing: notes each call and answers with what the test says.

    The answer is that of ``answer`` (called with the Call; None goes on), else the next of ``answers``, else the output
    in ``programs`` whose key is in the words, else nothing. A change in whose words is ``fails`` ends with 101.
    ``lines`` is what every stream says, ``received`` what every command writes into a pipe of ours; ``sent`` keeps what
    was written into one.
    """

    def __init__(self, *answers, answer=None, programs=None, fails="", lines=(), received=b"", dry=False):
        super().__init__(dry=dry)
        self.calls, self.answers, self.answer = [], list(answers), answer
        self.programs, self.fails, self.lines = dict(programs or {}), fails, lines
        self.received, self.sent = received, []

    @property
    def argvs(self):
        return [call.argv for call in self.calls]

    @property
    def kinds(self):
        return [call.kind for call in self.calls]

    @property
    def options(self):
        return [call.options for call in self.calls]

    @property
    def ran(self):
        """The words of all that may change something."""
        return [call.argv for call in self.calls if call.kind != "read"]

    def read(self, argv, *, env=None, cwd=None, file=None, timeout=None):
        return self._answer("read", argv, env=env, cwd=cwd, timeout=timeout)

    def change(self, argv, *, env=None, cwd=None, file=None, timeout=None):
        if file and not self.dry:
            self.sent.append(file.read())
        return self._answer("change", argv, env=env, cwd=cwd, timeout=timeout)

    def stream(self, argv, on_line, *, env=None, cwd=None):
        if not self.dry:
            for line in self.lines:
                on_line(line)
        return self._answer("stream", argv, env=env, cwd=cwd)

    def receive(self, source, take, *, env=None):
        if not self.dry:
            take(io.BytesIO(self.received))
        return self._answer("receive", source, env=env)

    def send(self, give, sink, *, env=None):
        stream = io.BytesIO()
        if not self.dry:
            give(stream)
        self.sent.append(stream.getvalue())
        return self._answer("send", sink, env=env)

    def attach(self, argv, *, env=None, stdin=True, on_interrupt=None):
        return self._answer("attach", argv, env=env, stdin=stdin, on_interrupt=on_interrupt).code

    def _answer(self, kind, argv, **options):
        call = Call(kind, tuple(argv), options)
        self.calls.append(call)
        if kind != "read" and self._announce(call.argv):
            return Result(call.argv, 0)
        answered = self.answer(call) if self.answer else None
        if answered is None:
            answered = self.answers.pop(0) if self.answers else self._program(call)
        return answered if answered.argv else replace(answered, argv=call.argv)

    def _program(self, call):
        if call.kind != "read" and self.fails and self.fails in call.argv:
            return Result(call.argv, 101, err="\n".join(self.lines))
        words = " ".join(Path(word).name for word in call.argv)
        return Result(call.argv, 0, next((out for key, out in self.programs.items() if key in words), ""))


class RecordingProgress(Progress):
    """Shows nothing and keeps the stages."""

    def __init__(self):
        super().__init__("")
        self.stages = []

    def stage(self, text):
        self.stages.append(text)


def on_this_machine(words):
    """A guest's answer where the guest is this machine."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return result(done.returncode, done.stdout, done.stderr)


class InMemory:
    """What a test says to a FakeLimactl and reads off it; none of it is limactl's."""

    by_name: dict[str, Instance]  # what there is
    calls: list[tuple[Any, ...]]  # what was changed: the verb, then the values given
    waits: list[float | None]  # how long each stop was to wait
    asked: list[tuple[Any, ...]]  # what was run in a guest: the VM's name, the words, the timeout
    guest: Any = result()  # what the guest answers: a Result, or a function of the words
    failure: Result | None = None  # how start ends
    not_created: Result | None = None  # how create ends
    refuses: str = ""  # why it would not take any config
    consoles: list[str]  # what the guest's console says at each start, which then goes on until a stop
    stops: bool = True  # whether a guest stops without force
    on_start: Any = staticmethod(lambda: None)  # called while a VM starts
    on_stop: Any = staticmethod(lambda: None)  # called before a VM stops
    place: Path | None = None  # what LIMA_HOME is to the test

    def add(self, name, project=None, status="Stopped", *, config=MappingProxyType({}), **more):
        """Keep an instance with its directory and in that its config: a mapping, text, or None for no file."""
        assert self.place, "this FakeLimactl has no directory for instances"
        filled = {"filled": dict(config)} if isinstance(config, Mapping) else {}
        instance = vm(name, project, status, self.place, **{**filled, **more})
        instance.dir.mkdir(parents=True, exist_ok=True)
        (instance.dir / "ha.stdout.log").write_text(READY)
        if config is not None:
            text = config if isinstance(config, str) else json.dumps({"param": dict(instance.param), **config})
            (instance.dir / "lima.yaml").write_text(text)
        self.by_name[name] = instance
        return instance

    def data(self, name):
        """The config that an instance has now."""
        return self.by_name[name].config().data

    @property
    def verbs(self):
        """The verbs of ``calls``."""
        return [call[0] for call in self.calls]


class FakeLimactl(InMemory, Limactl):
    """Keeps instances in memory and their configs in files; the rest is Limactl's own, on a RecordingRunner.

    What neither has cannot be read nor set.
    """

    def __init__(self, *instances, place=None, guest=None, runner=None):
        super().__init__(runner or RecordingRunner(), Path("/b/limactl"), Account())
        self.__dict__.update(by_name={instance.name: instance for instance in instances})
        self.__dict__.update(calls=[], waits=[], asked=[], consoles=[], place=place, _stopped=threading.Event())
        if guest is not None:
            self.guest = guest

    def __setattr__(self, name, value):
        if not hasattr(self, name):
            raise AttributeError(f"Limactl has no {name}")
        self.__dict__[name] = value

    def instances(self):
        return instances(*self.by_name.values())

    def instance(self, name):
        return self.by_name.get(name)

    def filled(self, config):
        return dict(config.data)

    def refusal(self, config):
        return self.refuses

    def create(self, config, on_message, *, env=None):
        self.calls.append(("create", config.name, config.path, env))
        on_message(("info", "Attempting to download the image"))
        data = document.load(config.path).data
        instance = self.add(config.name, status="Stopped", config=data, param=data["param"])
        instance.files.events.unlink()
        return self.not_created or result()

    def start(self, instance, on_message, *, timeout, env=None):
        name = instance.name
        self.calls.append(("start", name, timeout, env))
        instance = self.by_name[name] = replace(self.by_name[name], status="Running")
        instance.files.events.write_text(READY)
        return self._boot(name)

    def _boot(self, name):
        self.on_start()
        if self.consoles:
            directory = self.by_name[name].dir
            (directory / "ha.stderr.log").write_text("x")
            (directory / "serial.log").write_text(self.consoles.pop(0))
            self._stopped.wait(timeout=30 if self.consoles else 0.2)  # if there are more, a stop and a start follow
            self._stopped.clear()
        return self.failure or result()

    def stop(self, name, *, force=False, timeout=None):
        self.calls.append(("stop", name, force))
        self.waits.append(timeout)
        self.on_stop()
        self._stopped.set()
        if not self.stops and not force:
            raise StateError("Cannot stop.")
        self.by_name[name] = replace(self.by_name[name], status="Stopped")

    def edit(self, config):
        name, data = config.name, config.data
        instance = self.by_name[name]
        assert instance.status == "Stopped", "limactl edits no other"
        self.calls.append(("edit", name))
        instance.dir.mkdir(parents=True, exist_ok=True)
        instance.files.lima_yaml.write_text(json.dumps(data))
        self.by_name[name] = replace(instance, param=data.get("param", instance.param), filled=data)

    def delete(self, name):
        self.calls.append(("delete", name))
        directory = self.by_name.pop(name).dir
        if self.place and directory.parent == self.place:
            shutil.rmtree(directory)

    def run(self, name, words, *, workdir="/", timeout=None, shell=""):
        self.asked.append((name, words, timeout))
        return self.guest(words) if callable(self.guest) else self.guest


def guest_words(argv):
    """The directory and the words that ``argv``, of limactl shell, means in the guest: words may travel encoded."""
    workdir, words = argv[argv.index("--workdir") + 1], list(argv[argv.index("--") + 5 :])
    if "base64" not in argv[argv.index("--") + 3]:
        return workdir, words
    directory, line = base64.b64decode(words[0]).decode().split(" || exit 1; ", 1)
    return shlex.split(directory)[2], shlex.split(line)
