import ast
import sys
import types
from unittest import mock

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from invoke import Collection
from invoke.loader import FilesystemLoader

from sysinit_vm.errors import VmError
from sysinit_vm.joining import pytasks

ADDED = 'ns.add_collection(sysinit_vm.ns, name="lima")'
ROOTS = {"ns", "namespace", "__builtins__"}
TASKS = "from invoke import task\n\n\n@task\ndef test(c):\n    c.run('true')\n"


def changed(root, text):
    (root / "tasks.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    return pytasks.changed(root)


def after(root, text):
    return changed(root, text).after.decode()


def test_a_project_without_one_gets_one(tmp_path):
    wanted = pytasks.changed(tmp_path)
    assert wanted.path == tmp_path / "tasks.py"
    assert (
        wanted.after.decode()
        == "from invoke import Collection\n\nimport sysinit_vm\n\nns = Collection(lima=sysinit_vm.ns)\n"
    )


@pytest.mark.parametrize(
    "line", ["ns = Collection(a)", "ns: Collection = Collection()", "ns = invoke.Collection.from_module(m)"]
)
def test_a_collection_gains_ours_and_nothing_else_moves(tmp_path, line):
    text = f'"""Mine."""\nimport os\nfrom invoke import Collection  # it\n\n{line}  # end'
    assert after(tmp_path, text) == (
        f'"""Mine."""\nimport os\nfrom invoke import Collection  # it\nimport sysinit_vm\n\n{line}  # end\n\n{ADDED}\n'
    )


def test_the_other_name_that_invoke_knows_is_meant_too(tmp_path):
    text = "from invoke import Collection\nnamespace = Collection()\n"
    assert after(tmp_path, text).endswith('\nnamespace.add_collection(sysinit_vm.ns, name="lima")\n')


def test_tasks_without_a_collection_stay_beside_ours(tmp_path):
    assert after(tmp_path, TASKS) == (
        "from invoke import task\nimport sys\n\nimport invoke\nimport sysinit_vm\n"
        + TASKS.partition("\n")[2]
        + f"\nns = invoke.Collection.from_module(sys.modules[__name__])\n{ADDED}\n"
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "x = 1\n", '"""Doc."""'])
def test_a_file_without_tasks_gains_ours(tmp_path, text):
    new = after(tmp_path, text)
    compile(new, "tasks.py", "exec")
    assert text in new
    assert new.endswith(f"{ADDED}\n")


def test_a_package_of_tasks_is_taken(tmp_path):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").write_text(TASKS)
    assert pytasks.changed(tmp_path).path == tmp_path / "tasks" / "__init__.py"


def test_of_a_package_and_a_file_the_one_that_invoke_reads_is_taken(tmp_path):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").touch()
    assert changed(tmp_path, TASKS).path == tmp_path / "tasks.py"
    assert FilesystemLoader(start=str(tmp_path)).find("tasks").origin == str(tmp_path / "tasks.py")


def test_line_ends_are_the_files_own(tmp_path):
    new = after(tmp_path, TASKS.replace("\n", "\r\n"))
    assert "\n" not in new.replace("\r\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "import sysinit_vm\nns = Collection(vm=sysinit_vm.ns)\n",
        "from sysinit_vm import ns\n",
        "from sysinit_vm import __version__, ns as ours\n",
        "import sysinit_vm as vm\nns = make()\nns.add_collection(vm.ns)\n",
        "def f(ns):\n    import sysinit_vm\n    ns.add_collection(sysinit_vm.ns)\n",
        "import sysinit_vm.tasks as t\nns = Collection(t.ns)\n",
        "import sysinit_vm\nns = Collection(vm=sysinit_vm)\n",
        "import sysinit_vm\nns = Collection.from_module(sysinit_vm)\n",
    ],
)
def test_what_has_ours_already_is_left(tmp_path, text):
    assert changed(tmp_path, text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"import sysinit_vm\n{TASKS}",
        f"from sysinit_vm import __version__\n{TASKS}",
        f"from .sysinit_vm import ns as other\n{TASKS}",
        f"import sysinit_vm.settings\nfrom invoke import Collection\nns = Collection()\nprint(sysinit_vm.settings)\n{TASKS}",
        f"{TASKS}\n\ndef f():\n    import sysinit_vm\n",
    ],
)
def test_an_import_that_is_put_to_another_use_is_no_collection_of_ours(tmp_path, text):
    assert ADDED in after(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "ns = make()\n",
        "if x:\n    ns = Collection()\n",
        "ns, other = Collection(), 1\n",
        "import lima\n",
        "from x import y as lima\n",
        "ns = Collection(lima=z)\n",
        "@task\ndef lima(c): pass\n",
        "@task(name='lima')\ndef x(c): pass\n",
        "import sysinit_vm\nns = 1\n",
        "from invoke import Collection\nns = Collection()\nns = wrapped(ns)\n",
        "from invoke import Collection\nns = Collection()\ndel ns\n",
        "@task\ndef ns(c): pass\n",
        "class namespace: pass\n",
        "import ns\n",
        "from theirs import namespace\n",
        "from theirs import *\n",
        "sys = 1\n",
        "def sys(): pass\n",
        "async def invoke(): pass\n",
        "import os as sys\n",
        "from . import invoke\n",
        "import sys\ndel sys\n",
        "try: pass\nexcept E as sys: pass\n",
        "match x:\n    case [*sys]: pass\n    case {**invoke}: pass\n",
        "match x:\n    case sys: pass\n",
        "from invoke import Collection\nns = Collection()\nsysinit_vm = 1\n",
        "x = " + "+".join("1" * 3000) + "\n",
        "x = " + "-" * 100_000 + "1\n",
        "def (\n",
        b"# coding: nonesuch\n",
        b"x = '\xff'\n",
        b"\xef\xbb\xbfx = 1\n",
        b"\x00",
    ],
)
def test_what_cannot_be_done_safely_is_refused_with_the_lines_to_add(tmp_path, text):
    with pytest.raises(VmError, match=r"left as it is[\s\S]*To be added:\nimport sysinit_vm\nns.add_collection"):
        changed(tmp_path, text)


