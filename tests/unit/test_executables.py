from sysinit_vm import executables
from sysinit_vm.executables import find


def test_programs_are_found_on_path_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(executables, "_SBIN", ())
    assert find("mine") is None
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    assert find("mine") == tmp_path / "mine"
