import errno
import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sysinit_vm.config import document
from sysinit_vm.drift import compare
from sysinit_vm.errors import NoConfigError, NotConfirmedError, StateError, VmError
from sysinit_vm.guest import access, checks, git_identity, install_zellij
from sysinit_vm.guest.checks import Readiness
from sysinit_vm.lima import recovery
from sysinit_vm.lima.home import instance_files
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.machine import accelerator, find_programs
from sysinit_vm.machine import facts as machine
from sysinit_vm.machine.accelerator import Accelerator
from sysinit_vm.ports import host_ports, portlist, sockets
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner
from sysinit_vm.trust import gate
from sysinit_vm.vm import apply, failed_start, power_on, waiting
from sysinit_vm.vm.destroy import destroy
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.start import require_ready, start
from sysinit_vm.vm.stop import stop
from tests.fakes import READY, captured, facts, result

GOOD = Readiness(mounted=True, mount_problem="", session_tool=True, failed_scripts=())
CONFIG = f"images: [{{location: 'https://a.example/x.qcow2', digest: 'sha256:{'0' * 64}'}}]\n"


def no_build(*_):
    raise AssertionError("nothing is to be built")


OPTIONS = StartOptions(600, "auto", no_build)


def test_the_first_start_creates_the_vm_from_the_effective_config(lima, demo, capsys):
    found = start(ProjectVm.read(lima, demo), OPTIONS)
    path = lima.place / "_sysinit-vm" / "demo-dev.yaml"
    assert lima.calls == [("create", "demo-dev", path, {"Q": "tcg"}), ("start", "demo-dev", 600, {"Q": "tcg"})]
    assert lima.data("demo-dev")["param"]["PROJECT_DIR"] == str(demo.project.root)
    assert not path.exists()
    assert sorted(path.name for path in demo.project.config.parent.iterdir()) == ["config.yaml"]
    assert (found.name, found.status) == ("demo-dev", "Running")
    said = capsys.readouterr()
    assert "copying the image" in said.err
    assert "slow" in said.err
    assert said.out == ""


def test_the_committed_config_is_never_touched(lima, demo):
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert demo.project.config.read_text() == CONFIG


def test_what_was_replaced_for_this_machine_is_told(lima, demo, capsys):
    demo.project.config.write_text(CONFIG + "vmType: vz\n")
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert "only macOS has vz" in capsys.readouterr().err


def test_a_stopped_vm_is_started_and_not_created(lima, demo):
    lima.add("demo-dev", demo.project.root, "Stopped")
    assert start(ProjectVm.read(lima, demo), OPTIONS).running
    assert lima.calls == [("start", "demo-dev", 600, {"Q": "tcg"})]


def to_documents(shared):
    shared.rename(shared.with_name("before"))
    shared.symlink_to(shared.with_name("documents"))


def to_another(shared):
    shared.rename(shared.with_name("before"))
    shared.mkdir()


@pytest.mark.parametrize("exchange", [to_documents, to_another])
@pytest.mark.parametrize("writable", [True, False])
def test_a_mounted_directory_that_is_exchanged_while_the_vm_starts_stops_it(lima, demo, tmp_path, exchange, writable):
    """As by an update of the repository that it is in: QEMU may have got what nobody allowed."""
    shared = tmp_path / "shared"
    for path in (shared, tmp_path / "documents"):
        path.mkdir()
    own = lima.add("demo-dev", demo.project.root, "Stopped")
    mounts = [{"location": str(shared), "writable": writable}]
    lima.by_name["demo-dev"] = own = replace(own, filled={**own.filled, "mounts": mounts})
    verdict = gate.judge_instance(own)
    gate.approve(verdict, verdict.hash)
    lima.on_start = lambda: exchange(shared)
    with pytest.raises(VmError, match="became another directory") as stopped:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert str(shared) in stopped.value.brief
    assert lima.calls[-1] == ("stop", "demo-dev", True)


