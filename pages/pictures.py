"""docs/session.svg and docs/list.svg: what a terminal shows with two real VMs, each of its own small project."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pages import screen
from sysinit_vm.errors import VmError
from sysinit_vm.lima.home import lima_home
from tests.lima.terminal import Terminal

DOCS = Path(__file__).parents[1] / "docs"
_PROJECTS = Path("/tmp/dev")  # noqa: S108  # the pictures show it
_SCRIPT = [sys.executable, "-m", "sysinit_vm"]
_PROMPT = r"(?m)\$ *(│|$)"
_SETTLED = r"Ctrl\+A, then: [^\n]*\Z"  # the last line lists the keys
_PLAIN = ("PS1='$ '; clear", r"\$")
# Each pane: the keys that lead to it, each after Ctrl+A, and the lines to type in it with the answer to wait for.
_PANES = (
    ("vs", (_PLAIN, ("git log --oneline", "[0-9a-f]{7} "))),
    ("k", (_PLAIN, ("uname -srm", "Linux [0-9]"), ("grep PRETTY /etc/os-release", "Debian"))),
    (
        "h",
        (
            _PLAIN,
            ("ls", "Makefile"),
            ("echo session $ZELLIJ_SESSION of $PROJECT_NAME", "session myapp of myapp"),
            ("df -h --output=target,fstype,avail / $PWD", f"{_PROJECTS}/myapp +9p"),
        ),
    ),
)


def take() -> None:
    """Make both VMs, take the pictures, and remove the VMs; VmError if the directory for it exists already."""
    with _projects_directory() as env:
        blog, myapp = (_project(name) for name in ("blog", "myapp"))
        for root in (blog, myapp):
            _run(root, env, "init", "minimal", "--ssh", "none")
            _run(root, env, "start")
            if root == blog:
                _run(root, env, "stop")
        _save("session", "myapp — sysinit-vm shell", _session(myapp, env))
        _save("list", "sysinit-vm list", _list(myapp, env))


@contextmanager
def _projects_directory() -> Iterator[dict[str, str]]:
    """Create the projects' directory, with a LIMA_HOME that shares the current one's images; remove it at the end."""
    if _PROJECTS.exists():
        raise VmError(f"{_PROJECTS} exists already.", detail="The pictures show that path.", hint=f"rm -r {_PROJECTS}")
    temporary_home = _PROJECTS / ".lima"
    temporary_home.mkdir(parents=True)
    images = lima_home() / "_images"
    if images.is_dir():
        (temporary_home / "_images").symlink_to(images)
    env = {name: value for name, value in os.environ.items() if name not in {"VM_NAME", "NO_COLOR", "COLUMNS", "LINES"}}
    env |= {"LIMA_HOME": str(temporary_home)}
    try:
        yield env
    finally:
        for config in _PROJECTS.glob("*/.lima/config.yaml"):
            root = config.parents[1]
            subprocess.run([*_SCRIPT, "destroy", "--yes"], cwd=root, env=env, check=False)
            subprocess.run([*_SCRIPT, "trust", "--revoke"], cwd=root, env=env, check=False)
        shutil.rmtree(_PROJECTS)


def _project(name: str) -> Path:
    root = _PROJECTS / name
    root.mkdir()
    (root / "README.md").write_text(f"# {name}\n")
    (root / "Makefile").write_text("test:\n\t@echo ok\n")
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *words], cwd=root, check=True)
    return root


def _run(root: Path, env: dict[str, str], *words: str) -> None:
    subprocess.run([*_SCRIPT, *words], cwd=root, env=env, check=True, stdin=subprocess.DEVNULL)


def _session(root: Path, env: dict[str, str]) -> Terminal:
    """Three panes of the project's session."""
    terminal = Terminal([*_SCRIPT, "shell"], root, env, rows=20, columns=100)
    terminal.wait_for(_PROMPT)
    for keys, lines in _PANES:
        for key in keys:
            terminal.wait_for(_SETTLED)
            terminal.chord("\x01", key)
            terminal.read(2)
        for line, answer in lines:
            _type(terminal, line, answer)
    return terminal


def _type(terminal: Terminal, line: str, answer: str) -> None:
    terminal.press(f"{line}\r")
    terminal.wait_for(answer)
    terminal.read(1)


def _list(root: Path, env: dict[str, str]) -> Terminal:
    """A shell in which `list` was typed, wide enough for one line for each VM."""
    shell = {**env, "PS1": "$ ", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}
    terminal = Terminal(["sh", "-i"], root, shell, rows=12, columns=110)
    terminal.wait_for(r"(?m)\$ *$")
    _type(terminal, "sysinit-vm list", "myapp-dev.*\n")
    terminal.read(2)
    return terminal


def _save(name: str, title: str, terminal: Terminal) -> None:
    (DOCS / f"{name}.svg").write_text(screen.svg(terminal.screen, title, name), encoding="utf-8")
    terminal.close()
