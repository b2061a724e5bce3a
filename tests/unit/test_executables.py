import pytest

from sysinit_vm import executables
from sysinit_vm.executables import find


def test_programs_are_found_on_path_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(executables, "_SBIN", ())
    assert find("mine") is None
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    assert find("mine") == tmp_path / "mine"


@pytest.mark.parametrize("path", [None, "", ":", "{}::", ":{}"])
def test_the_current_directory_is_never_looked_in(tmp_path, monkeypatch, path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/mine").write_text("#!/bin/sh\n")
    (tmp_path / "here/mine").chmod(0o755)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("PATH") if path is None else monkeypatch.setenv("PATH", path.format(tmp_path))
    assert find("mine") is None
