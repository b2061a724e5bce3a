"""Each way of installing that the documentation has, its own lines typed in a home of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "installation.md"
BIN = Path(sys.executable).parent


def run(*argv, cwd, env):
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed(tool):
    """The page's three lines for a tool: install, upgrade, remove."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(f"{tool} ")]
    return block.splitlines()


@pytest.fixture
def home():
    """A home with a checkout, below a short path, because LIMA_HOME's length limits the names of VMs."""
    place = Path(tempfile.mkdtemp(prefix="sv", dir="/tmp"))
    without = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(TOP, place / "sysinit-vm", ignore=without)
    yield place
    shutil.rmtree(place)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIPX_", "UV_", "XDG_"))}
    cache = run(sys.executable, "-m", "pip", "cache", "dir", cwd="/", env=os.environ).strip()
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{home}/.local/bin{os.pathsep}{BIN}{os.pathsep}{kept['PATH']}",
        "PIP_CACHE_DIR": cache,
        "UV_CACHE_DIR": str(home / ".uv"),
        "UV_PYTHON": sys.executable,
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }


@pytest.mark.parametrize("tool", ["uv", "pipx", "pip"])
def test_the_pages_lines_install_upgrade_and_remove_it(tool, home):
    env, (install, upgrade, remove) = environment(home), typed(tool)
    if tool == "pip":
        run(sys.executable, "-m", "venv", str(home / ".local"), cwd=home, env=env)
    installed = home / ".local/bin/sysinit-vm"
    run("sh", "-c", install, cwd=home, env=env)
    works_offline_from_any_directory(installed, home, env)
    version = home / "sysinit-vm/sysinit_vm/__init__.py"
    version.write_text(version.read_text().replace('__version__ = "', '__version__ = "99.'))
    run("sh", "-c", upgrade, cwd=home, env=env)
    assert run(str(installed), "--version", cwd="/", env=env).startswith("sysinit-vm 99.")
    run("sh", "-c", remove, cwd=home, env=env)
    assert not installed.exists()


def works_offline_from_any_directory(installed, home, env):
    project = home / "a project"
    project.mkdir()
    cut_off = {**env, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    assert run(str(installed), "--version", cwd="/", env=cut_off).startswith("sysinit-vm ")
    run(str(installed), "init", "minimal", cwd=project, env=cut_off)
    assert "a project" in (project / ".lima/config.yaml").read_text()
    (data,) = home.glob(".local/**/site-packages/sysinit_vm/data")
    assert "lima:start" in (data / "Taskfile.yml").read_text()
    assert {"go.txt", "task.txt", "lima", "zellij"} <= {path.name for path in (data / "locks").iterdir()}


def test_a_wheel_is_all_that_it_takes(tmp_path):
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", ".", str(TOP), cwd=tmp_path, env=os.environ)
    (wheel,) = tmp_path.glob("sysinit_vm-*.whl")
    run(sys.executable, "-m", "venv", "venv", cwd=tmp_path, env=os.environ)
    run("venv/bin/pip", "install", "-q", str(wheel), cwd=tmp_path, env=os.environ)
    assert "lima:start" in run(
        "sh", "-c", "cat $(venv/bin/sysinit-vm taskfile)", cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}
    )
