import pytest

from sysinit_vm import executables
from sysinit_vm.executables import find, search_path, search_path_without


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


@pytest.mark.parametrize("path", [".:{}", "{}:.", "bin:{}", "./:{}", "", ".", "~/bin:{}"])
def test_only_absolute_parts_of_path_are_looked_in(tmp_path, monkeypatch, path):
    project, place = tmp_path / "project", tmp_path / "place"
    for directory in (project, project / "bin", place):
        directory.mkdir()
        for name in ("theirs", "both"):
            if name == "both" or directory != place:
                (directory / name).write_text("#!/bin/sh\n")
                (directory / name).chmod(0o755)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", path.format(place))
    assert find("theirs") is None
    assert find("both") == (place / "both" if "{" in path else None)
    assert all(part.startswith("/") for part in search_path().split(":"))


def test_a_path_without_the_directories_of_a_program(tmp_path, monkeypatch):
    for name, program in (("a", "qemu-img"), ("b", "ssh")):
        (tmp_path / name).mkdir()
        (tmp_path / name / program).touch()
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/b:.")
    assert search_path_without("qemu-img") == f"{tmp_path}/b"
