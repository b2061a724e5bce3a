"""package.nix, evaluated by a real nix; nixpkgs itself is stood in for by functions that return what they are given."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import sysinit_vm

TOP = Path(__file__).parents[2]
NAMES = ("filelock", "hatchling", "invoke", "jinja2", "platformdirs", "psutil", "pyyaml", "questionary", "rich")
EXPRESSION = """
let
  python3Packages = { %s buildPythonApplication = given: removeAttrs given [ "src" ]; };
  lib = { makeBinPath = builtins.concatStringsSep ":"; licenses = { mit = "MIT"; }; };
in import %s { inherit lib python3Packages; lima = "LIMA"; go-task = "TASK"; openssh = "SSH"; }
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    text = EXPRESSION % (" ".join(f'{name} = "{name}";' for name in NAMES), TOP / "package.nix")
    place = tmp_path_factory.mktemp("nix")
    (place / "eval.nix").write_text(text)
    state = {name: str(place / name.lower()) for name in ("NIX_STATE_DIR", "NIX_STORE_DIR", "NIX_LOG_DIR")}
    argv = ["nix-instantiate", "--eval", "--strict", "--json", str(place / "eval.nix")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin", **state})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_this_version_under_this_name(package):
    assert (package["pname"], package["version"]) == ("sysinit-vm", sysinit_vm.__version__)
    assert package["meta"]["mainProgram"] == "sysinit-vm"


def test_it_depends_on_what_the_package_depends_on(package):
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    assert sorted(package["dependencies"]) == sorted(re.match(r"[\w-]+", each)[0] for each in project["dependencies"])


def test_lima_and_task_come_after_the_machines_own(package):
    assert package["makeWrapperArgs"] == ["--suffix", "PATH", ":", "LIMA:TASK:SSH"]
