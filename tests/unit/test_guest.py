import subprocess
from pathlib import Path

import pytest
from recording import result

from sysinit_vm import guest, render
from sysinit_vm.errors import VmError
from sysinit_vm.project import Project

CHECK = render.guest("check.sh")


@pytest.fixture
def demo(tmp_path):
    root = tmp_path / "my 'demo' $x"
    (root / ".lima").mkdir(parents=True)
    return Project(root)


class Lima:
    """The guest is this machine: what is asked of it runs here."""

    def __init__(self, answer=None):
        self.asked, self.answer = [], answer

    def run(self, name, words, *, workdir="/", timeout=None):
        self.asked.append((name, words, timeout))
        if self.answer:
            return self.answer(words)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return result(done.returncode, done.stdout, done.stderr)


def left(demo):
    return [path.name for path in demo.config.parent.iterdir()]


def test_a_mount_that_shows_our_file_and_our_host_its_answer_is_proven(demo):
    lima = Lima()
    assert guest.check(lima, "demo-dev", demo).mounted
    assert lima.asked[0][0] == "demo-dev"
    assert lima.asked[0][2] == 120
    assert left(demo) == []


def test_a_guest_that_sees_another_directory_is_not_mounted(demo, tmp_path):
    def elsewhere(words):
        done = subprocess.run([*words[:-1], str(tmp_path / "other")], capture_output=True, text=True, check=False)
        return result(0, done.stdout)

    found = guest.check(Lima(elsewhere), "a", demo)
    assert not found.mounted
    assert "No such file" in found.mount_problem
    assert left(demo) == []


def test_a_guest_whose_writes_do_not_arrive_is_not_mounted(demo):
    found = guest.check(Lima(lambda _: result(0, "zellij=yes\n")), "a", demo)
    assert (found.mounted, found.session_tool, found.mount_problem) == (False, True, "")


def test_a_host_that_cannot_write_says_so(tmp_path):
    found = guest.check(Lima(lambda _: result(0, "")), "a", Project(tmp_path / "gone"))
    assert not found.mounted
    assert "cannot be written on the host" in found.mount_problem


def test_what_the_guest_says_is_read(demo):
    said = "mount=cat: a=b: No such file\nzellij=no\nfailed=01.sh\nfailed=02.sh\nnoise\n"
    found = guest.check(Lima(lambda _: result(0, said)), "a", demo)
    assert found.mount_problem == "cat: a=b: No such file"
    assert found.failed_scripts == ("01.sh", "02.sh")
    assert not found.session_tool


@pytest.mark.parametrize("done", [result(124), result(255, err="kex_exchange_identification")])
def test_a_guest_that_does_not_answer_is_an_error_and_leaves_no_file(demo, done):
    with pytest.raises(VmError, match="does not answer") as caught:
        guest.check(Lima(lambda _: done), "a", demo)
    assert done.err in caught.value.detail
    assert left(demo) == []


def test_each_check_has_its_own_file_so_that_two_at_once_do_not_meet(demo):
    lima = Lima()
    guest.check(lima, "a", demo), guest.check(lima, "a", demo)
    assert lima.asked[0][1][-1] != lima.asked[1][1][-1]


def check(path, tools):
    done = subprocess.run(
        ["/bin/bash", "-c", CHECK, "bash", str(path)],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    return done.stdout.splitlines()


@pytest.fixture
def tools(tmp_path):
    place = tmp_path / "tools"
    place.mkdir()
    for name in ("cat", "sed", "sort"):
        (place / name).symlink_to(f"/bin/{name}")

    def stub(name, text):
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)

    stub("sudo", "exit 1")
    return place, stub


def test_the_script_answers_in_the_file_itself(tmp_path, tools):
    path = tmp_path / "a 'token' $file"
    path.write_text("abc")
    assert check(path, tools[0]) == ["zellij=no"]
    assert path.read_text() == "abc seen\n"


def test_the_script_tells_a_missing_file(tmp_path, tools):
    lines = check(tmp_path / "gone", tools[0])
    assert lines[0].startswith("mount=")
    assert "No such file" in lines[0]


def test_the_script_tells_a_mount_that_cannot_be_written(tools):
    unwritable = Path("/proc/version")  # not even root can
    lines = check(unwritable, tools[0])
    assert lines[0].startswith("mount=not writable in the guest: ")


def test_the_script_finds_zellij_and_each_failed_script_once(tmp_path, tools):
    place, stub = tools
    stub("zellij", "")
    failed = "LIMA 2026-11-23T08:00:00| WARNING: Failed to execute /mnt/lima-cidata/provision.system/00000001"
    stub("sudo", f"echo '{failed}'; echo '{failed}'; echo 'LIMA x| fine'")
    path = tmp_path / "token"
    path.write_text("t")
    assert check(path, place) == ["zellij=yes", "failed=/mnt/lima-cidata/provision.system/00000001"]


def test_our_setup_is_complete_and_valid_shell():
    scripts = guest.setup()
    assert list(scripts) == ["system", "user"]
    assert "@ZELLIJ_CONFIG@" not in scripts["system"]
    assert 'bind "d" { Detach; }' in scripts["system"]
    for script in scripts.values():
        assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False).stderr == ""


def test_a_guest_process_is_interrupted_by_its_marker():
    lima = Lima(lambda _: result())
    guest.interrupt(lima, "a", "sysinit-exec-1-abc")
    assert lima.asked[0][1][-1] == "sysinit-exec-1-abc"
    assert lima.asked[0][2] <= 30


def test_no_two_markers_are_alike():
    assert len({guest.marker() for _ in range(100)}) == 100
