import io
import os
import tarfile

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.guest.transfer import PathInfo, Transfer, _pack, _unpack
from sysinit_vm.host_path import looked_up
from tests.fakes import FakeLimactl, RecordingRunner, result


def archive(*names, data=b"x"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def transfer(runner):
    left_out, sizes = {}, []
    return Transfer(FakeLimactl(runner=runner), "vm", "typed", left_out.__setitem__, sizes.append), left_out, sizes


def received(goal, runner, source):
    one, left_out, _ = transfer(runner)
    with looked_up(str(goal), []) as target:
        one.receive(source, target)
    return left_out


def test_the_guest_packs_and_unpacks_with_tar():
    directory, file = PathInfo("dir", "/a b"), PathInfo("file", "/x/-f")
    assert _pack(directory) == ("tar", "-C", "/a b", "-cf", "-", ".")
    assert _pack(file) == ("tar", "-C", "/x", "-cf", "-", "./-f")
    assert _unpack(directory, PathInfo("none", "/to/g"))[3:] == ("sh", "/to/g", "/to")
    assert _unpack(directory, PathInfo("dir", "/to/g"))[3:] == ("sh", "/to/g", "/to/g")
    assert _unpack(file, PathInfo("none", "/to/g"))[3:] == ("sh", "/to/g", "-f")


def test_a_file_takes_the_name_of_the_target(tmp_path):
    left_out = received(
        tmp_path / "g", RecordingRunner(received=archive("./extra", "./f")), PathInfo("file", "/guest/f")
    )
    assert (tmp_path / "g").read_text() == "x"
    assert left_out == {"./extra": "It was not asked for."}
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


@pytest.mark.parametrize("name", ["other", "../f", "/f"])
def test_a_file_that_the_guest_does_not_send_changes_nothing(tmp_path, name):
    (tmp_path / "g").write_text("old")
    with pytest.raises(VmError, match="No such file"):
        received(tmp_path / "g", RecordingRunner(received=archive(name)), PathInfo("file", "/guest/f"))
    assert (tmp_path / "g").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


@pytest.mark.parametrize("real", ["/", "/guest/..", "/guest/.", "//"])
def test_a_guest_that_calls_a_file_by_no_name_changes_nothing(tmp_path, real):
    with pytest.raises(VmError, match="typed was not copied"):
        received(tmp_path / "g", RecordingRunner(received=archive("x")), PathInfo("file", real))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "dir"])
@pytest.mark.parametrize("length", [0, 100, 600, 700])
def test_half_a_stream_changes_nothing_and_both_sides_say_why(tmp_path, kind, length):
    runner = RecordingRunner(result(2, err="tar: gone\x1b[2J"), received=archive("f", data=b"x" * 1000)[:length])
    with pytest.raises(VmError, match=r"ends early[\s\S]*tar: gone\\x1b"):
        received(tmp_path / "g", runner, PathInfo(kind, "/guest/f"))
    assert list(tmp_path.iterdir()) == []


def test_a_whole_stream_arrives_even_if_the_guest_could_not_read_all(tmp_path):
    runner = RecordingRunner(result(2, err="tar: g: Permission denied"), received=archive("f"))
    with pytest.raises(VmError, match="Permission denied"):
        received(tmp_path / "new", runner, PathInfo("dir", "/guest"))
    assert (tmp_path / "new" / "f").exists()


def test_what_the_guest_says_is_bounded(tmp_path):
    with pytest.raises(VmError) as caught:
        received(tmp_path / "g", RecordingRunner(result(2, err="x" * 999 + "\n" * 999)), PathInfo("dir", "/guest"))
    assert len(str(caught.value)) < 1000


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(VmError, match="No space left on device"):
        received(tmp_path, RecordingRunner(received=archive("f")), PathInfo("dir", "/guest"))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fchmod", interrupt)
    with pytest.raises(KeyboardInterrupt):
        received(tmp_path, RecordingRunner(received=archive("f")), PathInfo("dir", "/guest"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_sent_and_counted(tmp_path):
    (tmp_path / "f").write_text("x")
    runner = RecordingRunner()
    one, left_out, sizes = transfer(runner)
    one = Transfer(one.lima, "vm", str(tmp_path / "f"), one.leave_out, one.on_bytes)
    one.send(PathInfo("file", str(tmp_path / "f")), PathInfo("none", "/to"), [])
    with tarfile.open(fileobj=io.BytesIO(runner.sent[0])) as tar:
        assert tar.getnames() == ["./f"]
    assert (left_out, sizes[-1]) == ({}, len(runner.sent[0]))


def test_what_was_replaced_since_it_was_looked_at_is_not_sent(tmp_path):
    (tmp_path / "d").mkdir()
    one, _, _ = transfer(RecordingRunner())
    one = Transfer(one.lima, "vm", str(tmp_path / "d"), one.leave_out, one.on_bytes)
    with pytest.raises(VmError, match="just been replaced"):
        one.send(PathInfo("file", str(tmp_path / "d")), PathInfo("none", "/to"), [])
    (tmp_path / "l").symlink_to(tmp_path / "d")
    linked = Transfer(one.lima, "vm", str(tmp_path / "l"), one.leave_out, one.on_bytes)
    with pytest.raises(VmError, match="is a link"):
        linked.send(PathInfo("dir", str(tmp_path / "d")), PathInfo("none", "/to"), [tmp_path])


@pytest.mark.parametrize("code", [2, 141])
def test_the_guests_side_tells_why_it_failed(tmp_path, code):
    (tmp_path / "f").write_text("x")
    one, left_out, sizes = transfer(RecordingRunner(result(code, err="unpacking")))
    one = Transfer(one.lima, "vm", str(tmp_path / "f"), left_out.__setitem__, sizes.append)
    with pytest.raises(VmError, match=r"f was not copied[\s\S]*unpacking"):
        one.send(PathInfo("file", str(tmp_path / "f")), PathInfo("none", "/to"), [])


def test_where_only_root_may_write_the_way_is_over_tmp_with_sudo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "typed").write_text("x")
    one, _, _ = transfer(RecordingRunner(result(1, err="mktemp: failed to create directory: Permission denied")))
    with pytest.raises(VmError) as caught:
        one.send(PathInfo("file", str(tmp_path / "typed")), PathInfo("none", "/root/a b"), [])
    assert caught.value.hint == ("sysinit-vm copy typed ':/tmp/a b', then sysinit-vm exec sudo mv '/tmp/a b' /root/")


@pytest.mark.parametrize("path", ["/etc/ssh", "/etc/ssh/", "relative", "/", "/etc/..", "/tmp/x"])
def test_what_only_root_may_read_comes_by_way_of_tmp_with_sudo(tmp_path, path):
    runner = RecordingRunner(result(2, err="tar: key: Permission denied"), received=archive("f"))
    one, left_out, sizes = transfer(runner)
    one = Transfer(one.lima, "vm", path, left_out.__setitem__, sizes.append)
    with looked_up(str(tmp_path / "new"), []) as target, pytest.raises(VmError) as caught:
        one.receive(PathInfo("dir", "/etc/ssh"), target)
    script = "cp -r /etc/ssh /tmp/ssh && chown -R $SUDO_UID /tmp/ssh"
    over = f"sysinit-vm exec sudo sh -c '{script}', then sysinit-vm copy :/tmp/ssh ."
    assert caught.value.hint == (over if path.startswith("/etc/ssh") else "sysinit-vm help copy")
