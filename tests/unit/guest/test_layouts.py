import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.errors import UsageError
from sysinit_vm.guest import layouts
from sysinit_vm.projects.project import Project


@pytest.fixture
def demo(tmp_path, monkeypatch):
    root = tmp_path / "my 'demo'"
    (root / ".lima").mkdir(parents=True)
    (root / "src").mkdir()
    monkeypatch.chdir(root / "src")
    return Project(root)


def nowhere(_name):
    return False


def test_a_name_of_zellijs_own_stays_a_name(demo):
    assert layouts.find(demo, "compact", nowhere) == "compact"


def test_a_file_beside_the_config_goes_by_its_name_and_wins(demo):
    path = demo.root / ".lima/compact.kdl"
    path.write_text("layout")
    assert layouts.find(demo, "compact", nowhere) == str(path)


def test_a_path_is_taken_from_where_the_caller_stands(demo):
    path = demo.root / "src/mine.kdl"
    path.write_text("layout")
    for word in ("mine.kdl", "./mine.kdl", str(path), "../src/mine.kdl"):
        assert layouts.find(demo, word, nowhere) == str(path)


def test_a_name_that_the_running_guest_knows_is_taken(demo):
    asked = []
    assert layouts.find(demo, "theirs", lambda name: not asked.append(name)) == "theirs"
    assert asked == ["theirs"]


@pytest.mark.parametrize("word", ["nope", "nope.kdl", "./src", "..", "", "https://x.example/y.kdl", "\0/", "a b"])
def test_what_is_nowhere_is_an_error_in_three_parts(demo, word):
    with pytest.raises(UsageError) as caught:
        layouts.find(demo, word, nowhere)
    assert "layout" in caught.value.brief
    assert caught.value.detail
    assert "--layout" in caught.value.hint


def test_a_file_outside_the_project_is_refused_even_by_a_link(demo, tmp_path):
    outside = tmp_path / "o.kdl"
    outside.write_text("layout")
    (demo.root / "src/l.kdl").symlink_to(outside)
    for word in (str(outside), "l.kdl"):
        with pytest.raises(UsageError, match="cannot see"):
            layouts.find(demo, word, nowhere)


@given(st.text())
def test_any_word_is_a_layout_or_an_error(tmp_path_factory, word):
    home = Project(tmp_path_factory.getbasetemp() / "none")
    try:
        layout = layouts.find(home, word, nowhere)
    except UsageError as error:
        layout = error.hint
    assert layout in layouts.BUILT_IN or "--layout" in layout
