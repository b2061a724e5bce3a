import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import packages
from sysinit_vm.errors import UsageError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", []),
        ("ripgrep", ["ripgrep"]),
        ("  libpq-dev\tg++ ripgrep\nripgrep ", ["g++", "libpq-dev", "ripgrep"]),
        (["fd-find", "python3.11"], ["fd-find", "python3.11"]),
    ],
)
def test_packages_are_separated_by_spaces_and_named_once(text, meant):
    assert packages.parse(text, "PACKAGES") == meant


BAD = ["nano-", "-o", "--yes", "nano=1", "nano/sid", "nano:arm64", "a,b", "~nnano", "?all", "*", "./x.deb", "/x.deb",
       "x.deb;id", "$x", "`id`", "Nano", "a", "é1", "web-server^", "n\u0131no", ".x", "+x", 'a"b', "a'b"]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_name_is_refused_with_its_source_and_what_to_type(bad):
    with pytest.raises(UsageError) as caught:
        packages.parse(f"ok {bad}", "SYSINIT_VM_PACKAGES")
    assert caught.value.brief == f"SYSINIT_VM_PACKAGES cannot have {bad!r}."
    assert caught.value.detail
    assert caught.value.hint


@pytest.mark.parametrize("bad", [["nano htop"], [None], [{"a": 1}], {"nano": 1}])
def test_a_list_has_one_name_in_each_entry(bad):
    with pytest.raises(UsageError):
        packages.parse(bad, "packages")


@given(st.text())
def test_what_is_taken_means_nothing_to_apt_or_a_shell_but_names(text):
    try:
        names = packages.parse(text, "x")
    except UsageError:
        return
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name) and not name.endswith("-") for name in names)
    assert packages.parse(" ".join(names), "x") == names
