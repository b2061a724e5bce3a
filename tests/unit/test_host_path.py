import errno
import os
from pathlib import Path

import pytest

from sysinit_vm import guest_writes
from sysinit_vm.errors import VmError
from sysinit_vm.guest_writes import Written
from sysinit_vm.host_path import looked_up, of_socket, resolved


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a project, in which a guest writes, and what the guest must not reach."""
    home = tmp_path.resolve()
    for name in ("project/src", "ssh", "data"):
        (home / name).mkdir(parents=True)
    (home / "ssh" / "id").write_text("secret")
    (home / "project" / "src" / "f").write_text("x")
    monkeypatch.chdir(home)
    return home


def info(path, home):
    with looked_up(str(path), [home / "project", home / "missing"]) as place:
        status = os.stat(place.name or ".", dir_fd=place.parent) if place.kind in {"dir", "file"} else None
        assert status is None or os.path.samestat(status, Path(place.real).stat())
        return place.kind, place.real


@pytest.mark.parametrize(
    ("path", "kind", "real"),
    [
        ("project/src/f", "file", "project/src/f"),
        ("./project//src/./f", "file", "project/src/f"),
        ("project/src", "dir", "project/src"),
        ("project/src/", "dir", "project/src"),
        ("project/src/..", "dir", "project"),
        ("project/src/../../data", "dir", "data"),
        (".", "dir", "."),
        ("project/new", "none", "project/new"),
        ("project/new/", "none", "project/new/"),
        ("no/such/place", "lost", "no/such/place"),
        ("project/src/f/x", "lost", "project/src/f/x"),
        ("project/src/f/", "lost", "project/src/f/"),
        ("fifo", "other", "fifo"),
        ("to-file", "file", "ssh/id"),
        ("to-dir", "dir", "data"),
        ("to-dir/new", "none", "data/new"),
        ("to-dir/..", "dir", "."),
        ("absolute/id", "file", "ssh/id"),
        ("twice/id", "file", "ssh/id"),
        ("dangling", "none", "data/nothing"),
        ("into-project/f", "file", "project/src/f"),
        ("loop", "lost", "loop"),
        ("loop/x", "lost", "loop/x"),
    ],
)
def test_what_is_there_with_the_users_own_links(home, path, kind, real):
    os.mkfifo(home / "fifo")
    for name, target in {
        "to-file": "ssh/id",
        "to-dir": "data",
        "absolute": home / "ssh",
        "twice": "absolute",
        "dangling": "data/nothing",
        "into-project": "project/src",
        "loop": "loop",
    }.items():
        (home / name).symlink_to(target)
    assert info(path, home) == (kind, f"{home}/{real}" if real != "." else str(home))
    assert info(home / path if path != "." else home, home)[0] == kind or path.endswith("/")


def test_the_root_is_a_directory(home):
    assert info("/", home) == ("dir", "/")
    assert info("/..", home) == ("dir", "/")


@pytest.mark.parametrize("target", ["../../ssh", "../src", "f", "missing", "loop"])
@pytest.mark.parametrize("path", ["project/src/loop", "project/src/loop/id", "into/loop", "to-link/id", "project/x/.."])
def test_no_link_in_a_directory_that_a_guest_writes_is_followed(home, target, path):
    (home / "project" / "src" / "loop").symlink_to(target)
    (home / "project" / "x").symlink_to(target)
    (home / "into").symlink_to("project/src")
    (home / "to-link").symlink_to("project/src/loop")
    with pytest.raises(VmError, match="is a link"):
        info(path, home)


def test_the_directory_is_known_by_itself_and_not_by_its_name(home):
    (home / "project" / "link").symlink_to("../ssh")
    (home / "other name").symlink_to("project")
    with pytest.raises(VmError, match="is a link"), looked_up("project/link/id", [home / "other name"]):
        pass


def test_back_out_of_the_project_the_users_links_are_followed_again(home):
    (home / "mine").symlink_to("ssh")
    assert info("project/src/../../mine/id", home) == ("file", str(home / "ssh/id"))


def test_two_dots_lead_back_even_if_the_guest_moves_the_directory_meanwhile(home, monkeypatch):
    (home / "mine").symlink_to("data")
    (home / "project" / "a" / "b").mkdir(parents=True)
    (home / "project" / "a" / "mine").mkdir()
    real = os.open

    def meanwhile(path, *args, **options):
        handle = real(path, *args, **options)
        if path == "src":
            (home / "project" / "src").rename(home / "project" / "a" / "b" / "src")
        return handle

    monkeypatch.setattr(os, "open", meanwhile)
    with looked_up("project/src/../../mine", [home / "project"]) as place:
        assert place.real == str(home / "data")
        assert os.path.samestat(os.fstat(place.parent), (home / "data").stat())


def test_an_inner_name_is_never_followed(home):
    (home / "data" / "link").symlink_to(home / "ssh")
    with looked_up("data", []) as place:
        assert place.inner("") is place
        assert (place.inner("link").kind, place.inner("link").real) == ("link", str(home / "data/link"))
        assert place.inner("new").kind == "none"


def test_what_the_system_refuses_is_told(home):
    with pytest.raises(VmError, match="File name too long"):
        info("x" * 300, home)


def test_no_handle_stays_open(home):
    before = len(list(Path("/dev/fd").iterdir()))
    info("project/src/f", home)
    (home / "project" / "l").symlink_to("src")
    with pytest.raises(VmError):
        info("project/l/f", home)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_link_is_not_followed_where_a_guest_could_write_when_it_was_started(home):
    (home / "project/out").symlink_to(home / "ssh")
    written = Written(home / "elsewhere", guest_writes.identity((home / "project").stat()))
    with pytest.raises(VmError, match="the guest can write there"), looked_up("project/out/id", [written]):
        pass


def test_nor_in_any_directory_that_has_a_config(home):
    """Its VM may be gone, and the links that its guest left are not."""
    (home / "data/.lima").mkdir()
    (home / "data/.lima/config.yaml").touch()
    (home / "data/out").symlink_to(home / "ssh")
    with pytest.raises(VmError, match="the guest can write there"), looked_up("data/out/id", []):
        pass


@pytest.fixture
def exchanged_meanwhile(home, monkeypatch):
    """A link that becomes a directory, and a link again, while the system's own look-up goes on."""
    (home / "link").symlink_to("data")

    def realpath(*_, **__):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os.path, "realpath", realpath)
    return home


def test_looking_where_a_path_leads_never_fails(exchanged_meanwhile):
    home = exchanged_meanwhile
    assert resolved(home / "link/x") == resolved("link/x") == home / "data/x"
    assert of_socket(f"{home}/link/x", reverse=False) == of_socket(f"{home}/link/x", reverse=True) == f"{home}/data/x"


def test_what_a_guest_can_write_is_recorded_even_if_links_change_meanwhile(exchanged_meanwhile):
    home = exchanged_meanwhile
    guest_writes.record(home, [home / "link"])
    (row,) = guest_writes.recorded(home)
    assert (row.path, row.identity) == (home / "data", guest_writes.identity((home / "data").stat()))