def test_what_is_in_the_way_is_named(tmp_path):
    with pytest.raises(VmError, match="called invoke and sys"):
        changed(tmp_path, "class sys: pass\ndef invoke(): pass\n")


# What may stand in anyone's tasks.py, each of it able to run beside any other.
RUNNABLE = st.lists(
    st.sampled_from(
        ["from typing import Collection", "from collections.abc import Collection", "class Collection: pass", "def Collection(): pass",
         "import sys", "import sys, os", "import os as sys", "sys = 1", "def sys(): pass", "import invoke", "import invoke.tasks",
         "def invoke(): pass", "from invoke import *", "from invoke import task", "import sysinit_vm", "import os as sysinit_vm",
         "def words(x: 'Collection[str]'): pass", "here = sys", "import invoke as Collection", "from invoke import Collection",
         "import invoke as i; ns = i.Collection(i.task(print, name='a'))", "import invoke as i; namespace = i.Collection(i.task(print, name='b'))",
         "def ns(): pass", "import invoke.collection; namespace = invoke.collection.Collection(invoke.task(print, name='c'))",
         "from invoke import task\n@task\ndef one(c): pass", "from invoke import task as t\n@t\ndef two(c): pass",
         "from invoke import task as t\n@t\ndef ns(c): pass", "with open('/dev/null') as sys: pass"]
    ),
    max_size=6,
)  # fmt: skip


def run(text):
    """What a module of this text has: its names, and the collection that Invoke makes of it. None where it fails."""
    module = types.ModuleType("tasks_of_a_test")
    with mock.patch.dict(sys.modules, {module.__name__: module}):
        try:
            exec(compile(text, "tasks.py", "exec"), vars(module))  # noqa: S102
            return vars(module), Collection.from_module(module)
        except (NameError, AttributeError, TypeError, ValueError):
            return None


def what(value):
    """The same for two runs of a module, which make functions and classes anew."""
    return getattr(value, "__module__", None), getattr(value, "__qualname__", None) or repr(value)


@given(statements=RUNNABLE)
def test_no_name_or_task_of_the_module_becomes_another(tmp_path_factory, statements):
    text = "\n".join(statements) + "\n"
    before = run(text)
    assume(before)
    try:
        wanted = changed(tmp_path_factory.mktemp("t"), text)
    except VmError:
        return  # refused: then nothing is written at all
    names, collection = run(wanted.after)
    assert set(names) - set(before[0]) <= {"sys", "invoke", "sysinit_vm", "ns"}
    for name, value in before[0].items():
        assert name in ROOTS or what(names[name]) == what(value)
    assert set(before[1].task_names) | {"lima.start"} <= set(collection.task_names)


STATEMENTS = st.lists(
    st.sampled_from(
        ["import os", "from invoke import task; import re", "x = '''a\n\nb'''", "if True:\n\ty = 1", "@task\ndef t(c):\n    pass",
         "# ünï", "", "\f", "z = (1 +\n  2)", "from a import (\n    b,\n)", "class A: pass", "import sys", "import os as sys", "class invoke: pass", "x = 'a' \\\n  'b'", '"""Doc."""']
    ),
    max_size=8,
)  # fmt: skip


@given(statements=STATEMENTS, end=st.sampled_from(["\n", "\r\n", "\r"]), last=st.booleans())
def test_whatever_the_module_says_it_says_still_to_the_byte(tmp_path_factory, statements, end, last):
    text = "\n".join(statements).replace("\n", end) + (end if last else "")
    ast.parse(text)
    root = tmp_path_factory.mktemp("t")
    try:
        wanted = changed(root, text)
    except VmError:
        return  # refused: then nothing is written at all
    new, old = wanted.after, text.encode()
    assert wanted.before == old
    assert any(new.startswith(old[:at]) and old[at:] in new[at:] for at in range(len(old) + 1))
    ast.parse(new)
