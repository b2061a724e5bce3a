"""What the tests of the command line and those on real VMs type commands in: a home and projects of their own."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

import platformdirs

from sysinit_vm.config import document
from sysinit_vm.effective import prepare
from sysinit_vm.init import render
from sysinit_vm.machine import facts
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.vm.permission import Request
from tests import fakes
from tests.fakes import DATA
from tests.lima.terminal import Terminal

TOP = Path(__file__).parents[1]
CLI = TOP / "tests" / "cli"
BIN = Path(sys.executable).parent
SCRIPT = (sys.executable, "-m", "sysinit_vm")
TASKS = "from invoke import Collection\nimport sysinit_vm\nns = Collection(lima=sysinit_vm.ns)\n"
GUEST_SUDO = """\
#!/bin/sh
# As root of the guest: with its own directories in place of this machine's.
[ "$1" = -n ] || exit 9
shift
for word; do
    shift
    set -- "$@" "$(printf %s "$word" | sed 's|/usr/local/bin/|{local}/|; s|/run/|{run}/|')"
done
exec "$@"
"""
ENTRANCES = {
    "sysinit-vm": lambda verb, *words: [str(BIN / "sysinit-vm"), verb, *words],
    "inv": lambda verb, *words: [str(BIN / "inv"), f"lima.{verb}", *words],
    "task": lambda verb, *words: [str(BIN / "task"), "-x", f"lima:{verb}", *(["--", *words] if words else [])],
}


def no_limactl():
    """What a request calls where limactl is not to be needed."""
    raise AssertionError("limactl is not needed here")


class Begun(subprocess.Popen):
    """A command in a process group of its own, which ends if the test fails: else its end would be waited for."""

    def __exit__(self, kind, *rest):
        if kind is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return super().__exit__(kind, *rest)


class World:
    """A LIMA_HOME and ``projects``, a directory, of the tests' own, and ``env``, the environment that points there."""

    def __init__(self, place: Path, *, lima_home: Path, projects: Path, without: tuple[str, ...]) -> None:
        """Variables whose names begin with one of ``without`` do not come into this world."""
        self.place, self.lima_home, self.projects = place, lima_home, projects
        # pytest-xdist tells its workers how wide the terminal is
        without = ("VM_NAME", "COLUMNS", "LINES", "PYTEST_", *without)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(without)}
        self.env |= {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LIMA_HOME": str(lima_home)}

    def project(self, name: str, *, config: str | None = None) -> Path:
        """Make the directory of a project, without a config unless it is given."""
        root = self.projects / name
        root.mkdir(parents=True)
        if config is not None:
            (root / ".lima").mkdir()
            (root / ".lima" / "config.yaml").write_text(config)
        return root

    def without_terminal(self, argv, cwd: Path, *, env=None, timeout: float, **options):
        """Run a command as a script would; ``options`` are subprocess's, without ``input`` there is none."""
        given = options if "input" in options else {"stdin": subprocess.DEVNULL, **options}
        return subprocess.run(
            argv,
            cwd=cwd,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **given,
        )


class VmWorld(World):
    """The world of a whole session on real VMs."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, lima_home=place / "lima", projects=place / "projects", without=("INVOKE_",))
        self.lima_home.mkdir(exist_ok=True)

    def give_own_directories(self) -> None:
        """Give it a home and XDG directories of its own, in which only what `setup` installed is the user's."""
        home = self.place / "home"
        (home / ".ssh").mkdir(parents=True, exist_ok=True, mode=0o700)
        own = {f"XDG_{kind}_HOME": str(self.place / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
        self.env |= {**own, "HOME": str(home)}
        data = self.place / "data" / "sysinit-vm"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        for installed in platformdirs.user_data_path("sysinit-vm").glob("*-[0-9]*"):
            if not (data / installed.name).is_symlink():
                (data / installed.name).symlink_to(installed)

    def run(self, cwd: Path, *argv: str, entrance: str = "sysinit-vm", timeout: float = 900, **options):
        """Run one verb through an entrance as a script would, without a terminal; shown when a test fails."""
        words = ENTRANCES[entrance](*argv)
        done = self.without_terminal(words, cwd, timeout=timeout, **options)
        print(f"$ {' '.join(words)}  [{done.returncode}]\n{done.stdout}{done.stderr}")
        assert "Traceback" not in done.stderr
        return done

    def ok(self, cwd: Path, *argv: str, **options) -> str:
        """Run one verb, which ends with 0, and return what it printed."""
        done = self.run(cwd, *argv, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def terminal(self, cwd: Path, *argv: str, entrance: str = "sysinit-vm", **options) -> Terminal:
        """Run one verb on a terminal."""
        return Terminal(ENTRANCES[entrance](*argv), cwd, self.env, **options)


class CliWorld(World):
    """The world of one test: a home, a project ``demo`` in it, and a fake limactl; ``run`` types one command."""

    def __init__(self, place: Path) -> None:
        self.home, self.fake = place / "home", place / "fake"
        self.limactl = self.fake / "limactl"
        without = ("XDG_", "LIMA_", "INVOKE_", "SYSINIT_VM_ZELLIJ")  # the last is for the guest, which is this machine
        super().__init__(place, lima_home=self.home / ".lima", projects=self.home, without=without)
        self.demo = self.project("demo")
        self._put_image_and_limactl()
        self.env |= {
            "HOME": str(self.home),
            # The guest is this machine: no git identity may travel to it.
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "FAKE_LIMACTL": str(self.fake),
            "FAKE_DATA": str(DATA),
            "SYSINIT_VM_LIMACTL": str(self.limactl),
            "SYSINIT_VM_ACCELERATOR": "tcg",
            "SYSINIT_VM_GITHUB_MIRROR": str(place / "no-mirror"),  # no test asks a host on the internet
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "TERM": "xterm",
            "NO_COLOR": "1",  # Task colours its lists where CI is set
        }

    def _put_image_and_limactl(self) -> None:
        self.fake.mkdir()
        images = self.lima_home / "_images"
        images.mkdir(parents=True)
        for end in ("qcow2", "vmlinuz", "initrd"):
            (images / f"sysinit-debian-latest.{end}").write_text("")
        agents = self.place / "share" / "lima"
        agents.mkdir(parents=True)
        for arch in ("x86_64", "aarch64"):
            (agents / f"lima-guestagent.Linux-{arch}").touch()
        words = shlex.join([sys.executable, "-SE", str(CLI / "fake_limactl.py")])
        self.limactl.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        self.limactl.chmod(0o755)

    def type(self, *argv: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Type any command line."""
        return self.without_terminal(argv, cwd or self.demo, env=env, timeout=60)

    def begin(self, *argv: str) -> Begun:
        """Begin a command in a process group of its own, to be interrupted as a terminal does it."""
        return self.begin_in(self.demo, *argv)

    def begin_in(self, cwd: Path, *argv: str) -> Begun:
        """As ``begin``, in the directory ``cwd``."""
        return Begun(
            argv,
            cwd=cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Type ``sysinit-vm WORDS``; whatever happens, nobody sees a traceback."""
        done = self.type(*SCRIPT, *words, cwd=cwd, **env)
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def put_config(self, root: Path | None = None) -> None:
        """Put there what ``init`` leaves."""
        root = root or self.demo
        values = {
            "project_name": root.name,
            "project_dir": str(root),
            "session": root.name,
            "vm_name": None,
            "ssh": None,
        }
        written = root / ".lima" / "config.yaml"
        written.parent.mkdir(exist_ok=True)
        written.write_text(render.rendered_config("dev", values))
        self.trust(root)

    def trust(self, root: Path) -> None:
        """Allow the config of ``root``, as its user would."""
        with mock.patch.dict(os.environ, self.env, clear=True):
            project = Project(root)
            Request(committed_config.load(project), project, f"{root.name}-dev", no_limactl).trust()

    def config_for_limactl(self, root: Path) -> str:
        """Return what limactl is given for the config of ``root``."""
        with mock.patch.dict(os.environ, self.env, clear=True):
            home = Project(root)
            return json.dumps(
                prepare.prepared(document.load(home.config), home, f"{root.name}-dev", facts.gather(), {}).data
            )

    def put_vm(self, status: str = "Running", root: Path | None = None) -> None:
        """Put there what ``init`` and ``start`` leave; the workflows type these commands themselves."""
        self.put_config(root)
        root = root or self.demo
        directory = self.lima_home / f"{root.name}-dev"
        directory.mkdir()
        for name, text in (
            ("lima.yaml", self.config_for_limactl(root)),
            ("status", status),
            ("ha.stdout.log", '{"status":{"running":true}}\n'),
            ("ha.stderr.log", '{"level":"info","msg":"Starting QEMU"}\n'),
            ("serial.log", "boot\nLIMA 2026| Executing it\nlogin:\n"),
        ):
            (directory / name).write_text(text)

    def calls(self) -> list[list[str]]:
        log = self.fake / "argv"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def verbs(self) -> list[str]:
        """What was asked of limactl that changes something."""
        found = [
            next(word for word in call if not word.startswith("-")) for call in self.calls() if call[0] != "--version"
        ]
        return [verb for verb in found if verb not in {"list", "shell", "template", "validate"}]

    def guest_words(self) -> list[str]:
        """What the last ``shell`` ran in the guest."""
        return fakes.guest_words([call for call in self.calls() if "shell" in call][-1])[1]

    def status(self, name: str = "demo-dev") -> str:
        path = self.lima_home / name / "status"
        return path.read_text() if path.exists() else "not created"

    def let_fail(self, verb: str, says: str) -> None:
        (self.fake / f"{verb}.fail").write_text(says)

    def config(self) -> bytes:
        return (self.demo / ".lima" / "config.yaml").read_bytes()
