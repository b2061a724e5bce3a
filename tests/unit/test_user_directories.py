"""Our directories in the user's home."""

import pytest

from sysinit_vm import user_directories


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_they_are_the_same_on_each_system(tmp_path, monkeypatch, system):
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    assert user_directories.data() == tmp_path / ".local/share/sysinit-vm"
    assert user_directories.cache() == tmp_path / ".cache/sysinit-vm"
    assert user_directories.config() == tmp_path / ".config/sysinit-vm"


def test_variables_move_them(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_directories.data() == tmp_path / "sysinit-vm"
