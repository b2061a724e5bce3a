"""What is examined, what finding finding says, and what --fix does."""

import os
import shutil
import socket
import subprocess
from dataclasses import replace
from functools import partial
from threading import Event

import pytest

from sysinit_vm import settings
from sysinit_vm.doctor import examine, machine, project, report, vm
from sysinit_vm.doctor.finding import NOTE, OK, WRONG, Finding
from sysinit_vm.drift import compare
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.guest import checks
from sysinit_vm.guest.checks import Readiness, Vitals
from sysinit_vm.images import debian, debian_files
from sysinit_vm.lima.instance import Instance
from sysinit_vm.machine import facts as machine_facts
from sysinit_vm.machine import find_programs
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.limits import Limit
from sysinit_vm.machine.prerequisites import Prerequisite
from sysinit_vm.ports import portlist
from sysinit_vm.ports.portlist import Port
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from tests.fakes import FakeLimactl, RecordingRunner, facts, result

NOW = 1_700_000_000
GOOD = Readiness(mounted=True, mount_problem="", session_tool=True, failed_scripts=())


def by(findings):
    return {finding.subject: finding for finding in findings}


@pytest.fixture
def place(tmp_path):
    directory = tmp_path / "demo-dev"
    directory.mkdir()
    (directory / "lima.yaml").write_text("cpus: 1\n")
    return directory


def running(place, log='{"status":{"running":true}}\n', **more):
    (place / "ha.stdout.log").write_text(log)
    return Instance("demo-dev", "Running", place, **more)


@pytest.fixture
def guests(monkeypatch):
    """A guest that is well."""
    monkeypatch.setattr(vm.time, "time", lambda: NOW)
    answers = {"vitals": Vitals(NOW, 20, 5), "readiness": GOOD}
    for name in ("vitals", "readiness"):

        def answer(*_, name=name, **__):
            if isinstance(answers[name], Exception):
                raise answers[name]
            return answers[name]

        monkeypatch.setattr(checks, name, answer)
    monkeypatch.setattr(portlist, "of_vm", lambda *_: [])
    return answers


@pytest.fixture(autouse=True)
def drift(monkeypatch):
    """What a VM needs, so that it is what its config says."""
    found = {"needs": compare.UNKNOWN}
    monkeypatch.setattr(compare, "summary", lambda *_: found["needs"])
    return found


# --- the VM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "level", "hint"),
    [
        ("Stopped", OK, ""),
        ("Broken", WRONG, "sysinit-vm start"),
        ("", WRONG, "sysinit-vm destroy --name demo-dev"),
    ],
)
def test_a_state_that_needs_fixing_names_the_command(place, status, level, hint):
    found = by(vm.examine(FakeLimactl(), Instance("demo-dev", status, place)))["state"]
    assert (found.level, found.hint) == (level, hint)


@pytest.mark.parametrize(
    ("log", "level"), [("", NOTE), ('{"status":{"degraded":true}}\n', WRONG), ('{"status":{"running":true}}\n', OK)]
)
def test_running_is_not_enough_the_host_agent_must_say_so(place, guests, log, level):
    assert by(vm.examine(FakeLimactl(), running(place, log)))["state"].level == level


def test_a_recycled_pid_is_stale_and_fixing_it_harms_nobody(place):
    (place / "ha.pid").write_text(str(os.getpid()))
    os.utime(place / "ha.pid", (0, 0))  # long before this process began
    found = by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))["stale pids"]
    assert found.level == WRONG
    assert "ha.pid" in found.text
    found.fix()
    assert not (place / "ha.pid").exists()
    assert os.getpid()  # still here


@pytest.mark.parametrize("name", ["limactl", ".limactl-wrapped", ".qemu-system-x86_64-wrapped", "somebodys-limactl"])
def test_the_pid_file_of_a_live_vm_is_never_stale_however_its_programs_are_called(place, tmp_path, name):
    """nix wraps them: the doctor once removed the pid files of a VM that ran."""
    program = shutil.copy("/bin/cat", tmp_path / name)
    with subprocess.Popen([program, "-", f"{place}/ha.sock"], stdin=subprocess.PIPE) as process:
        (place / "ha.pid").write_text(str(process.pid))
        assert by(vm.examine(FakeLimactl(), Instance("demo-dev", "Running", place)))["stale pids"].level == OK


