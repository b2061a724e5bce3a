"""Two thousand odd commands in this process, always the same ones; `inv test.fuzz` tries others."""

import importlib
import sys

import pytest

from tests.fuzz import run
from tests.fuzz.cases import KINDS, STOPPED, USUAL, Case, usual_answers
from tests.fuzz.place import CasePlace

CASES = 2000


@pytest.fixture(scope="module")
def place():
    with CasePlace() as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_stranger_writes_a_command_ends_as_it_should(place, kind):
    failure = run.search(kind, CASES // len(KINDS) + 1, 16, place.in_process, typed=False)
    assert failure is None


def test_what_python_keeps_of_a_module_that_is_loaded_first_is_no_write_of_ours(place, tmp_path, monkeypatch):
    """As in a fresh checkout; the guard refuses that write, too."""
    (tmp_path / "first_loaded.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    guard = place.guard
    with guard.watching(tmp_path / "inside"):
        importlib.import_module("first_loaded")
        with pytest.raises(PermissionError):
            (tmp_path / "ours").write_text("")
    assert [what.split()[0] for what in guard.outside] == ["open"]
    assert f"{tmp_path}/ours" in guard.outside[0]
    assert not sys.dont_write_bytecode


def found(*words, config="", **more):
    text = None if config is None else f"{USUAL}{config}"
    return Case("found", words, text, answers=usual_answers(STOPPED), **more)


# What the search has found, each as small as it became.
FOUND = {
    "a file that is a link to itself": found("plan", config="copyToHost:\n- guest: /x\n  host: @PLACE@/loop\n"),
    "a base that is a link to itself": found("plan", config="base: @PLACE@/loop\n"),
    "a program on PATH that is a link to itself": found("plan", env={"PATH": "@PLACE@/loop:/usr/bin:/bin"}),
    "a base of an account that does not exist": found("plan", config="base: ~nobody-here/x\n"),
    "limactl of an account that does not exist": found("list", env={"SYSINIT_VM_LIMACTL": "~nobody-here/limactl"}),
    **{
        f"{words[0]} with {name} a link to itself": found(*words, config=config, env={name: "@PLACE@/loop"})
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "TMPDIR", "LIMA_HOME")
        for words, config in ((("up",), ""), (("trust", "--show"), ""), (("init",), None), (("prune", "--yes"), ""))
    },
    "a template of an account that does not exist": found("init", "~nobody-here/x", config=None),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(place, name):
    assert place.in_process(FOUND[name]) == []
