import os

import pytest

from sysinit_vm.config import document
from sysinit_vm.errors import NotConfirmedError, StateError, VmError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.machine import facts as machine
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.vm import adopt
from sysinit_vm.vm.project_vm import ProjectVm
from tests.fakes import FakeLimactl, facts, vm

OLD = {"location": "https://a.example/old.qcow2", "digest": f"sha256:{'1' * 64}"}
COMMITTED = (
    f"cpus: 2\ndisk: 10GiB\nimages: [{{location: 'https://a.example/new.qcow2', digest: 'sha256:{'0' * 64}'}}]\n"
    "param: {PROJECT_DIR: /gone/demo}\n"
)
WAS = {"cpus": 1, "disk": "40GiB", "arch": "riscv64", "images": [OLD], "mounts": []}


@pytest.fixture
def demo(home, tmp_path, monkeypatch):
    root = tmp_path / "demo"
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text(COMMITTED)
    monkeypatch.setattr(machine, "gather", facts)
    return Project(root)


def of(demo, name=None):
    return Target(demo, name or "demo-dev", "--name" if name else "directory")


def take(vms, wanted, *, yes):
    return adopt.adopt(ProjectVm.read(vms, wanted), document.load(wanted.project.config), yes=yes)


def lima(status="Stopped", directory="/gone/demo", name="demo-dev", config=None):
    fake = FakeLimactl(place=lima_home())
    fake.add(name, directory, status, config=WAS if config is None else config)
    return fake


def test_a_moved_projects_vm_becomes_this_directorys_and_keeps_its_disk(demo):
    vms = lima()
    assert take(vms, of(demo), yes=True).name == "demo-dev"
    given = vms.data("demo-dev")
    assert given["param"]["PROJECT_DIR"] == given["mounts"][-1]["location"] == str(demo.root)
    assert given["env"]["ZELLIJ_SESSION"] == demo.session
    assert given["cpus"] == 2
    assert (given["disk"], given["arch"], given["images"]) == (WAS["disk"], WAS["arch"], WAS["images"])
    assert "vmType" not in given  # nor did it say one before
    assert vms.calls == [("edit", "demo-dev")]
    assert vms.by_name["demo-dev"].project_dir == demo.root


def test_the_keys_of_the_disk_always_come_in_the_same_order(demo):
    vms = lima(config={"user": {"name": "me"}, **dict(reversed(WAS.items()))})
    take(vms, of(demo), yes=True)
    assert list(vms.data("demo-dev"))[-5:] == ["images", "arch", "mountType", "disk", "user"]


def test_a_running_one_is_stopped_first(demo):
    vms = lima("Running")
    take(vms, of(demo), yes=True)
    assert vms.calls == [("stop", "demo-dev", False), ("edit", "demo-dev")]


def test_a_running_one_whose_guest_has_not_booted_is_stopped_in_seconds_and_told(demo, capsys):
    vms = lima("Running")
    vms.by_name["demo-dev"].files.events.write_text("")
    vms.stops = False
    shown = []
    vms.on_stop = lambda: shown.append(capsys.readouterr().err)
    take(vms, of(demo), yes=True)
    assert vms.calls == [("stop", "demo-dev", False), ("stop", "demo-dev", True), ("edit", "demo-dev")]
    assert "Stopping VM: demo-dev" in shown[0]
    assert "has not booted" in shown[0]


def test_a_process_that_has_got_the_vms_recorded_id_is_not_signalled(demo):
    """Lima calls the VM running by it, and would send it a signal."""
    vms = lima("Running")
    pid_file = vms.by_name["demo-dev"].dir / "ha.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    os.utime(pid_file, (0, 0))
    recorded = []
    vms.on_stop = lambda: recorded.append(pid_file.exists())
    take(vms, of(demo), yes=True)
    assert recorded == [False]


def test_a_running_one_is_not_stopped_for_a_config_that_lima_refuses(demo):
    vms = lima("Running")
    vms.refuses = "field `mounts[0].mountPoint` must not be a system path such as /etc or /usr"
    with pytest.raises(VmError, match="must not be a system path") as caught:
        take(vms, of(demo), yes=True)
    assert 'mounts[0] is {"writable": true' in caught.value.detail
    assert caught.value.hint == f"nano {demo.config}"
    assert (vms.calls, vms.by_name["demo-dev"].running) == ([], True)


