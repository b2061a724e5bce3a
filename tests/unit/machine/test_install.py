"""Obtaining what is missing, in order, after all questions."""

import contextlib
from dataclasses import replace

import pytest

from sysinit_vm.errors import MissingError, NotConfirmedError, VmError
from sysinit_vm.machine import compile_state, install, prerequisites, release_archives, zellij_compile
from sysinit_vm.machine.compile_record import CompileRecord, Outcome
from sysinit_vm.machine.compile_state import CompileFiles
from sysinit_vm.machine.download import RefusedFileError
from sysinit_vm.machine.install import Consent
from sysinit_vm.machine.package_manager import Route
from sysinit_vm.machine.release_archives import Releases
from tests.archive_server import archive, pinned
from tests.fakes import RecordingRunner
from tests.unit.machines import AGENT, by_name


def test_a_complete_machine_lacks_nothing_and_nothing_is_run(machine, runner):
    machine.complete()
    assert all(part.enough for part in install.setup(runner, machine.host, Consent(False)))
    assert runner.ran == []


def arriving(machine):
    """A Runner after whose last command the machine is complete."""

    def arrive(call):
        if call.argv[0] == "mv" and "zellij-0.45.1" in call.argv[-1]:
            machine.complete()

    return RecordingRunner(answer=arrive, programs={"zellij --version": "zellij 0.45.1"})


def test_setup_runs_packages_then_lima_then_zellij(machine, capsys):
    runner = arriving(machine)
    found = install.setup(runner, machine.host, Consent(True))
    assert all(part.enough for part in found)
    programs = [command[0] for command in runner.ran]
    assert "apt-get" in runner.ran[1]
    made = [command[-1] for command in runner.ran if command[0] == "mv"]
    assert made == [
        f"{machine.host.data}/lima-2.2.0",
        f"{machine.host.cache}/zellij/root",
        f"{machine.host.data}/zellij-0.45.1",
    ]
    assert programs[-1] == "rm"
    said = capsys.readouterr().err
    assert "for limactl, guest agent\n" in said
    assert "  $ env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get" in said


def test_without_a_terminal_and_yes_it_refuses_and_runs_nothing(machine, runner):
    with pytest.raises(NotConfirmedError) as error:
        install.setup(runner, machine.host, Consent(False))
    assert error.value.exit_code == 5
    assert error.value.hint == "sysinit-vm setup --yes"
    assert runner.ran == []


@pytest.fixture
def asked(monkeypatch):
    """A terminal on which every question is answered by the next of ``answers``."""
    seen = {"questions": [], "answers": [], "more": []}

    def answer(question, more):
        seen["questions"].append(question)
        seen["more"].append(more)
        return seen["answers"].pop(0)

    monkeypatch.setattr(install.prompts, "can_ask", lambda: True)
    monkeypatch.setattr(install.prompts, "agrees", answer)
    return seen


def test_one_question_for_everything_comes_before_the_first_command(machine, asked, capsys):
    runner = arriving(machine)
    asked["answers"] = [True]
    ran = []
    monkey = runner.stream

    def stream(argv, on_line, **how):
        ran.append(len(asked["questions"]))
        return monkey(argv, on_line, **how)

    runner.stream = stream
    install.setup(runner, machine.host, Consent(False))
    assert set(ran) == {1}
    assert "apt-get" in asked["more"][0]
    assert "  $ " not in capsys.readouterr().err.partition("System packages\n")[0]


def test_the_plan_says_what_will_follow(machine, asked, capsys):
    asked["answers"] = [False]
    with pytest.raises(NotConfirmedError) as error:
        install.setup(RecordingRunner(), machine.host, Consent(False, "sysinit-vm up --yes", ("After that a VM.",)))
    assert "\nAfter that a VM.\n" in capsys.readouterr().err
    assert error.value.hint == "sysinit-vm up --yes"


def without_zellij(machine):
    machine.complete()
    machine.host.zellij.unlink()


