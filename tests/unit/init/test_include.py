import ast
import os

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import file_edits, files
from sysinit_vm.errors import VmError
from sysinit_vm.init import include, shared_taskfile

BLOCK = include.PASTE["--taskfile"]
ENTRY = BLOCK.partition("\n")[2]
COLLECT = '\nimport sys\n\nimport invoke\nimport sysinit_vm\n\nns = invoke.Collection.from_module(sys.modules[__name__])\nns.add_collection(sysinit_vm.ns, name="lima")\n'
INVOKE = "from invoke import Collection, task\n"
BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def edit(root, flag, text):
    name = include.NAMES[flag][0]
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    change = include.edit_of(root, flag)
    return change and change.after.decode()


def refused(root, flag, text):
    with pytest.raises(
        VmError, match=r"left as it is[\s\S]*Lines to add:\n(includes:\n  sysinit:|import sysinit_vm\n)"
    ) as error:
        edit(root, flag, text)
    return str(error.value)


def test_new_files(tmp_path):
    made = {flag: include.edit_of(tmp_path, flag) for flag in include.NAMES}
    assert made["--taskfile"].after.decode() == f'version: "3"\n\n{BLOCK}'
    assert made["--tasks"].after.decode() == (
        "from invoke import Collection\n\nimport sysinit_vm\n\nns = Collection(lima=sysinit_vm.ns)\n"
    )
    assert {change.before for change in made.values()} == {None}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('version: "3"\ntasks: {}\n', f'version: "3"\n\n{BLOCK}tasks: {{}}\n'),
        ('version: "3"', f'version: "3"\n\n{BLOCK}'),
        ("# ünï\n---\nversion: '3' # of Task\n\n# mine\ntasks:\n  x: echo\n", f"# ünï\n---\nversion: '3' # of Task\n\n{BLOCK}\n# mine\ntasks:\n  x: echo\n"),
        ("version: 3\nincludes:\n  # the docs'\n  docs: ./docs\ntasks: {}\n", f"version: 3\nincludes:\n{ENTRY}  # the docs'\n  docs: ./docs\ntasks: {{}}\n"),
        ("includes: # all\n\n  docs: ./docs # end", f"includes: # all\n{ENTRY}\n  docs: ./docs # end"),
        ("includes:\n    docs: ./docs\n", f"includes:\n{ENTRY.replace('  sys', '    sys').replace('    task', '      task').replace('    flat', '      flat').replace('    opt', '      opt')}    docs: ./docs\n"),
        ("version: 3\nvars: {d: 2001-13-45, e: 0o8, f: on}\n", f"version: 3\n\n{BLOCK}vars: {{d: 2001-13-45, e: 0o8, f: on}}\n"),
        ("version: 3\ntasks: {build-*: echo, lima: echo, limactl: echo}\n", f"version: 3\n\n{BLOCK}tasks: {{build-*: echo, lima: echo, limactl: echo}}\n"),
    ],
)  # fmt: skip
def test_a_taskfile_gains_our_lines_alone(tmp_path, before, after):
    assert edit(tmp_path, "--taskfile", before) == after


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        "includes: {sysinit: {taskfile: ~/sysinit-vm/Taskfile.yml, flatten: true}}\n",
        BLOCK.replace("sysinit:", "vm:"),
        "includes: {vm: {taskfile: ~/.local/share/sysinit-vm/Taskfile.yml, flatten: true}}\n",
    ],
)
def test_a_taskfile_that_includes_ours_is_left(tmp_path, text):
    assert edit(tmp_path, "--taskfile", text) is None


