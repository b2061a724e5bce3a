import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import errors
from sysinit_vm.errors import VmError, edit, typed


def test_an_error_says_what_why_and_what_to_type():
    error = VmError("It failed.", detail="The disk is full.\n", hint="df")
    assert str(error) == "It failed.\nThe disk is full.\nTry: df"
    assert (error.brief, error.detail, error.hint) == ("It failed.", "The disk is full.", "df")


@pytest.mark.parametrize(
    ("parts", "text"),
    [({}, "It failed."), ({"hint": "df"}, "It failed.\nTry: df"), ({"detail": " a\nb "}, "It failed.\na\nb")],
)
def test_parts_that_are_missing_leave_no_empty_line(parts, text):
    assert str(VmError("It failed.", **parts)) == text


def test_of_a_reason_without_end_the_beginning_and_the_end_are_told():
    error = VmError("It failed.", detail="first\n" + "noise \x1b\n" * 3_000_000 + "last", hint="df")
    assert error.detail.startswith("first\n")
    assert error.detail.endswith("\nlast")
    assert len(str(error)) < 50_000
    assert " characters" in str(error)
    assert str(error).endswith("Try: df")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("VmError", 1),
        ("UsageError", 2),
        ("NoConfigError", 3),
        ("StateError", 4),
        ("NotConfirmedError", 5),
        ("MissingError", 6),
    ],
)
def test_each_kind_has_its_own_exit_code(name, code):
    error = getattr(errors, name)("x")
    assert error.exit_code == code
    assert isinstance(error, VmError)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_a_command_to_type_is_pasted_as_it_was_meant(words):
    assert shlex.split(typed(*words)) == words


def test_a_path_to_edit_may_hold_spaces_and_quotes():
    assert edit(Path("/p/config.yaml")) == "nano /p/config.yaml"
    assert shlex.split(edit(Path("/a b'c/config.yaml"))) == ["nano", "/a b'c/config.yaml"]


@pytest.mark.parametrize(
    ("env", "there", "editor"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, ["nano"], "code --wait"),
        ({"VISUAL": "", "EDITOR": "emacs"}, ["nano"], "emacs"),
        ({}, ["vi", "nano"], "nano"),
        ({}, ["vi"], "vi"),
        ({}, [], "install an editor such as nano, then nano"),
    ],
)
def test_the_editor_of_a_hint_is_the_users_or_one_that_is_there(monkeypatch, tmp_path, env, there, editor):
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    for name in there:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert edit(Path("/a b/config.yaml")) == f"{editor} '/a b/config.yaml'"


def test_what_is_printed_of_an_error_is_text_whoever_prints_it():
    error = VmError("No \x1b]52;c;x\x07.", detail="one\n\x9b31m\u202e", hint="rm '\udcff'")
    assert error.message == str(error) == "No \\x1b]52;c;x\\x07.\none\n\\x9b31m\\u202e\nTry: rm '\\udcff'"
    assert error.detail == "one\n\x9b31m\u202e"
