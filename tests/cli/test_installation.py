"""Each way of installing that the README names, from a wheel of this checkout, in a home of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(*argv, cwd, env):
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", ".", str(TOP), cwd=place, env=os.environ)
    (made,) = place.glob("sysinit_vm-*.whl")
    return made


@pytest.fixture
def home():
    """Below a short path, because LIMA_HOME's length limits the names of VMs."""
    place = Path(tempfile.mkdtemp(prefix="sv", dir="/tmp"))
    yield place
    shutil.rmtree(place)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIPX_", "UV_TOOL", "XDG_"))}
    caches = {"PIP_CACHE_DIR": pip_cache(), "UV_CACHE_DIR": str(home / ".uv")}
    return {
        **kept,
        **caches,
        "HOME": str(home),
        "PATH": f"{home}/.local/bin{os.pathsep}{BIN}{os.pathsep}{kept['PATH']}",
    }


def pip_cache():
    return run(sys.executable, "-m", "pip", "cache", "dir", cwd="/", env=os.environ).strip()


WAYS = {
    "uv": lambda home, wheel: [[str(BIN / "uv"), "tool", "install", "-q", "--python", sys.executable, str(wheel)]],
    "pipx": lambda home, wheel: [[str(BIN / "pipx"), "install", "-q", "--python", sys.executable, str(wheel)]],
    "pip": lambda home, wheel: [
        [sys.executable, "-m", "venv", str(home / ".local")],
        [str(home / ".local/bin/pip"), "install", "-q", str(wheel)],
    ],
}
REMOVE = {
    "uv": [str(BIN / "uv"), "tool", "uninstall", "sysinit-vm"],
    "pipx": [str(BIN / "pipx"), "uninstall", "sysinit-vm"],
    "pip": ["pip", "uninstall", "-qy", "sysinit-vm"],
}


def shipped(home):
    (data,) = home.glob(".local/**/site-packages/sysinit_vm/data")
    return data


@pytest.mark.parametrize("way", WAYS)
def test_it_is_installed_works_offline_from_any_directory_and_goes_again(way, home, wheel):
    env = environment(home)
    for command in WAYS[way](home, wheel):
        run(*command, cwd=home, env=env)
    tool = home / ".local/bin/sysinit-vm"
    assert tool.exists()
    project = home / "a project"
    project.mkdir()
    cut_off = {**env, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    assert run(str(tool), "--version", cwd="/", env=cut_off).startswith("sysinit-vm ")
    run(str(tool), "init", "minimal", cwd=project, env=cut_off)
    assert "a project" in (project / ".lima/config.yaml").read_text()
    assert "lima:start" in (shipped(home) / "Taskfile.yml").read_text()
    remove = [str(home / ".local/bin/pip"), *REMOVE["pip"][1:]] if way == "pip" else REMOVE[way]
    run(*remove, cwd=home, env=env)
    assert not tool.exists()
