"""What a row works with: a project with its VM, what else is the user's, and commands that meet a fault."""

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.faults import blank
from tests.worlds import ENTRANCES, VmWorld

SCREEN = 24  # lines: what a command says of a fault fits on one screen
LIMIT = 150  # seconds for a command that boots no guest
NOTES = "not to be lost\n"


@dataclass
class Place:
    """The world of all rows: ``shared`` is the project of the booted VM, None if there is none.

    The ``stranger`` is a process of the user that no command may touch, the ``neighbour`` a stopped VM of another
    project.
    """

    world: VmWorld
    limactl: Path
    stranger: subprocess.Popen
    shared: Path | None = None
    neighbour: str = ""
    before: dict[str, str] = field(default_factory=dict)


def contents(directory: Path) -> dict[str, str]:
    """The digest of each file below ``directory``, by its path; of a large one its size and its time."""
    digests = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink():
            small = path.stat().st_size < 2**20
            what = path.read_bytes() if small else f"{path.stat().st_size} {path.stat().st_mtime}".encode()
            digests[str(path)] = hashlib.sha256(what).hexdigest()
    return digests


class Case:
    """``root`` is the row's project and ``name`` its VM; ``outcome`` and ``survived`` are what the table says."""

    def __init__(self, place: Place, name: str, *, guest: bool) -> None:
        self.place, self.world = place, place.world
        self.outcome, self.survived, self._failed = "", [], False
        self._undo = contextlib.ExitStack()
        self._aside = Path(self.world.place) / "aside" / name
        self._aside.mkdir(parents=True)
        self._env = dict(self.world.env)
        self._undo.callback(self._restore_env)
        if guest:
            assert place.shared
            self.root, self.name = place.shared, f"{place.shared.name}-dev"
        else:
            short = hashlib.sha256(name.encode()).hexdigest()[:6]
            self.root, self.name = self.world.project(f"f{short}"), f"f{short}-dev"
        self.notes = self.root / "notes.txt"
        self.notes.write_text(NOTES)
        if not guest:
            self.world.ok(self.root, "init", "minimal")
        self.config = self.root / ".lima/config.yaml"
        self._config = self.config.read_text()

    @property
    def directory(self) -> Path:
        """The instance's directory."""
        return Path(self.world.env["LIMA_HOME"]) / self.name

    @property
    def aside(self) -> Path:
        """A directory for what the row needs beside the project."""
        return self._aside

    # Preparing

    def undo(self, step: Callable[..., object], *words: object) -> None:
        """Have something done when the row is over, before all that was said earlier."""
        self._undo.callback(step, *words)

    def created(self) -> Path:
        """Let the VM be created and never started, as by a start that was killed in between."""
        self.stall("start")
        self.kill(self.begin("start"), signal.SIGKILL)
        return self.directory

    def booting(self) -> Path:
        """Let the VM run: its host agent and QEMU are there, the guest never answers."""
        done = self.world.run(self.root, "start", "--timeout", "1", timeout=LIMIT)
        assert "did not start" in done.stderr, _brief(done.stderr)
        assert "Running" in self.world.ok(self.root, "status")
        return self.directory

    def stopped(self) -> Path:
        """Let the VM be stopped after a start."""
        self.booting()
        self.world.ok(self.root, "stop", "--force")
        return self.directory

    def pid(self, name: str = "ha") -> int:
        """The recorded id of the host agent, or of `qemu`."""
        return int((self.directory / f"{name}.pid").read_text())

    def end(self, name: str) -> None:
        """SIGKILL the host agent (`ha`) or `qemu`."""
        process = psutil.Process(self.pid(name))
        process.kill()
        psutil.wait_procs([process], timeout=30)

    def limactl(self, script: str) -> None:
        """Put a shell script in front of limactl: it has $verb, $real and $aside, and goes on with the real one."""
        share = self.aside / "share"
        if not share.exists():
            share.symlink_to(self.place.limactl.parent.parent / "share")
        program = self.aside / "bin/limactl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f"#!/bin/sh\nreal={shlex.quote(str(self.place.limactl))} aside={shlex.quote(str(self.aside))}\n"
            'for word; do case $word in -*) ;; *) verb=$word; break ;; esac; done\necho $$ >>"$aside/pids"\n'
            f'{script}\nexec "$real" "$@"\n'
        )
        program.chmod(0o755)
        self.world.env["SYSINIT_VM_LIMACTL"] = str(program)

    def stall(self, verb: str, *, after: bool = False, then: str = "") -> None:
        """Let limactl stand still at one verb, before or ``after`` its work; ``then`` is what it does meanwhile."""
        work = '"$real" "$@"; ' if after else ""
        self.limactl(f'[ "$verb" != {verb} ] || {{ {work}{then}\n touch "$aside/reached"; exec sleep 3000; }}')

    def real_limactl(self) -> None:
        """Take what stands in front of limactl away."""
        self.world.env["SYSINIT_VM_LIMACTL"] = str(self.place.limactl)

    def small_disk(self, size: str, at: Path | None = None) -> Path:
        """Mount a file system of ``size``, as LIMA_HOME unless ``at`` is another place."""
        here = at or self.aside / "lima"
        here.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", here], check=True)
        self.undo(subprocess.run, ["umount", "-l", str(here)])
        if at is None:
            (here / "_images").symlink_to(self.world.lima_home / "_images")
            self.world.env["LIMA_HOME"] = str(here)
        return here

    def fill(self, directory: Path) -> Path:
        """Leave no room on a small disk; return the file to remove for some."""
        filler = directory / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as stream:
            while True:
                stream.write(bytes(4096))
                stream.flush()
        return filler

    def read_only(self, directory: Path) -> None:
        """Let nothing below ``directory`` be written until the row ends."""
        subprocess.run(["mount", "--bind", directory, directory], check=True)
        self.undo(subprocess.run, ["umount", "-l", str(directory)])
        subprocess.run(["mount", "-o", "remount,ro,bind", directory], check=True)

    def change_config(self, old: str, new: str) -> None:
        """Change the project's config as its user does."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new, 1))

    # Commands

    def run(self, *words: str, ends: int | None = None, says: str = "", limit: float = LIMIT, **options):
        """Type a command; it says what is up in one screen, and ends in time. The table shows how."""
        done = self.world.run(self.root, *words, timeout=limit, **options)
        self._told(words, done.returncode, done.stderr or done.stdout)
        shown = done.stdout + done.stderr
        assert "Traceback" not in shown
        assert len(shown.splitlines()) <= SCREEN, f"{words[0]} says {len(shown.splitlines())} lines"
        assert ends is None or done.returncode == ends, f"{words[0]} ended with {done.returncode}: {_brief(shown)}"
        assert re.search(says, shown), f"{words[0]} does not say {says!r}: {_brief(shown)}"
        return done

    def begin(self, *words: str) -> subprocess.Popen:
        """Begin a command, and wait until limactl stands still, if it was told to."""
        stalled = self.aside / "reached"
        stalled.unlink(missing_ok=True)
        process = subprocess.Popen(
            ENTRANCES["sysinit-vm"](*words),
            cwd=self.root,
            env=self.world.env,
            stdin=subprocess.DEVNULL,
            stdout=(self.aside / "out").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.undo(_end, process)
        if self.world.env.get("SYSINIT_VM_LIMACTL", "").startswith(str(self.aside)):
            self.wait_for(stalled.exists, process)
        return process

    def wait_for(
        self, ready: Callable[[], object], process: subprocess.Popen | None = None, limit: float = 300
    ) -> None:
        """Wait until something is so, while the command goes on."""
        deadline = time.monotonic() + limit
        while not ready():
            assert time.monotonic() < deadline, "what was waited for did not come"
            assert process is None or process.poll() is None, f"it ended before: {(self.aside / 'out').read_text()}"
            time.sleep(0.02)

    def kill(self, process: subprocess.Popen, number: int) -> None:
        """End a command by a signal: to it alone if that cannot be caught, else to its group, as a terminal does."""
        if number == signal.SIGKILL:
            process.kill()
        else:
            os.killpg(process.pid, number)
        code = process.wait(60)
        text = (self.aside / "out").read_text()
        print(f"$ … ended by {signal.Signals(number).name}  [{code}]\n{text}")
        assert "Traceback" not in text
        if number == signal.SIGINT:
            assert code == 130, f"Ctrl-C ended it with {code}"
            assert "Interrupted" in text
        self.end_stubs()
        self.real_limactl()

    def end_stubs(self) -> None:
        """End what stands still in the place of limactl."""
        with contextlib.suppress(FileNotFoundError):
            for pid in map(int, (self.aside / "pids").read_text().split()):
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(pid)
                    if process.name() == "sleep" or str(self.aside) in " ".join(process.cmdline()):
                        process.kill()
            (self.aside / "pids").unlink()

    def _told(self, words: tuple[str, ...], code: int, text: str) -> None:
        """Keep what the first command said that failed, or the first one if none does."""
        if not self.outcome or (code and not self._failed):
            self.outcome, self._failed = f"{' '.join(words)} [{code}] {_brief(text)}", bool(code)

    # Checking

    def gone(self) -> None:
        """Nothing is left of the VM."""
        assert not self.directory.exists(), f"left: {list(self.directory.iterdir())}"
        self.survived.append("no half VM")

    def kept(self, path: Path, before: object, what: str) -> None:
        """A file of the VM is as it was."""
        assert path.exists(), f"{path} is gone"
        assert self.state(path) == before, f"{path} is not as it was"
        self.survived.append(what)

    @staticmethod
    def state(path: Path) -> tuple[int, str]:
        """What ``kept`` compares."""
        return path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()

    def stranger_lives(self) -> None:
        """The process that is not ours goes on."""
        assert self.place.stranger.poll() is None, "the stranger's process was ended"
        self.survived.append("the stranger")

    def require_nothing_lost(self) -> None:
        """The user's files, the other VM and the other process are as they were, and nothing is half written."""
        assert self.notes.read_text() == NOTES
        self.survived.append("the project")
        assert self.place.stranger.poll() is None, "the stranger's process was ended"
        half = [path for path in self.root.rglob(".*.*") if re.fullmatch(r"\.(config\.yaml|gitignore)\..+", path.name)]
        assert not half, f"half written: {half}"
        if self.place.neighbour:
            now = contents(self.world.lima_home / self.place.neighbour)
            assert now == self.place.before, "the other VM was changed"

    def clear(self) -> None:
        """Remove what the row made."""
        self.end_stubs()
        with contextlib.suppress(OSError):
            self.config.write_text(self._config)
        self._undo.close()
        if self.root == self.place.shared:
            self.notes.unlink(missing_ok=True)
        else:
            blank.remove(self.world, self.name)
            shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self._aside, ignore_errors=True)

    def _restore_env(self) -> None:
        self.world.env.clear()
        self.world.env.update(self._env)


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


_NO_NEWS = re.compile(
    r"\[ *\d+s\]|(Starting|Stopping|Destroying|Copying|Removing|Provisioning|Wrong:|NAME +|AREA +|KIND +)|\d+ are as they"
)


def _brief(text: str) -> str:
    """The first line of what a command said that is neither a stage of its progress nor a heading."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if not _NO_NEWS.match(line)), "".join(lines[:1]))