def test_what_cannot_be_removed_is_told_and_the_rest_is_removed(place):
    (place / "a.pid").mkdir()
    (place / "ha.pid").write_text("999999999")
    found = by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))["stale pids"]
    with pytest.raises(VmError, match=r"a\.pid"):
        found.fix()
    assert [path.name for path in place.glob("*.pid")] == ["a.pid"]


def test_a_socket_that_nobody_listens_on_is_dead_and_one_that_answers_is_not(place):
    with socket.socket(socket.AF_UNIX) as alive, socket.socket(socket.AF_UNIX) as dead:
        alive.bind(str(place / "ha.sock"))
        alive.listen()
        dead.bind(str(place / "ssh.sock"))
        found = by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))["dead sockets"]
        assert found.text == "ssh.sock"
        state = by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))["state"]
        assert (state.level, state.hint) == (NOTE, "sysinit-vm start")
        assert "was killed, and the next start recovers it" in state.text
        found.fix()
        assert by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))["state"].level == OK
        assert [path.name for path in place.glob("*.sock")] == ["ha.sock"]


@pytest.mark.parametrize(
    ("vitals", "subject", "said"),
    [
        ((0, 95, 5), "guest disk", "95% used"),
        ((0, 20, 99), "guest inodes", "99% used"),
        ((-3600, 20, 5), "clock", "-3600 seconds off"),
        ((7, 20, 5), "clock", "+7 seconds off"),
    ],
)
def test_a_full_disk_and_a_clock_that_is_off_are_wrong(place, guests, vitals, subject, said):
    off, disk, inodes = vitals
    guests["vitals"] = Vitals(NOW + off, disk, inodes)
    found = by(vm.examine(FakeLimactl(), running(place)))
    assert [finding.subject for finding in found.values() if finding.wrong] == [subject]
    assert said in found[subject].text
    assert found[subject].hint


def test_fixing_the_clock_sets_it_to_ours(place, guests):
    guests["vitals"] = Vitals(0, 20, 5)
    lima = FakeLimactl()
    by(vm.examine(lima, running(place)))["clock"].fix()
    (name, words, _) = lima.asked[-1]
    assert name == "demo-dev"
    assert words[:3] == ("sudo", "date", "--set")
    assert words[3] == f"@{NOW}"


def test_failed_provisioning_and_a_lost_mount_are_told(place, guests, tmp_path):
    guests["readiness"] = Readiness(
        mounted=False, mount_problem="stale", session_tool=False, failed_scripts=("00000001",)
    )
    found = by(vm.examine(FakeLimactl(), running(place, param={"PROJECT_DIR": str(tmp_path)})))
    assert (found["mount"].level, found["mount"].text) == (WRONG, "stale")
    assert found["provisioning"].hint == "sysinit-vm logs --source provision"
    assert found["session"].level == NOTE


def test_a_read_only_project_is_no_fault(place, guests, tmp_path):
    guests["readiness"] = replace(GOOD, read_only="its mount is not writable")
    found = by(vm.examine(FakeLimactl(), running(place, param={"PROJECT_DIR": str(tmp_path)})))
    assert (found["mount"].level, found["mount"].text) == (OK, f"{tmp_path}, read-only")


def test_a_git_that_fails_in_the_guest_is_told(place, guests, tmp_path):
    guests["readiness"] = replace(GOOD, git_problem="fatal: unknown repository extension found")
    found = by(vm.examine(FakeLimactl(), running(place, param={"PROJECT_DIR": str(tmp_path)})))
    assert found["git"].level == NOTE
    assert "newer" in found["git"].hint


def test_what_the_guests_ssh_left_out_is_told(place, guests, tmp_path):
    guests["readiness"] = replace(GOOD, ssh_left_out=("Match tagged x",))
    found = by(vm.examine(FakeLimactl(), running(place, param={"PROJECT_DIR": str(tmp_path)})))
    assert (found["ssh"].level, "Match tagged x" in found["ssh"].text) == (NOTE, True)


def test_a_guest_that_is_slow_to_answer_is_told_meanwhile(place, guests, monkeypatch):
    told = Event()
    monkeypatch.setattr(vm, "_BEAT", 0.01)
    monkeypatch.setattr(vm, "say", lambda text: told.set() if "demo-dev has not answered" in text else None)
    monkeypatch.setattr(checks, "vitals", lambda *_: guests["vitals"] if told.wait(20) else None)
    assert "guest disk" in by(vm.examine(FakeLimactl(), running(place)))