def test_on_the_way_to_a_vm_what_it_works_without_can_be_refused(machine, asked):
    without_zellij(machine)
    asked["answers"] = [False]
    runner = RecordingRunner()
    assert not by_name(install.setup(runner, machine.host, Consent(False), tolerant=True))["zellij"].enough
    assert asked["questions"] == ["Do all this? (no: go on without zellij)"]
    assert runner.ran == []


def test_on_the_way_to_a_vm_nobody_has_to_be_there_for_what_it_works_without(machine, capsys):
    without_zellij(machine)
    install.setup(RecordingRunner(), machine.host, Consent(False), tolerant=True)
    assert "Going on without zellij. For later: sysinit-vm setup --yes" in capsys.readouterr().err
    with pytest.raises(NotConfirmedError):
        install.setup(RecordingRunner(), machine.host, Consent(False))


def test_what_a_vm_needs_is_refused_with_all_the_rest(machine, asked):
    asked["answers"] = [False]
    runner = RecordingRunner()
    with pytest.raises(NotConfirmedError, match="Try: sysinit-vm setup --yes"):
        install.setup(runner, machine.host, Consent(False))
    assert asked["questions"] == ["Do all this? (no: end here)"]
    assert runner.ran == []


def test_dry_asks_nothing_and_only_hands_the_commands_to_the_runner(machine):
    runner = RecordingRunner(dry=True)
    install.setup(runner, machine.host, Consent(False))
    assert any("apt-get" in command for command in runner.ran)
    assert not machine.host.data.exists()


def test_a_failed_command_tells_its_last_lines_and_itself(machine):
    runner = RecordingRunner(fails="install", lines=("error: no space", "gave up"))
    with pytest.raises(VmError) as error:
        install.setup(runner, machine.host, Consent(True))
    assert error.value.brief.startswith("apt-get install qemu-system-x86")
    assert error.value.detail.endswith("gave up")
    assert error.value.hint.startswith("env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get")
    assert "install" in runner.ran[-1]


def test_a_required_part_without_a_route_stops_before_the_first_question(machine, asked):
    """Go is here, so that limactl has a route."""
    machine.put("go")
    runner = RecordingRunner(programs={"go version": "go version go1.26.6 linux/amd64"})
    with pytest.raises(MissingError) as error:
        install.setup(runner, replace(machine.host, root=False), Consent(False))
    assert (asked["questions"], runner.ran) == ([], [])
    packages = "qemu-system-x86 qemu-utils openssh-client"
    assert error.value.hint == f"as root: apt-get install {packages}, then sysinit-vm setup"


def test_where_nothing_is_known_to_type_it_says_what_is_to_be_done(machine, runner):
    with pytest.raises(MissingError) as error:
        install.setup(runner, replace(machine.host, manager=""), Consent(True))
    assert error.value.hint == "install it, then sysinit-vm setup"


def test_dry_shows_what_has_a_route_where_another_part_has_none(machine):
    runner = RecordingRunner(dry=True)
    install.setup(runner, replace(machine.host, root=False), Consent(False))
    assert runner.ran


def test_what_is_missing_after_all_is_not_answered_by_the_same_command(machine):
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})
    with pytest.raises(MissingError, match="still missing") as error:
        install.setup(runner, machine.host, Consent(True))
    assert error.value.hint.startswith("apt-get install qemu-system-x86 ")


def test_a_required_part_without_a_route_ends_in_exit_6(machine, runner):
    machine.ours()
    with pytest.raises(MissingError) as error:
        install.setup(runner, replace(machine.host, manager=""), Consent(True))
    assert error.value.exit_code == 6
    assert "qemu-img" in error.value.detail


def test_an_optional_part_without_a_route_is_no_error(machine, runner):
    machine.complete()
    machine.host.zellij.unlink()
    (machine.bin / "mmdebstrap").unlink()
    found = by_name(install.setup(runner, replace(machine.host, manager=""), Consent(True)))
    assert not found["zellij"].enough
    assert runner.ran == []


@pytest.fixture
def begun(monkeypatch):
    """The routes that were begun in the background, none of which runs."""
    routes = []
    monkeypatch.setattr(zellij_compile, "begin", lambda _runner, _host, route: routes.append(route))
    return routes


