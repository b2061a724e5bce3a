from urllib.parse import parse_qs, unquote, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import editors, settings
from sysinit_vm.errors import MissingError, UsageError

PATH = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1).map(
    lambda text: f"/{text}"
)


@pytest.fixture
def installed(monkeypatch):
    there = set()
    monkeypatch.setattr(editors, "find", lambda program: f"/bin/{program}" if program in there else None)
    return there


def test_the_first_that_is_there_is_taken(installed):
    installed |= {"zeditor", "cursor"}
    assert editors.choose("")[1] == "/bin/cursor"
    assert editors.choose("zed")[1] == "/bin/zeditor"


def test_none_says_where_each_is_got(installed):
    with pytest.raises(MissingError, match=r"No editor[\s\S]*zed\.dev"):
        editors.choose("")
    with pytest.raises(MissingError, match=r"VS Code was not found[\s\S]*Remote - SSH") as missing:
        editors.choose("code")
    assert "zed.dev" not in str(missing.value)


def test_an_unknown_one_is_refused_with_those_that_are_known(installed):
    with pytest.raises(UsageError, match="code, cursor, zed, gateway"):
        editors.choose("emacs")


def test_the_setting_takes_the_same_names(home, monkeypatch):
    for name in editors.EDITORS:
        monkeypatch.setenv("SYSINIT_VM_EDITOR", name)
        assert settings.value("editor") == name


@given(PATH)
def test_a_directory_of_any_name_arrives_in_each_editors_own_spelling(directory):
    assert editors.EDITORS["code"].arguments("vm", directory) == ("--remote", "ssh-remote+vm", directory)
    zed = urlparse(editors.EDITORS["zed"].arguments("vm", directory)[0])
    assert (zed.scheme, zed.netloc, unquote(zed.path), zed.query, zed.fragment) == ("ssh", "vm", directory, "", "")
    gateway = urlparse(editors.EDITORS["gateway"].arguments("vm", directory)[0])
    assert parse_qs(gateway.fragment)["projectPath"] == [directory]
