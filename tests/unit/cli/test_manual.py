import inspect
import re

import pytest

from pages import commands
from sysinit_vm import errors
from sysinit_vm.cli.manual import EXIT_STATUSES, GROUPS, Manual
from sysinit_vm.tasks import ns

MANUALS = {str(each.name): ns[str(each.name)].manual for each in ns.to_contexts()}
PARAMETERS = {name: set(inspect.signature(ns[name].body).parameters) for name in MANUALS}


@pytest.mark.parametrize("name", MANUALS)
class TestOf:
    def test_it_is_in_a_group_of_the_overview(self, name):
        assert MANUALS[name].group in GROUPS

    def test_its_summary_is_one_line_in_every_list(self, name):
        assert 10 < len(MANUALS[name].summary) <= 51

    def test_it_has_an_example_that_calls_it_on_one_line(self, name):
        assert MANUALS[name].examples
        spellings = "|".join(re.escape(each) for each in (name, *ns[name].aliases))
        for example in MANUALS[name].examples:
            assert re.search(rf"\bsysinit-vm ({spellings})\b", example)
            assert len(example) <= 58

    def test_its_exit_statuses_are_known_and_fit_its_flags(self, name):
        assert set(MANUALS[name].statuses) <= set(EXIT_STATUSES)
        assert (5 in MANUALS[name].exits) >= ("yes" in PARAMETERS[name])

    def test_the_flag_of_its_plain_word_is_its_own(self, name):
        assert MANUALS[name].word in PARAMETERS[name] | {""}

    def test_inv_shows_its_examples_and_exit_statuses(self, name):
        shown = inspect.getdoc(ns[name])
        assert shown.startswith(f"{MANUALS[name].summary}.\n")
        assert all(f"\n  {example}\n" in shown for example in MANUALS[name].examples)
        assert "Exit status: 0 done, 1 failed" in shown


def test_inv_shows_where_words_go_that_no_flag_stands_for():
    assert {name for name in MANUALS if '"--": -- <' in inspect.getdoc(ns[name])} == {"exec", "copy"}
    assert 'Its words follow "--": -- <from> ... <to>\n' in inspect.getdoc(ns["copy"])


def test_every_error_has_an_exit_status_that_is_explained():
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.VmError)]
    assert {kind.exit_code for kind in kinds} == set(EXIT_STATUSES) - {0, 130}


def test_a_manual_is_what_its_docstring_says():
    manual = Manual("Do it.\n\n    One\n    paragraph.\n\n    Another.\n    ", "Life", exits=(4,), ends="Or so.")
    assert (manual.summary, manual.paragraphs) == ("Do it", ["One paragraph.", "Another."])
    assert list(manual.statuses) == [0, 1, 2, 4, 130]
    assert manual.ending.endswith("130 interrupted. Or so.")


def test_the_page_of_commands_is_current():
    assert commands.PAGE.read_text() == commands.page(ns), "inv docs.commands"


def test_the_page_has_each_command_with_each_flag():
    sections = dict(part.split("\n", 1) for part in commands.page(ns).split("\n### ")[1:])
    assert set(sections) == set(MANUALS)
    for context in ns.to_contexts():
        for flag, _ in context.help_tuples():
            assert f"| `{flag}` |" in sections[context.name]
