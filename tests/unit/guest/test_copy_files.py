import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import program as cli
from sysinit_vm.cli.spelling import normalized
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.guest import copy
from sysinit_vm.guest.copy import PathInfo
from tests.fakes import FakeLimactl, RecordingProgress, RecordingRunner, result

COMMANDS = cli.commands()
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


def test_the_same_argv_packs_and_unpacks_on_either_side():
    directory, file = PathInfo("dir", "/a b"), PathInfo("file", "/x/-f")
    assert copy._pack(directory) == ("tar", "-C", "/a b", "-cf", "-", ".")
    assert copy._pack(file) == ("tar", "-C", "/x", "-cf", "-", "./-f")
    assert copy._unpack(directory, PathInfo("none", "/to"))[3:] == ("sh", "/to")
    assert copy._unpack(file, PathInfo("none", "/to/g"))[3:] == ("sh", "/to/g", "-f")


@pytest.mark.parametrize(
    ("codes", "says"), [((2, 0), "packing"), ((0, 2), "unpacking"), ((141, 2), "unpacking")]
)  # fmt: skip
def test_the_side_that_failed_tells_why(codes, says):
    runner = RecordingRunner(result(codes[0], err="packing"), result(codes[1], err="unpacking"), piped=2**20)
    progress = RecordingProgress()
    with pytest.raises(VmError, match=rf"f was not copied[\s\S]*{says}"):
        copy._run(FakeLimactl(runner=runner), (), (), progress, "f")
    assert progress.note == "1.0 MiB"


@given(st.lists(WORD.filter(lambda word: not word.startswith("-")), min_size=1), st.booleans())
def test_flags_before_the_words_or_after_them_are_ours_and_the_words_exact(words, before):
    import shlex

    flags = ["--name", "x"]
    typed = ["copy", *(flags if before else []), *words, *([] if before else flags)]
    assert normalized(typed, COMMANDS) == ["copy", "--name", "x", "--", shlex.join(words)]


@given(st.lists(WORD, min_size=1))
def test_words_after_two_dashes_are_exact_whatever_they_begin_with(words):
    import shlex

    assert normalized(["copy", "--", *words], COMMANDS) == ["copy", "--", shlex.join(words)]


@pytest.mark.parametrize("out", ["none\0", "\0", "file /a"])
def test_a_guest_that_answers_nonsense_about_paths_does_not_answer(out):
    lima = FakeLimactl(runner=RecordingRunner(answer=lambda _: result(0, out)))
    with pytest.raises(VmError, match="does not answer"):
        copy._path_infos(lima, "a", copy.Side(tuple, "", "/"), ["x"])
