import errno
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sysinit_vm.errors import VmError, typed
from sysinit_vm.guest import checks, processes, scripts, setup
from sysinit_vm.projects import repository
from sysinit_vm.projects.project import Project
from tests.fakes import FakeLimactl, on_this_machine, result

CHECK = scripts.read("check.sh")


@pytest.fixture
def demo(tmp_path):
    root = tmp_path / "my 'demo' $x"
    (root / ".lima").mkdir(parents=True)
    return Project(root)


def left(demo):
    return [path.name for path in demo.config.parent.iterdir()]


def test_a_mount_that_shows_our_file_and_our_host_its_answer_is_proven(demo):
    lima = FakeLimactl(guest=on_this_machine)
    assert checks.readiness(lima, "demo-dev", demo).mounted
    assert lima.asked[0][0] == "demo-dev"
    assert lima.asked[0][2] == 120
    assert left(demo) == []


def test_a_guest_that_sees_another_directory_is_not_mounted(demo, tmp_path):
    def elsewhere(words):
        done = subprocess.run([*words[:-1], str(tmp_path / "other")], capture_output=True, text=True, check=False)
        return result(0, done.stdout)

    readiness = checks.readiness(FakeLimactl(guest=elsewhere), "a", demo)
    assert not readiness.mounted
    assert "No such file" in readiness.mount_problem
    assert left(demo) == []


def test_a_guest_whose_writes_do_not_arrive_is_not_mounted(demo):
    readiness = checks.readiness(FakeLimactl(guest=result(0, "zellij=yes\n")), "a", demo)
    assert (readiness.mounted, readiness.session_tool, readiness.mount_problem) == (False, True, "")


def huge(path):
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (os.mkfifo, "It is a FIFO"),
        (lambda path: path.symlink_to("/dev/zero"), "It is a link"),
        (huge, "more than 200 bytes"),
        (lambda path: path.write_bytes(b"\xff"), "not UTF-8"),
    ],
    ids=["fifo", "device", "huge", "bytes"],
)
def test_whatever_a_guest_puts_in_the_answers_place_the_mount_is_not_proven(demo, put, why):
    def replace(words):
        path = Path(words[-1])
        path.unlink()
        put(path)
        return result(0, "zellij=yes\n")

    readiness = checks.readiness(FakeLimactl(guest=replace), "a", demo)
    assert not readiness.mounted
    assert why in readiness.mount_problem
    assert left(demo) == []


