"""What is offered at the next key."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.cli import completion, index
from sysinit_vm.cli.completion import candidates
from sysinit_vm.errors import UsageError

INDEX = index.read()
COMMANDS = INDEX.by_any_name()


def offered(*words):
    return [word for word, _ in candidates(words, COMMANDS, INDEX.core)]


@pytest.fixture(autouse=True)
def vms(home):
    for name in ("demo-dev", "other-dev"):
        (home / ".lima" / name).mkdir(parents=True)
        (home / ".lima" / name / "lima.yaml").touch()
    (home / ".lima" / "_images").mkdir()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["st"], {"st", "start", "status", "stop"}),
        (["start", "--na"], {"--name"}),
        (["start", "--name", ""], {"demo-dev", "other-dev"}),
        (["start", "--name", "o"], {"other-dev"}),
        (["start", "--name="], {"--name=demo-dev", "--name=other-dev"}),
        (["start", "--name=o"], {"--name=other-dev"}),
        (["--chain", "start", "--project=", ""], set(COMMANDS)),
        (["start", "--project=", ""], set()),
        (["start", "--project=d"], set()),
        (["start", "--nonesuch=d"], set()),
        (["start", "--force=d"], set()),
        (["open", "--editor=c"], {"--editor=code", "--editor=cursor"}),
        (["help", "--topic=res"], {"--topic=restart"}),
        (["init", "--name=x", "de"], {"dev"}),
        (["exec", "make", "--name=d"], set()),
        (["destroy", "--y"], {"--yes"}),
        (["init", "mi"], {"minimal"}),
        (["init", "--template", "mi"], {"minimal"}),
        (["logs", "--source", "h"], {"host"}),
        (["completion", "--shell", "z"], {"zsh"}),
        (["help", "des"], {"destroy"}),
        (["start", "sto"], set()),  # one command a line
        (["--chain", "start", "sto"], {"stop"}),
        (["--chain", "init", "dev", "sta"], {"start", "status"}),
        (["--chain", "exec", "sta"], set()),
        (["--cha"], {"--chain"}),
        (["help", "stop", "des"], {"destroy"}),
        (["ssh", "--pla"], {"--plain"}),
        (["ps", "--j"], {"--json"}),
        (["--dr"], {"--dry"}),
        (["exec", "ma"], set()),  # the guest's own words
        (["exec", "make", "--y"], set()),
        (["exec", "--en"], {"--env"}),
        (["exec", "--", "st"], set()),
        (["start", "--timeout", ""], set()),
        (["start", "--project", ""], set()),  # directories are the shell's affair
        (["nonesuch", "--na"], set()),
    ],
)
def test_what_fits_is_offered_and_nothing_else(words, expected):
    assert set(offered(*words)) == expected


def test_every_command_is_offered_first_each_with_its_help():
    assert set(offered("")) == set(COMMANDS)
    assert ("start", f"{COMMANDS['start'].summary}.") in candidates([""], COMMANDS, INDEX.core)


@given(st.lists(st.text(max_size=8) | st.sampled_from([*COMMANDS, "--name", "--", "-", "--json"]), max_size=6))
def test_any_line_gets_an_answer_that_begins_with_what_was_typed(words):
    last = words[-1] if words else ""
    assert all(word.startswith(last) for word in offered(*words))


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_has_a_script(shell):
    assert "sysinit-vm --complete --" in completion.script(shell)


def test_another_shell_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="bash, zsh, fish"):
        completion.script("../bash")


def test_without_lima_home_there_are_no_names(home):
    shutil.rmtree(home / ".lima")
    assert completion.vm_names() == []
