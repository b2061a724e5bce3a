import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_the_projects_own_identity_wins_and_nothing_else_travels(host):
    (host / ".gitconfig").write_text("[user]\nname = Global\nemail = g@x\nsigningkey = S\n[github]\ntoken = T\n")
    project = host / "p"
    project.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "config", "user.email", "p@x"], cwd=project, check=True)
    assert git_identity.gitconfig(Runner(), project) == '[user]\n\tname = "Global"\n\temail = "p@x"'


def test_a_host_without_an_identity_gives_none(host):
    assert git_identity.gitconfig(Runner(), host) == ""


def test_half_an_identity_is_half(host):
    (host / ".gitconfig").write_text("[user]\nname = Only\n")
    assert git_identity.gitconfig(Runner(), host) == '[user]\n\tname = "Only"'


def test_a_host_without_git_gives_none(host, monkeypatch):
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