def test_a_guest_that_does_not_answer_is_one_finding(place, guests):
    guests["vitals"] = VmError("The guest of demo-dev does not answer.")
    found = by(vm.examine(FakeLimactl(), running(place)))
    assert "does not answer" in found["guest"].text
    assert "clock" not in found


@pytest.mark.parametrize(
    ("needs", "level", "hint"),
    [
        ("none", OK, ""),
        ("live", NOTE, "sysinit-vm plan, then sysinit-vm apply"),
        ("restart", NOTE, "sysinit-vm plan, then sysinit-vm apply"),
        ("recreate", NOTE, "sysinit-vm plan, then sysinit-vm apply --recreate"),
    ],
)
def test_drift_is_told_with_what_applies_it(place, drift, needs, level, hint):
    drift["needs"] = needs
    found = by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))["drift"]
    assert (found.level, found.hint) == (level, hint)


def test_drift_that_nobody_can_tell_is_not_told(place):
    assert "drift" not in by(vm.examine(FakeLimactl(), Instance("demo-dev", "Stopped", place)))


def port(number, state, *, declared):
    return Port(number, "tcp", "127.0.0.1", number, None, "node", state, declared=declared)


def test_a_port_that_the_host_does_not_reach_is_told(place, guests, monkeypatch):
    rows = [
        port(3000, "held by nginx (pid 7)", declared=True),
        port(4000, "not forwarded", declared=True),
        port(5000, "held by nginx (pid 7)", declared=False),
        port(6000, "not forwarded", declared=False),  # as a strict config has it
        port(7000, "open", declared=True),
        port(8000, "nothing listens in the guest", declared=True),
    ]
    monkeypatch.setattr(portlist, "of_vm", lambda *_: rows)
    found = by(vm.examine(FakeLimactl(), running(place)))
    assert {name: (finding.level, finding.hint) for name, finding in found.items() if name.startswith("port")} == {
        "port 3000": (WRONG, "sysinit-vm restart"),
        "port 4000": (WRONG, "sysinit-vm restart"),
        "port 5000": (NOTE, "sysinit-vm ports"),
    }
    assert "nginx" in found["port 3000"].text


def test_ports_that_are_reached_are_one_finding(place, guests, monkeypatch):
    monkeypatch.setattr(portlist, "of_vm", lambda *_: [port(7000, "open", declared=True)])
    assert by(vm.examine(FakeLimactl(), running(place)))["ports"].level == OK


def test_a_guest_without_a_word_of_its_ports_is_no_failure(place, guests, monkeypatch):
    def refuse(*_):
        raise VmError("The guest does not say.", detail="sudo: ss: command not found")

    monkeypatch.setattr(portlist, "of_vm", refuse)
    found = by(vm.examine(FakeLimactl(), running(place)))["ports"]
    assert (found.level, found.text) == (NOTE, "The guest does not say. sudo: ss: command not found")


# --- the project and the machine -------------------------------------------------------------------


@pytest.fixture
def demo(tmp_path, monkeypatch, home):
    monkeypatch.setattr(machine_facts, "gather", lambda: facts(lima_home=home / ".lima"))
    root = tmp_path / "demo"
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text("images: [{location: 'https://a.example/x.qcow2'}]\n")
    return Target(Project(root), "demo-dev", "directory")


def test_without_a_project_the_rest_is_examined_all_the_same():
    (found,) = project.examine(None, None)
    assert (found.level, found.hint) == (NOTE, "sysinit-vm init")


def test_a_config_that_cannot_be_read_is_told_in_its_own_words(demo):
    demo.project.config.write_text("a: [\n")
    found = by(project.examine(None, demo))["config"]
    assert found.level == WRONG
    assert "line" in found.text


def test_a_config_that_makes_no_vm_is_wrong(demo):
    demo.project.config.write_text("cpus: 2\nmemory: 3 gigs\n")
    found = by(project.examine(None, demo))["config"]
    assert found.level == WRONG
    assert f"memory: '3 gigs' in line 2 of {demo.project.config}" in found.text


def test_an_image_that_cannot_be_had_is_wrong(demo):
    demo.project.config.write_text("images: [{location: /nowhere.qcow2}]\n")
    assert by(project.examine(None, demo))["image"].level == WRONG