def test_a_directory_that_a_guest_made_a_link_leads_nowhere(demo, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def replace(words):
        path = Path(words[-1])
        (elsewhere / path.name).write_text(f"{path.read_text()} seen")
        path.parent.rename(tmp_path / "before")
        path.parent.symlink_to(elsewhere)
        return result(0, "zellij=yes\n")

    readiness = checks.readiness(FakeLimactl(guest=replace), "a", demo)
    assert (readiness.mounted, len(list(elsewhere.iterdir()))) == (False, 1)
    assert checks.readiness(FakeLimactl(guest=result(0, "")), "a", demo).mount_problem.endswith("on this machine.")
    assert len(list(elsewhere.iterdir())) == 1


@pytest.mark.parametrize("out", ["env=x\ncpus=1\nmemory=1\n", f"cpus={'9' * 5000}\nmemory=1\n", "place=\ncpus=x\n"])
def test_a_guest_that_answers_nonsense_does_not_answer(out):
    with pytest.raises(VmError, match="does not answer"):
        checks.state(FakeLimactl(guest=result(0, out)), "a", (), (), 1)


def test_a_frozen_guest_is_asked_how_it_is_for_half_a_minute_and_no_longer():
    lima = FakeLimactl(guest=result(124))
    with pytest.raises(VmError, match="within 30 seconds"):
        checks.vitals(lima, "a")
    assert [timeout for _, _, timeout in lima.asked] == [30]


def test_of_a_long_answer_the_end_is_told():
    assert checks.no_answer("a", result(1, err="x" * 10**6 + "why")).detail == "x" * 3997 + "why"


def test_a_host_that_cannot_write_says_so(tmp_path):
    readiness = checks.readiness(FakeLimactl(guest=result(0, "")), "a", Project(tmp_path / "gone"))
    assert not readiness.mounted
    assert "cannot be written on the host" in readiness.mount_problem


def test_a_read_only_mount_is_proven_by_reading(demo):
    readiness = checks.readiness(FakeLimactl(guest=on_this_machine), "a", demo, gitconfig="", writable=False)
    assert (readiness.mounted, readiness.mount_problem) == (True, "")
    assert "not writable" in readiness.read_only
    assert left(demo) == []


@pytest.mark.parametrize("out", ["", f"read={'0' * 64}\n", "mount=cat: No such file\n"])
def test_a_read_only_mount_of_another_directory_is_not_proven(demo, out):
    assert not checks.readiness(FakeLimactl(guest=result(0, out)), "a", demo, writable=False).mounted


@pytest.fixture
def forbidden(demo, monkeypatch):
    """A project that its user may not write: what root, who runs some tests, may everywhere."""
    really = os.open

    def refuse(path, flags, *more, **how):
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied")
        return really(path, flags, *more, **how)

    demo.config.write_text("cpus: 1\n")
    monkeypatch.setattr(os, "open", refuse)
    return demo


def test_a_project_that_its_user_may_not_write_is_proven_by_its_config(forbidden):
    readiness = checks.readiness(FakeLimactl(guest=on_this_machine), "a", forbidden)
    assert readiness.mounted
    assert f"you may not write {forbidden.root}: Permission denied" in readiness.read_only
    assert left(forbidden) == ["config.yaml"]


def test_another_config_in_its_place_proves_nothing(forbidden, tmp_path):
    (tmp_path / "other").write_text("cpus: 2\n")
    elsewhere = FakeLimactl(guest=lambda words: on_this_machine([*words[:-1], str(tmp_path / "other")]))
    assert not checks.readiness(elsewhere, "a", forbidden).mounted
    forbidden.config.unlink()
    gone = checks.readiness(FakeLimactl(guest=on_this_machine), "a", forbidden)
    assert (gone.mounted, gone.mount_problem) == (False, f"{forbidden.config} is gone.")


@pytest.fixture
def repo(demo, home, monkeypatch):
    """The project as a repository with a commit, in a guest that sees nothing above it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(demo.root.parent))
    git(demo.root, "init", "-q")
    git(demo.root, "commit", "-q", "--allow-empty", "-m", "first")
    return demo


def git(cwd, *words):
    identity = ("-c", "user.name=me", "-c", "user.email=me@a.example")
    subprocess.run(["git", *identity, *words], cwd=cwd, check=True, capture_output=True)


def git_problem(project):
    """What the guest's git says, and what to do about it."""
    problem = checks.readiness(FakeLimactl(guest=on_this_machine), "a", project).git_problem
    return problem, repository.advice(project.root, problem) if problem else ""


def test_a_repository_that_the_guests_git_can_use_is_no_word(repo):
    assert git_problem(repo) == ("", "")
    git(repo.root, "checkout", "-q", "--orphan", "without-a-commit")
    assert git_problem(repo) == ("", "")


def test_a_guests_git_that_does_not_answer_is_told(repo, monkeypatch):
    (repo.root / ".git/HEAD").unlink()
    os.mkfifo(repo.root / ".git/HEAD")
    monkeypatch.setattr(scripts, "read", lambda name: CHECK.replace("timeout 10", "timeout 0.2"))
    assert "did not answer" in git_problem(repo)[0]


def test_a_project_without_a_repository_is_not_asked_for_one(demo, home):
    lima = FakeLimactl(guest=on_this_machine)
    assert checks.readiness(lima, "a", demo).git_problem == ""
    assert lima.asked[0][1][-2] == ""


def test_of_a_project_in_a_directory_of_a_repository_git_is_told_to_fail(repo, monkeypatch):
    inner = Project(repo.root / "inner")
    inner.config.parent.mkdir(parents=True)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repo.root))
    problem, advice = git_problem(inner)
    assert "not a git repository" in problem
    assert advice.endswith(typed("sysinit-vm", "init", "--project", repo.root))


