"""What the setting `mirror` can be: nothing in it turns off that apt verifies signatures, or reaches another program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import mirror
from sysinit_vm.errors import UsageError

SNAPSHOT = "deb [check-valid-until=no] http://snapshot.debian.org/archive/debian/20260712T000000Z bookworm main"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "http://m.example/debian",
        "https://me:secret@m.example:8443/debian/",
        "http://[::1]:3142/debian",
        "deb http://m.example/debian bookworm main contrib",
        "deb file:/srv/debian bookworm main\n\ndeb\thttp://m.example bookworm-security main\n",
        "deb http://m.example/debian ./",
        SNAPSHOT,
        SNAPSHOT.replace("[", "[ ").replace("]", " ]"),
    ],
)
def test_mirrors(value):
    assert mirror.parse(f" {value}\n", "MIRROR") == value.strip()


@pytest.mark.parametrize(
    "option",
    [
        "trusted=yes",
        "TRUSTED=yes",
        "arch=amd64 trusted=yes",
        "trusted+=yes",
        "allow-insecure=yes",
        "allow-weak=yes",
        "allow-downgrade-to-insecure=yes",
        "signed-by=/tmp/mine.gpg",
        "check-date=no",
    ],
)
@pytest.mark.parametrize("form", ["[{}]", "[ {} ]"])
def test_an_option_of_apt_is_refused(option, form):
    with pytest.raises(UsageError) as error:
        mirror.parse(
            f"{SNAPSHOT}\ndeb {form.format(option)} http://m.example/debian bookworm main", "SYSINIT_VM_MIRROR"
        )
    assert error.value.brief == f"SYSINIT_VM_MIRROR cannot have the apt option {option.split()[0]}."
    assert "signature" in error.value.detail


@pytest.mark.parametrize(
    "value",
    [
        "/srv/mirror",
        "ftp://a.example",
        "-",
        "deb",
        "deb http://m.example/debian",
        "deb [trusted=yes http://m.example/debian bookworm main",
        "deb-src http://m.example/debian bookworm main",
        "http://m.example/debian bookworm main",
        "http://m.example/debian\ndeb [trusted=yes] http://evil.example/debian bookworm main",
        "deb http://m.example/debian bookworm main\n--setup-hook=touch /tmp/x",
        "deb http://m.example/debian bookworm main\n/tmp/evil.list",
        "deb http://m.example/debian bookworm main\x0bTypes: deb",
        "deb [check-valid-until=no][trusted=yes] http://m.example/debian bookworm main",
    ],
)
def test_what_is_no_mirror(value):
    with pytest.raises(UsageError, match="SYSINIT_VM_MIRROR"):
        mirror.parse(value, "SYSINIT_VM_MIRROR")


def test_an_error_shows_no_password():
    with pytest.raises(UsageError) as error:
        mirror.parse("ftp://me:p@ss@m.example/debian", "MIRROR")
    assert error.value.brief == "MIRROR is not a mirror: ftp://m.example/debian."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("deb https://me:secret@m.example/debian bookworm main", "deb https://m.example/debian bookworm main"),
        ("https://token@m.example", "https://m.example"),
        ("http://me:a@b@m.example/x@y", "http://m.example/x@y"),
        ("http://m.example/me:secret@x http://a:b@c/d", "http://m.example/me:secret@x http://c/d"),
        ("nothing", "nothing"),
    ],
)
def test_a_login_is_not_shown(text, shown):
    assert mirror.without_login(text) == shown


@given(st.text(st.characters(codec="utf-8")))
def test_any_accepted_text_is_lines_of_apt_or_one_uri(text):
    try:
        value = mirror.parse(text, "MIRROR")
    except UsageError:
        return
    assert all(line.startswith(("deb ", "deb\t", "http")) for line in value.split("\n") if line.strip())


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("", ""),
        (" https://mirror.example/github/\n", "https://mirror.example/github"),
        ("http://me:secret@127.0.0.1:8000", "http://me:secret@127.0.0.1:8000"),
        ("/srv/archives/", "/srv/archives"),
        ("/srv/our archives", "/srv/our archives"),
    ],
)
def test_what_stands_in_for_github(value, taken):
    assert mirror.parse_github(value, "GITHUB_MIRROR") == taken


@pytest.mark.parametrize(
    "value",
    [
        "archives",
        "~/archives",
        "file:///srv",
        "ftp://me:secret@a.example",
        "https://a.example b",
        "/srv\n/a",
        "https://",
        "https://[",
        "http://a:b/c",
    ],
)
def test_what_does_not(value):
    with pytest.raises(UsageError) as error:
        mirror.parse_github(value, "SYSINIT_VM_GITHUB_MIRROR")
    assert error.value.brief.startswith("SYSINIT_VM_GITHUB_MIRROR is not a mirror: ")
    assert "in place of https://github.com" in error.value.detail
    assert "secret" not in str(error.value)