def test_a_tolerant_one_begins_to_compile_zellij_last_and_goes_on(machine, begun, capsys):
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})
    with pytest.raises(MissingError, match="still missing"):  # nothing has really been installed
        install.setup(runner, machine.host, Consent(True), tolerant=True)
    assert [route.description for route in begun] == ["Zellij 0.45.1 for the guest, compiled in its own Debian 12"]
    assert not any("bwrap" in command for command in runner.ran if "apt-get" not in command)
    assert capsys.readouterr().err.splitlines()[-1].startswith("Zellij is being compiled in the background.")


def test_a_tolerant_one_goes_on_without_a_compile_that_cannot_begin(machine, monkeypatch, capsys):
    without_zellij(machine)

    def refuse(*_):
        raise VmError("It could not be begun in the background.", detail="no more processes")

    monkeypatch.setattr(zellij_compile, "begin", refuse)
    install.setup(RecordingRunner(), machine.host, Consent(True), tolerant=True)
    assert "no more processes\nGoing on without it." in capsys.readouterr().err


def test_dry_begins_nothing(machine, begun):
    without_zellij(machine)
    install.setup(RecordingRunner(dry=True), machine.host, Consent(True), tolerant=True)
    assert begun == []


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_failed_or_was_stopped_is_told_and_not_begun_again_but_by_setup(machine, begun, capsys, outcome):
    without_zellij(machine)
    record = CompileRecord(1.0, 1).at_end(outcome, "no linker.") if outcome else CompileRecord(1.0, 1)
    record.write(CompileFiles.of(machine.host).record)
    install.setup(RecordingRunner(), machine.host, Consent(True), tolerant=True)
    assert bool(begun) is (outcome is Outcome.NONE)
    said = capsys.readouterr().err
    assert ("Go on: sysinit-vm setup" in said) is bool(outcome)
    assert ("no linker; its log: " in said) is (outcome is Outcome.FAILED)
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})
    with contextlib.suppress(VmError):
        install.setup(runner, machine.host, Consent(True))
    assert any("cargo" in command for command in runner.ran)


def test_setup_itself_tells_of_a_zellij_that_does_not_compile_and_it_is_recorded(machine):
    without_zellij(machine)
    with pytest.raises(VmError, match="error: linker"):
        install.setup(RecordingRunner(fails="zellij", lines=("error: linker",)), machine.host, Consent(True))
    state = compile_state.state(machine.host)
    assert state.record.failure == "bwrap cargo install zellij failed (exit 101). error: linker"
    assert (state.running, state.ended) == (False, True)


def test_a_tolerant_one_does_not_go_on_without_limactl(machine):
    machine.complete()
    machine.host.limactl.unlink()
    with pytest.raises(VmError, match="go build"):
        install.setup(RecordingRunner(fails="build"), machine.host, Consent(True), tolerant=True)


def test_sudo_asks_before_the_first_stage(machine):
    runner = arriving(machine)
    runner.programs["sudo -n true"] = ""
    install.setup(runner, replace(machine.host, root=False, sudo=True), Consent(True))
    assert runner.ran[0][0] == "sudo"


def test_how_far_a_command_is_stands_beside_its_stage(machine, monkeypatch):
    without_zellij(machine)
    told = []
    monkeypatch.setattr(install.Progress, "tell", lambda _, note, **_how: told.append(note))
    bar = "    Building [==>     ] 51/428: ppv-lite86, mio"
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"}, lines=("   Compiling mio v1.0.3", bar))
    install.setup(runner, machine.host, Consent(True))
    assert told == ["51 of 428 steps: ppv-lite86"]


def test_a_failed_compile_tells_why_and_not_how_far_it_was(machine):
    without_zellij(machine)
    lines = ("error: no space", *["    Building [==>     ] 51/428: mio"] * 40)
    with pytest.raises(VmError) as error:
        install.setup(RecordingRunner(fails="zellij", lines=lines), machine.host, Consent(True))
    assert error.value.detail == "error: no space"