def test_a_missing_directory_that_is_made_while_the_vm_starts_stops_nothing(lima, demo, tmp_path):
    """Lima makes it."""
    own = lima.add("demo-dev", demo.project.root, "Stopped")
    mounts = [{"location": str(tmp_path / "new"), "writable": True}]
    lima.by_name["demo-dev"] = own = replace(own, filled={**own.filled, "mounts": mounts})
    verdict = gate.judge_instance(own)
    gate.approve(verdict, verdict.hash)
    lima.on_start = (tmp_path / "new").mkdir
    assert start(ProjectVm.read(lima, demo), OPTIONS).running


def test_a_new_vm_whose_directory_is_exchanged_while_it_starts_is_stopped(lima, demo):
    root = demo.project.root
    lima.on_start = lambda: to_another(root)
    with pytest.raises(VmError, match="became another directory"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.calls[-1] == ("stop", "demo-dev", True)


def test_an_image_that_was_copied_in_part_is_copied_again(lima, demo, capsys):
    """limactl was killed meanwhile; it would take what is there for the whole image."""
    own = lima.add("demo-dev", demo.project.root, "Stopped").dir
    for path in own.glob("*.log"):
        path.unlink()
    parts = [own / name for name in ("image", "kernel", "kernel.cmdline", "initrd")]
    for path in parts:
        path.write_text("part")
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert not any(path.exists() for path in parts)
    assert "copying it again" in capsys.readouterr().err
    assert lima.verbs == ["start"]


@pytest.mark.parametrize("present", ["ha.stderr.log", "serial.log", "disk"])
def test_the_files_of_a_vm_that_began_to_boot_are_left(lima, demo, present):
    own = lima.add("demo-dev", demo.project.root, "Stopped").dir
    for path in own.glob("*.log"):
        path.unlink()
    for name in (present, "image", "kernel"):
        (own / name).write_text("whole")
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert (own / "image").read_text() == (own / "kernel").read_text() == "whole"


def test_a_limactl_that_outlived_a_killed_start_is_waited_for(lima, demo, monkeypatch):
    lima.add("demo-dev", demo.project.root, "Stopped")
    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 2:
            lima.add("demo-dev", demo.project.root, "Running")

    monkeypatch.setattr(recovery, "starting", lambda _: len(naps) < 2)
    monkeypatch.setattr(waiting, "sleep", nap)
    assert start(ProjectVm.read(lima, demo), OPTIONS).running
    assert lima.calls == []


def test_a_limactl_that_outlived_a_killed_start_is_not_waited_for_without_end(lima, demo, monkeypatch):
    lima.add("demo-dev", demo.project.root, "Stopped")
    monkeypatch.setattr(recovery, "starting", lambda _: True)
    with pytest.raises(VmError, match="still being started"):
        start(ProjectVm.read(lima, demo), replace(OPTIONS, timeout=-1))
    assert lima.calls == []


def test_a_new_vm_gets_a_host_port_of_its_own_where_the_declared_one_is_held(lima, demo, capsys, monkeypatch):
    monkeypatch.setattr(sockets, "taken", lambda port, *_: port == 3000)
    demo.project.config.write_text(CONFIG + "portForwards: [{guestPort: 3000}]\n")
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert 20000 <= lima.data("demo-dev")["portForwards"][0]["hostPort"] < 32000
    assert lima.data("demo-dev")["env"]["HOST_PORT_3000"] == str(lima.data("demo-dev")["portForwards"][0]["hostPort"])
    assert "port 3000: 3000 is held by" in capsys.readouterr().err


def test_a_stopped_vm_whose_port_is_held_is_edited_before_it_starts(lima, demo, capsys, monkeypatch):
    monkeypatch.setattr(sockets, "taken", lambda port, *_: port == 3000)
    config = {"portForwards": [{"guestPort": 3000, "hostPort": 3000}]}
    lima.add("demo-dev", demo.project.root, "Stopped", config=config)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.verbs == ["edit", "start"]
    assert "port 3000: 3000 is held by" in capsys.readouterr().err


def test_ports_that_cannot_be_meant_end_a_start_before_anything_is_built_or_made(lima, demo):
    seeds_config(demo)
    demo.project.config.write_text(demo.project.config.read_text() + "portForwards: [{guestPort: 3000.5}]\n")
    with pytest.raises(VmError, match=r"guestPort: 3000.5[\s\S]*Try: nano "):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.calls == []


def test_a_port_that_was_lost_while_the_vm_booted_is_told(lima, demo, capsys, monkeypatch):
    monkeypatch.setattr(portlist, "lost", lambda *_: ["port 3000: lost"])
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert "  port 3000: lost\n" in capsys.readouterr().err


def test_a_running_vm_is_only_checked(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    assert start(ProjectVm.read(lima, demo), OPTIONS).running
    assert lima.calls == []


def test_a_vm_that_still_boots_is_waited_for(lima, demo, monkeypatch):
    log = lima.add("demo-dev", demo.project.root, "Running").dir / "ha.stdout.log"
    log.write_text("")
    naps = []

    def nap(seconds):
        naps.append(seconds)
        log.write_text(READY if len(naps) == 3 else "")

    monkeypatch.setattr(waiting, "sleep", nap)
    assert start(ProjectVm.read(lima, demo), OPTIONS).running
    assert len(naps) == 3
    assert lima.calls == []


@pytest.mark.parametrize("end", ["degraded", "gone", "stopped", "late"])
def test_a_vm_that_never_gets_ready_is_an_error_with_the_guests_last_lines(lima, demo, monkeypatch, end):
    instance = lima.add("demo-dev", demo.project.root, "Running")
    (instance.dir / "ha.stdout.log").write_text('{"status":{"degraded":true}}' if end == "degraded" else "")
    (instance.dir / "serial.log").write_text("Kernel panic\n")

    def nap(_):
        if end == "gone":
            lima.by_name.clear()
        if end == "stopped":
            lima.add("demo-dev", demo.project.root, "Stopped").dir.joinpath("ha.stdout.log").write_text("")

    monkeypatch.setattr(waiting, "sleep", nap)
    options = StartOptions(-1 if end == "late" else 600, "auto", no_build)
    with pytest.raises(VmError, match=r"did not become ready[\s\S]*Kernel panic"):
        start(ProjectVm.read(lima, demo), options)


@pytest.mark.parametrize("console", [None, "", "Kernel panic\n"])
def test_a_vm_that_never_gets_ready_shows_no_last_lines_if_there_are_none(lima, demo, console):
    instance = lima.add("demo-dev", demo.project.root, "Running")
    (instance.dir / "ha.stdout.log").write_text('{"status":{"degraded":true}}')
    if console is not None:
        (instance.dir / "serial.log").write_text(console)
    with pytest.raises(VmError, match="did not become ready") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert caught.value.detail == ("The guest's last lines:\nKernel panic" if console else "")


STALL = "rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies!\n" * 2


@pytest.mark.parametrize("exists", [False, True])
def test_a_guest_that_stalls_as_it_boots_is_started_once_more(lima, demo, capsys, monkeypatch, exists):
    monkeypatch.setattr(power_on, "_CONSOLE_SECONDS", 0.01)
    if exists:
        lima.add("demo-dev", demo.project.root, "Stopped")
    lima.consoles = [STALL, "boot\n"]
    assert start(ProjectVm.read(lima, demo), OPTIONS).running
    assert lima.verbs == [*([] if exists else ["create"]), "start", "stop", "start"]
    assert lima.calls[-2:] == [("stop", "demo-dev", True), ("start", "demo-dev", 600, {"Q": "tcg"})]
    assert "the guest stalled during boot" in capsys.readouterr().err


def test_a_guest_that_pretends_to_stall_gets_no_second_start_that_was_not_judged(lima, demo, home, monkeypatch):
    """It has run since the first one was judged, and may have put a link where one of its mounts was."""
    monkeypatch.setattr(power_on, "_CONSOLE_SECONDS", 0.01)
    (demo.project.root / "data").mkdir()
    demo.project.config.write_text(CONFIG + "mounts: [{location: ./data, writable: true}]\n")
    lima.consoles = [STALL, "boot\n"]

    def swap():
        if lima.verbs[-1] == "start" and not (demo.project.root / "data").is_symlink():
            (demo.project.root / "data").rmdir()
            (demo.project.root / "data").symlink_to(home)

    lima.on_start = swap
    with pytest.raises(NotConfirmedError):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.verbs == ["create", "start", "stop"]


def test_what_a_crashed_vm_would_mount_is_judged_as_it_is_after_the_recovery(lima, demo, home):
    """Its guest may run on until then, and choose the moment."""
    (demo.project.root / "data").mkdir()
    mounts = [{"location": str(demo.project.root / "data"), "writable": True}]
    lima.add("demo-dev", demo.project.root, "Broken", config={"mounts": mounts})

    def swap():
        (demo.project.root / "data").rmdir()
        (demo.project.root / "data").symlink_to(home)

    lima.on_stop = swap
    with pytest.raises(NotConfirmedError):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.verbs == ["stop"]


def test_a_vm_that_lima_cannot_read_is_not_started_under_its_name(lima, demo):
    lima.add("demo-dev", demo.project.root, "")
    with pytest.raises(StateError, match="cannot be used"):
        start(ProjectVm.read(lima, Target(demo.project, "demo-dev", "--name")), OPTIONS)
    assert lima.calls == []


@pytest.mark.parametrize("name", ["disk", "basedisk"])
def test_a_disk_that_would_be_another_file_of_this_machine_is_not_started(lima, demo, name):
    """An interrupted creation leaves it, unlooked at."""
    own = lima.add("demo-dev", demo.project.root, "Stopped").dir
    (own / name).write_bytes((b"QFI\xfb" + (3).to_bytes(4) + bytes(64) + (4).to_bytes(8)).ljust(104, b"\0"))
    with pytest.raises(VmError, match="its disk would be another file"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.calls == []


def test_a_disk_that_may_not_be_read_is_no_reason_to_delete_the_vm(lima, demo, monkeypatch):
    """A file of root's, say, after a sudo: whether it names another file is not known."""
    instance = lima.add("demo-dev", demo.project.root, "Stopped")
    (instance.dir / "disk").touch()
    opened = os.open

    def refuse(path, *how, **more):
        if path == instance.dir / "disk":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(VmError, match="Permission denied") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert caught.value.hint == f"chmod -R u+rwX {instance.dir}"
    assert lima.calls == []


@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_was_moved_to_another_drive_is_to_be_moved_back(lima, demo, tmp_path, there):
    instance, moved = lima.add("demo-dev", demo.project.root, "Stopped"), tmp_path / "drive"
    if there:
        moved.touch()
    (instance.dir / "disk").symlink_to(moved)
    with pytest.raises(VmError, match="is a link") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert caught.value.hint == f"mv {moved} {instance.dir}/disk"
    assert lima.calls == []


def test_a_guest_that_stalls_each_time_is_an_error_with_its_last_lines(lima, demo, monkeypatch):
    monkeypatch.setattr(power_on, "_CONSOLE_SECONDS", 0.01)
    lima.consoles, lima.failure = [STALL, STALL], result(1, err='{"level":"fatal","msg":"did not receive an event"}')
    with pytest.raises(VmError, match=r"did not start[\s\S]*timer wakeup didn't happen"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.verbs == ["create", "start", "stop", "start"]


@pytest.mark.parametrize("status", ["Broken", "Uninitialized"])
def test_a_broken_vm_is_recovered_then_started(lima, demo, status):
    lima.add("demo-dev", demo.project.root, status)
    assert start(ProjectVm.read(lima, demo), OPTIONS).running
    assert lima.calls == [("stop", "demo-dev", True), ("start", "demo-dev", 600, {"Q": "tcg"})]


def test_a_create_that_fails_is_told_and_leaves_no_half_made_instance(lima, demo):
    lima.not_created = result(1, err='{"level":"fatal","msg":"no space left on device"}')
    with pytest.raises(VmError, match="did not start") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert "no space left on device" in str(caught.value)
    assert lima.verbs == ["create", "delete"]
    assert demo.project.config.read_text() == CONFIG


@pytest.mark.parametrize("seen", [True, False])
def test_a_vm_that_came_while_a_start_prepared_is_left_as_it_is(lima, demo, monkeypatch, seen):
    """A backup that is put back while an image is built, say: the start did not make it, so it is not half of it."""

    def come():
        lima.add("demo-dev", demo.project.root, "Stopped").files.events.unlink()

    if seen:
        monkeypatch.setattr(accelerator, "choose", lambda *_: (come(), Accelerator("tcg", "", {}))[1])
    else:
        lima.not_created = result(1, err=captured("start-exists.err"))
    with pytest.raises(VmError, match="this start has not made it") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert caught.value.hint == "sysinit-vm status --name demo-dev"
    assert "delete" not in lima.verbs
    assert lima.by_name["demo-dev"].dir.is_dir()


@pytest.mark.parametrize(("free", "hint"), [(15, "df -h {}"), (17, "sysinit-vm logs")])
def test_a_full_disk_is_named_though_the_host_agent_could_not_say_it(lima, demo, monkeypatch, free, hint):
    monkeypatch.setattr(failed_start.shutil, "disk_usage", lambda _: SimpleNamespace(free=free * 2**20))
    lima.add("demo-dev", demo.project.root, "Stopped")
    lima.failure = result(1, err='{"level":"fatal","msg":"host agent process has exited: exit status 1"}')
    with pytest.raises(VmError, match="did not start") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    home = instance_files("demo-dev").directory.parent
    assert caught.value.hint == hint.format(home)
    assert (f"no space left on the disk of {home}: {free} MiB are free." in caught.value.detail) is (free < 16)


def test_a_directory_whose_name_keeps_lima_from_every_start_is_to_be_moved(lima, demo):
    (lima.place / "a b").mkdir(parents=True)
    lima.add("demo-dev", demo.project.root, "Stopped")
    lima.failure = result(1, err='{"level":"fatal","msg":"instance name `a b` is not a valid identifier"}')
    with pytest.raises(VmError, match="not a valid identifier") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert caught.value.hint == f"mv '{lima.place}/a b' {Path.home()}, then sysinit-vm start"


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere")])
def test_what_has_the_name_of_the_vm_and_is_none_is_to_be_moved(lima, demo, make):
    lima.place.mkdir(parents=True, exist_ok=True)
    make(lima.place / "demo-dev")
    with pytest.raises(VmError, match="its place is taken") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert caught.value.hint == f"mv {lima.place}/demo-dev {Path.home()}"
    assert lima.verbs == []


def test_a_create_that_failed_after_its_boot_began_keeps_the_vm_and_its_logs(lima, demo):
    def boot():
        directory = lima.by_name["demo-dev"].dir
        (directory / "ha.stderr.log").write_text("x")
        (directory / "serial.log").write_text("one\n" * 30 + "the last line\n")

    lima.on_start, lima.failure = boot, result(1, err='{"level":"fatal","msg":"did not receive an event"}')
    with pytest.raises(VmError, match=r"did not receive an event[\s\S]*the last line") as caught:
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.verbs == ["create", "start"]
    assert caught.value.detail.count("one") <= 12
    assert "sysinit-vm logs" in caught.value.hint


def test_ctrl_c_while_it_is_created_leaves_a_state_from_which_start_goes_on(lima, demo, capsys):
    def interrupt():
        raise KeyboardInterrupt

    lima.on_start = interrupt
    with pytest.raises(KeyboardInterrupt):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert demo.project.config.read_text() == CONFIG
    assert capsys.readouterr().err.endswith("The VM demo-dev runs on. Stop it: sysinit-vm stop\n")
    lima.on_start = lambda: None
    assert start(ProjectVm.read(lima, demo), OPTIONS).running


def seeds_config(target):
    target.project.config.write_text("images: [{location: '~/.lima/_images/sysinit-lima-dev-latest.qcow2'}]\n")


def test_a_missing_image_is_built_first(lima, demo, monkeypatch, capsys):
    seeds_config(demo)
    monkeypatch.setattr(machine, "gather", lambda: facts(lima_home=lima.place, can_build_image=True))
    built = []

    def build(directory, progress):
        built.append((directory, progress.current))
        directory.mkdir(parents=True)
        for end in ("qcow2", "vmlinuz", "initrd"):
            (directory / f"sysinit-debian-latest.{end}").write_text("")
        return directory

    assert start(ProjectVm.read(lima, demo), StartOptions(600, "auto", build)).running
    assert built == [(lima.place / "_images", "building the guest image")]
    assert capsys.readouterr().err.count("Building the guest image: 3 to 6 minutes, once.") == 1
    given = lima.data("demo-dev")
    assert given["images"][0]["location"] == str(lima.place / "_images/sysinit-debian-latest.qcow2")


@pytest.mark.parametrize("images", ["seed's", "none"])
def test_no_image_is_built_for_a_config_that_lima_refuses(lima, demo, monkeypatch, images):
    if images == "none":
        demo.project.config.write_text("cpus: 1\n")
    else:
        seeds_config(demo)
    monkeypatch.setattr(machine, "gather", lambda: facts(lima_home=lima.place, can_build_image=True))
    asked = []
    lima.refusal = lambda config: asked.append(config.data["images"]) or "field `plain` is none"
    with pytest.raises(VmError, match="field `plain` is none"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert (len(asked[0]), lima.calls) == (1, [])


def test_an_image_that_can_be_had_in_no_way_is_an_error_before_limactl(lima, demo):
    seeds_config(demo)
    with pytest.raises(VmError, match=r"none of the images[\s\S]*sysinit-vm setup"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.calls == []


def test_the_kernel_of_the_image_is_what_kvm_is_probed_with(lima, demo, monkeypatch):
    images = lima.place / "_images"
    images.mkdir(parents=True)
    for end in ("qcow2", "vmlinuz", "initrd"):
        (images / f"sysinit-debian-latest.{end}").write_text("")
    seeds_config(demo)
    probed = []
    monkeypatch.setattr(accelerator, "choose", lambda *words: probed.append(words) or Accelerator("kvm"))
    start(ProjectVm.read(lima, demo), StartOptions(600, "kvm", no_build))
    assert probed[0][2:] == ("kvm", [images / "sysinit-debian-latest.vmlinuz"])


def test_a_project_without_a_config_and_a_vm_is_no_config(lima, tmp_path):
    with pytest.raises(NoConfigError):
        start(ProjectVm.read(lima, Target(None, "said", "--name")), OPTIONS)


def test_a_vm_selected_by_name_is_started_without_a_config_and_proves_its_own_mount(lima, tmp_path, monkeypatch):
    lima.add("said", "/work/theirs", "Stopped")
    seen = []
    monkeypatch.setattr(checks, "readiness", lambda _lima, name, home, **_: seen.append((name, home)) or GOOD)
    assert start(ProjectVm.read(lima, Target(None, "said", "--name")), OPTIONS).running
    assert seen == [("said", Project(Path("/work/theirs")))]


def test_the_config_of_here_is_not_for_another_projects_vm_that_is_started_by_name(lima, demo, tmp_path, monkeypatch):
    other = tmp_path / "other"
    (other / ".lima").mkdir(parents=True)
    lima.add("other-dev", other, "Stopped")
    given = []
    monkeypatch.setattr(
        host_ports, "replace_held", lambda _lima, _instance, committed, _judge: given.append(committed) or ()
    )
    options = replace(OPTIONS, committed=document.load(demo.project.config))
    start(ProjectVm.read(lima, replace(demo, name="other-dev", source="--name")), options)
    lima.add("demo-dev", demo.project.root, "Stopped")
    start(ProjectVm.read(lima, demo), options)
    assert given == [None, options.committed]


def test_another_projects_vm_is_refused_untouched(lima, demo):
    lima.add("demo-dev", "/home/you/demo", "Stopped")
    for act in (
        lambda: start(ProjectVm.read(lima, demo), OPTIONS),
        lambda: stop(ProjectVm.read(lima, demo)),
        lambda: destroy(ProjectVm.read(lima, demo)),
    ):
        with pytest.raises(StateError, match="/home/you/demo"):
            act()
    assert lima.calls == []


def test_a_guest_in_which_nobody_can_work_is_an_error(lima, demo, monkeypatch):
    monkeypatch.setattr(checks, "readiness", lambda *_, **__: Readiness(False, "", True, ()))
    with pytest.raises(VmError, match="not mounted"):
        start(ProjectVm.read(lima, demo), OPTIONS)


def test_what_a_vm_booted_with_is_kept_though_its_provisioning_failed(lima, demo, monkeypatch):
    monkeypatch.setattr(checks, "readiness", lambda *_, **__: replace(GOOD, failed_scripts=("provision[2]",)))
    kept = []
    monkeypatch.setattr(compare, "remember", lambda instance: kept.append(instance.name))
    with pytest.raises(VmError, match="provisioning failed"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert kept == ["demo-dev"]


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (
            Readiness(False, "cat: /p: Permission denied", True, ()),
            r"not mounted[\s\S]*Permission denied[\s\S]*restart",
        ),
        (Readiness(False, "", True, ()), "did not appear in the guest"),
        (
            Readiness(True, "", True, ("Failed to execute 01.sh", "Failed to execute 02.sh")),
            r"01\.sh\n[\s\S]*02\.sh[\s\S]*logs",
        ),
    ],
)
def test_what_is_wrong_in_the_guest_is_told(report, says):
    with pytest.raises(VmError, match=says):
        require_ready("demo-dev", Project(Path("/p")), report)


@pytest.mark.parametrize("why", ["", "its disk is full"])
def test_a_guest_without_zellij_gets_it_or_there_is_a_word(lima, demo, monkeypatch, capsys, why):
    asked = []
    monkeypatch.setattr(checks, "readiness", lambda *_, **__: replace(GOOD, session_tool=False))
    monkeypatch.setattr(install_zellij, "install", lambda _, instance, progress: asked.append(instance.name) or why)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert asked == ["demo-dev"]
    word = "  Zellij is not installed in this guest: its disk is full. `shell` gives a login shell.\n"
    assert (word in capsys.readouterr().err) is bool(why)


@pytest.mark.parametrize(("arch", "here"), [("", ["x86_64"]), ("arch: aarch64\n", ["x86_64"]), ("", [])])
def test_a_download_without_zellij_is_told_if_this_machine_has_none_for_it(lima, demo, monkeypatch, capsys, arch, here):
    monkeypatch.setattr(find_programs, "find_zellij_for", lambda arch: Path("/z") if arch in here else None)
    demo.project.config.write_text(CONFIG + arch)
    start(ProjectVm.read(lima, demo), OPTIONS)
    told = "a download without Zellij, and this machine has none to install there: sysinit-vm setup"
    assert (told in capsys.readouterr().err) is (bool(arch) or not here)


def test_a_guest_with_zellij_is_sent_none(lima, demo, monkeypatch, capsys):
    monkeypatch.setattr(install_zellij, "install", no_build)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert "not installed" not in capsys.readouterr().err


@pytest.mark.parametrize(("line", "writable"), [("", True), ("mounts: [{location: ., writable: false}]\n", False)])
def test_a_read_only_project_is_asked_to_be_read_and_told_to_be_so(lima, demo, monkeypatch, capsys, line, writable):
    demo.project.config.write_text(CONFIG + line)
    asked = []

    def readiness(*_, writable, **__):
        asked.append(writable)
        return replace(GOOD, read_only="" if writable else "its mount is not writable")

    monkeypatch.setattr(checks, "readiness", readiness)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert asked == [writable]
    assert ("read-only in this guest: its mount is not writable." in capsys.readouterr().err) is not writable


def test_a_git_that_fails_in_the_guest_is_told_with_what_to_do(demo, capsys):
    require_ready("a", demo.project, replace(GOOD, git_problem="fatal: detected dubious ownership"))
    told = capsys.readouterr().err
    assert "git fails in this guest: fatal: detected dubious ownership" in told
    assert "safe.directory" in told


def test_a_git_of_the_host_that_does_not_answer_is_told(lima, demo, monkeypatch, capsys):
    lima.add("demo-dev", demo.project.root, "Running")
    monkeypatch.setattr(git_identity, "gitconfig", lambda *_: None)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert f"git did not answer in {demo.project.root}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("forwards", "kind", "told"),
    [(True, "", True), (True, "gone", True), (True, "socket", False), (False, "", False)],
)
def test_an_agent_that_is_to_be_lent_and_is_none_is_told(
    lima, demo, monkeypatch, capsys, tmp_path, forwards, kind, told
):
    lima.add("demo-dev", demo.project.root, "Running", config={"ssh": {"forwardAgent": forwards}})
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "s") if kind else "")
    with socket.socket(socket.AF_UNIX) as agent:
        if kind == "socket":
            monkeypatch.chdir(tmp_path)
            agent.bind("s")
            agent.listen()
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert ("ssh-agent" in capsys.readouterr().err) is told


def test_what_the_guests_ssh_left_out_is_told(demo, capsys):
    require_ready("a", demo.project, replace(GOOD, ssh_left_out=("Match tagged x", "Ciphers y")))
    told = capsys.readouterr().err
    assert "Match tagged x; Ciphers y" in told


@pytest.mark.parametrize("status", ["Stopped", "Running"])
def test_a_vm_that_mounts_nothing_is_told_before_it_boots(lima, demo, status):
    lima.add("demo-dev", demo.project.root, status, config={"plain": True})
    with pytest.raises(VmError, match=r"plain: true[\s\S]*sysinit-vm apply"):
        start(ProjectVm.read(lima, demo), OPTIONS)
    assert lima.calls == []


def test_a_shell_that_the_guest_lacks_is_named(lima, demo, capsys):
    lima.add("demo-dev", demo.project.root, "Running", config={"user": {"shell": "/usr/bin/fish"}})
    lima.guest = result(1)
    start(ProjectVm.read(lima, demo), OPTIONS)
    assert "no /usr/bin/fish (user.shell): commands and logins use /bin/bash" in capsys.readouterr().err


def test_a_shell_that_may_be_why_nobody_can_log_in_is_named(lima, demo):
    lima.add("demo-dev", demo.project.root, "Stopped", config={"user": {"shell": "/usr/bin/fish"}})
    lima.failure = result(1, err="no")
    with pytest.raises(VmError, match=r"has no /usr/bin/fish \(user.shell\), nobody can log in"):
        start(ProjectVm.read(lima, demo), OPTIONS)


def test_two_at_once_take_turns_and_the_second_says_so(lima, demo, capsys):
    inside, go_on, order = threading.Event(), threading.Event(), []

    def slow():
        inside.set()
        go_on.wait(5)
        order.append("first")

    lima.on_start = slow
    first = threading.Thread(target=start, args=(ProjectVm.read(lima, demo), OPTIONS))
    first.start()
    assert inside.wait(5)
    second = threading.Thread(target=lambda: order.append(stop(ProjectVm.read(lima, demo)).status))
    second.start()
    deadline = time.monotonic() + 5
    while "Waiting for another" not in (said := capsys.readouterr().err) and time.monotonic() < deadline:
        time.sleep(0.02)
    go_on.set()
    first.join(5)
    second.join(5)
    assert "Waiting for another" in said
    assert order == ["first", "Stopped"]


def test_the_lock_is_let_go_when_a_start_fails(lima, demo):
    lima.failure = result(1, err="no")
    for _ in range(2):
        with pytest.raises(VmError, match="did not start"):
            start(ProjectVm.read(lima, demo), OPTIONS)


def test_a_start_without_a_terminal_tells_how_to_attach(lima, capsys, monkeypatch):
    monkeypatch.setattr(access, "has_terminal", lambda: False)
    assert access.attach_or_tell(lima, lima.add("demo-dev", "/w", "Running")) == 0
    said = capsys.readouterr().err
    assert "/w" in said
    assert "sysinit-vm shell" in said


def test_a_second_vm_for_one_directory_is_refused_even_by_name(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    with pytest.raises(StateError, match="already has a VM: demo-dev"):
        start(ProjectVm.read(lima, Target(demo.project, "other", "--name")), OPTIONS)
    assert lima.calls == []


def test_a_dry_start_asks_nothing_of_the_guest_and_writes_nothing(lima, demo, monkeypatch):
    lima.add("demo-dev", demo.project.root, "Stopped")
    monkeypatch.setattr(checks, "readiness", lambda *_, **__: pytest.fail("asked"))
    lima.runner = Runner(dry=True)
    assert start(ProjectVm.read(lima, demo), OPTIONS).name == "demo-dev"


def test_no_change_is_told_while_another_command_uses_the_vm(lima, demo, monkeypatch):
    """It may be the `apply` of that very change; the start then waits for it."""
    monkeypatch.setattr(apply, "_drift_to_apply", lambda *_: pytest.fail("told"))
    monkeypatch.setattr(apply, "start", lambda *_: "started")
    with vm_lock("demo-dev"):
        assert apply.start_up_to_date(ProjectVm.read(lima, demo), OPTIONS, "ask") == "started"
