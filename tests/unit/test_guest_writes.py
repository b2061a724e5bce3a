import os

import pytest

from sysinit_vm import guest_writes
from sysinit_vm.errors import VmError
from sysinit_vm.files import require_no_guest, require_private
from sysinit_vm.guest_writes import is_guests, recorded


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a project that a guest writes, and an instance of it."""
    home = tmp_path.resolve() / "home"
    for name in ("demo/sub", ".lima/demo-dev", "other"):
        (home / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(guest_writes, "_account_home", lambda: home)
    monkeypatch.delenv("LIMA_HOME", raising=False)
    return home


def test_what_was_recorded_is_read_again_with_links_resolved(home):
    (home / "link").symlink_to(home / "demo")
    guest_writes.record(home / ".lima/demo-dev", [home / "link", home / "missing"])
    (written,) = recorded(home / ".lima/demo-dev")
    assert written.path == home / "demo"
    assert written.identity == guest_writes.identity((home / "demo").stat())
    guest_writes.record(home / ".lima/demo-dev", [])
    assert recorded(home / ".lima/demo-dev") == ()
    assert [path.name for path in (home / ".lima/demo-dev").iterdir()] == ["sysinit-vm-writes.json"]


NO_RECORDS = [b"", b"{}", b"[1]", b"[[1,2]]", b"\xff", b'[["/a", 1]]', b"[" * 200_000, b'[["/x", [], {}]]']


@pytest.mark.parametrize("text", NO_RECORDS, ids=range(len(NO_RECORDS)))
def test_a_record_that_is_none_is_nothing(home, text):
    (home / ".lima/demo-dev/sysinit-vm-writes.json").write_bytes(text)
    assert recorded(home / ".lima/demo-dev") == ()


def test_a_guest_writes_in_what_was_recorded_wherever_it_is_now(home):
    guest_writes.record(home / ".lima/demo-dev", [home / "demo"])
    (home / "into").symlink_to(home / "demo/sub")
    (home / "demo/out").symlink_to(home / "other")
    assert all(is_guests(home / name) for name in ("demo", "demo/sub", "demo/new/deep", "into", "into/x", "demo/out"))
    assert not any(is_guests(home / name) for name in ("other", "new", ".lima", ""))
    (home / "demo").rename(home / "moved")
    assert is_guests(home / "moved/sub")


def test_a_project_counts_before_its_vm_was_ever_started(home):
    (home / "demo/.lima").mkdir()
    (home / "demo/.lima/config.yaml").symlink_to("nowhere")
    assert is_guests(home / "demo/sub")
    assert not is_guests(home / "other")


def test_a_guest_that_may_write_the_home_hides_nothing_of_it(home):
    guest_writes.record(home / ".lima/demo-dev", [home, home.parent])
    assert not is_guests(home / "other")


def test_what_a_guest_writes_is_no_place_for_ours(home):
    guest_writes.record(home / ".lima/demo-dev", [home / "demo"])
    (home / "link").symlink_to(home / "other")
    (home / "demo/link").symlink_to(home / "other")
    assert require_no_guest(home / "link/x") == home / "other/x"
    for place in ("demo/x", "demo/link"):
        with pytest.raises(VmError, match="The guest of a project can write there"):
            require_no_guest(home / place)


@pytest.mark.parametrize("open_place", ["way", "way/target", "way/target/own"])
def test_nobody_else_may_lead_a_link_on_the_way_elsewhere(home, open_place):
    (home / "way/target/own").mkdir(parents=True)
    (home / "first").symlink_to(home / "way/second")
    (home / "way/second").symlink_to("target")
    assert require_private(home / "first/own") == home / "way/target/own"
    (home / open_place).chmod(0o777)
    with pytest.raises(VmError, match=f"Others may write {home / open_place}"):
        require_private(home / "first/own")


def test_a_record_that_is_a_fifo_is_nothing_and_never_waited_for(home):
    os.mkfifo(home / ".lima/demo-dev/sysinit-vm-writes.json")
    assert recorded(home / ".lima/demo-dev") == ()