def test_the_repository_of_a_whole_home_directory_is_not_meant(demo, home, monkeypatch):
    monkeypatch.setenv("HOME", str(demo.root.parent))
    git(demo.root.parent, "init", "-q")
    assert repository.top(demo.root) is None


def test_a_clone_that_borrows_objects_is_told_how_to_copy_them(repo, tmp_path, monkeypatch):
    git(tmp_path, "clone", "-q", "--shared", str(repo.root), "borrower")
    borrower = Project(tmp_path / "borrower")
    borrower.config.parent.mkdir()
    assert git_problem(borrower) == ("", "")
    (repo.root / ".git").rename(tmp_path / "hidden")
    problem, advice = git_problem(borrower)
    assert problem
    assert "git -C" in advice
    (tmp_path / "hidden").rename(repo.root / ".git")
    subprocess.run(["sh", "-c", advice.partition(": ")[2]], check=True)
    (repo.root / ".git").rename(tmp_path / "hidden")
    assert git_problem(borrower) == ("", "")


def test_a_git_directory_that_is_a_link_out_of_the_project_is_told(repo, tmp_path):
    (repo.root / ".git").rename(tmp_path / "store")
    (repo.root / ".git").symlink_to(tmp_path / "gone")
    problem, advice = git_problem(repo)
    assert "not a git repository" in problem
    assert ".git is a link" in advice


def test_a_repository_of_a_newer_git_is_told(repo):
    git(repo.root, "config", "core.repositoryFormatVersion", "1")
    git(repo.root, "config", "extensions.relativeWorktreesOfTomorrow", "true")
    problem, advice = git_problem(repo)
    assert "relativeworktreesoftomorrow" in problem
    assert "newer" in advice


