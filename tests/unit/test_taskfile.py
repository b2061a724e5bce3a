from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import files, taskfile
from sysinit_vm.errors import VmError

BLOCK = """\
includes:
  sysinit:
    taskfile: '{{.SYSINIT_TASKFILE | default "~/.local/share/sysinit-vm/Taskfile.yml"}}'
    flatten: true
    optional: true
"""
INNER = BLOCK.partition("\n")[2]
FLOW = """sysinit: {taskfile: '{{.SYSINIT_TASKFILE | default "~/.local/share/sysinit-vm/Taskfile.yml"}}', flatten: true, optional: true}"""


def changed(root, text, name="Taskfile.yml"):
    (root / name).write_bytes(text.encode())
    return taskfile.changed(root)


def after(root, text):
    return changed(root, text).after.decode()


def test_a_project_without_one_gets_one(tmp_path):
    wanted = taskfile.changed(tmp_path)
    assert wanted.path == tmp_path / "Taskfile.yml"
    assert wanted.before is None
    assert wanted.after.decode() == f'version: "3"\n\n{BLOCK}'


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ('version: "3"\ntasks: {}\n', f'version: "3"\n\n{BLOCK}tasks: {{}}\n'),
        ('version: "3"', f'version: "3"\n\n{BLOCK}'),
        ("version: '3' # of Task\n\n# mine\ntasks:\n  x: echo\n", f"version: '3' # of Task\n\n{BLOCK}\n# mine\ntasks:\n  x: echo\n"),
        ("tasks:\n  x: echo\n", f"{BLOCK}\ntasks:\n  x: echo\n"),
        ("version: 3\nincludes:\n  # the docs'\n  docs: ./docs\ntasks: {}\n", f"version: 3\n{BLOCK}  # the docs'\n  docs: ./docs\ntasks: {{}}\n"),
        ("includes: # all\n  docs: ./docs # end\n", f"includes: # all\n{INNER}  docs: ./docs # end\n"),
        ("includes:\nversion: 3\n", f"{BLOCK}version: 3\n"),
        ("version: 3\nincludes:", f"version: 3\n{BLOCK}"),
        ("includes: &all\n  docs: ./docs\n", f"includes: &all\n{INNER}  docs: ./docs\n"),
        ("version: 3\nincludes: {}\n", f"version: 3\nincludes: {{{FLOW}}}\n"),
        ("includes: {docs: ./docs,\n  more: x}\n", f"includes: {{{FLOW}, docs: ./docs,\n  more: x}}\n"),
        ("includes: &a {docs: ./docs}\n", f"includes: &a {{{FLOW}, docs: ./docs}}\n"),
        ("# ünï\n---\nversion: 3\n", f"# ünï\n---\nversion: 3\n\n{BLOCK}"),
    ],
)  # fmt: skip
def test_only_our_lines_are_added(tmp_path, before, wanted):
    assert after(tmp_path, before) == wanted


def test_indentation_and_line_ends_are_the_files_own(tmp_path):
    crlf = after(tmp_path, "version: 3\r\nincludes:\r\n    docs: ./docs\r\n")
    assert crlf.startswith("version: 3\r\nincludes:\r\n    sysinit:\r\n      taskfile: ")
    assert crlf.endswith("      optional: true\r\n    docs: ./docs\r\n")
    assert "\n" not in crlf.replace("\r\n", "")


@pytest.mark.parametrize("name", taskfile.NAMES)
def test_every_name_that_task_knows_is_found(tmp_path, name):
    assert changed(tmp_path, "version: 3\n", name).path == tmp_path / name


def test_the_first_that_task_would_take_is_changed(tmp_path):
    (tmp_path / "Taskfile.dist.yml").write_text("version: 3\n")
    assert changed(tmp_path, "version: 3\n", "Taskfile.yaml").path.name == "Taskfile.yaml"


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        f"includes: {{{FLOW}}}\n",
        "includes:\n  sysinit: {taskfile: ~/sysinit-vm/Taskfile.yml, flatten: true}\n",
    ],
)
def test_what_includes_ours_already_is_left(tmp_path, text):
    assert changed(tmp_path, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "{version: 3, tasks: {}}\n",
        "x: &a {}\nincludes: *a\n",
        "includes: ~\n",
        "includes: [a]\n",
        "includes: text\n",
        "includes:\n  sysinit: ./their/own\n",
        "version: 3\n---\nversion: 3\n",
        "- a\n",
        "",
        "a: [\n",
        "base: &b {docs: ./docs}\nincludes:\n  <<: *b\n  ? [1]\n  : 2\n",
    ],
)
def test_what_cannot_be_done_safely_is_refused_with_the_lines_to_add(tmp_path, text):
    with pytest.raises(VmError, match=r"left as it is[\s\S]*To be added:\nincludes:\n  sysinit:"):
        changed(tmp_path, text)


