import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sysinit_vm import program as cli
from sysinit_vm.cli.spelling import normalized
from sysinit_vm.tasks import ns
from sysinit_vm.tasks.context import exact_words

COMMANDS = cli.commands()
CONTEXTS = {str(each.name): each for each in ns.to_contexts()}
argv_words = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)


def told(line):
    return normalized(line.split(), COMMANDS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("init dev", "init --template dev"),
        ("init", "init"),
        ("init --yes", "init --yes"),
        ("init dev --yes", "init --template dev --yes"),
        ("init minimal start", "init --template minimal start"),
        ("init start", "init start"),
        ("init up", "init up"),
        ("init st", "init st"),
        ("help", "help"),
        ("help start", "help --topic start"),
        ("help init", "help --topic init"),
        ("help build.debian", "help --topic build.debian"),
        ("help stop destroy --yes", "help --topic stop --topic destroy --yes"),
        ("help --topic stop rm", "help --topic stop --topic rm"),
        ("stop help start", "stop help --topic start"),
        ("logs host", "logs --source host"),
        ("logs --follow", "logs --follow"),
        ("stop start status", "stop start status"),
        ("start --name x", "start --name x"),
        ("shell -- init dev", "shell -- init dev"),
        ("nonsense dev", "nonsense dev"),
        ("", ""),
    ],
)
def test_the_seeds_spellings_are_flags_to_invoke(typed, meant):
    assert told(typed) == meant.split()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("exec ls", ["exec", "--", "ls"]),
        ("exec -- ls", ["exec", "--", "ls"]),
        ("exec ls -la --name x", ["exec", "--", "ls -la --name x"]),
        ("exec --name vm ls -l", ["exec", "--name", "vm", "--", "ls -l"]),
        ("exec --name=vm ls", ["exec", "--name=vm", "--", "ls"]),
        (
            "exec --env A=1 --env B=2 --no-stdin make",
            ["exec", "--env", "A=1", "--env", "B=2", "--no-stdin", "--", "make"],
        ),
        ("exec --no-stdin -- --odd", ["exec", "--no-stdin", "--", "--odd"]),
        ("exec -- -- x", ["exec", "--", "-- x"]),
        ("exec start stop", ["exec", "--", "start stop"]),
        ("exec init dev", ["exec", "--", "init dev"]),
        ("start exec ls", ["start", "exec", "--", "ls"]),
        ("exec", ["exec"]),
        ("exec --name vm", ["exec", "--name", "vm"]),
    ],
)
def test_our_flags_of_exec_stop_at_its_first_word(typed, meant):
    assert told(typed) == meant


@given(argv_words)
@example(["--"])
@example([""])
@example(["a", "--", "b"])
def test_what_follows_execs_separator_comes_back_exactly(some):
    done = normalized(["exec", "--", *some], COMMANDS)
    assert done[:2] == ["exec", "--"]
    assert len(done) == 3
    assert shlex.split(done[2]) == some


@given(argv_words.filter(lambda some: not some[0].startswith("-")))
def test_what_follows_exec_itself_comes_back_exactly(some):
    done = normalized(["exec", *some], COMMANDS)
    assert shlex.split(done[2]) == some


@given(argv_words)
@example(["a b", "c"])
@example(["a", "--", "a b"])
@example(["'a", "b'"])
def test_the_task_gets_the_exact_words_through_our_script(some):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["sysinit-vm", "exec", "--", *some])
        assert exact_words(normalized(["exec", "--", *some], COMMANDS)[2]) == some


@given(argv_words.filter(lambda some: not some[0].startswith("-")))
@example(["a", "--", "b"])
def test_the_task_gets_the_exact_words_without_a_separator_too(some):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["sysinit-vm", "exec", *some])
        assert exact_words(normalized(["exec", *some], COMMANDS)[2]) == some


@given(argv_words)
@example(["a", "--", "b"])
@example(["'"])
def test_the_task_gets_the_exact_words_through_inv_which_joins_them_with_spaces(some):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["inv", "lima.exec", "--", *some])
        assert exact_words(" ".join(some)) == some


@pytest.mark.parametrize("verb", ["exec", "init", "help", "logs"])
@pytest.mark.parametrize("rest", [["--json"], ["list"], ["start", "--yes"], ["dev"]])
@pytest.mark.parametrize("flag", ["--name", "--project"])
def test_the_value_of_a_flag_is_never_taken_for_a_command(verb, rest, flag):
    typed = ["status", flag, verb, *rest]
    assert normalized(list(typed), COMMANDS) == typed


def test_every_task_is_published_with_dashes_and_a_help_text_for_each_flag():
    assert {"up", "init", "start", "stop", "restart", "destroy", "shell", "exec", "status", "list", "logs"} <= set(
        CONTEXTS
    )
    for name, context in CONTEXTS.items():
        assert "_" not in name
        for flags, text in context.help_tuples():
            assert "_" not in flags
            assert text, f"{name} {flags}"


def test_every_task_has_a_sentence():
    for name in CONTEXTS:
        assert (ns[name].__doc__ or "").strip().splitlines()[0].endswith("."), name