def test_a_crashed_one_is_recovered_first(demo):
    vms = lima("Broken")
    take(vms, of(demo), yes=True)
    assert vms.calls == [("stop", "demo-dev", True), ("edit", "demo-dev")]


def test_without_yes_and_without_a_terminal_nothing_happens(demo):
    vms = lima("Running")
    with pytest.raises(NotConfirmedError, match="adopt --name demo-dev --yes"):
        take(vms, of(demo), yes=False)
    assert vms.calls == []


def test_one_that_is_its_own_already_stays_as_it_is(demo):
    vms = lima(directory=demo.root, name="mine")
    assert take(vms, of(demo), yes=False).name == "mine"
    assert take(vms, of(demo, "mine"), yes=False).name == "mine"
    assert vms.calls == []


def test_one_whose_project_has_its_config_is_never_taken(demo, tmp_path):
    other = tmp_path / "other"
    (other / ".lima").mkdir(parents=True)
    (other / ".lima/config.yaml").write_text("")
    vms = lima(directory=other)
    for wanted in (of(demo, "demo-dev"), of(demo)):
        with pytest.raises(StateError) as caught:
            take(vms, wanted, yes=True)
        assert str(demo.root) in str(caught.value)
    with pytest.raises(StateError, match=f"has a project: {other}"):
        take(vms, of(demo, "demo-dev"), yes=True)
    (other / ".lima/config.yaml").unlink()
    assert take(vms, of(demo, "demo-dev"), yes=True)


def test_a_project_that_has_a_vm_takes_no_second(demo):
    vms = lima()
    vms.by_name["mine"] = vm("mine", demo.root)
    with pytest.raises(StateError, match="already has a VM: mine"):
        take(vms, of(demo, "demo-dev"), yes=True)
    assert vms.calls == []


def test_one_made_without_us_is_taken_by_its_mount_or_by_name(demo):
    vms = lima(directory=None, name="seed", config={**WAS, "mounts": [{"location": str(demo.root)}]})
    assert take(vms, of(demo), yes=True).name == "seed"
    vms = lima(directory=None, name="by-hand")
    assert take(vms, of(demo, "by-hand"), yes=True).name == "by-hand"


@pytest.mark.parametrize("name", [None, "nonesuch"])
def test_where_there_is_none_it_says_how_to_name_one(demo, name):
    with pytest.raises(StateError, match="adopt --name NAME"):
        take(FakeLimactl(), of(demo, name), yes=True)


def test_one_that_lima_cannot_read_is_not_taken(demo):
    with pytest.raises(StateError, match="cannot be used"):
        take(lima(""), of(demo, "demo-dev"), yes=True)


def test_a_config_that_cannot_be_leaves_the_vm_running(demo):
    vms = lima("Running")
    demo.config.write_text("vmType: wsl2\n")
    with pytest.raises(VmError, match="vmType"):
        take(vms, of(demo, "demo-dev"), yes=True)
    assert vms.calls == []


def test_one_that_another_project_took_while_it_was_asked_stays_that_ones(demo, monkeypatch, tmp_path):
    vms = lima()

    def taken_meanwhile(*_words, **_flags):
        vms.by_name["demo-dev"] = vm("demo-dev", tmp_path)

    monkeypatch.setattr(prompts, "confirm", taken_meanwhile)
    with pytest.raises(StateError, match="has changed in the meantime"):
        take(vms, of(demo), yes=False)
    assert vms.calls == []


def test_a_start_offers_it_on_a_terminal_and_elsewhere_says_what_to_type(demo, monkeypatch):
    vms = lima()
    with pytest.raises(StateError, match="sysinit-vm adopt"):
        adopt.offer(ProjectVm.read(vms, of(demo)), document.load(demo.config))
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda asked: "Take over the VM demo-dev of /gone/demo" in asked)
    assert adopt.offer(ProjectVm.read(vms, of(demo)), document.load(demo.config))
    assert vms.by_name["demo-dev"].project_dir == demo.root
    assert not adopt.offer(ProjectVm.read(vms, of(demo)), document.load(demo.config))
