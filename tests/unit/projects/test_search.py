import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.errors import NoConfigError, UsageError
from sysinit_vm.projects import search
from sysinit_vm.projects.project import Project


def make(root: Path) -> Path:
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text("cpus: 1\n")
    return root


def test_the_nearest_config_upward_is_the_project(home, tmp_path, monkeypatch):
    outer, inner = make(tmp_path / "outer"), make(tmp_path / "outer" / "inner")
    deep = inner / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert search.require(None).root == inner
    assert search.require(str(outer)).root == outer


def test_no_config_is_exit_3_with_the_command_to_type(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoConfigError, match="sysinit-vm init") as caught:
        search.require(None)
    assert caught.value.code == 3


def test_a_config_in_lima_home_does_not_capture_every_directory_below(home, monkeypatch):
    make(home)
    below = home / "work"
    below.mkdir()
    monkeypatch.chdir(below)
    assert search.find(None) is None


def test_a_symlinked_project_is_its_real_directory(home, tmp_path):
    real = make(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    assert search.require(str(tmp_path / "link")).root == real


def test_a_directory_that_does_not_exist_is_a_usage_error(home, tmp_path):
    with pytest.raises(UsageError, match="mkdir -p"):
        search.directory(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["a,b", "a\nb", "a\tb", "x{{y", "trail ", "bell\x07"])
def test_a_path_that_the_mount_cannot_carry_is_refused_before_anything_is_written(home, tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    with pytest.raises(UsageError, match="cannot be a project directory"):
        search.for_init(str(root))
    assert list(root.iterdir()) == []


def test_bytes_that_are_no_utf8_are_refused(home, tmp_path):
    root = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    root.mkdir()
    with pytest.raises(UsageError, match="UTF-8"):
        search.for_init(str(root))


@pytest.mark.parametrize(
    "name", ["a b", "q\"u'o", "a&b|c", "#x", "a: b", "$HOME", "`id`", "ünï", "[x]", "{y}", "%s", "-r", "*"]
)
def test_a_path_that_works_end_to_end_is_taken(home, tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    assert search.for_init(str(root)).root == root


def test_home_and_the_root_are_refused(home):
    for place in (str(home), "/"):
        with pytest.raises(UsageError):
            search.for_init(place)


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda t: t not in {".", ".."}))
def test_what_is_taken_has_no_character_that_ends_a_line_or_an_option(name):
    if not search.unusable(Path("/p") / name):
        assert name.isprintable()
        assert "," not in name
        assert "{{" not in name


def test_the_corresponding_directory_is_the_same_inside_and_the_root_outside():
    home = Project(Path("/p/demo"))
    assert home.corresponding(Path("/p/demo/a/b")) == Path("/p/demo/a/b")
    assert home.corresponding(Path("/p/demo-2")) == Path("/p/demo")
