"""Real limactl, real QEMU, a real guest. A missing part is an error here, never a skip."""

import contextlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import platformdirs
import psutil
import pytest

from sysinit_vm import settings
from sysinit_vm.images import debian
from sysinit_vm.machine import find_programs
from sysinit_vm.trust import approvals
from tests.worlds import VmWorld


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A skipped test on a real VM is a failed one."""
    report = yield
    if report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped, which no test here may be: {report.longrepr}"
    return report


GIT_NAME, GIT_EMAIL = 'Zo\u00eb "Q" O\'N', "zoe+vm@example.org"
GITCONFIG = f"""\
[user]
\tname = "{GIT_NAME.replace('"', chr(92) + '"')}"
\temail = {GIT_EMAIL}
\tsigningkey = not-for-guests
[http]
\textraHeader = not-for-guests
"""


@pytest.fixture(scope="session")
def world():
    """The session's world."""
    with session_world() as made:
        yield made


@contextlib.contextmanager
def session_world():
    """Make a world of real VMs; at its end destroy every VM in it and leave no process behind."""
    place = Path(tempfile.mkdtemp(prefix="svm-", dir="/var/tmp"))
    made = VmWorld(place)
    _give_home(made)
    give_image(made)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", made.env["SSH_AUTH_SOCK"]], stdout=subprocess.DEVNULL)
    while not Path(made.env["SSH_AUTH_SOCK"]).exists():
        time.sleep(0.1)
    subprocess.run(["ssh-add", "-q", str(place / "home/.ssh/id_ed25519")], env=made.env, check=True)
    yield made
    agent.terminate()
    for directory in sorted(made.lima_home.glob("*/lima.yaml")):
        made.run(made.place, "destroy", "--yes", "--name", directory.parent.name)
    for config in made.place.glob("projects/**/.lima/config.yaml"):
        approvals.revoke(config.parents[1])
    left = [p for p in psutil.process_iter(["cmdline"]) if str(made.lima_home) in " ".join(p.info["cmdline"] or [])]
    for process in left:
        process.kill()
    shutil.rmtree(place)
    assert not left, f"left behind: {left}"


def _give_home(world: VmWorld) -> None:
    """A home of the tests' own: keys, an ssh-agent, a git identity. What a VM needs stays where it was obtained."""
    home = world.place / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    for name in ("id_ed25519", "other"):
        subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", str(home / ".ssh" / name)], check=True)
    (home / ".gitconfig").write_text(GITCONFIG, encoding="utf-8")
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "XDG_CACHE_HOME": str(home / ".cache")}
    data = platformdirs.user_data_dir()
    world.env.update(own, XDG_DATA_HOME=data, SSH_AUTH_SOCK=str(home / "agent"))


def give_image(world: VmWorld) -> None:
    """Let the world use a Debian image that is kept between sessions, built anew when its parts changed."""
    kept = platformdirs.user_cache_path("sysinit-vm") / "images"
    kept.mkdir(parents=True, exist_ok=True)
    if not (world.lima_home / "_images").is_symlink():
        (world.lima_home / "_images").symlink_to(kept)
    zellij = find_programs.find_zellij()
    assert zellij is not None, "Zellij for the guest is missing: sysinit-vm setup"
    packages = settings.value("packages")
    if debian.current(kept, zellij, packages) is None:
        world.ok(world.place, "build.debian", timeout=1800)
    current = debian.current(kept, zellij, packages)
    assert current is not None
    for old in kept.glob("sysinit-debian-2*"):
        if old.stem != current.stem:
            old.unlink(missing_ok=True)  # another worker may be as far


@pytest.fixture(scope="session")
def demo(world: VmWorld) -> Path:
    """A project whose VM runs for the whole session; made by `up` on a terminal, which ends in its session."""
    project = world.project("demo")
    terminal = world.terminal(project, "up", "--template", "minimal")
    terminal.wait_for(r"Zellij \(demo\)", seconds=1800)
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0, terminal.text
    return project


def inside(world: VmWorld, project: Path, line: str) -> str:
    """Run a shell line in the guest and return what it printed."""
    return world.ok(project, "exec", line)


def ssh_from_guest(world: VmWorld, project: Path, *options: str):
    """Log in by ssh from the guest of ``project`` to another machine: the VM `demo`, by the host's address."""
    config = (world.lima_home / "demo-dev/ssh.config").read_text()
    port = re.search(r"Port (\d+)", config)[1]
    ssh = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-p", port, *options]
    return world.run(project, "exec", shlex.join([*ssh, "host.lima.internal", "hostname"]))


def apply_setup(world: VmWorld, project: Path, **param: str) -> None:
    """Run our setup again in the running guest of ``project``, with some values changed."""
    script = (
        "import json, sys; from pathlib import Path; from sysinit_vm.config import document;"
        "from sysinit_vm.effective import prepare; from sysinit_vm.guest import setup; from sysinit_vm.machine import facts;"
        "from sysinit_vm.lima.limactl import Limactl; from sysinit_vm.machine.find_programs import find_limactl;"
        "from sysinit_vm.projects.project import Project; from sysinit_vm.runner import Runner;"
        "project = Project(Path(sys.argv[1])); vm = project.name + '-dev'; config = document.load(project.config);"
        "param = prepare.prepared(config, project, vm, facts.gather()).data['param'];"
        "setup.apply_live(Limactl(Runner(), find_limactl()), vm, {**param, **json.loads(sys.argv[2])})"
    )
    argv = [sys.executable, "-c", script, str(project), json.dumps(param)]
    subprocess.run(argv, env=world.env, check=True, timeout=300)
