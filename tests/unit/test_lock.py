import pytest

from sysinit_vm import lock
from sysinit_vm.errors import VmError


def test_a_lock_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "x.lock"  # as on a read-only file system: the system refuses
    with pytest.raises(VmError, match="Cannot write") as caught, lock.held(path, "Waiting"):
        pass
    assert str(path) in caught.value.brief
    assert "df" in caught.value.hint


def test_a_lock_that_cannot_be_opened_counts_as_held(tmp_path):
    (tmp_path / "x.lock").mkdir()
    assert lock.is_held(tmp_path / "x.lock")


def test_a_lock_that_is_held_is_not_waited_for(tmp_path):
    path = tmp_path / "new" / "x.lock"
    with lock.held_if_free(path) as first:
        with lock.held_if_free(path) as second:
            assert (first, second) == (True, False)
        assert lock.is_held(path)
    assert not lock.is_held(path)
