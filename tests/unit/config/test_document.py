import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError

HERE = Path("/p/.lima/config.yaml")


def names_its_file(error):
    assert str(HERE) in error.brief


def value(text):
    return document.plain(f"k: {text}\n")["k"]


@pytest.mark.parametrize(
    "text",
    ["on", "off", "yes", "No", "y", "n", "12:30", "0644", "007", "1_000", "2020-01-01", "1.2.3", "0b1", "1e", "."],
)
def test_what_only_yaml_1_1_would_read_as_something_else_stays_text(text):
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+12", 12),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-1.", -1.0),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        ('"true"', "true"),
        ("'12'", "12"),
    ],
)
def test_yaml_1_2_values_are_resolved_with_their_type(text, meant):
    parsed = value(text)
    assert parsed == meant
    assert type(parsed) is type(meant)


def test_a_merge_key_takes_in_what_it_points_at():
    data = document.plain("a: &a {x: 1}\nb: {<<: *a, y: 2}\n")
    assert data["b"] == {"x": 1, "y": 2}


def test_a_key_that_stands_twice_is_refused_with_its_line():
    with pytest.raises(VmError, match=r"'cpus' appears twice") as caught:
        document.parse("cpus: 1\nmemory: 2GiB\ncpus: 2\n", HERE)
    assert "line 3" in str(caught.value)
    assert str(HERE) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("- a\n", "list"),
        ("just words\n", "str"),
        ("a: [1, 2\n", "Line 1: a \\[ is opened"),
        ("a: b: c\n", "Line 1: text with a colon"),
        ("a: 1\n---\nb: 2\n", "line"),
        ("a: \x07\n", "U\\+0007"),
        ("a: !!python/object:os.system x\n", "line"),
        ("[" * 5000, "recursion"),
        ("a: " + "9" * 5000, "in decimal, or in quotes"),
        ('a: "\\UFFFFFFFF"\n', "too large"),
    ],
)
def test_what_is_no_config_is_refused_with_the_path_and_the_reason(text, why):
    with pytest.raises(VmError, match=why) as caught:
        document.parse(text, HERE)
    assert str(HERE) in caught.value.brief
    assert "sysinit-vm init" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "!!bool maybe",
        "!!int ''",
        "!!float ''",
        "!!timestamp soon",
        "!!timestamp 2020-01-01",
        "!!binary aGk=",
        "!!set {a, b}",
        "&a [*a]",
        "&a {b: *a}",
        "!!float .nan",
        "{? [a] : b}",
    ],
)
def test_a_value_that_json_cannot_carry_is_refused_or_made_plain(text):
    try:
        data = document.parse(f"k: {text}\n", HERE)
    except VmError as error:
        names_its_file(error)
    else:
        assert document.parse(json.dumps(data, allow_nan=False), HERE) == data


@given(st.text())
@example("a: !!bool x")
@example("? a\n: b\n? a\n: c")
@example("<<: 1")
@example("a: &x\nb: *y")
def test_any_text_gives_a_mapping_or_a_sentence(text):
    try:
        assert isinstance(document.parse(text, HERE), dict)
    except VmError as error:
        names_its_file(error)


def test_a_file_is_read_and_names_itself(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("cpus: 2\nparam: {VM_NAME: mine}\n")
    config = document.load(path)
    assert (config.path, config.data["cpus"], config.vm_name) == (path, 2, "mine")


@pytest.mark.parametrize("text", ["param: {}", "param: [VM_NAME]", "param: {VM_NAME: ''}", "cpus: 1", "param:"])
def test_a_config_that_keeps_no_name_leaves_it_to_the_directory(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert document.load(path).vm_name is None


def test_a_directory_a_missing_file_and_bytes_are_refused_with_the_path(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    for path, why in ((tmp_path, "directory"), (tmp_path / "none", "No such file"), (binary, "utf-8")):
        with pytest.raises(VmError, match=why) as caught:
            document.load(path)
        assert str(path) in caught.value.brief


def test_what_aliases_multiply_is_counted_before_it_is_made():
    level = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(ValueError, match="aliases"):
        document.plain("\n".join(["k0: &k0 [x]", *level]))


def test_aliases_of_a_reasonable_size_are_fine():
    assert document.plain("a: &a {b: 1}\nc: *a\nd: *a\n")["d"] == {"b": 1}


def test_a_huge_file_is_refused_before_it_is_read_as_yaml():
    with pytest.raises(VmError, match="200000 characters"):
        document.parse("#" * 200_001, Path("c.yaml"))


TEXT = "# a\nmemory: x\nportForwards:\n- guestPort: 1\n-\n  hostPortRange: [1, 2]\nmounts:\n- a: {b: 1}\n"


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("memory", 2),
        ("portForwards", 3),
        ("portForwards[0]", 4),
        ("portForwards[0].guestPort", 4),
        ("portForwards[1].hostPortRange", 6),
        ("mounts[0].a.b", 8),
    ],
)
def test_a_value_has_the_line_of_its_key(where, line):
    assert Config(HERE, {}, text=TEXT).place(where) == f"line {line} of {HERE}"


@pytest.mark.parametrize("where", ["disk", "portForwards[2]", "memory.x", ""])
def test_what_is_not_in_the_text_has_only_its_file(where):
    assert Config(HERE, {}, text=TEXT).place(where) == str(HERE)


def test_a_config_without_its_text_has_only_its_file():
    assert Config(HERE, {"memory": "x"}).place("memory") == str(HERE)


def test_a_tab_is_named_with_its_line(tmp_path):
    with pytest.raises(VmError) as caught:
        document.parse("cpus: 1\nssh:\n\tforwardAgent: true\n", tmp_path / "config.yaml")
    assert caught.value.detail == "Line 3 has a tab; YAML is indented with spaces."


@pytest.mark.parametrize(("text", "line"), [("cpus: 1\n  memory: 2\n", 2), ("ssh:\n    a: 1\n  b: 2\n", 3)])
def test_a_wrong_indentation_names_the_line(tmp_path, text, line):
    with pytest.raises(VmError) as caught:
        document.parse(text, tmp_path / "config.yaml")
    assert caught.value.detail.startswith(f"Line {line}: it is indented ")
    assert "<unicode string>" not in caught.value.detail
