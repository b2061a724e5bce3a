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