def test_what_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "Taskfile.yml").write_bytes(b"version: 3 # \xff\n")
    with pytest.raises(VmError, match="left as it is"):
        taskfile.changed(tmp_path)


def test_a_task_of_the_same_name_is_refused_because_task_would(tmp_path):
    with pytest.raises(VmError, match="lima:start"):
        changed(tmp_path, "version: 3\ntasks:\n  lima:start: echo\n")


WORD = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
DATA = st.recursive(
    WORD | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(WORD, inner),
    max_leaves=6,
)
COMMENT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20)


@given(
    includes=st.none() | st.dictionaries(WORD.filter(lambda key: key != "sysinit"), WORD, max_size=3),
    rest=st.dictionaries(WORD.filter(lambda key: key not in {"includes", "version", "tasks"}), DATA, max_size=3),
    flow=st.sampled_from([None, False]),
    indent=st.integers(2, 6),
    comments=st.tuples(COMMENT, COMMENT, COMMENT),
    end=st.sampled_from(["\n", "\r\n"]),
    version=st.booleans(),
)
def test_whatever_the_file_says_it_says_still_to_the_byte(
    tmp_path_factory, includes, rest, flow, indent, comments, end, version
):
    data = ({"version": "3"} if version else {}) | ({} if includes is None else {"includes": includes}) | rest
    text = yaml.safe_dump(data, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True)
    first, *others = text.splitlines(keepends=True) or [""]
    text = f"# {comments[0]}\n{first}# {comments[1]}\n{''.join(others)}# {comments[2]}\n".replace("\n", end)
    root = tmp_path_factory.mktemp("t")
    (root / "Taskfile.yml").write_bytes(text.encode())
    try:
        wanted = taskfile.changed(root)
    except VmError:
        return  # refused: then nothing is written at all
    assert wanted.before == text.encode()
    new = wanted.after.decode()
    start = next(at for at in range(len(new) + 1) if new[at : at + 1] != text[at : at + 1] or at == len(text))
    added = len(new) - len(text)
    assert any(new[:at] + new[at + added :] == text for at in range(max(0, start - added), start + 1))
    before, now = yaml.safe_load(text), yaml.safe_load(new)
    assert now["includes"].pop("sysinit") == taskfile.INCLUDE
    assert now == {**before, "includes": before.get("includes") or {}}


@given(end=st.sampled_from(["\n", "\r\n"]), comment=COMMENT, tail=st.sampled_from(["", "tasks: {}"]))
def test_an_ordinary_file_is_never_refused(tmp_path_factory, end, comment, tail):
    root = tmp_path_factory.mktemp("t")
    text = f"# {comment}{end}version: '3' # {comment}{end}{end}{tail}"
    (root / "Taskfile.yml").write_bytes(text.encode())
    assert taskfile.changed(root).after.decode().replace(end, "\n").count(BLOCK) == 1


def test_the_shared_path_leads_to_the_shipped_file_whatever_was_there(home):
    path = taskfile.shared()
    assert path == home / ".local/share/sysinit-vm/Taskfile.yml"
    assert path.samefile(files.data("Taskfile.yml"))
    path.unlink()
    path.symlink_to("/gone/with/an/older/version")
    assert taskfile.shared().samefile(files.data("Taskfile.yml"))
    assert sorted(each.name for each in path.parent.iterdir()) == ["Taskfile.yml"]


def test_a_shared_path_that_cannot_be_made_is_an_error_in_three_parts(home):
    (home / ".local").write_text("a file")
    with pytest.raises(VmError, match=r"Cannot make [\s\S]*Try: ls"):
        taskfile.shared()


def test_the_committed_include_names_the_shared_path():
    assert f"~/{taskfile._SHARED}" in taskfile.INCLUDE["taskfile"]
    assert not Path(taskfile._SHARED).is_absolute()
