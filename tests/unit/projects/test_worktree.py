import os
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysinit_vm.projects import worktree
from sysinit_vm.projects.worktree import Shared

GIT = ("git", "-c", "user.name=me", "-c", "user.email=me@a.example", "-c", "protocol.file.allow=always")


def git(cwd, *words):
    subprocess.run([*GIT, *words], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def place(home, tmp_path):
    """A repository ``main`` and its worktree ``tree``, as git itself makes them."""
    place = tmp_path.resolve() / "w"
    main = place / "main"
    main.mkdir(parents=True)
    git(main, "init", "-q")
    git(main, "commit", "-q", "--allow-empty", "-m", "first")
    git(main, "worktree", "add", "-q", str(place / "tree"))
    return place


@pytest.fixture
def forged(place):
    """A project whose guest writes what it likes, beside a directory of the host's that it must not have."""
    project, secret = place / "project", place / "secret"
    project.mkdir()
    (secret / "deep" / "er").mkdir(parents=True)
    return project


def test_a_worktree_shares_its_repositorys_git_directory(place):
    assert worktree.shared(place / "tree") == Shared(place / "main" / ".git")


def test_a_relative_worktree_as_newer_git_makes_it(place):
    tree, admin = place / "tree", place / "main/.git/worktrees/tree"
    (tree / ".git").write_text("gitdir: ../main/.git/worktrees/tree\n")
    (admin / "gitdir").write_text("../../../../tree/.git\n")
    assert worktree.shared(tree).directory == place / "main" / ".git"


def test_a_worktree_of_a_bare_repository(place):
    git(place, "clone", "-q", "--bare", str(place / "main"), str(place / "bare.git"))
    git(place / "bare.git", "worktree", "add", "-q", str(place / "from-bare"))
    assert worktree.shared(place / "from-bare").directory == place / "bare.git"


def test_a_worktree_that_git_moved_is_one_still_and_one_that_mv_moved_says_how_to_mend_it(place):
    git(place / "main", "worktree", "move", str(place / "tree"), str(place / "moved"))
    assert worktree.shared(place / "moved").directory == place / "main" / ".git"
    (place / "moved").rename(place / "again")
    found = worktree.shared(place / "again")
    assert found.directory is None
    assert "git worktree repair" in found.word


@pytest.mark.parametrize("kind", ["none", "directory", "link", "text", "binary", "pipe", "loop", "self"])
def test_what_is_no_worktree_shares_nothing_and_is_no_error(place, kind):
    root = place / "other"
    root.mkdir()
    pointer = root / ".git"
    if kind == "directory":
        git(root, "init", "-q")
    elif kind == "link":
        pointer.symlink_to(place / "tree" / ".git")
    elif kind == "pipe":
        os.mkfifo(pointer)
    elif kind == "loop":
        (root / "loop").symlink_to("loop")
        pointer.write_text("gitdir: loop/x\n")
    elif kind != "none":
        pointer.write_bytes({"text": b"hello", "binary": b"gitdir: \0\xff", "self": b"gitdir: .\n"}[kind])
    assert worktree.shared(root) == Shared()


def test_a_submodule_is_not_mounted_and_says_so(place):
    git(place / "main", "submodule", "add", "-q", str(place / "tree"), "sub")
    assert (place / "main/sub/.git").is_file()
    found = worktree.shared(place / "main" / "sub")
    assert found.directory is None
    assert "submodule" in found.word


def point(project, leads_to):
    (project / ".git").write_text(f"gitdir: {leads_to}\n")


@pytest.mark.parametrize(
    "leads_to", ["/", "/etc", "../secret", "../secret/deep/er", "~", "../main/.git", "..", "../.."]
)
def test_no_directory_of_the_host_is_had_by_naming_it(forged, leads_to):
    point(forged, leads_to)
    assert worktree.shared(forged).directory is None


def test_another_projects_worktree_is_not_had(forged, place):
    point(forged, place / "main/.git/worktrees/tree")
    assert worktree.shared(forged).directory is None


def admin(place, of, back):
    """Files as git makes them for a worktree, at a place where a hostile guest might get at them."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "gitdir").write_text(f"{back}\n")
    (place / "commondir").write_text("../..\n")
    for part in ("objects", "refs"):
        (of / part).mkdir(parents=True, exist_ok=True)
    (of / "HEAD").write_text("ref: refs/heads/main\n")


def test_what_the_guest_made_inside_the_project_is_the_projects_own(forged):
    admin(forged / "git/worktrees/x", forged / "git", forged / ".git")
    point(forged, "git/worktrees/x")
    assert worktree.shared(forged).directory is None


def test_a_link_out_of_the_project_is_followed_before_it_is_judged(forged, place):
    (forged / "way").symlink_to(place / "secret")
    point(forged, "way/worktrees/x")
    assert worktree.shared(forged).directory is None
    (forged / "worktrees").symlink_to(place / "main/.git/worktrees")
    point(forged, "worktrees/tree")
    assert worktree.shared(forged).directory is None


def test_a_git_directory_in_a_directory_called_worktrees_does_not_open_what_is_above_it(place):
    """The guest of a true worktree writes the common directory, and so could make it look like a worktree's own."""
    common = place / "home" / "worktrees" / "repo"
    common.parent.mkdir(parents=True)
    (place / "main" / ".git").rename(common)
    point(place / "tree", common / "worktrees" / "tree")
    assert worktree.shared(place / "tree").directory == common
    (common / "gitdir").write_text(f"{place / 'tree' / '.git'}\n")
    (common / "commondir").write_text("../..\n")
    point(place / "tree", common)
    assert worktree.shared(place / "tree").directory is None


@pytest.mark.parametrize("common", ["/", "..", "../../..", "/etc", "../../../../secret", "../../", "../..\n/etc"])
def test_a_commondir_that_leads_elsewhere_is_not_believed(place, common):
    (place / "main/.git/worktrees/tree/commondir").write_text(f"{common}\n")
    assert worktree.shared(place / "tree").directory is None


def test_a_back_pointer_that_is_a_link_is_not_believed(place):
    back = place / "main/.git/worktrees/tree/gitdir"
    kept = back.rename(back.with_name("kept"))
    back.symlink_to(kept)
    assert worktree.shared(place / "tree").directory is None


def test_neither_home_nor_limas_own_directory_is_ever_mounted(place, monkeypatch):
    for name, value, why in (
        ("HOME", place / "main/.git", "your home directory"),
        ("LIMA_HOME", place / "main/.git/lima", "LIMA_HOME"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(name, str(value))
            found = worktree.shared(place / "tree")
            assert found.directory is None
            assert why in found.word


def test_a_path_that_qemu_would_read_as_options_is_not_mounted(place):
    odd = place / "a,b"
    (place / "main").rename(odd)
    git(odd, "worktree", "repair", str(place / "tree"))
    found = worktree.shared(place / "tree")
    assert found.directory is None
    assert "comma" in found.word


words = st.lists(
    st.sampled_from(["..", ".", "main", ".git", "worktrees", "tree", "secret", "project", "x", ""]), max_size=9
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(pointer=words, absolute=st.booleans(), link=words, inside=words)
def test_a_guest_that_writes_anything_below_its_project_never_gets_a_directory(forged, pointer, absolute, link, inside):
    """Whatever ``.git`` says, and whatever links and git-like files the guest makes in the project."""
    shutil.rmtree(forged)
    forged.mkdir()
    (forged / "x").symlink_to("/".join(["..", *link]) or ".")
    made = forged / "/".join(each for each in inside if each not in {"..", "", "x"})
    if made != forged:
        admin(made, made.parent.parent if made.parent.parent.is_relative_to(forged) else forged, forged / ".git")
    (forged / ".git").is_dir() or point(forged, f"{forged.parent if absolute else '.'}/{'/'.join(pointer)}")
    assert worktree.shared(forged).directory is None
