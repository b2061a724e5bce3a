import pytest

from sysinit_vm import executables
from sysinit_vm.executables import find, search_path


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


def test_a_project_that_has_a_vm_gives_no_programs(tmp_path, monkeypatch):
    """Its guest writes its .venv/bin, which an activated environment puts first."""
    own, other = tmp_path / "demo" / ".venv" / "bin", tmp_path / "other"
    for directory in (own, other, tmp_path / "demo" / "src"):
        directory.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{own}:{other}")
    monkeypatch.chdir(tmp_path / "demo" / "src")
    assert search_path() == f"{own}:{other}"
    (tmp_path / "demo" / ".lima").mkdir()
    (tmp_path / "demo" / ".lima" / "config.yaml").touch()
    assert search_path() == str(other)