@pytest.mark.parametrize(
    "text",
    [
        "{version: 3, tasks: {}}\n", "{\nversion: 3,\ntasks: {}\n}\n", '"version": 3\n', "version:\n  3\n", "tasks: {}\n",
        "includes: {}\n", "version: 3\nincludes:\n", "includes: {docs: ./docs}\n", "includes:\n  {docs: ./docs}\n",
        "includes: &all\n  docs: ./docs\n", "x: &a {}\nincludes: *a\n", "base: &b {includes: {d: ./d}}\n<<: *b\nversion: 3\n",
        "includes: ~\n", "includes: [a]\n", "includes: text\n", "version: 3\ntasks: []\n", "- a\n", "", "# nothing\n", "a: [\n",
        "version: 3\nversion: 3\n", "version: 3\n---\nversion: 3\n", 'text: "\nversion: 3\n"\nversion: 3\n',
        "includes:\n  sysinit: ./their/own\n", "includes:\n  lima: ./lima.yml\n", "includes:\n  lima:build: ./lima.yml\n",
        "includes:\n  vm: {taskfile: ./vm.yml, aliases: [lima]}\n", "includes:\n  docs: {taskfile: ./docs.yml, flatten: true}\n",
        "version: 3\ntasks:\n  lima:start: echo\n", "version: 3\ntasks:\n  li*: echo\n", "version: 3\ntasks:\n  '*:start': echo\n",
        "version: 3\ntasks:\n  up: {aliases: ['lima:up'], cmd: echo}\n", "version: 3\nvars: {TASK: destroy}\n",
        "version: 3\r\n", b"version: 3 # \xff\n", "version: 3\nvars: {x: !!int x}\n", "version: 3\nvars: &v [*v]\n",
        f"version: 3\nvars: {'[' * 5000}\n", f"version: 3\n{BOMB}", f"version: 3\n#{'x' * 200_000}\n",
    ],
)  # fmt: skip
def test_any_other_taskfile_is_left_with_the_lines_to_paste(tmp_path, text):
    refused(tmp_path, "--taskfile", text)


def test_a_clash_is_named(tmp_path):
    assert "lima:start" in refused(tmp_path, "--taskfile", "version: 3\ntasks: {lima:start: echo}\n")
    assert "sysinit_vm" in refused(tmp_path, "--tasks", "import sysinit_vm\n")


def test_the_file_that_its_program_reads_is_changed(tmp_path):
    for flag, names in include.NAMES.items():
        for name in reversed(names):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("version: 3\n" if flag == "--taskfile" else "x = 1\n")
            assert include.edit_of(tmp_path, flag).path == tmp_path / name
    assert include.NAMES["--taskfile"][:3] == ["Taskfile.yml", "taskfile.yml", "Taskfile.yaml"]


@pytest.mark.parametrize("flag", include.NAMES)
@pytest.mark.parametrize("leads_to", ["/dev/zero", "gone", "inside.yml", "../outside.yml", "FIFO"])
def test_what_is_no_ordinary_file_is_neither_read_nor_shown(tmp_path, flag, leads_to):
    """Not even a link inside the project: the guest can change where it leads."""
    root = tmp_path / "shop"
    root.mkdir()
    for file in (root / "inside.yml", tmp_path / "outside.yml"):
        file.write_text("version: 3\nsecret: 1\n" if flag == "--taskfile" else "secret = 1\n")
    path = root / include.NAMES[flag][0]
    os.mkfifo(path) if leads_to == "FIFO" else path.symlink_to(leads_to)
    with pytest.raises(VmError, match=rf"left as it is[\s\S]*a {'FIFO' if leads_to == 'FIFO' else 'link'}") as refusal:
        include.edit_of(root, flag)
    assert "secret" not in str(refusal.value)


def test_a_directory_that_is_a_link_is_not_entered(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "__init__.py").write_text("secret = 1\n")
    root = tmp_path / "shop"
    root.mkdir()
    (root / "tasks").symlink_to(elsewhere)
    with pytest.raises(VmError, match=r"left as it is[\s\S]*a link") as refusal:
        include.edit_of(root, "--tasks")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("flag", include.NAMES)
def test_what_becomes_a_link_after_the_question_is_not_written_through(tmp_path, home, monkeypatch, flag):
    root, outside = tmp_path / "shop", tmp_path / "outside"
    root.mkdir()
    outside.write_text("theirs\n")
    path = root / include.NAMES[flag][0]

    def agree_late(*_args, **_options):
        path.symlink_to(outside)

    monkeypatch.setattr(file_edits.prompts, "confirm", agree_late)
    with pytest.raises(VmError, match="a link"):
        include.join(root, [flag], yes=False, dry=False)
    assert outside.read_text() == "theirs\n"


def test_a_files_permissions_stay_as_they_are(tmp_path, home):
    path = tmp_path / "tasks.py"
    path.write_text("x = 1\n")
    path.chmod(0o750)
    include.join(tmp_path, ["--tasks"], yes=True, dry=False)
    assert "sysinit_vm" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("", COLLECT[1:]),
        ("# of lima", f"\n{COLLECT}"),
        ("from invoke import task\nimport sys\nimport invoke\n\n@task\ndef test(c):\n    sys.exit()\n", COLLECT),
    ],
)  # fmt: skip
def test_a_tasks_py_gains_our_lines_at_its_end(tmp_path, text, added):
    assert edit(tmp_path, "--tasks", text) == text + added
    ast.parse(text + added)


