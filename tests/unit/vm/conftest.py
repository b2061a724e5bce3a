import pytest

from sysinit_vm.guest import checks
from sysinit_vm.guest.checks import Readiness
from sysinit_vm.machine import accelerator
from sysinit_vm.machine import facts as machine
from sysinit_vm.machine.accelerator import Accelerator
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from tests.fakes import FakeLimactl, facts

GOOD = Readiness(mounted=True, mount_problem="", session_tool=True, failed_scripts=())
CONFIG = f"images: [{{location: 'https://a.example/x.qcow2', digest: 'sha256:{'0' * 64}'}}]\n"


@pytest.fixture
def lima(home, monkeypatch):
    fake = FakeLimactl(place=home / ".lima")
    monkeypatch.setattr(machine, "gather", lambda: facts(lima_home=fake.place))
    monkeypatch.setattr(accelerator, "choose", lambda *_: Accelerator("tcg", "slow", {"Q": "tcg"}))
    monkeypatch.setattr(checks, "readiness", lambda *_, **__: GOOD)
    return fake


@pytest.fixture
def demo(tmp_path):
    root = tmp_path / "demo"
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text(CONFIG)
    return Target(Project(root), "demo-dev", "directory")
