import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke.loader import FilesystemLoader

from sysinit_vm import pytasks
from sysinit_vm.errors import VmError

ADDED = 'ns.add_collection(sysinit_vm.ns, name="lima")'
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
        "from invoke import task\nimport sys\n\nfrom invoke import Collection\n\nimport sysinit_vm\n"
        + TASKS.partition("\n")[2]
        + f"\nns = Collection.from_module(sys.modules[__name__])\n{ADDED}\n"
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
    "text", ["import sysinit_vm\nns = 1\n", "from sysinit_vm import ns\n", "def f():\n    import sysinit_vm\n"]
)
def test_what_has_ours_already_is_left(tmp_path, text):
    assert changed(tmp_path, text) is None


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
        "sys = 1\n",
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


STATEMENTS = st.lists(
    st.sampled_from(
        ["import os", "from invoke import task; import re", "x = '''a\n\nb'''", "if True:\n\ty = 1", "@task\ndef t(c):\n    pass",
         "# ünï", "", "\f", "z = (1 +\n  2)", "from a import (\n    b,\n)", "class A: pass", "import sys", "x = 'a' \\\n  'b'", '"""Doc."""']
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
