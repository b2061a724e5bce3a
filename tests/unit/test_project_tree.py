import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from sysinit_vm import project_tree
from sysinit_vm.errors import VmError

CONFIG = Path(".lima/config.yaml")


def names(directory):
    return [path.name for path in directory.iterdir()]


def project(tmp_path):
    root = tmp_path.resolve() / "shop"
    (root / ".lima").mkdir(parents=True)
    return root


def test_a_file_is_read_with_its_owner(tmp_path):
    root = project(tmp_path)
    (root / CONFIG).write_text("ünï: 1\n")
    content = project_tree.read(root, CONFIG, 100)
    assert content.text(root / CONFIG) == "ünï: 1\n"
    assert (content.owner, content.writers) == (os.getuid(), {os.getuid()})
    assert (content.open_to_others, content.open_directories, content.exchangeable) == (False, (), None)


def test_a_files_permissions_are_told_without_what_would_run_it_as_another(tmp_path):
    root = project(tmp_path)
    (root / CONFIG).write_text("")
    (root / CONFIG).chmod(0o4640)
    assert project_tree.read(root, CONFIG, 100).mode == 0o640


@pytest.mark.parametrize("missing", [".lima/config.yaml", ".lima/a/b", "none/at/all"])
def test_nothing_is_read_where_nothing_is(tmp_path, missing):
    assert project_tree.read(project(tmp_path), Path(missing), 100) is None


@pytest.mark.parametrize(("mode", "exchangeable"), [(0o777, True), (0o1777, False)])
def test_a_directory_that_others_may_write_is_told(tmp_path, mode, exchangeable):
    root = project(tmp_path)
    (root / CONFIG).write_text("")
    (root / ".lima").chmod(mode)
    content = project_tree.read(root, CONFIG, 100)
    assert content.open_directories == (root / ".lima",)
    assert content.exchangeable == (root / ".lima" if exchangeable else None)


def test_a_file_that_others_may_write_is_told(tmp_path):
    root = project(tmp_path)
    (root / CONFIG).write_text("")
    (root / CONFIG).chmod(0o666)
    assert project_tree.read(root, CONFIG, 100).open_to_others


def a_link(path):
    path.symlink_to("/etc/passwd")


def a_dangling_link(path):
    path.symlink_to("nowhere")


def a_directory(path):
    path.mkdir()


def a_fifo(path):
    os.mkfifo(path)


def a_socket(path):
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def too_long(path):
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)


def not_utf8(path):
    path.write_bytes(b"\xff")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (a_link, "a link"),
        (a_dangling_link, "a link"),
        (a_directory, "a directory"),
        (a_fifo, "a FIFO"),
        (a_socket, "No such device|a socket"),
        (too_long, "more than 100 bytes"),
        (not_utf8, "UTF-8"),
    ],
)
def test_what_is_no_plain_small_file_is_refused(tmp_path, make, why):
    root = project(tmp_path)
    make(root / CONFIG)
    with pytest.raises(VmError, match=why):
        project_tree.read(root, CONFIG, 100).text(root / CONFIG)


def test_what_to_type_keeps_what_is_there_or_removes_a_link_alone(tmp_path):
    root = project(tmp_path)
    path = root / CONFIG
    for make, hint in ((a_link, f"rm {path}"), (a_fifo, f"mv {path} {path}.old"), (too_long, f"mv {path} {path}.old")):
        make(path)
        with pytest.raises(VmError) as caught:
            project_tree.read(root, CONFIG, 100)
        assert caught.value.hint == hint
        path.unlink()


def test_a_link_to_a_device_is_not_opened(tmp_path):
    root = project(tmp_path)
    (root / CONFIG).symlink_to("/dev/zero")
    with pytest.raises(VmError, match="a link"):
        project_tree.read(root, CONFIG, 100)


@pytest.mark.parametrize("use", ["read", "write", "exists"])
def test_a_directory_that_is_a_link_is_refused(tmp_path, use):
    root, elsewhere = project(tmp_path), tmp_path / "elsewhere"
    (root / ".lima").rmdir()
    elsewhere.mkdir()
    (elsewhere / "config.yaml").write_text("secret")
    (root / ".lima").symlink_to(elsewhere)
    arguments = {"read": (100,), "write": (b"new",), "exists": ()}[use]
    with pytest.raises(VmError, match=r"\.lima[\s\S]*a link"):
        getattr(project_tree, use)(root, CONFIG, *arguments)
    assert names(elsewhere) == ["config.yaml"]
    assert (elsewhere / "config.yaml").read_text() == "secret"