@pytest.fixture
def built(demo, tmp_path, monkeypatch):
    """Our own image as it lies beside its links, and the project's config that takes it; the Zellij is 0.45.1."""
    zellij = tmp_path / "zellij"
    zellij.write_text("#!/bin/sh\necho zellij 0.45.1\n")
    monkeypatch.setenv("SYSINIT_VM_ZELLIJ", str(zellij))
    zellij.chmod(0o755)
    images = demo.project.root / "images"
    images.mkdir()
    digest = debian_files.sha256(zellij)
    for part in debian_files.DEBIAN.parts:
        manifest = f"key: {debian.key(zellij)}\nzellij-sha256: {digest}\n\nzellij 0.45.1\nadduser 3.134\n"
        (images / f"sysinit-debian-1.{part}").write_text(manifest)
        (images / f"sysinit-debian-latest.{part}").symlink_to(f"sysinit-debian-1.{part}")
    demo.project.config.write_text(f"images: [{{location: '{images}/sysinit-debian-latest.qcow2'}}]\n")
    return zellij


def test_an_image_of_todays_ingredients_is_as_it_should_be(demo, built):
    found = by(project.examine(None, demo))["image"]
    assert (found.level, found.hint) == (OK, "")


@pytest.mark.parametrize("later", ["Zellij", "files"])
def test_an_image_of_an_earlier_versions_ingredients_is_told(demo, built, monkeypatch, later):
    if later == "Zellij":
        built.write_text("#!/bin/sh\necho zellij 0.46.0\n")
    else:
        monkeypatch.setattr(debian_files, "contents", lambda: {"packages": b"more"})
    found = by(project.examine(None, demo))["image"]
    assert (found.level, found.hint) == (NOTE, "sysinit-vm build.debian")
    assert "earlier version" in found.text


def test_an_image_with_another_compilation_of_the_same_zellij_is_as_it_should_be(demo, built):
    built.write_text(f"{built.read_text()}# other bytes\n")
    assert by(project.examine(None, demo))["image"].level == OK


def test_an_image_that_was_copied_without_its_manifest_has_no_age(demo, built):
    disk = demo.project.root / "images" / "sysinit-debian-latest.qcow2"
    disk.unlink()
    disk.write_text("a copy")
    assert by(project.examine(None, demo))["image"].level == OK


@pytest.mark.parametrize("own", ["other.qcow2", "sysinit-debian-0.qcow2"])
def test_an_image_of_the_users_own_choice_has_no_age(demo, built, own):
    (demo.project.root / "images" / own).touch()
    demo.project.config.write_text(demo.project.config.read_text().replace("sysinit-debian-latest.qcow2", own))
    built.write_text("#!/bin/sh\necho zellij 0.46.0\n")
    assert by(project.examine(None, demo))["image"].level == OK


def test_an_image_from_before_there_was_a_zellij_is_told_as_that(demo, built):
    manifest = f"key: {debian.key(None)}\nzellij-sha256: none\n\nadduser 3.134\n"
    (demo.project.root / "images" / "sysinit-debian-1.manifest").write_text(manifest)
    found = by(project.examine(None, demo))["image"]
    assert (found.level, found.hint) == (NOTE, "sysinit-vm build.debian")
    assert "each new VM gets it when it starts" in found.text
    assert "earlier version" not in found.text


@pytest.mark.parametrize("named", ["", "/nowhere"])
def test_without_a_zellij_an_image_is_as_good_as_ever(demo, built, monkeypatch, named):
    monkeypatch.setenv("SYSINIT_VM_ZELLIJ", named)
    monkeypatch.setattr(find_programs, "find", lambda _: None)
    assert by(project.examine(None, demo))["image"].level == OK


@pytest.mark.parametrize("name", [None, "said"])
def test_a_directory_that_cannot_be_a_project_is_told_once_and_the_rest_is_examined(home, monkeypatch, name):
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")
    monkeypatch.chdir(home)
    (home / ".lima").mkdir()
    (home / ".lima" / "config.yaml").write_text("images: [{location: 'https://a.example/x.qcow2'}]\n")
    target, problems = examine.meant(None, name)
    findings = examine.everything(RecordingRunner(), FakeLimactl(), target, problems)
    (finding,) = [finding for finding in findings if "your home directory" in finding.text]
    assert (finding.area, finding.level) == ("project", WRONG)
    assert by(findings)["config"].level == OK


def test_a_name_that_is_anothers_is_wrong(demo, monkeypatch):
    def refuse(*_):
        raise StateError("The VM demo-dev belongs to another project.", hint="sysinit-vm start --name OTHER")

    monkeypatch.setattr(locate, "own", refuse)
    found = by(project.examine(FakeLimactl(), demo))["VM"]
    assert (found.level, found.hint) == (WRONG, "sysinit-vm start --name OTHER")


