"""The real command line, in processes of its own, against a limactl that is a recording script."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from sysinit_vm.config import document
from sysinit_vm.effective import prepare
from sysinit_vm.init import render
from sysinit_vm.machine import facts
from sysinit_vm.projects.project import Project
from sysinit_vm.trust import gate

HERE = Path(__file__).parent
TOP = HERE.parents[1]
BIN = Path(sys.executable).parent
SCRIPT = (sys.executable, "-m", "sysinit_vm")
TASKS = "from invoke import Collection\nimport sysinit_vm\nns = Collection(lima=sysinit_vm.ns)\n"


class World:
    """A home, a project ``demo`` in it, and a fake limactl; ``run`` types one command."""

    def __init__(self, place: Path) -> None:
        self.home, self.fake, self.lima_home = place / "home", place / "fake", place / "home" / ".lima"
        self.demo = self.project("demo")
        self.fake.mkdir()
        images = self.lima_home / "_images"
        images.mkdir(parents=True)
        for end in ("qcow2", "vmlinuz", "initrd"):
            (images / f"sysinit-debian-latest.{end}").write_text("")
        agents = place / "share" / "lima"
        agents.mkdir(parents=True)
        for arch in ("x86_64", "aarch64"):
            (agents / f"lima-guestagent.Linux-{arch}").touch()
        self.limactl = self.fake / "limactl"
        words = shlex.join([sys.executable, "-SE", str(HERE / "fake_limactl.py")])
        self.limactl.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        self.limactl.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "LIMA_", "INVOKE_"))}
        self.env = {
            **{name: value for name, value in kept.items() if name != "VM_NAME"},
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "LIMA_HOME": str(self.lima_home),
            # The guest is this machine: no git identity may travel to it.
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "FAKE_LIMACTL": str(self.fake),
            "FAKE_DATA": str(TOP / "tests" / "data" / "limactl-2.2.0"),
            "SYSINIT_VM_LIMACTL": str(self.limactl),
            "SYSINIT_VM_ACCELERATOR": "tcg",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "TERM": "xterm",
            "NO_COLOR": "1",  # Task colours its lists where CI is set
        }

    def project(self, name: str, *, config: str | None = None) -> Path:
        root = self.home / name
        root.mkdir(parents=True)
        if config is not None:
            (root / ".lima").mkdir()
            (root / ".lima" / "config.yaml").write_text(config)
        return root

    def type(self, *argv: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=cwd or self.demo,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def begin(self, *argv: str) -> subprocess.Popen[str]:
        """Begin a command in a process group of its own, to be interrupted as a terminal does it."""
        return self.begin_in(self.demo, *argv)

    def begin_in(self, cwd: Path, *argv: str) -> subprocess.Popen[str]:
        """As ``begin``, in the directory ``cwd``."""
        return subprocess.Popen(
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

    def made(self, root: Path | None = None) -> None:
        """What ``init`` leaves."""
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
        """What its user has allowed."""
        with mock.patch.dict(os.environ, self.env, clear=True):
            gate.trust_own_config(Project(root))

    def given(self, root: Path) -> str:
        """What limactl was given for the config of ``root``."""
        with mock.patch.dict(os.environ, self.env, clear=True):
            home = Project(root)
            return json.dumps(
                prepare.prepared(document.load(home.config), home, f"{root.name}-dev", facts.gather(), {}).data
            )

    def started(self, status: str = "Running", root: Path | None = None) -> None:
        """What ``init`` and ``start`` leave; the workflows type these commands themselves."""
        self.made(root)
        root = root or self.demo
        directory = self.lima_home / f"{root.name}-dev"
        directory.mkdir()
        for name, text in (
            ("lima.yaml", self.given(root)),
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
        return [verb for verb in found if verb not in {"list", "shell"}]

    def guest_words(self) -> list[str]:
        """What the last ``shell`` ran in the guest."""
        call = [each for each in self.calls() if "shell" in each][-1]
        return call[call.index("--") + 5 :]

    def status(self, name: str = "demo-dev") -> str:
        path = self.lima_home / name / "status"
        return path.read_text() if path.exists() else "not created"

    def break_(self, verb: str, says: str) -> None:
        (self.fake / f"{verb}.fail").write_text(says)

    def config(self) -> bytes:
        return (self.demo / ".lima" / "config.yaml").read_bytes()


@pytest.fixture
def world() -> Iterator[World]:
    """Below a short path, because its length limits the names of VMs."""
    place = Path(tempfile.mkdtemp(prefix="sv", dir="/tmp")).resolve()
    yield World(place)
    shutil.rmtree(place, ignore_errors=True)