@pytest.mark.parametrize("use", ["read", "write"])
def test_no_path_leads_out(tmp_path, use):
    root = project(tmp_path)
    (tmp_path / "outside").write_text("secret")
    with pytest.raises(VmError, match="leads out"):
        getattr(project_tree, use)(root, Path(".lima/../../outside"), *([100] if use == "read" else [b"new"]))
    assert (tmp_path / "outside").read_text() == "secret"


def test_a_file_is_written_whole_with_its_directories_and_mode(tmp_path):
    root = tmp_path.resolve()
    project_tree.write(root, CONFIG, b"new", mode=0o640)
    assert (root / CONFIG).read_bytes() == b"new"
    assert stat.S_IMODE((root / CONFIG).stat().st_mode) == 0o640
    assert names(root / ".lima") == ["config.yaml"]


def test_no_directory_is_made_where_that_is_not_wanted(tmp_path):
    with pytest.raises(VmError, match="Cannot write"):
        project_tree.write(tmp_path.resolve(), CONFIG, b"new", parents=False)
    assert names(tmp_path) == []


def test_a_link_is_not_written_through_nor_replaced(tmp_path):
    root = project(tmp_path)
    (tmp_path / "key").write_text("secret")
    (root / CONFIG).symlink_to(tmp_path / "key")
    with pytest.raises(VmError, match="a link"):
        project_tree.write(root, CONFIG, b"new")
    assert (tmp_path / "key").read_text() == "secret"
    assert names(root / ".lima") == ["config.yaml"]


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    root = project(tmp_path)
    (root / CONFIG).write_text("old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        project_tree.write(root, CONFIG, b"new")
    assert (root / CONFIG).read_text() == "old"
    assert names(root / ".lima") == ["config.yaml"]


def test_a_file_or_link_is_removed_and_nothing_that_it_leads_to(tmp_path):
    root = project(tmp_path)
    (tmp_path / "kept").write_text("")
    (root / CONFIG).symlink_to(tmp_path / "kept")
    assert project_tree.exists(root, CONFIG)
    project_tree.remove(root, CONFIG)
    project_tree.remove(root, CONFIG)
    assert not project_tree.exists(root, CONFIG)
    assert (tmp_path / "kept").exists()


def test_an_empty_directory_is_removed_and_no_other(tmp_path):
    root = project(tmp_path)
    (root / CONFIG).write_text("")
    project_tree.remove(root, CONFIG.parent)
    assert (root / CONFIG).exists()
    project_tree.remove(root, CONFIG)
    project_tree.remove(root, CONFIG.parent)
    assert names(root) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_looked_at_by_df(tmp_path, monkeypatch, number):
    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VmError, match=f"Try: df -h {tmp_path}"):
        project_tree.write(tmp_path, Path("a/b"), b"x")


@pytest.fixture
def led_elsewhere(tmp_path):
    """A project whose directory was found before a directory above it was exchanged for a link."""
    root = project(tmp_path / "x")
    (root / CONFIG).write_text("mine")
    (tmp_path / "x").rename(tmp_path / "y")
    (tmp_path / "x").symlink_to("y")
    return root


@pytest.mark.parametrize(
    "use",
    [
        lambda root: project_tree.read(root, CONFIG, 100),
        lambda root: project_tree.read(root, Path("none"), 100),
        lambda root: project_tree.write(root, CONFIG, b"changed"),
        lambda root: project_tree.write(root, Path("new/file"), b"changed"),
        lambda root: project_tree.exists(root, CONFIG),
        lambda root: project_tree.exists(root, Path("none")),
    ],
)
def test_no_link_is_followed_on_the_way_to_the_project(tmp_path, led_elsewhere, use):
    with pytest.raises(VmError) as refused:
        use(led_elsewhere)
    assert "It is a link" in refused.value.detail
    assert str(tmp_path.resolve() / "x") in refused.value.brief
    assert names(tmp_path / "y/shop") == [".lima"]
    assert (tmp_path / "y/shop" / CONFIG).read_text() == "mine"


def test_nothing_is_removed_through_a_link_on_the_way_to_the_project(tmp_path, led_elsewhere):
    project_tree.remove(led_elsewhere, CONFIG)
    assert (tmp_path / "y/shop" / CONFIG).read_text() == "mine"


def test_a_directory_above_the_project_need_only_be_passed(tmp_path):
    """As a home that lets its group pass, and not list it."""
    root = project(tmp_path / "x")
    (root / CONFIG).write_text("mine")
    (tmp_path / "x").chmod(0o311)
    assert project_tree.read(root, CONFIG, 100).data == b"mine"