def test_a_bad_setting_is_a_finding_and_no_failure(monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "soon")
    found = by(machine._settings())["settings"]
    assert found.level == WRONG
    assert "SYSINIT_VM_TIMEOUT" in found.text


def test_each_setting_is_shown_with_its_source(monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "7")
    found = by(machine._settings())
    assert "SYSINIT_VM_TIMEOUT" in found["timeout"].text
    assert set(found) == set(settings.KNOWN)


@pytest.mark.parametrize(("required", "level"), [(True, WRONG), (False, NOTE)])
def test_a_missing_part_is_wrong_only_where_a_vm_needs_it(required, level):
    part = Prerequisite("qemu", None, "", enough=False, need="runs the VM", route=None, required=required)
    assert machine._part(part, "sysinit-vm setup") == Finding("machine", "qemu", level, "missing: runs the VM")


def test_everything_is_examined_from_the_machine_inward(demo, place, guests, monkeypatch):
    monkeypatch.setattr(machine.prerequisites, "tools", lambda *_: [])
    monkeypatch.setattr(machine.prerequisites, "lima", lambda *_: [])
    monkeypatch.setattr(machine.prerequisites, "zellij", lambda *_: Prerequisite("zellij", None, "", True, "", None))
    monkeypatch.setattr(machine.optional, "survey", lambda *_: [])
    monkeypatch.setattr(machine.limits, "survey", lambda *_: [Limit("memory", "2 GiB", enough=False, hint="stop it")])
    own = Instance("demo-dev", "Stopped", place, param={"PROJECT_DIR": str(demo.project.root)})
    lima = FakeLimactl(own)
    findings = examine.everything(RecordingRunner(), lima, demo)
    assert list(dict.fromkeys(finding.area for finding in findings)) == ["machine", "settings", "project", "VM"]
    assert [finding.subject for finding in findings if finding.wrong] == ["memory"]


def test_what_ends_one_examination_ends_no_other(demo, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "/secret")

    def fail(*_):
        raise VmError("It is broken.", detail="Indeed.", hint="fix it")

    monkeypatch.setattr(machine.prerequisites, "lima", fail)
    monkeypatch.setattr(machine.optional, "survey", refuse)
    monkeypatch.setattr(machine.limits, "survey", lambda *_: [Limit("memory", "2 GiB", enough=True)])
    monkeypatch.setattr(project.search, "unusable", refuse)
    lima = FakeLimactl()
    lima.instances = fail
    findings = examine.everything(RecordingRunner(), lima, demo)
    found = by(findings)
    assert found["programs"] == Finding("machine", "programs", WRONG, "It is broken. Indeed.", "fix it")
    assert found["extras"].text == "The system refused. Permission denied: /secret"
    assert found["project"].wrong
    assert found["state"].text == "It is broken. Indeed."
    assert found["memory"].level == found["timeout"].level == OK


def test_what_is_told_already_is_not_told_again(demo):
    seen = [Finding("project", "name", WRONG, "It is broken."), Finding("machine", "limactl", WRONG, "It is broken.")]
    demo.project.config.write_text("a: [\n")
    (error,) = [finding for finding in examine.everything(RecordingRunner(), None, demo) if finding.subject == "config"]
    again = Finding("project", "name", WRONG, error.text)
    findings = examine.everything(RecordingRunner(), None, demo, [again, *seen])
    assert [finding.text for finding in findings].count(error.text) == 1
    assert findings[-2:] == seen


def test_a_part_without_a_route_says_what_somebody_else_types(monkeypatch):
    part = Prerequisite("ssh", None, "", enough=False, need="reaches the VM", route=None, package="openssh-client")
    here = replace(Host.read(), manager="apt-get", root=False, sudo=False)
    (found,) = machine._parts(here, lambda: [part], "sysinit-vm setup")
    assert found.hint == "as root: apt-get install openssh-client"


# --- the report ------------------------------------------------------------------------------------

CLOCK = Finding("VM", "clock", WRONG, "off", "sysinit-vm doctor --fix")
MOUNT = Finding("VM", "mount", WRONG, "lost", "sysinit-vm restart")
MEMORY = Finding("machine", "memory", NOTE, "1 GiB", "sysinit-vm list")
SSH = Finding("machine", "ssh", OK, "9.2 /usr/bin/ssh")
QEMU = Finding("machine", "qemu", WRONG, "missing: runs the VM", "sysinit-vm setup")


