import pytest

from bench import original_script
from sysinit_vm.errors import UsageError

SCRIPT = "#!/usr/bin/env bash\necho ok\n"


def test_a_script_is_taken_as_it_is(tmp_path):
    path = tmp_path / "tool"
    path.write_text(SCRIPT)
    assert original_script.text(path) == SCRIPT


def test_of_a_description_the_first_block_that_is_a_script_is_taken(tmp_path):
    path = tmp_path / "tool.md"
    path.write_text(f"# Tool\n\n```bash\ntool help\n```\n\n```bash\n{SCRIPT}```\n\n```bash\n#!/bin/sh\nother\n```\n")
    assert original_script.text(path) == SCRIPT


@pytest.mark.parametrize("name", ["tool", "tool.md", "missing"])
def test_where_there_is_none_is_said(tmp_path, name):
    for known in ("tool", "tool.md"):
        (tmp_path / known).write_text("no script\n")
    with pytest.raises(UsageError, match=str(tmp_path / name)):
        original_script.text(tmp_path / name)