@pytest.mark.parametrize(
    "text", ["import sysinit_vm\nns = Collection(vm=sysinit_vm.ns)\n", "from sysinit_vm import ns\n"]
)
def test_a_tasks_py_that_has_ours_is_left(tmp_path, text):
    assert edit(tmp_path, "--tasks", text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"{INVOKE}ns = Collection(a, b.c, docs=d)\n", "ns = make()\n", "ns = Collection(a)\n", f"{INVOKE}ns = Collection()\n", f"{INVOKE}ns = Collection.from_module(m)\n",
        f"{INVOKE}if x:\n    ns = Collection(a)\n", f"{INVOKE}ns = Collection(a)\nns = wrapped(ns)\n", f"{INVOKE}ns = Collection(a)\ndel ns\n",
        f"{INVOKE}ns, b = Collection(a), 1\n", f"{INVOKE}ns = Collection(**all)\n", f"{INVOKE}ns = Collection(*all)\n",
        f"{INVOKE}class Collection(list): pass\nns = Collection(a)\n", "from typing import Collection\nns = Collection(a)\n",
        f"{INVOKE}from typing import Collection\nns = Collection(a)\n", "from invoke import task as Collection\nns = Collection(a)\n",
        f"'''\n{INVOKE}ns = Collection(a)\n'''\n", f"{INVOKE}namespace = Collection(a)\n", "from theirs import *\n", "from invoke import *\n",
        "import ns\n", "def ns(c): pass\n", "import lima\n", "from x import y as lima\n", "@task(name='lima')\ndef x(c): pass\n",
        "import sysinit_vm as vm\n", "sys = 1\n", "def sys(): pass\n", "import os as sys\n", "from . import invoke\n", "from invoke import x as sys\n",
        "import sys\ndel sys\n", "try: pass\nexcept E as sys: pass\n", "match x:\n    case {**invoke}: pass\n", "import sys\nfor sys in a: pass\n",
        "def (\n", "x = 1 \\\n", "x = 1\r\n", b"# coding: nonesuch\n", b"x = '\xff'\n", b"\x00",
        "x = " + "+".join("1" * 3000) + "\n", "x = " + "-" * 100_000 + "1\n", "#" * 200_001,
    ],
)  # fmt: skip
def test_any_other_tasks_py_is_left_with_the_lines_to_paste(tmp_path, text):
    refused(tmp_path, "--tasks", text)


WORD = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)
KEY = st.sampled_from(["version", "includes", "tasks", "vars", "<<", "  docs", "  lima", "    taskfile"])
SCALAR = st.sampled_from(
    ["", "3", "&a [*a]", "&a {}", "*a", "{b: c}", "{? [a] : b}", "!own x", "'", "- a", "|", "#", "\u2028"]
)


@given(
    st.lists(st.tuples(KEY, SCALAR | WORD), max_size=6).map(lambda pairs: "".join(f"{k}: {v}\n" for k, v in pairs))
    | st.text()
)
def test_any_taskfile_keeps_what_it_says_or_is_left(tmp_path_factory, text):
    try:
        after = edit(tmp_path_factory.mktemp("t"), "--taskfile", text)
    except VmError:
        return
    if after is not None:
        assert len(after) > len(text)
        data = yaml.load(after, yaml.BaseLoader)  # noqa: S506  # it makes nothing but text
        assert data["includes"].pop("sysinit") == yaml.load(ENTRY, yaml.BaseLoader)["sysinit"]  # noqa: S506
        before = yaml.load(text, yaml.BaseLoader)  # noqa: S506
        assert data == {**before, "includes": before.get("includes") or {}}


def test_the_shared_path_leads_to_the_shipped_file_whatever_was_there(home):
    path = shared_taskfile.link()
    assert path == home / ".local/share/sysinit-vm/Taskfile.yml"
    assert path.samefile(files.data("Taskfile.yml"))
    path.unlink()
    path.symlink_to("/gone/with/an/older/version")
    assert shared_taskfile.link().samefile(files.data("Taskfile.yml"))
    assert [file.name for file in path.parent.iterdir()] == ["Taskfile.yml"]


def test_a_shared_path_that_cannot_be_made_is_an_error_in_three_parts(home):
    (home / ".local").write_text("a file")
    with pytest.raises(VmError, match=r"Cannot make [\s\S]*Try: ls"):
        shared_taskfile.link()


def test_the_committed_include_names_the_shared_path(home):
    assert f"~/{shared_taskfile.link().relative_to(home)}" in BLOCK
