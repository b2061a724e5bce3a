import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sysinit_vm.cli import index, synonyms
from sysinit_vm.cli.spelling import normalized
from sysinit_vm.errors import UsageError
from sysinit_vm.tasks import ns
from sysinit_vm.tasks.context import exact_words

INDEX = index.read()
COMMANDS = INDEX.by_any_name()
CONTEXTS = {str(each.name): each for each in ns.to_contexts()}
argv_words = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)


def spelled(words):
    return normalized(list(words), COMMANDS, INDEX.core)


def told(line):
    return spelled(line.split())


@pytest.fixture(autouse=True)
def vms(home):
    (home / ".lima" / "shop-dev").mkdir(parents=True)
    (home / ".lima" / "shop-dev" / "lima.yaml").touch()


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
        ("stop help start", "stop help start"),
        ("--chain stop help start", "--chain stop help --topic start"),
        ("--chain init dev logs host", "--chain init --template dev logs --source host"),
        ("init dev logs host", "init --template dev logs host"),
        ("up minimal -y", "up --template minimal --yes"),
        ("create minimal", "up --template minimal"),
        ("up shop-dev", "up shop-dev"),
        ("logs shop-dev", "logs shop-dev"),
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
        ("--chain start exec ls", ["--chain", "start", "exec", "--", "ls"]),
        ("start exec ls -l", ["start", "exec", "ls", "-l"]),
        ("run make test", ["exec", "--", "make test"]),
        ("run run", ["exec", "--", "run"]),
        ("exec -n ls -n", ["exec", "--no-stdin", "--", "ls -n"]),
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
    done = spelled(["exec", "--", *some])
    assert done[:2] == ["exec", "--"]
    assert len(done) == 3
    assert shlex.split(done[2]) == some


@given(argv_words.filter(lambda some: not some[0].startswith("-")))
def test_what_follows_exec_itself_comes_back_exactly(some):
    done = spelled(["exec", *some])
    assert shlex.split(done[2]) == some


@given(argv_words)
@example(["a b", "c"])
@example(["a", "--", "a b"])
@example(["'a", "b'"])
def test_the_task_gets_the_exact_words_through_our_script(some):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["sysinit-vm", "exec", "--", *some])
        assert exact_words(spelled(["exec", "--", *some])[2]) == some


@given(argv_words.filter(lambda some: not some[0].startswith("-")))
@example(["a", "--", "b"])
def test_the_task_gets_the_exact_words_without_a_separator_too(some):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["sysinit-vm", "exec", *some])
        assert exact_words(spelled(["exec", *some])[2]) == some


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
    assert spelled(typed) == typed


@pytest.mark.parametrize(("word", "command"), synonyms.COMMANDS.items())
def test_a_synonym_is_its_command_but_only_where_a_command_is(word, command):
    assert command in COMMANDS
    assert word not in COMMANDS
    assert spelled([word, "--name", word]) == [command, "--name", word]
    assert spelled(["stop", word]) == ["stop", word]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("logs -f", "logs --follow"),
        ("logs host -f -n 20", "logs --source host --follow --lines 20"),
        ("logs -fn 20", "logs --follow --lines 20"),
        ("logs -n20 host", "logs --lines 20 --source host"),
        ("destroy -y", "destroy --yes"),
        ("up -y --name -y", "up --yes --name -y"),
        ("-f conf.yaml logs", "-f conf.yaml logs"),
    ],
)
def test_short_flags_are_long_ones_after_a_command_that_has_them(typed, meant):
    assert told(typed) == meant.split()


@pytest.mark.parametrize("line", ["prune -f", "prune -n", "trust -y", "list -n 3", "copy -f a :", "destroy -a"])
def test_a_short_flag_of_a_command_that_has_no_such_is_refused_with_what_it_means(line):
    name, flag, *_ = line.split()
    with pytest.raises(UsageError) as error:
        told(line)
    assert error.value.brief == f"{name} takes no {flag}."
    assert error.value.detail == synonyms.SHORT_FLAGS_TEXT[flag]


def test_no_short_flag_stands_for_trust():
    meant = {flag for flags in synonyms.SHORT_FLAGS.values() for flag in flags}
    assert meant == {"--all", "--follow", "--lines", "--no-stdin", "--yes"}
    assert not meant & set(CONTEXTS["trust"].flags)


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
