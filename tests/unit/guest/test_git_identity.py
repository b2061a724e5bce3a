import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysinit_vm import executables
from sysinit_vm.errors import MissingError
from sysinit_vm.guest import git_identity
from sysinit_vm.runner import Runner
from tests.fakes import RecordingRunner, result

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@settings(deadline=None, max_examples=50)
@given(TEXT, TEXT)
def test_git_reads_back_what_was_written(tmp_path_factory, name, email):
    path = tmp_path_factory.getbasetemp() / "gitconfig"
    path.write_text(git_identity.config_text({"user.name": name, "user.email": email}), newline="")
    argv = ["git", "config", "--file", str(path), "--null", "--list"]
    done = subprocess.run(argv, capture_output=True, check=True).stdout.decode()
    assert done == f"user.name\n{name}\0user.email\n{email}\0"


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def project(host):
    """A repository whose files its guest wrote; the user's own identity is Global."""
    (host / ".gitconfig").write_text("[user]\nname = Global\nemail = g@x\nsigningkey = S\n[github]\ntoken = T\n")
    project = host / "p"
    project.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    return project


GLOBAL = '[user]\n\tname = "Global"\n\temail = "g@x"'


def test_the_users_own_identity_travels_and_nothing_else(project):
    assert git_identity.gitconfig(Runner(), project) == GLOBAL


def test_the_projects_own_identity_stays_in_its_config_which_the_guests_git_reads(project):
    subprocess.run(["git", "config", "user.email", "p@x"], cwd=project, check=True)
    assert git_identity.gitconfig(Runner(), project) == GLOBAL


def test_what_the_users_config_includes_for_this_project_counts(host, project):
    with (host / ".gitconfig").open("a") as stream:
        stream.write(f'[includeIf "gitdir:{host}/p/"]\npath = work\n')
    (host / "work").write_text("[user]\nemail = work@x\n")
    assert git_identity.gitconfig(Runner(), project) == '[user]\n\tname = "Global"\n\temail = "work@x"'
    assert git_identity.gitconfig(Runner(), host) == GLOBAL


def test_a_hostile_config_of_the_project_runs_nothing_and_tells_nothing(host, project):
    marker, secret = host / "marker", host / "secret"
    secret.write_text("[user]\nname = secret\nemail = secret@x\n")
    run = f"!touch {marker}"
    lines = [
        f"[include]\npath = {secret}\npath = {host / 'fifo'}\npath = /dev/zero",
        f'[includeIf "gitdir:**"]\npath = {secret}',
        f"[core]\nfsmonitor = touch {marker}\nsshCommand = touch {marker}\npager = touch {marker}\neditor = touch {marker}",
        f"hooksPath = {host / 'hooks'}\ngitProxy = touch {marker}\naskPass = touch {marker}\nalternateRefsCommand = touch {marker}",
        f"[alias]\nconfig = {run}\ngit = {run}",
        f"[pager]\nconfig = touch {marker}",
        f"[credential]\nhelper = {run}",
        f"[trace2]\neventTarget = {marker}\nnormalTarget = {marker}",
    ]
    with (project / ".git" / "config").open("a") as stream:
        stream.write("\n".join(lines) + "\n")
    os.mkfifo(host / "fifo")
    assert git_identity.gitconfig(Runner(), project) == GLOBAL
    assert not marker.exists()


@pytest.mark.parametrize("leads_to", ["secret", "nowhere", "/dev/zero"])
def test_a_git_directory_that_leads_elsewhere_tells_nothing(host, project, leads_to):
    secret = host / "secret"
    subprocess.run(["git", "init", "-q", str(secret)], check=True)
    subprocess.run(["git", "config", "user.name", "secret"], cwd=secret, check=True)
    shutil.rmtree(project / ".git")
    (project / ".git").write_text(f"gitdir: {host / leads_to}/.git\n")
    assert "secret" not in git_identity.gitconfig(Runner(), project)
    (project / ".git").unlink()
    (project / ".git").symlink_to(host / leads_to / ".git")
    assert "secret" not in git_identity.gitconfig(Runner(), project)


def test_a_host_without_an_identity_gives_none(host):
    assert git_identity.gitconfig(Runner(), host) == ""


def test_half_an_identity_is_half(host):
    (host / ".gitconfig").write_text("[user]\nname = Only\n")
    assert git_identity.gitconfig(Runner(), host) == '[user]\n\tname = "Only"'


def test_a_host_without_git_gives_none(host, monkeypatch):
    monkeypatch.setattr(executables, "_SBIN", ())
    monkeypatch.setenv("PATH", str(host))
    with pytest.raises(MissingError):
        Runner().read(["git"])
    assert git_identity.gitconfig(Runner(), host) == ""


def test_a_directory_that_is_gone_gives_none(host):
    assert git_identity.gitconfig(Runner(), host / "gone") == ""


def test_it_is_one_question(tmp_path):
    runner = RecordingRunner(result(0, "user.name\nA\0user.name\nB\nC\0"))
    assert git_identity.gitconfig(runner, tmp_path) == '[user]\n\tname = "B\\nC"'
    assert len(runner.argvs) == 1


@pytest.mark.parametrize("name", ["HEAD", "config", "commondir"])
def test_a_git_that_waits_for_what_a_guest_made_leaves_the_identity_as_it_is(project, monkeypatch, name):
    (project / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(project / ".git" / name)
    monkeypatch.setattr(git_identity, "SECONDS", 0.2)
    assert git_identity.gitconfig(Runner(), project) is None


def test_git_is_waited_for_only_a_few_seconds(project):
    waited = []

    class Watched(Runner):
        def read(self, argv, **options):
            waited.append(options["timeout"])
            return super().read(argv, **options)

    git_identity.gitconfig(Watched(), project)
    assert waited == [git_identity.SECONDS]
    assert git_identity.SECONDS <= 5
