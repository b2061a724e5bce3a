"""Real limactl, real QEMU, a real guest. A missing part is an error here, never a skip."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
import psutil
import pytest

from sysinit_vm import debian
from sysinit_vm.machine import finders
from tests.lima.terminal import Terminal

BIN = Path(sys.executable).parent
ENTRANCES = {
    "sysinit-vm": lambda verb, *words: [str(BIN / "sysinit-vm"), verb, *words],
    "inv": lambda verb, *words: [str(BIN / "inv"), f"lima.{verb}", *words],
    "task": lambda verb, *words: [str(BIN / "task"), "-x", f"lima:{verb}", *(["--", *words] if words else [])],
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A skipped test on a real VM is a failed one."""
    report = yield
    if report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped, which no test here may be: {report.longrepr}"
    return report


@dataclass
class World:
    """A LIMA_HOME of the session's own, and the environment that points there."""

    place: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def lima_home(self) -> Path:
        return self.place / "lima"

    def project(self, name: str) -> Path:
        path = self.place / "projects" / name
        path.mkdir(parents=True)
        return path

    def run(self, cwd: Path, *argv: str, entrance: str = "sysinit-vm", timeout: float = 900, **options):
        """Run one verb through an entrance as a script would, without a terminal; shown when a test fails."""
        words = ENTRANCES[entrance](*argv)
        options.setdefault("stdin", subprocess.DEVNULL)
        if "input" in options:
            del options["stdin"]
        done = subprocess.run(
            words, cwd=cwd, env=self.env, capture_output=True, text=True, timeout=timeout, check=False, **options
        )
        print(f"$ {' '.join(words)}  [{done.returncode}]\n{done.stdout}{done.stderr}")
        assert "Traceback" not in done.stderr
        return done

    def ok(self, cwd: Path, *argv: str, **options) -> str:
        done = self.run(cwd, *argv, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def terminal(self, cwd: Path, *argv: str, entrance: str = "sysinit-vm", **options) -> Terminal:
        return Terminal(ENTRANCES[entrance](*argv), cwd, self.env, **options)


@pytest.fixture(scope="session")
def world():
    """Make the session's world; at its end destroy every VM in it and leave no process behind."""
    place = Path(tempfile.mkdtemp(prefix="svm-", dir="/var/tmp"))
    made = World(place)
    made.lima_home.mkdir()
    made.env = {**os.environ, "LIMA_HOME": str(made.lima_home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for name in [name for name in made.env if name == "VM_NAME" or name.startswith("INVOKE_")]:
        del made.env[name]
    _give_image(made)
    yield made
    for directory in sorted(made.lima_home.glob("*/lima.yaml")):
        made.run(made.place, "destroy", "--yes", "--name", directory.parent.name)
    left = [p for p in psutil.process_iter(["cmdline"]) if str(made.lima_home) in " ".join(p.info["cmdline"] or [])]
    for process in left:
        process.kill()
    shutil.rmtree(place)
    assert not left, f"left behind: {left}"


def _give_image(world: World) -> None:
    """Let the world use a Debian image that is kept between sessions, built anew when its parts changed."""
    kept = platformdirs.user_cache_path("sysinit-vm") / "images"
    kept.mkdir(parents=True, exist_ok=True)
    (world.lima_home / "_images").symlink_to(kept)
    zellij = finders.find_zellij()
    assert zellij is not None, "Zellij for the guest is missing: sysinit-vm setup"
    if debian.current(kept, zellij) is None:
        world.ok(world.place, "build.debian", timeout=1800)
    current = debian.current(kept, zellij)
    assert current is not None
    for old in kept.glob("sysinit-debian-2*"):
        if old.stem != current.stem:
            old.unlink()


@pytest.fixture(scope="session")
def demo(world: World) -> Path:
    """A project whose VM runs for the whole session; made by `up` on a terminal, which ends in its session."""
    project = world.project("demo")
    terminal = world.terminal(project, "up", "--template", "minimal")
    terminal.wait_for(r"Zellij \(demo\)", seconds=1800)
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0, terminal.text
    return project


def inside(world: World, project: Path, line: str) -> str:
    """Run a shell line in the guest and return what it printed."""
    return world.ok(project, "exec", line)
