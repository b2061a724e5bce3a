from collections.abc import Callable
from pathlib import Path

from sysinit_vm.machine.facts import Facts
from sysinit_vm.runner import Result, Runner

DATA = Path(__file__).parents[1] / "data" / "limactl-2.2.0"


class Recorder(Runner):
    """Starts nothing: notes each call and answers with what the test says."""

    def __init__(self, *answers, answer: Callable[[tuple[str, ...]], Result] | None = None):
        super().__init__()
        self.argvs, self.options, self.kinds = [], [], []
        self.answers, self.answer = list(answers), answer
        self.lines = []

    def _note(self, kind, argv, options):
        self.kinds.append(kind)
        self.argvs.append(tuple(argv))
        self.options.append(options)
        if self.answer:
            return self.answer(tuple(argv))
        return self.answers.pop(0) if self.answers else Result(tuple(argv), 0)

    def read(self, argv, **options):
        return self._note("read", argv, options)

    def change(self, argv, **options):
        return self._note("change", argv, options)

    def stream(self, argv, on_line, **options):
        for line in self.lines:
            on_line(line)
        return self._note("stream", argv, options)

    def attach(self, argv, **options):
        return self._note("attach", argv, options).code


def result(code=0, out="", err=""):
    return Result((), code, out, err)


def captured(name):
    return (DATA / name).read_text()


def facts(**changes):
    known = {
        "system": "Linux",
        "arch": "x86_64",
        "cpus": 8,
        "memory": 16000,
        "lima_home": Path("/home/me/.lima"),
        "home": Path("/home/me"),
        "ssh_dir": Path("/home/me/.ssh"),
        "can_build_image": False,
    }
    return Facts(**{**known, **changes})
