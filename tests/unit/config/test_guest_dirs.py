import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import guest_dirs
from sysinit_vm.errors import UsageError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", []),
        (".venv", [".venv"]),
        ("  target  node_modules .venv\n", [".venv", "node_modules", "target"]),
        ("a/ a a", ["a"]),
        ("web/app/node_modules b+c@1.2-3_4", ["b+c@1.2-3_4", "web/app/node_modules"]),
        ([".venv", "b"], [".venv", "b"]),
        ("b/c b", ["b", "b/c"]),
        ("\u00e9t\u00e9", ["\u00e9t\u00e9"]),
    ],
)
def test_directories_are_separated_by_spaces_the_outer_first(text, meant):
    assert guest_dirs.parse(text, "GUEST_DIRS") == meant


BAD = ["/etc", "..", "../x", "a/../b", "a/..", ".", "./a", "a//b", "a;b", "a'b", "$x", "`id`", ".lima", ".lima/x", "/",
       "a,b", "{{.User}}", "*", "a\\b"]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_leads_elsewhere_is_refused_with_its_source_and_what_to_type(bad):
    with pytest.raises(UsageError) as caught:
        guest_dirs.parse(f"ok {bad}", "param.GUEST_DIRS in /p/config.yaml")
    assert caught.value.brief == f"param.GUEST_DIRS in /p/config.yaml cannot have {bad!r}."
    assert caught.value.detail
    assert caught.value.hint


@given(st.text())
def test_what_is_taken_stays_inside_and_means_nothing_to_a_shell(text):
    try:
        directories = guest_dirs.parse(text, "x")
    except UsageError:
        return
    assert all(re.fullmatch(r"[\w.+@/-]+", directory) for directory in directories)
    assert not any(part in {"", ".", "..", ".lima"} for directory in directories for part in directory.split("/")[:1])
    assert guest_dirs.parse(" ".join(directories), "x") == directories


def test_a_directory_may_be_there_or_not(tmp_path):
    (tmp_path / ".venv").mkdir()
    guest_dirs.check(tmp_path, [".venv", "new", ".venv/deep/er"])


@pytest.mark.parametrize("directory", ["link", "link/x", "deep/link", "file", "file/x", "dangling"])
def test_links_and_files_are_refused(tmp_path, directory):
    (tmp_path / "real").mkdir()
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "deep/link").symlink_to("/etc")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="guest's own disk") as caught:
        guest_dirs.check(tmp_path, [directory])
    assert caught.value.hint.startswith("ls -l ")