def test_steps_of_an_instant_are_no_stages(machine, capsys):
    machine.complete()
    machine.host.zellij.unlink()
    install.setup(RecordingRunner(programs={"zellij --version": "zellij 0.45.1"}), machine.host, Consent(True))
    stages = [line.split("] ")[1] for line in capsys.readouterr().err.splitlines() if line.startswith("  [")]
    assert [stage.partition(" (")[0] for stage in stages] == [
        "making a Debian root with compilers",
        "unpacking the root",
        "downloading Zellij's crates",
        "compiling Zellij",
    ]


def test_a_failed_build_leaves_the_old_part_in_place(machine):
    machine.complete()
    machine.host.zellij.unlink()
    runner = RecordingRunner(fails="zellij")
    with pytest.raises(VmError):
        install.setup(runner, machine.host, Consent(True))
    assert not any(
        command[0] in {"mv", "rm"} and str(machine.host.zellij.parents[1]) in command for command in runner.ran
    )


@pytest.mark.parametrize("fails", ["", "mmdebstrap"])
def test_a_secret_is_there_while_the_commands_run_for_this_account_alone(machine, capsys, fails):
    path = machine.tmp / "new" / "logins.tar"
    route = Route("A root", (("mmdebstrap", str(path)),), ((path, b"hunter2"),))
    seen = []
    runner = RecordingRunner(
        answer=lambda _: seen.append((path.read_bytes(), path.stat().st_mode & 0o777)), fails=fails
    )
    with pytest.raises(VmError) if fails else contextlib.nullcontext():
        install._confirmed([route], Consent(True), optional="")
        install._install(runner, route)
    assert seen == [(b"hunter2", 0o600)]
    assert not path.exists()
    said = capsys.readouterr().err
    assert f"{path} has the mirror's password" in said
    assert "hunter2" not in said


CONTENTS = {
    "lima": archive({"bin/limactl": "#!/bin/sh\n", f"{AGENT}.gz": ""}),
    "zellij": archive({"zellij": "#!/bin/sh\n"}),
}


@pytest.fixture
def mirror(machine, monkeypatch):
    """A directory with both archives, which the table then knows; all but these two is there."""
    machine.complete()
    for program in (machine.host.limactl, machine.host.zellij):
        program.unlink()
    folder = machine.tmp / "mirror"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
        monkeypatch.setitem(release_archives.ARCHIVES, (name, "Linux", "x86_64"), pinned(name, content))
    return folder


def test_both_archives_are_installed_without_a_command(machine, mirror, capsys):
    runner = RecordingRunner(programs={"zellij --version": "zellij 0.45.1"})
    found = install.setup(runner, machine.host, Consent(True), Releases(str(mirror)))
    assert all(part.enough for part in found)
    assert runner.ran == []
    assert not list(machine.host.data.glob(".*.partial"))
    assert not list((machine.host.cache / "downloads").iterdir())
    assert f"  Download {mirror}/lima\n" in capsys.readouterr().err


def test_dry_shows_what_would_be_downloaded_and_downloads_nothing(machine, mirror, capsys):
    install.setup(RecordingRunner(dry=True), machine.host, Consent(False), Releases(str(mirror)))
    assert f"\nDownload {mirror}/zellij\n" in capsys.readouterr().err
    assert not machine.host.limactl.exists()
    assert not machine.host.cache.exists()


def test_a_wrong_archive_stops_even_what_goes_on_without_zellij(machine, mirror):
    (mirror / "zellij").write_bytes(b"other")
    with pytest.raises(RefusedFileError):
        install.setup(RecordingRunner(), machine.host, Consent(True), Releases(str(mirror)), tolerant=True)
    assert machine.host.limactl.exists()
    assert not machine.host.zellij.exists()


def test_nothing_is_compiled_by_itself_after_the_question(machine, mirror, asked):
    asked["answers"] = [True]
    releases = Releases(str(mirror))
    prerequisites.survey(RecordingRunner(), machine.host, releases)  # both were there when the plan was made
    (mirror / "lima").unlink()
    runner = RecordingRunner()
    with pytest.raises(VmError, match="could not be downloaded"):
        install.setup(runner, machine.host, Consent(False), releases)
    assert runner.ran == []