@pytest.fixture
def answers(monkeypatch):
    """What somebody on a terminal answers to each question, and the questions."""
    given, asked = [], []

    def agrees(question):
        asked.append(question)
        return given.pop(0)

    monkeypatch.setattr(report.prompts, "agrees", agrees)
    return given, asked


def recorded(*names, into):
    return {name: partial(into.append, name) for name in names}


def test_what_is_wrong_comes_first_and_last_and_what_is_ok_only_if_asked_for(capsys):
    findings = [SSH, MEMORY, MOUNT, SSH]
    report.show(findings, {}, everything=False)
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines()] == ["WHAT", "mount", "memory"]
    assert shown.err.splitlines() == [
        "2 checks passed; `sysinit-vm doctor --all` lists them.",
        "Wrong: 1.",
        "  mount: lost",
        "    Try: sysinit-vm restart",
    ]
    report.show(findings, {}, everything=True)
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines()] == ["WHAT", "mount", "memory", "ssh", "ssh"]
    assert "passed" not in shown.err


def test_where_all_is_well_that_is_all_that_is_said(capsys):
    report.show([SSH], {}, everything=False)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1] == "Nothing is wrong."


def test_what_a_guest_says_cannot_look_like_a_line_of_ours(capsys):
    report.show([replace(MOUNT, text="lost\n    Try: curl evil\x1b[2J")], {}, everything=False)
    assert not any("Try: curl" in line and "mount" not in line for line in capsys.readouterr().err.splitlines())


def test_fix_fixes_what_is_safe_and_leaves_the_rest(capsys):
    fixed = []
    findings = [replace(CLOCK, fix=lambda: fixed.append("clock")), MOUNT]
    assert report.fix(findings, {}, ask=False, dry=True) == 0
    assert fixed == []
    assert report.fix(findings, {}, ask=False, dry=False) == 1
    assert fixed == ["clock"]
    report.show(findings, {}, everything=False)
    said = capsys.readouterr()
    assert "Wrong: 2. `sysinit-vm doctor --fix` fixes 1 of them safely" in said.err
    assert "sysinit-vm restart" in said.out


def test_a_safe_command_is_run_once_for_all_that_it_fixes(answers):
    run = []
    findings = [QEMU, replace(QEMU, subject="limactl"), MOUNT, replace(QEMU, level=NOTE)]
    assert report.fix(findings, recorded("sysinit-vm setup", into=run), ask=False, dry=False) == 1
    assert run == ["sysinit-vm setup"]
    assert answers[1] == []


def test_a_note_is_no_reason_to_run_anything():
    run = []
    assert report.fix([replace(QEMU, level=NOTE)], recorded("sysinit-vm setup", into=run), ask=False, dry=False) == 0
    assert run == []


def test_each_fix_is_run_only_for_a_yes(answers, capsys):
    given, asked = answers
    given += [False, True]
    run = []
    findings = [QEMU, replace(CLOCK, fix=partial(run.append, "clock"))]
    assert report.fix(findings, recorded("sysinit-vm setup", into=run), ask=True, dry=False) == 1
    assert run == ["clock"]
    assert asked == ["sysinit-vm setup. Run it?", "clock: off. Fix it?"]


def test_a_fix_that_fails_is_told_and_the_others_go_on(capsys):
    fixed = []

    def fail():
        raise VmError("The clock cannot be set.")

    def refuse():
        raise IsADirectoryError(21, "Is a directory", "/x/odd.pid")

    findings = [
        Finding("VM", "a", WRONG, "", "", fail),
        Finding("VM", "c", WRONG, "", "", refuse),
        Finding("VM", "b", WRONG, "", "", lambda: fixed.append("b")),
    ]
    assert report.fix(findings, {}, ask=False, dry=False) == 1
    assert fixed == ["b"]
    assert "The clock cannot be set." in capsys.readouterr().err


def test_the_guests_vitals_are_read_from_what_it_says(home):
    lima = FakeLimactl(guest=result(out="time=1700000000\ndisk=42%\ninodes=-\n"))
    with pytest.raises(VmError, match="does not answer"):
        checks.vitals(lima, "demo-dev")
    lima = FakeLimactl(guest=result(out="time=1700000000\ndisk=42%\ninodes=7%\n"))
    assert checks.vitals(lima, "demo-dev") == Vitals(1700000000, 42, 7)
