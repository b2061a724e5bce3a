"""The only module that starts processes: argument lists, never a shell line.

``read`` captures the output, and runs even under ``--dry``. ``change``, ``stream`` and ``pipe`` (output captured, or
passed on as it comes) and ``attach`` (which hands over the terminal) obey ``--dry``.
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

from sysinit_vm import pipes
from sysinit_vm.errors import MissingError
from sysinit_vm.interrupts import sigterm_as_interrupt
from sysinit_vm.terminal.console import say

INTERRUPTED = 130
_TIMEOUT = 124  # as timeout(1)
_READER_GONE = 141  # as if SIGPIPE had ended it
_PIPE = subprocess.PIPE


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
        text: str | None = None,
        timeout: float | None = None,
    ) -> Result:
        """Run and capture, with ``text`` as standard input. A timeout (seconds) ends it with code 124.

        Output without end, as a guest may send it, is an error: it ends the command with code 141 and no output.
        """
        argv = tuple(argv)
        with contextlib.ExitStack() as stack:
            stdin = stack.enter_context(_text_file(text)) if text is not None else subprocess.DEVNULL
            with _missing_program(argv):
                process = stack.enter_context(
                    subprocess.Popen(argv, stdin=stdin, stdout=_PIPE, stderr=_PIPE, env=_environment(env), cwd=cwd)
                )
            stack.callback(_end_if_alive, process)
            try:
                out, err = pipes.capture((_present(process.stdout), _present(process.stderr)), timeout)
                return Result(argv, _exit_status(process.wait(timeout)), out, err)
            except pipes.TooMuchError:
                return Result(argv, _READER_GONE, err=f"It printed more than {pipes.LONGEST // 2**20} MiB.")
            except pipes.LateError as late:
                return Result(argv, _TIMEOUT, *late.texts)
            except subprocess.TimeoutExpired:
                return Result(argv, _TIMEOUT, out, err)

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
        """Run a long change; each line of its output and errors is passed to ``on_line`` as it comes.

        The result's ``err`` has the last 100 lines. Ctrl-C ends the command and is raised again.
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
                env=_environment(env),
                cwd=cwd,
            )
        try:
            for line in pipes.lines(process.stdout) if process.stdout else ():
                tail = [*tail[-99:], line]
                on_line(line)
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        return Result(tuple(argv), _exit_status(code), err="\n".join(tail))

    def pipe(
        self,
        source: Sequence[str],
        sink: Sequence[str],
        on_bytes: Callable[[int], None],
        *,
        env: Mapping[str, str] | None = None,
    ) -> tuple[Result, Result]:
        """Run a change that reads what another command writes; ``on_bytes`` gets the number of bytes so far.

        The results have the errors of each command. Ctrl-C ends both and is raised again.
        """
        if self._announce([*source, "|", *sink]):
            return Result(tuple(source), 0), Result(tuple(sink), 0)
        with contextlib.ExitStack() as stack:
            processes, tails = [], []
            for argv, stdin, stdout in ((source, subprocess.DEVNULL, _PIPE), (sink, _PIPE, subprocess.DEVNULL)):
                with _missing_program(argv):
                    process = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=_PIPE, env=_environment(env))
                stack.callback(_end_if_alive, process)
                processes.append(process)
                tails.append(pipes.Tail(_present(process.stderr)))
            pipes.pump(_present(processes[0].stdout), _present(processes[1].stdin), on_bytes)
            codes = [_exit_status(process.wait()) for process in processes]
            texts = [tail.text() for tail in tails]
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

        SIGINT or SIGTERM to this process calls ``on_interrupt``, ends the command and returns 128+n.
        """
        if self._announce(argv):
            return 0
        sys.stdout.flush()
        with _missing_program(argv):
            process = subprocess.Popen(argv, stdin=None if stdin else subprocess.DEVNULL, env=_environment(env))
        try:
            with sigterm_as_interrupt():
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


def _environment(extra: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if extra is None else {**os.environ, **extra}


def _exit_status(returncode: int) -> int:
    return 128 - returncode if returncode < 0 else returncode


@contextlib.contextmanager
def _text_file(text: str) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(text.encode(errors="replace"))
        file.seek(0)
        yield file


def _present(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101  # it is a pipe
    return stream


def _end_if_alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _end(process)


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a process that we started: SIGTERM, and SIGKILL five seconds later."""
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
