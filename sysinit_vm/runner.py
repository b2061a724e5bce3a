"""The only module that starts processes: argument lists, never a shell line.

Three ways to run, chosen by who owns the terminal: ``read`` (captured; runs even under ``--dry``),
``change`` and ``stream`` (captured or line by line; obey ``--dry``), ``attach`` (inherits the terminal).
"""

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sysinit_vm.errors import MissingError
from sysinit_vm.interrupts import sigterm_as_interrupt

INTERRUPTED = 130
_CHUNK = 2**18  # bytes


@dataclass(frozen=True)
class Result:
    """What a captured command left behind: ``code`` is 128+n when signal n ended it."""

    argv: tuple[str, ...]
    code: int
    out: str = ""
    err: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command ended with 0."""
        return self.code == 0

    @property
    def command(self) -> str:
        """The command line, quoted so that it can be pasted into a shell."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class Runner:
    """Starts processes. ``dry`` prints changes instead of making them, ``echo`` prints and makes them."""

    dry: bool = False
    echo: bool = False

    def read(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        text: str | None = None,
        timeout: float | None = None,
    ) -> Result:
        """Run and capture, ``text`` on standard input. A timeout (seconds) ends it with code 124."""
        with _missing_program(argv):
            try:
                done = subprocess.run(
                    argv,
                    input=text,
                    stdin=subprocess.DEVNULL if text is None else None,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    env=_env(env),
                    cwd=cwd,
                    timeout=timeout,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                return Result(tuple(argv), 124, _text(error.stdout), _text(error.stderr))
        return Result(tuple(argv), _code(done.returncode), done.stdout, done.stderr)

    def change(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        text: str | None = None,
    ) -> Result:
        """Run and capture a command that changes something; under ``--dry`` only print it."""
        if self._announce(argv):
            return Result(tuple(argv), 0)
        return self.read(argv, env=env, cwd=cwd, text=text)

    def stream(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run a long change; every line of its output and errors goes to ``on_line`` as it comes.

        ``err`` of the result holds the last 100 lines. Ctrl-C ends the command, then is raised again.
        """
        if self._announce(argv):
            return Result(tuple(argv), 0)
        tail: list[str] = []
        with _missing_program(argv):
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=_env(env),
                cwd=cwd,
            )
        try:
            for line in _lines(process.stdout):
                tail = [*tail[-99:], line]
                on_line(line)
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        return Result(tuple(argv), _code(code), err="\n".join(tail))

    def pipe(
        self,
        source: Sequence[str],
        sink: Sequence[str],
        on_bytes: Callable[[int], None],
        *,
        env: Mapping[str, str] | None = None,
    ) -> tuple[Result, Result]:
        """Run a change that reads what another command writes; ``on_bytes`` is told the bytes so far.

        The results hold what each said on stderr. Ctrl-C ends both, then is raised again.
        """
        if self._announce([*source, "|", *sink]):
            return Result(tuple(source), 0), Result(tuple(sink), 0)
        with contextlib.ExitStack() as open_:
            says = [open_.enter_context(tempfile.TemporaryFile()) for _ in (source, sink)]
            started = []
            for argv, ends, err in (
                (source, (subprocess.DEVNULL, subprocess.PIPE), says[0]),
                (sink, (subprocess.PIPE, subprocess.DEVNULL), says[1]),
            ):
                with _missing_program(argv):
                    process = subprocess.Popen(argv, stdin=ends[0], stdout=ends[1], stderr=err, env=_env(env))
                open_.callback(_end_if_alive, process)
                started.append(process)
            _pump(started[0].stdout, started[1].stdin, on_bytes)
            codes = [_code(process.wait()) for process in started]
            texts = [_all(err) for err in says]
        return Result(tuple(source), codes[0], err=texts[0]), Result(tuple(sink), codes[1], err=texts[1])

    def attach(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bool = True,
        on_interrupt: Callable[[], None] | None = None,
    ) -> int:
        """Hand the terminal to the command and return its exit status.

        SIGINT and SIGTERM to this process call ``on_interrupt``, end the command and give 128+n.
        """
        if self._announce(argv):
            return 0
        sys.stdout.flush()
        with _missing_program(argv):
            process = subprocess.Popen(argv, stdin=None if stdin else subprocess.DEVNULL, env=_env(env))
        try:
            with sigterm_as_interrupt():
                return _code(process.wait())
        except KeyboardInterrupt as stop:
            if on_interrupt:
                on_interrupt()
            _end(process)
            return stop.args[0] if stop.args else INTERRUPTED
        except BaseException:
            _end(process)
            raise

    def _announce(self, argv: Sequence[str]) -> bool:
        if self.dry or self.echo:
            print(shlex.join(argv), file=sys.stderr, flush=True)
        return self.dry


def _env(extra: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if extra is None else {**os.environ, **extra}


def _code(returncode: int) -> int:
    return 128 - returncode if returncode < 0 else returncode


def _text(captured: bytes | str | None) -> str:
    return captured.decode(errors="replace") if isinstance(captured, bytes) else captured or ""


def _lines(stream: IO[str] | None) -> Iterator[str]:
    for line in stream or ():
        yield line.rstrip("\n")


def _pump(source: IO[bytes] | None, sink: IO[bytes] | None, on_bytes: Callable[[int], None]) -> None:
    """Hand on what comes until either end closes; a sink that ended says itself why."""
    total = 0
    assert source is not None  # noqa: S101  # both are pipes
    assert sink is not None  # noqa: S101
    with source, contextlib.suppress(BrokenPipeError), sink:
        while chunk := os.read(source.fileno(), _CHUNK):
            sink.write(chunk)
            sink.flush()
            on_bytes(total := total + len(chunk))


def _all(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _end_if_alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _end(process)


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a process that we started: ask, wait five seconds, then insist."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _missing_program(argv: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise MissingError(f"Cannot run {argv[0]}.", detail=str(error), hint="sysinit-vm setup") from error
