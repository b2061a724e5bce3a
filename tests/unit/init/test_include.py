from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from recording import Recorder, result

from sysinit_vm import files
from sysinit_vm.errors import VmError
from sysinit_vm.init import include
from sysinit_vm.machine import optional

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
    return include.changed(root)


def after(root, text):
    return changed(root, text).after.decode()


def test_a_project_without_one_gets_one(tmp_path):
    wanted = include.changed(tmp_path)
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


@pytest.mark.parametrize("name", include.NAMES)
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
        BLOCK.replace("sysinit:", "vm:"),
        "includes: {vm: {taskfile: ~/.local/share/sysinit-vm/Taskfile.yml, flatten: true}}\n",
        "includes: {vm: {taskfile: '{{.HOME}}/.local/share/sysinit-vm/Taskfile.yml', flatten: true}}\n",
        f"includes: {{vm: {{taskfile: {files.data('Taskfile.yml')}, flatten: true}}}}\n",
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
        "includes: {lima: ./lima.yml}\n",
        "includes:\n  lima:\n    taskfile: ./lima.yml\n",
        "vars: &v [*v]\n",
        "vars: {x: !!int x}\n",
        "vars: {x: !!timestamp soon}\n",
        "vars: {? {a: b} : c}\n",
        f"vars: {'[' * 5000}\n",
        f"vars: {'[' * 900}{']' * 900}\n",
        f"vars: {'x: ' * 20}\n",
        "version: 3\nversion: 3\n",
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


@pytest.mark.parametrize(
    "value", ["2001-13-45", "2001-01-01", "12:30", "0o8", "1_000", "on", "=", ".inf", "!!float .inf"]
)
def test_what_yaml_1_1_reads_in_its_own_way_is_plain_to_task(tmp_path, value):
    text = f"version: 3\nvars: {{d: {value}}}\n"
    assert after(tmp_path, text) == f"version: 3\n\n{BLOCK}vars: {{d: {value}}}\n"


@pytest.mark.parametrize("include", ["{taskfile: ./lima.yml, flatten: true}"])
def test_an_include_whose_name_does_not_come_before_its_tasks_is_in_nobodys_way(tmp_path, include):
    assert FLOW in after(tmp_path, f"includes: {{lima: {include}}}\n")


@pytest.mark.parametrize("path", ["~nobody-of-this-name/x.yml", '"\\0"', "12", "[a]", f"'{'x' * 5000}'"])
def test_an_include_that_leads_nowhere_is_not_ours(tmp_path, path):
    assert FLOW in after(tmp_path, f"includes: {{vm: {{taskfile: {path}, flatten: true}}}}\n")


def test_what_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "Taskfile.yml").write_bytes(b"version: 3 # \xff\n")
    with pytest.raises(VmError, match="left as it is"):
        include.changed(tmp_path)


def test_a_task_of_the_same_name_is_refused_because_task_would(tmp_path):
    with pytest.raises(VmError, match="lima:start"):
        changed(tmp_path, "version: 3\ntasks:\n  lima:start: echo\n")


def asked(monkeypatch, root, *statuses):
    """What Task, which is there, is asked of a change to the Taskfile of ``root``."""
    monkeypatch.setattr(optional, "find_task", lambda _: Path("/bin/task"))
    task = Recorder(*(result(code, err=f"task: says {code}") for code in statuses))
    include.prove(task, changed(root, "version: '3' # ü\n"))
    return task


def test_task_is_asked_before_a_file_changes_with_ours_where_it_lies(monkeypatch, tmp_path):
    task = asked(monkeypatch, tmp_path, 0, 0)
    (words,) = set(task.argvs)
    assert words[0] == "/bin/task"
    assert "--list-all" in words
    assert [BLOCK in each["text"] for each in task.options] == [False, True]
    for each in task.options:
        assert each["cwd"] == tmp_path
        assert Path(each["env"]["SYSINIT_TASKFILE"]).samefile(files.data("Taskfile.yml"))
        assert each["timeout"]


def test_what_task_would_refuse_with_ours_is_left_as_it_is(monkeypatch, tmp_path):
    with pytest.raises(VmError, match=r"left as it is[\s\S]*task: says 203"):
        asked(monkeypatch, tmp_path, 0, 203)


