"""The world of the cases: made anew for each, and looked at after it."""

import contextlib
import functools
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from unittest import mock

from sysinit_vm import __main__ as entry
from sysinit_vm import tasks
from sysinit_vm.errors import VmError
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner
from sysinit_vm.vm.permission import Request
from tests.fakes import RecordingRunner, result
from tests.fuzz.cases import INSTANCE, USUAL, Answer, Case
from tests.fuzz.guard import Guard
from tests.worlds import BIN, ENTRANCES, TASKS, TOP, no_limactl

STATUSES = {*range(7), 130}
SECONDS = 10  # of processor time
_HANGS = 30  # seconds on the clock in this process; a busy machine needs more for others
_MOST_MEMORY = 400 * 2**10  # KiB above what there was
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2028\u2029]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WANT_COLOURS = {"FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR"}


class TooLongError(BaseException):
    """A case takes more time than it may."""


class _Impatience:
    """Sleeps for no time at all, and presses Ctrl-C when a command would go on for ever, as `logs --follow` does."""

    def __init__(self) -> None:
        self._left = 5000

    def sleep(self, _seconds: float) -> None:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt


@dataclass(frozen=True)
class Outcome:
    """How a command ended: ``code`` is its exit status, ``crash`` the traceback of what escaped."""

    code: int
    out: str = ""
    err: str = ""
    crash: str = ""