def test_a_repository_of_another_account_is_told_with_the_command_that_allows_it(repo, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    problem, advice = git_problem(repo)
    assert "dubious ownership" in problem
    assert shlex.split(advice)[:-1] == ["sysinit-vm", "exec", "git", "config", "--global", "--add", "safe.directory"]
    subprocess.run(shlex.split(advice)[2:], check=True)
    assert git_problem(repo) == ("", "")


def with_link(demo, target):
    path = next(demo.config.parent.glob(".mounted-*"))
    path.unlink()
    path.symlink_to(target)


def with_fifo(demo, _target):
    path = next(demo.config.parent.glob(".mounted-*"))
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("hostile", [with_link, with_fifo])
@pytest.mark.parametrize("target", ["/dev/zero", "secret"])
def test_a_guest_that_puts_something_else_into_the_files_place_is_not_mounted(demo, tmp_path, hostile, target):
    (tmp_path / "secret").write_text("theirs")

    def answer(_words):
        hostile(demo, tmp_path / target)
        return result(0, "zellij=yes\n")

    assert not checks.readiness(FakeLimactl(guest=answer), "a", demo).mounted
    assert (tmp_path / "secret").read_text() == "theirs"
    assert left(demo) == []


def test_nothing_is_written_where_a_link_in_place_of_our_directory_leads(demo, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    demo.config.parent.rmdir()
    demo.config.parent.symlink_to(elsewhere)
    seen = []

    def answer(_words):
        seen.extend(elsewhere.iterdir())
        return result(0, "zellij=yes\n")

    readiness = checks.readiness(FakeLimactl(guest=answer), "a", demo)
    assert not readiness.mounted
    assert "a link" in readiness.mount_problem
    assert seen == []


def test_no_directory_is_made_for_the_check(tmp_path):
    (tmp_path / "bare").mkdir()
    readiness = checks.readiness(FakeLimactl(guest=result(0, "")), "a", Project(tmp_path / "bare"))
    assert "cannot be written on the host" in readiness.mount_problem
    assert list((tmp_path / "bare").iterdir()) == []


def test_what_the_guest_says_is_read(demo):
    output = "mount=cat: a=b: No such file\nzellij=no\nfailed=01.sh\nfailed=02.sh\nnoise\n"
    readiness = checks.readiness(FakeLimactl(guest=result(0, output)), "a", demo)
    assert readiness.mount_problem == "cat: a=b: No such file"
    assert readiness.failed_scripts == ("01.sh", "02.sh")
    assert not readiness.session_tool


def test_what_the_guests_ssh_left_out_of_the_hosts_config_is_told_within_bounds(demo):
    output = "ssh=Match tagged x\nssh=Ciphers a=b\n" + "ssh=Ciphers \x1b[31m\n" * 1000
    left_out = checks.readiness(FakeLimactl(guest=result(0, output)), "a", demo).ssh_left_out
    assert left_out[:2] == ("Match tagged x", "Ciphers a=b")
    assert len(left_out) <= 20
    assert "\x1b" not in "".join(left_out)


@pytest.mark.parametrize("done", [result(124), result(255, err="kex_exchange_identification")])
def test_a_guest_that_does_not_answer_is_an_error_and_leaves_no_file(demo, done):
    with pytest.raises(VmError, match="does not answer") as caught:
        checks.readiness(FakeLimactl(guest=done), "a", demo)
    assert done.err in caught.value.detail
    assert left(demo) == []


def test_each_check_has_its_own_file_so_that_two_at_once_do_not_meet(demo):
    lima = FakeLimactl(guest=on_this_machine)
    checks.readiness(lima, "a", demo), checks.readiness(lima, "a", demo)
    assert lima.asked[0][1][-1] != lima.asked[1][1][-1]


def check(path, tools, how="write"):
    done = subprocess.run(
        ["/bin/bash", "-c", CHECK, "bash", how, "", str(path)],
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
    for name in ("cat", "sed", "sort", "sha256sum"):
        (place / name).symlink_to(shutil.which(name))

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
    scripts = setup.provision_scripts()
    assert list(scripts) == ["system", "user"]
    assert "@" + "FILES@" not in scripts["system"]
    assert 'bind "d" "D" { Detach; }' in scripts["system"]
    for script in scripts.values():
        assert set(re.findall(r"\{\{.*?\}\}", script)) <= {"{{.User}}"}, "Lima fills in templates"
        assert "LIMA_CIDATA" not in script, "Lima warns of it at every call"
        assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False).stderr == ""


def functions():
    """Return the setup's own functions, without what it does."""
    return setup.provision_scripts()["system"].replace("{{.User}}", "me").removesuffix("main\n")


def bash(line, *words):
    done = subprocess.run(["bash", "-c", functions() + line, "bash", *words], capture_output=True, check=False)
    assert done.stderr == b""
    return done.stdout.decode()


TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"))


@settings(deadline=None, max_examples=25)
@given(TEXT)
@example("a b'c\"d$e &|#: \u00e9[x]{y}`id`\\")
def test_a_value_is_read_back_exactly_by_any_shell(value):
    line = bash('assign export\\ A "$1"', value)
    for shell in ("bash", "dash"):
        done = subprocess.run([shell, "-c", line + '; printf %s "$A"'], capture_output=True, check=True)
        assert done.stdout.decode() == value


@settings(deadline=None, max_examples=25)
@given(TEXT)
@example('a \\ b " c \\" d \' e # f')
def test_a_value_is_escaped_as_sshd_reads_it(value):
    """Between double quotes a backslash stands before a quote and before itself (OpenSSH's argv_split)."""
    assert re.sub(r"\\([\\\"])", r"\1", bash('escaped "$1"', value)) == value


def test_every_file_of_ours_arrives_to_the_byte_and_is_written_once(tmp_path):
    for path, name in setup.guest_files().items():
        there = tmp_path / path.lstrip("/")
        text = setup.heredoc(path, scripts.read(name)).replace(f"replace {path}", f"replace {shlex.quote(str(there))}")
        bash(text)
        assert there.read_text() == scripts.read(name)
        there.chmod(0o444)
        before = there.stat().st_mtime_ns
        bash(text)
        assert there.stat().st_mtime_ns == before


def test_our_setup_runs_again_in_one_call_with_its_values_as_data():
    lima = FakeLimactl(guest=result())
    setup.apply_live(lima, "demo-dev", {"PROJECT_NAME": "a 'b' $c", "GUEST_DIRS": ".venv"})
    [(name, words, _)] = lima.asked
    assert name == "demo-dev"
    assert words[-2:] == ("PARAM_PROJECT_NAME=a 'b' $c", "PARAM_GUEST_DIRS=.venv")
    assert not any("{{" in word for word in words)
    assert all("a 'b' $c" not in word for word in words[:-2])


def test_a_setup_that_fails_says_what_the_guest_said():
    with pytest.raises(VmError, match="is a link") as caught:
        setup.apply_live(FakeLimactl(guest=result(1, err="/p/x is a link")), "demo-dev", {})
    assert "sysinit-vm restart" in str(caught.value)


def test_the_identity_travels_with_the_check_as_data(demo):
    lima = FakeLimactl(guest=result(0, "zellij=yes\n"))
    checks.readiness(lima, "a", demo, gitconfig='[user]\n\tname = "$y"')
    [(_, words, _)] = lima.asked
    assert words[:2] == ("bash", "-c")
    assert words[5] == '[user]\n\tname = "$y"'
    assert "$y" not in "".join((*words[:5], *words[6:]))
    assert left(demo) == []


@pytest.fixture
def identify(tmp_path):
    """The identity script in a guest whose /etc is ours; what is printed is git's own view."""
    etc, tools = tmp_path / "etc", tmp_path / "bin"
    etc.mkdir(), tools.mkdir()
    (tools / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tools / "sudo").chmod(0o755)
    script = scripts.read("identity.sh").replace("/etc/gitconfig", str(etc / "gitconfig"))

    def run(gitconfig):
        env = {"PATH": f"{tools}:/usr/bin:/bin", "GIT_CONFIG_SYSTEM": str(etc / "gitconfig"), "HOME": str(tmp_path)}
        words = ["bash", "-c", script, "bash", str(etc / "sysinit vm"), gitconfig]
        assert subprocess.run(words, env=env, capture_output=True, check=True).stderr == b""
        view = subprocess.run(
            ["git", "config", "-z", "--get-regexp", "user"], env=env, cwd="/", capture_output=True, check=False
        )
        return dict(entry.split("\n", 1) for entry in view.stdout.decode().split("\0") if entry)

    return run, etc


def test_the_guests_git_has_the_hosts_identity_below_everything_of_its_own(identify):
    run, etc = identify
    (etc / "gitconfig").write_text("[user]\n\temail = theirs\n")
    assert run('[user]\n\tname = "A B"\n\temail = "x"') == {"user.name": "A B", "user.email": "theirs"}
    once = (etc / "gitconfig").read_text()
    assert run('[user]\n\tname = "C"') == {"user.name": "C", "user.email": "theirs"}
    assert (etc / "gitconfig").read_text() == once
    assert run("") == {"user.email": "theirs"}


def test_no_identity_leaves_a_guest_as_it_is(identify):
    run, etc = identify
    assert run("") == {}
    assert not (etc / "gitconfig").exists()


def test_a_guest_process_is_interrupted_by_its_marker():
    lima = FakeLimactl(guest=result())
    processes.interrupt(lima, "a", "sysinit-exec-1-abc")
    assert lima.asked[0][1][-1] == "sysinit-exec-1-abc"
    assert lima.asked[0][2] <= 30


def test_no_two_markers_are_alike():
    assert len({processes.marker() for _ in range(100)}) == 100


def test_a_guest_that_names_thousands_of_failed_scripts_names_twenty(tmp_path):
    (tmp_path / ".lima").mkdir()
    lima = FakeLimactl(guest=result(out=f"mount={'x' * 10**6}\n" + f"failed={'y' * 10**4}\n" * 1000))
    report = checks.readiness(lima, "vm", Project(tmp_path))
    assert len(report.failed_scripts) == 20
    assert {len(name) for name in report.failed_scripts} == {201}
    assert len(report.mount_problem) < 5000