def test_what_task_refuses_anyway_or_cannot_be_asked_of_proves_nothing(monkeypatch, tmp_path):
    asked(monkeypatch, tmp_path, 1, 1)
    monkeypatch.setattr(optional, "find_task", lambda _: None)
    include.prove(Recorder(), changed(tmp_path, "version: 3\n"))


def test_a_new_file_needs_no_proof(monkeypatch, tmp_path):
    monkeypatch.setattr(optional, "find_task", lambda _: Path("/bin/task"))
    task = Recorder()
    include.prove(task, include.changed(tmp_path))
    assert task.argvs == []


WORD = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
DATA = st.recursive(
    WORD | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(WORD, inner),
    max_leaves=6,
)
COMMENT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20)


@given(
    includes=st.none() | st.dictionaries(WORD.filter(lambda key: key not in {"sysinit", "lima"}), WORD, max_size=3),
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
        wanted = include.changed(root)
    except VmError:
        return  # refused: then nothing is written at all
    assert wanted.before == text.encode()
    new = wanted.after.decode()
    start = next(at for at in range(len(new) + 1) if new[at : at + 1] != text[at : at + 1] or at == len(text))
    added = len(new) - len(text)
    assert any(new[:at] + new[at + added :] == text for at in range(max(0, start - added), start + 1))
    before, now = yaml.safe_load(text), yaml.safe_load(new)
    assert now["includes"].pop("sysinit") == include.INCLUDE
    assert now == {**before, "includes": before.get("includes") or {}}


SCALAR = st.sampled_from(
    ["2001-13-45", "2001-01-01 25:61", "!!int x", "!!float .nan", ".nan", "&a [*a]", "*a", "<<", "!own x", "!!binary =", "!!set {a}",
     "!!omap [a: b]", "{? [a] : b}", "[" * 900 + "]" * 900, "12:30", "~", "on", "'", "- a", "? a", "%x", "\t", "\u2028"]
)  # fmt: skip
KEY = st.sampled_from(
    ["version", "includes", "tasks", "vars", "<<", "sysinit", "lima", "  sysinit", "  lima", "    taskfile"]
)


@given(
    st.lists(st.tuples(KEY, SCALAR | WORD), max_size=5).map(lambda pairs: "".join(f"{k}: {v}\n" for k, v in pairs))
    | st.text()
)
@example("includes: {&a {taskfile: x}: y}\n")
def test_any_text_gives_a_change_or_a_sentence(tmp_path_factory, text):
    try:
        wanted = changed(tmp_path_factory.mktemp("t"), text)
    except VmError:
        return
    assert wanted is None or b"sysinit:" in wanted.after


@given(end=st.sampled_from(["\n", "\r\n"]), comment=COMMENT, tail=st.sampled_from(["", "tasks: {}"]))
def test_an_ordinary_file_is_never_refused(tmp_path_factory, end, comment, tail):
    root = tmp_path_factory.mktemp("t")
    text = f"# {comment}{end}version: '3' # {comment}{end}{end}{tail}"
    (root / "Taskfile.yml").write_bytes(text.encode())
    assert include.changed(root).after.decode().replace(end, "\n").count(BLOCK) == 1


def test_the_shared_path_leads_to_the_shipped_file_whatever_was_there(home):
    path = include.shared()
    assert path == home / ".local/share/sysinit-vm/Taskfile.yml"
    assert path.samefile(files.data("Taskfile.yml"))
    path.unlink()
    path.symlink_to("/gone/with/an/older/version")
    assert include.shared().samefile(files.data("Taskfile.yml"))
    assert sorted(each.name for each in path.parent.iterdir()) == ["Taskfile.yml"]


def test_a_shared_path_that_cannot_be_made_is_an_error_in_three_parts(home):
    (home / ".local").write_text("a file")
    with pytest.raises(VmError, match=r"Cannot make [\s\S]*Try: ls"):
        include.shared()


def test_the_committed_include_names_the_shared_path():
    assert f"~/{include._SHARED}" in include.INCLUDE["taskfile"]
    assert not Path(include._SHARED).is_absolute()