class CasePlace:
    """One place for many cases, one after the other."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="fz", dir="/tmp")).resolve()
        self.home, self.outside = self.place / "home", self.place / "outside"
        self.canaries = self.place / "canary"
        self.guard = _guard()
        below = ("home/.ssh", "home/.lima/_images", f"home/{INSTANCE}", "home/demo/.lima", "home/config/sysinit-vm", "canary",
                 "outside/below", "tmp", "bin", "share/lima")  # fmt: skip
        whole = {self.place / name for name in below}
        self._skeleton = whole | {
            parent for path in whole for parent in path.parents if parent.is_relative_to(self.place)
        }
        self._seen: dict[str, tuple[int, int]] = {}
        for name in tasks.VERBS:
            tasks.task(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.place, ignore_errors=True)

    def in_process(self, case: Case) -> list[str]:
        """Run a case in this process; return what is wrong with it."""
        root = self._lay_out(case)
        env = self._env(case)
        _forget()
        if refused := self._trust(case, root):
            return refused
        peak = _peak(resource.RUSAGE_SELF)
        given = mock.patch.dict(os.environ, env, clear=True)
        with given, contextlib.chdir(root), self._answered(case), self.guard.watching(self.place):
            outcome = _ended(self._filled_words(case))
        wrong = [*self.guard.outside, *self._wrong(case, outcome)]
        return [*wrong, *_memory(_peak(resource.RUSAGE_SELF) - peak)]

    def typed(self, case: Case, entrance: str) -> list[str]:
        """Type a case's command through a real entrance; return what is wrong with it."""
        root = self._lay_out(case)
        _forget()
        if refused := self._trust(case, root):
            return refused
        (root / "tasks.py").write_text(TASKS)
        ours = {"sysinit": {"taskfile": str(TOP / "Taskfile.yml"), "flatten": True}}
        (root / "Taskfile.yml").write_text(json.dumps({"version": "3", "includes": ours}))
        done = subprocess.Popen(
            ENTRANCES[entrance](*self._filled_words(case)),
            cwd=root, env=self._env(case), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="surrogateescape", start_new_session=True,
        )  # fmt: skip
        try:
            out, err = done.communicate(timeout=4 * _HANGS)
        except subprocess.TimeoutExpired:
            os.killpg(done.pid, signal.SIGKILL)
            done.communicate()
            return [f"it hangs: {4 * _HANGS} s"]
        wrong = self._wrong(case, Outcome(done.returncode, out, err), entrance)
        return [*wrong, *_memory(_peak(resource.RUSAGE_CHILDREN) - 2 * _MOST_MEMORY)]

    # The world

    def _fill(self, text: str) -> str:
        return text.replace("@CANARY@", f"{self.canaries}/x").replace("@PLACE@", str(self.place))

    def _filled_words(self, case: Case) -> list[str]:
        return [self._fill(word) for word in case.words]

    def _lay_out(self, case: Case) -> Path:
        """Make the world of a case; return its project's directory."""
        self._clear()
        for directory in self._skeleton:
            directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        for name in (
            "file",
            "outside/kept",
            "outside/below/kept",
            "home/.bashrc",
            "home/.ssh/config",
            "home/.ssh/id_ed25519",
        ):
            (self.place / name).write_text("# kept\n")
        (self.place / "loop").symlink_to("loop")
        os.mkfifo(self.place / "fifo")
        for end in ("qcow2", "vmlinuz", "initrd"):
            (self.home / f".lima/_images/sysinit-debian-latest.{end}").write_text("")
        self._put_limactl(case)
        root = self.home / self._fill(case.directory)
        (root / ".lima").mkdir(parents=True, exist_ok=True)
        if case.config is not None:
            (root / ".lima/config.yaml").write_bytes(_encoded(self._fill(case.config)))
        usual = {f"{INSTANCE}/lima.yaml": USUAL, f"{INSTANCE}/ha.stdout.log": '{"status":{"running":true}}\n'}
        for name, text in {**usual, **case.files}.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_encoded(self._fill(text)))
        self._seen = self._state()
        return root

    def _trust(self, case: Case, root: Path) -> list[str]:
        """Allow the case's config, if it says so and that can be allowed; return what went wrong in another way."""
        if not case.trusted:
            return []
        try:
            with mock.patch.dict(os.environ, self._env(case), clear=True), contextlib.redirect_stderr(io.StringIO()):
                project = Project(root)
                Request(committed_config.load(project), project, "demo-dev", no_limactl).trust()
        except (VmError, OSError):  # a command says what that is
            return []
        except Exception:  # noqa: BLE001  # whatever escapes is what is looked for
            return [traceback.format_exc()]
        return []

    def _clear(self) -> None:
        """Remove what a case has left. To remove directories takes long on some disks, so those of each case stay."""
        for parent, directories, names in os.walk(self.place, topdown=False):
            for name in names:
                Path(parent, name).unlink()
            for name in directories:
                path = Path(parent, name)
                if path.is_symlink():
                    path.unlink()
                elif path not in self._skeleton:
                    path.rmdir()

    def _put_limactl(self, case: Case) -> None:
        answers = {verb: [answer.code, answer.out, answer.err] for verb, answer in case.answers.items()}
        said = self.place / "bin/answers.json"
        said.write_text(self._fill(json.dumps(answers)))
        program = self.place / "bin/limactl"
        program.write_text(
            f'#!/bin/sh\nexec {sys.executable} -SE {Path(__file__).with_name("stub_limactl.py")} {said} "$@"\n'
        )
        program.chmod(0o755)
        agents = self.place / "share/lima"
        for arch in ("x86_64", "aarch64"):
            (agents / f"lima-guestagent.Linux-{arch}").touch()

    def _env(self, case: Case) -> dict[str, str]:
        env = {
            "PATH": f"{BIN}{os.pathsep}/usr/bin:/bin",
            "HOME": str(self.home),
            "LIMA_HOME": str(self.home / ".lima"),
            "TMPDIR": str(self.place / "tmp"),
            "SYSINIT_VM_LIMACTL": str(self.place / "bin/limactl"),
            "SYSINIT_VM_ACCELERATOR": "tcg",
            "SYSINIT_VM_GITHUB_MIRROR": str(self.place / "no-mirror"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "USER": "me",
        }
        env |= {f"XDG_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
        return env | {name: self._fill(value) for name, value in case.env.items()}

    @contextlib.contextmanager
    def _answered(self, case: Case) -> Iterator[None]:
        """Let no program run: each says what the case says."""
        silent = Answer(1)

        def answer(call):
            names = [Path(word).name for word in call.argv]
            said = silent
            if "limactl" in names:
                rest = [
                    word
                    for word in call.argv[names.index("limactl") + 1 :]
                    if word == "--version" or not word.startswith("-")
                ]
                said = case.answers.get(rest[0] if rest else "", silent)
            elif "git" in names:
                said = case.answers.get("git", silent)
            return result(said.code, self._fill(said.out), self._fill(said.err))

        fake = RecordingRunner(answer=answer)
        with contextlib.ExitStack() as stack:
            sleep = _Impatience().sleep
            for place in ("time.sleep", "sysinit_vm.lima.qmp.sleep", "sysinit_vm.vm.waiting.sleep"):
                stack.enter_context(mock.patch(place, sleep))
            for name in ("read", "change", "stream", "receive", "send", "attach"):
                stack.enter_context(mock.patch.object(Runner, name, _delegate(fake, name)))
            yield

    # What is wrong

    def _state(self) -> dict[str, tuple[int, int]]:
        """The files that no command may change."""
        kept = [
            self.outside,
            *self.outside.rglob("*"),
            *(self.home / name for name in (".bashrc", ".ssh/id_ed25519")),
            self.place / "file",
        ]
        state = {}
        for path in kept:
            with contextlib.suppress(OSError):
                status = path.lstat()
                state[str(path)] = (status.st_size, status.st_mtime_ns)
        return state

    def _wrong(self, case: Case, outcome: Outcome, entrance: str = "") -> list[str]:
        wrong = []
        if outcome.crash:
            wrong.append(outcome.crash)
        shown = outcome.out + outcome.err
        # Invoke shows its own where it fails before it has loaded a task, as with HOME=/dev/null
        invokes_own = entrance == "inv" and "/sysinit_vm/" not in shown
        if "Traceback (most recent call last)" in shown and not invokes_own:
            wrong.append(f"it shows a traceback: {shown[-3000:]}")
        allowed = STATUSES | {answer.code for answer in case.answers.values()}
        if outcome.code not in allowed and not (entrance == "task" and outcome.code > 200):
            wrong.append(f"it ends with {outcome.code}: {shown[-1500:]!r}")
        plain = _COLOURS.sub("", shown) if case.env.keys() & _WANT_COLOURS else shown
        if not entrance and (sign := _OBEYED.search(plain)):
            at = sign.start()
            wrong.append(f"it shows {sign.group()!r}: {plain[max(0, at - 100) : at + 100]!r}")
        if canaries := list(self.canaries.iterdir()):
            wrong.append(f"it ran what a text says: {canaries}")
        if (state := self._state()) != self._seen:
            changed = {path for path, _ in state.items() ^ self._seen.items()}
            wrong.append(f"it changed what is not ours: {sorted(changed)}")
        return wrong


def _delegate(fake: RecordingRunner, name: str):
    return lambda _self, *given, **named: getattr(fake, name)(*given, **named)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass" if re.search("[\ud800-\udbff]", text) else "surrogateescape")


@functools.cache
def _guard() -> Guard:
    return Guard()


_memories = dict[str, list[functools._lru_cache_wrapper]]()


def _forget() -> None:
    """Empty what our modules remember of the process's environment."""
    for name in sys.modules.keys() - _memories.keys():
        ours = vars(sys.modules[name]).values() if name.startswith("sysinit_vm") else ()
        _memories[name] = [value for value in ours if isinstance(value, functools._lru_cache_wrapper)]
    for memory in _memories.values():
        for function in memory:
            function.cache_clear()


def _ended(words: list[str]) -> Outcome:
    """Run the console script in this process, with files as its standard streams."""
    streams = [os.fdopen(os.memfd_create(name), "w+", encoding="utf-8") for name in ("out", "err")]
    out, err = streams
    code, crash = 0, ""
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(sys, "argv", ["sysinit-vm", *words]))
        stack.enter_context(mock.patch.object(sys, "stdout", out))
        stack.enter_context(mock.patch.object(sys, "stderr", err))
        stack.enter_context(mock.patch.object(sys, "stdin", stack.enter_context(Path(os.devnull).open())))
        stack.enter_context(_time_limit())
        try:
            entry.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except TooLongError:
            crash = "it takes too long:\n" + traceback.format_exc()
        except BaseException:  # noqa: BLE001  # whatever escapes is what is looked for
            crash = traceback.format_exc()
    texts = []
    for stream in streams:
        with contextlib.suppress(OSError):
            stream.flush()
        with os.fdopen(os.dup(stream.fileno()), "rb") as again:
            again.seek(0)
            texts.append(again.read().decode("utf-8", "surrogateescape"))
        stream.close()
    return Outcome(code, *texts, crash=crash)


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    def end(*_: object) -> None:
        raise TooLongError

    kept = [(number, signal.signal(number, end)) for number in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, _HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in kept:
            signal.signal(number, handler)


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss


def _memory(kib: int) -> list[str]:
    return [f"it takes {kib // 1024} MiB of memory"] if kib > _MOST_MEMORY else []
