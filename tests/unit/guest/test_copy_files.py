import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.cli import index
from sysinit_vm.cli.spelling import normalized
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.guest import copy
from sysinit_vm.guest.transfer import PathInfo
from tests.fakes import FakeLimactl, result

INDEX = index.read()
COMMANDS = INDEX.by_any_name()
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)


@pytest.mark.parametrize(
    ("words", "inside", "paths"),
    [
        (["a", ":b"], False, ["a", "b"]),
        ([":a", "b"], True, ["a", "b"]),
        (["vm:a", ":x", "."], True, ["a", "x", "."]),
        (["other:a", "vm:"], False, ["other:a", ""]),
        (["./:a", ":~"], False, ["./:a", ""]),
        (["~", ":~/x"], False, ["~", "~/x"]),
    ],
)
def test_a_mark_says_which_side_a_path_is_on(words, inside, paths):
    assert copy._split("vm", words) == (inside, paths)


@pytest.mark.parametrize("words", [[], ["a"], [":a"], ["", ":"], [":a", ""], ["a", "", ":b"]])
def test_too_few_words_or_an_empty_one_are_a_usage_error(words):
    with pytest.raises(UsageError, match="Try: sysinit-vm copy"):
        copy.checked(words)


@pytest.mark.parametrize(
    ("words", "brief", "hint"),
    [
        (["a b", "there"], "Neither side", "copy 'a b' :there"),
        (["gone", "."], "Neither side", "copy :gone ."),
        (["a b", "gone", "d/x:y"], "Neither side", "copy ':a b' :gone d/x:y"),
        ([":a", ":"], "Both sides", "exec sh -c 'cd && cp -r a .'"),
        ([":a b", ":/c"], "Both sides", """exec sh -c 'cd && cp -r '"'"'a b'"'"' /c'"""),
    ],
)
def test_words_of_one_side_are_found_without_a_vm_and_lead_to_the_other(tmp_path, monkeypatch, words, brief, hint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").touch()
    with pytest.raises(UsageError) as refused:
        copy.checked(words)
    assert refused.value.brief == f"{brief} {'is' if brief == 'Neither side' else 'are'} in the guest."
    assert refused.value.hint == f"sysinit-vm {hint}"


@given(st.lists(WORD, min_size=2))
def test_exactly_one_side_is_the_guests(words):
    marked = [word.startswith((":", "vm:")) for word in words]
    try:
        inside, paths = copy._split("vm", words)
    except UsageError:
        assert len(set(marked[:-1])) != 1 or marked[-1] == marked[0]
    else:
        assert marked == [inside] * (len(words) - 1) + [not inside]
        assert len(paths) == len(words)


@pytest.mark.parametrize(
    ("path", "name"),
    [("a", "a"), ("/x/a b/", "a b"), ("a/.", ""), ("..", ""), ("", ""), ("/", ""), ("~", "~"), ("~/x", "x")],
)
def test_the_name_in_a_directory(path, name):
    assert copy._own_name(path) == name


@pytest.mark.parametrize(
    "says",
    ["dir", "dir /a", "dir /a\0", "up /a\0file /b\0", "file a\0file /b\0", "file /a\0\0", "\0\0", "file /a\0" * 3],
)
def test_a_guest_that_says_what_the_script_never_prints_is_an_error(says):
    with pytest.raises(VmError, match="does not answer"):
        copy._guest_infos(FakeLimactl(guest=result(out=says)), "vm", ["a", "b"])


def test_a_guests_paths_are_shown_without_what_a_terminal_obeys():
    source, goal = PathInfo("file", "/a"), PathInfo("dir", "/b\x1b[2J")
    assert copy._problem(source, goal, goal) == r"/b\x1b[2J exists and is not a file."


@given(st.lists(WORD.filter(lambda word: not word.startswith("-")), min_size=1), st.booleans())
def test_flags_before_the_words_or_after_them_are_ours_and_the_words_exact(words, before):
    import shlex

    flags = ["--name", "x"]
    typed = ["copy", *(flags if before else []), *words, *([] if before else flags)]
    assert normalized(typed, COMMANDS, INDEX.core) == ["copy", "--name", "x", "--", shlex.join(words)]


@given(st.lists(WORD, min_size=1))
def test_words_after_two_dashes_are_exact_whatever_they_begin_with(words):
    import shlex

    assert normalized(["copy", "--", *words], COMMANDS, INDEX.core) == [
        "copy",
        "--",
        shlex.join(words),
    ]
