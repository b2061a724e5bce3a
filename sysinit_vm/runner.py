"""The only module that starts processes: argument lists, never a shell line.

``read`` captures the output, and runs even under ``--dry``. ``change`` and ``stream`` (output captured, or passed on as
it comes), ``receive`` and ``send`` (one end of a pipe is ours) and ``attach`` (the terminal's) obey ``--dry``.
"""

import contextlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sysinit_vm import executables, pipes
from sysinit_vm.errors import MissingError
from sysinit_vm.interrupts import signals_as_interrupt
from sysinit_vm.terminal.console import say

INTERRUPTED = 130
TIMED_OUT = 124  # as timeout(1)
_READER_GONE = 141  # as if SIGPIPE had ended it
_PIPE, _NONE = subprocess.PIPE, subprocess.DEVNULL
_CHUNK = 2**18  # bytes


@dataclass(frozen=True)
class Result:
    """How a captured command ended: ``code`` is its exit status, or 128+n if signal n ended it."""

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
        """The command line, quoted for a shell."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class Runner:
    """Starts processes. ``dry`` prints changes instead of making them; ``echo`` prints them and makes them."""

    dry: bool = False
    echo: bool = False

    def read(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        file: IO[bytes] | None = None,
        timeout: float | None = None,
    ) -> Result:
        """Run and capture, with ``file`` itself as standard input. A timeout (seconds) ends it with code 124.

        Output without end, as a guest may send it, is an error: it ends the command with code 141 and no output.
        """
        argv = tuple(argv)
        with contextlib.ExitStack() as stack:
            process = stack.enter_context(_started(argv, env, stdin=file or _NONE, stdout=_PIPE, stderr=_PIPE, cwd=cwd))
            stack.callback(_end_if_alive, process)
            try:
                streams = (_present(process.stdout), _present(process.stderr))
                out, err = pipes.capture(streams, _ended(process), timeout)
                return Result(argv, _exit_status(process.wait(timeout)), out, err)
            except pipes.TooMuchError:
                return Result(argv, _READER_GONE, err=f"It printed more than {pipes.LONGEST // 2**20} MiB.")
            except pipes.LateError as late:
                return Result(argv, TIMED_OUT, *late.texts)
            except subprocess.TimeoutExpired:
                return Result(argv, TIMED_OUT, out, err)

    def change(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        file: IO[bytes] | None = None,
        timeout: float | None = None,
    ) -> Result:
        """Run and capture a command that changes something; under ``--dry`` only print it."""
        if self._announce(argv):
            return Result(tuple(argv), 0)
        return self.read(argv, env=env, cwd=cwd, file=file, timeout=timeout)

    def stream(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run a long change; each line of its output and errors is passed to ``on_line`` as it comes.

        The result's ``err`` has the last 100 lines. Ctrl-C ends the command and is raised again.
        """
        if self._announce(argv):
            return Result(tuple(argv), 0)
        tail: list[str] = []
        process = _started(argv, env, stdin=_NONE, stdout=_PIPE, stderr=subprocess.STDOUT, cwd=cwd)
        try:
            for line in pipes.lines(_present(process.stdout), _ended(process)):
                tail = [*tail[-99:], line]
                on_line(line)
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        return Result(tuple(argv), _exit_status(code), err="\n".join(tail))

    def receive(
        self, source: Sequence[str], take: Callable[[IO[bytes]], None], *, env: Mapping[str, str] | None = None
    ) -> Result:
        """Run a change whose output ``take`` reads; the result has its errors.

        What ``take`` leaves unread is dropped: the command then has 30 seconds to end by itself. Ctrl-C, or an error of
        ``take``, ends it and is raised again.
        """
        if self._announce(source):
            return Result(tuple(source), 0)
        with _piped(source, env, stdout=subprocess.PIPE) as (process, errors):
            take(_present(process.stdout))
            _close(process.stdout)
            _end_if_alive(process, after=30)
            return Result(tuple(source), _exit_status(process.returncode), err=errors.text())

    def send(
        self, give: Callable[[IO[bytes]], None], sink: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Result:
        """Run a change that reads what ``give`` writes; the result has its errors.

        If it ends early, BrokenPipeError ends ``give``, and the result tells why. Ctrl-C, or another error of ``give``,
        ends the command and is raised again.
        """
        if self._announce(sink):
            return Result(tuple(sink), 0)
        with _piped(sink, env, stdin=subprocess.PIPE) as (process, errors):
            with contextlib.suppress(BrokenPipeError):
                give(_present(process.stdin))
            _close(process.stdin)
            return Result(tuple(sink), _exit_status(process.wait()), err=errors.text())

    def attach(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bool = True,
        on_interrupt: Callable[[], None] | None = None,
    ) -> int:
        """Hand the terminal to the command and return its exit status.

        SIGINT, SIGTERM, SIGHUP or SIGQUIT to this process calls ``on_interrupt``, ends the command and returns 128+n.
        """
        if self._announce(argv):
            return 0
        sys.stdout.flush()
        process = _started(argv, env, stdin=None if stdin else subprocess.DEVNULL)
        with signals_as_interrupt():
            try:
                return _exit_status(process.wait())
            except KeyboardInterrupt as interrupt:
                if on_interrupt:
                    on_interrupt()
                _end(process)
                return interrupt.args[0] if interrupt.args else INTERRUPTED
            except BaseException:
                _end(process)
                raise

    def _announce(self, argv: Sequence[str]) -> bool:
        if self.dry or self.echo:
            say(shlex.join(argv))
        return self.dry


@contextlib.contextmanager
def _piped(
    argv: Sequence[str], env: Mapping[str, str] | None, *, stdin: int = _NONE, stdout: int = _NONE
) -> Iterator[tuple[subprocess.Popen[bytes], pipes.Tail]]:
    """Start a command of which we hold one end, and the end of its errors; afterwards it has ended."""
    with contextlib.ExitStack() as stack:
        process = _started(argv, env, bufsize=_CHUNK, stdin=stdin, stdout=stdout, stderr=_PIPE)
        stack.callback(_close, process.stdin or process.stdout)
        stack.callback(_end_if_alive, process)  # first, because closing may have to write the rest
        yield process, pipes.Tail(_present(process.stderr))


def _started(argv: Sequence[str], env: Mapping[str, str] | None, **options: Any) -> subprocess.Popen[Any]:
    """Start ``argv``; MissingError if its program is missing or cannot be run.

    One that has no path is not what a guest wrote, nor what a link on PATH leads to there.
    """
    environment = {**executables.environment(), **(env or {})}
    program = None if "/" in argv[0] or "PATH" in (env or {}) else executables.find(argv[0])
    try:
        return subprocess.Popen(argv, executable=program, env=environment, **options)
    except (FileNotFoundError, PermissionError) as error:
        raise MissingError(f"Cannot run {argv[0]}.", detail=str(error), hint="sysinit-vm setup") from error


def _exit_status(returncode: int | None) -> int:
    if returncode is None:  # it was left
        return 128 + signal.SIGKILL
    return 128 - returncode if returncode < 0 else returncode


def _present(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101  # it is a pipe
    return stream


def _ended(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    return lambda: process.poll() is not None


def _close(pipe: IO[bytes] | None) -> None:
    with contextlib.suppress(BrokenPipeError):
        if pipe:
            pipe.close()


def _end_if_alive(process: subprocess.Popen[bytes], *, after: float = 0) -> None:
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started: SIGTERM, and SIGKILL five seconds later.

    One that waits in the kernel for a file system that does not answer is left to end when it can.
    """
    for end in (process.terminate, process.kill):
        end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return
