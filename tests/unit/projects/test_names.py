import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sysinit_vm.errors import UsageError
from sysinit_vm.lima import names
from sysinit_vm.projects import default_names

LIMA = re.compile(r"^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$")
directory_names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=200).filter(
    lambda text: text not in {".", ".."}
)


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("demo", "demo-dev"),
        ("test-app1", "test-app1-dev"),
        ("My App", "My-App-dev"),
        ("a--b", "a-b-dev"),
        (".dotfiles", "dotfiles-dev"),
        ("café", "cafe-dev"),
        ("x_y.z", "x_y.z-dev"),
        ("trailing-", "trailing-dev"),
    ],
)
def test_a_directory_name_becomes_a_legal_one_that_can_be_recognised(directory, name):
    assert default_names.vm_name(Path("/p") / directory) == name


@given(directory_names, st.integers(12, 76))
def test_every_directory_gives_a_name_that_lima_takes_and_that_fits(directory, longest):
    name = default_names.vm_name(Path("/p") / directory, longest)
    assert LIMA.match(name)
    assert len(name) <= longest
    assert not name.endswith((".yaml", ".yml"))


@given(directory_names)
def test_every_directory_gives_a_session_name_that_zellij_takes(directory):
    name = default_names.session_name(Path("/p") / directory)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
    assert len(name) <= 36


def test_long_names_that_begin_alike_stay_apart():
    one, two = (default_names.vm_name(Path(f"/p/{'x' * 100}{end}")) for end in "ab")
    assert one != two
    assert one.startswith("xxxxxxxx")


def test_names_that_have_no_legal_character_stay_apart():
    assert default_names.vm_name(Path("/p/日本")) != default_names.vm_name(Path("/p/中国"))


@pytest.mark.parametrize("bad", ["a--b", "-a", "a_", ".a", "é", "a b", "", "x.yaml", "x" * 77, "a\n"])
def test_a_name_that_lima_refuses_is_refused_with_its_source(bad):
    with pytest.raises(UsageError, match="VM_NAME"):
        names.checked_vm_name(bad, source="VM_NAME")


@pytest.mark.parametrize(
    ("bad", "source", "mend", "hint"),
    [
        ("a b", "--name", "", "sysinit-vm status --name a-b"),
        ("a b", "VM_NAME", "", "export VM_NAME=a-b"),
        ("a b", "The name", "", "a-b"),
        ("a b", "param.VM_NAME in /p/c", "nano /p/c", "nano /p/c"),
        ("x" * 30, "VM_NAME", "", r"export VM_NAME=x{13}-[0-9a-f]{6}"),
    ],
)
def test_what_to_type_instead_of_a_name_is_a_line_where_that_was_said(bad, source, mend, hint):
    with pytest.raises(UsageError) as caught:
        names.checked_vm_name(bad, source=source, longest=20, hint=mend)
    assert re.fullmatch(hint.replace("$", r"\$"), caught.value.hint)


@given(st.text(max_size=90), st.integers(12, 76))
@example("x.yaml", 76)
@example("a.yml.yaml", 76)
def test_what_is_proposed_instead_of_a_name_is_one(text, longest):
    proposed = names.legal(text, longest)
    assert names.checked_vm_name(proposed, source="VM_NAME", longest=longest) == proposed


def test_the_socket_below_lima_home_limits_the_name(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert names.longest_vm_name(Path("/" + "h" * 59)) == 20
    monkeypatch.setattr("sys.platform", "darwin")
    assert names.longest_vm_name(Path("/" + "h" * 59)) == 16
    with pytest.raises(UsageError, match="LIMA_HOME is too long"):
        names.longest_vm_name(Path("/" + "h" * 69))
    assert names.longest_vm_name(Path("/h")) == 74
