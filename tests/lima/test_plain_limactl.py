"""No lock-in: plain limactl starts a config that `init` wrote, by the line of docs/troubleshooting.md, and we find the VM."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sysinit_vm.lima import account
from sysinit_vm.machine import accelerator, facts, find_programs
from sysinit_vm.runner import Runner
from tests.lima.conftest import inside

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text()
LINE = re.search(r"^limactl start --name (\S+) \.lima/config\.yaml$", PAGE, re.MULTILINE)


@pytest.fixture
def myapp(world):
    """A project whose config limactl is given as it was written, with the image where the config says."""
    project = world.project("myapp")
    world.ok(project, "init", "minimal", "--ssh", "none")
    images = Path(world.env["HOME"]) / ".lima" / "_images"
    images.parent.mkdir(exist_ok=True)
    images.symlink_to((world.lima_home / "_images").resolve())
    yield project
    world.run(project, "destroy", "--yes")


def test_limactl_alone_starts_what_init_wrote_and_it_is_the_projects_vm(world, myapp, monkeypatch):
    for name in ("LIMA_HOME", "HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, world.env[name])
    kernel = world.lima_home / "_images" / "sysinit-debian-latest.vmlinuz"
    chosen = accelerator.choose(
        Runner(), facts.gather(), "auto", [kernel]
    )  # a KVM that does not work is this machine's
    env = {**world.env, **account.current_account().env, **chosen.env}
    limactl, *words = shlex.split(LINE[0])
    argv = [*account.current_account().prefix, str(find_programs.find_limactl()), *words, "--tty=false"]
    done = subprocess.run(argv, cwd=myapp, env=env, capture_output=True, text=True, timeout=1800, check=False)
    print(done.stderr)
    assert (limactl, done.returncode) == ("limactl", 0)
    vm = json.loads(world.ok(myapp, "status", "--json"))["vm"]
    assert (vm["name"], vm["status"], vm["project"]) == (LINE[1], "Running", str(myapp))
    assert inside(world, myapp, "echo from the guest > file; pwd") == f"{myapp}\n"
    assert (myapp / "file").read_text() == "from the guest\n"
