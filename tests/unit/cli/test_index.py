from pathlib import Path

from pages import index as pages_index
from sysinit_vm import tasks
from sysinit_vm.cli import index
from sysinit_vm.program import program
from sysinit_vm.tasks import ns


def test_the_index_is_that_of_the_tasks():
    assert Path(index.FILE).read_text() == pages_index.content(ns, program.initial_context), "inv docs.commands"


def test_every_verb_is_in_it_in_the_order_of_the_collection():
    assert list(index.read().commands) == [str(context.name) for context in ns.to_contexts()]
    assert set(index.read().commands) == set(tasks.VERBS)


def test_a_command_has_the_flags_that_its_task_takes():
    trust = index.read().commands["trust"]
    assert trust.flags["--approve"].takes_value
    assert not trust.flags["--json"].takes_value
    assert index.read().commands["help"].flags["--topic"].repeatable
    assert index.read().by_any_name()["rm"].name == "destroy"


def test_a_collection_of_one_verb_has_no_other():
    assert list(tasks.collection(["build.debian"]).task_names) == ["build.debian"]
    assert list(tasks.collection(["stop"]).task_names) == ["stop"]
