"""A hint keeps what was typed: which VM, and the other options of the same command."""

import shlex
from pathlib import Path

import pytest

from sysinit_vm import hints
from sysinit_vm.errors import NotConfirmedError, UsageError, VmError, edit


@pytest.fixture(autouse=True)
def verbs(monkeypatch):
    monkeypatch.setattr(hints, "_FLAGS", {})
    known = {
        "start": {"project", "name", "timeout"},
        "stop": {"project", "name", "all"},
        "init": {"project", "name", "template", "cpus", "memory", "yes", "ask"},
        "up": {"project", "name", "yes"},
        "trust": {"project", "name", "approve", "show"},
        "plan": {"project", "name"},
        "destroy": {"project", "name", "yes"},
        "list": {"json"},
        "build.debian": set(),
    }
    for verb, flags in known.items():
        hints.register(verb, flags)


@pytest.mark.parametrize(
    ("hint", "completed"),
    [
        ("sysinit-vm start", "sysinit-vm start --project '/a b' --name shop"),
        ("sysinit-vm start, which waits for it", "sysinit-vm start --project '/a b' --name shop, which waits for it"),
        ("sysinit-vm start --name other", "sysinit-vm start --project '/a b' --name other"),
        ("sysinit-vm list", "sysinit-vm list"),
        ("sysinit-vm build.debian", "sysinit-vm build.debian"),
        (
            "sysinit-vm list, then sysinit-vm stop --name NAME",
            "sysinit-vm list, then sysinit-vm stop --project '/a b' --name NAME",
        ),
        ("mkdir -p x && cd x && sysinit-vm up", "mkdir -p x && cd x && sysinit-vm up --name shop"),
        ("ls /sysinit-vm start", "ls /sysinit-vm start"),
        ("limactl stop shop, then the same command", "limactl stop shop, then the same command"),
    ],
)
def test_a_hint_means_the_vm_that_the_command_meant(hint, completed):
    with hints.typing("logs", {"project": "/a b", "name": "shop", "lines": "5"}):
        assert VmError("It failed.", hint=hint).hint == completed
        assert hints.completed(hints.completed(hint)) == completed
    assert VmError("It failed.", hint=hint).hint == hint


def test_a_hint_of_the_same_command_has_its_other_options_too():
    with hints.typing("init", {"template": "minimal", "cpus": "2", "memory": "6GiB", "yes": False, "name": None}):
        error = NotConfirmedError("Not confirmed.", hint="sysinit-vm init --yes")
        assert error.hint == "sysinit-vm init --template minimal --cpus 2 --memory 6GiB --yes"
        assert str(error).endswith(error.hint)
        assert VmError("It failed.", hint="sysinit-vm up").hint == "sysinit-vm up"


def test_an_option_that_is_wrong_is_not_repeated():
    with hints.typing("init", {"cpus": "2", "memory": "3 gigs", "ask": True}):
        wrong = UsageError("--memory cannot be '3 gigs'.", hint="sysinit-vm init --memory 3GiB")
        assert wrong.hint == "sysinit-vm init --cpus 2 --ask --memory 3GiB"
        assert UsageError("--ask needs a terminal.", hint="sysinit-vm init").hint.count("--ask") == 0
    with hints.typing("stop", {"all": True, "name": "shop"}):
        combined = UsageError("--all cannot be combined with --name or --project.", hint="sysinit-vm stop --all")
        assert combined.hint == "sysinit-vm stop --all"


def test_a_word_that_the_error_quotes_is_not_repeated():
    with hints.typing("init", {"template": "python", "cpus": "2"}):
        unknown = UsageError("There is no template 'python'.", hint="sysinit-vm init --list")
        assert unknown.hint == "sysinit-vm init --cpus 2 --list"
        assert UsageError("It failed.", hint="sysinit-vm init").hint == "sysinit-vm init --template python --cpus 2"


@pytest.mark.parametrize("verb", ["trust", "start"])
def test_no_hint_repeats_what_is_trusted_or_whose_config(verb):
    with hints.typing(verb, {"approve": "0123", "name": "shop", "project": "/a"}):
        assert VmError("It has changed.", hint="sysinit-vm trust --show").hint == "sysinit-vm trust --project /a --show"


def test_a_list_is_repeated_entry_by_entry():
    with hints.typing("start", {"timeout": ["1", "2"]}):
        assert VmError("No.", hint="sysinit-vm start").hint == "sysinit-vm start --timeout 1 --timeout 2"


@pytest.mark.parametrize("place", ["x sysinit-vm plan;touch P;", "it's sysinit-vm plan;touch P;", "a b --name x"])
def test_a_path_that_says_a_command_stays_one_word(place):
    with hints.typing("plan", {"project": place, "name": "v-dev"}):
        error = VmError("x", hint=f"{edit(Path('/p') / place / 'c')}, or sysinit-vm plan")
    first, second = error.hint.rsplit(", or ", 1)
    assert shlex.split(first)[-1] == f"/p/{place}/c"
    assert shlex.split(second) == ["sysinit-vm", "plan", "--project", place, "--name", "v-dev"]


def test_an_answer_is_not_given_again():
    with hints.typing("destroy", {"yes": True, "name": "a-dev"}):
        assert VmError("x", hint="sysinit-vm destroy").hint == "sysinit-vm destroy --name a-dev"
