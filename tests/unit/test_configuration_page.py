"""docs/configuration.md against what the code knows."""

import re
from pathlib import Path

import pytest

import sysinit_vm
from sysinit_vm import settings

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "configuration.md").read_text()
ROWS = {
    cells[1].strip(" `"): [each.strip() for each in cells[2:-1]]
    for cells in (re.split(r"(?<!\\)\|", line) for line in PAGE.splitlines() if line.startswith("| `"))
}


@pytest.mark.parametrize("name", settings.KNOWN)
class TestSetting:
    def test_it_is_in_the_table_with_its_default(self, name):
        assert name.upper() in ROWS, f"docs/configuration.md has no row for {name.upper()}"
        default = settings.KNOWN[name][0]
        told = ROWS[name.upper()][1]
        assert told == ("none" if default == "" else f"`{str(default).lower()}`")

    def test_the_table_says_whether_a_project_may_hold_it(self, name):
        assert ROWS[name.upper()][2] == ("yes" if name.upper() in settings.params() else "no")

    def test_the_values_in_the_table_are_taken(self, name):
        _, parse = settings.KNOWN[name]
        for value in re.findall(r"`([^`]+)`", ROWS[name.upper()][0]):
            parse(value, name)


def test_every_variable_that_the_code_reads_is_there():
    read = set()
    for path in [
        *Path(sysinit_vm.__file__).parent.rglob("*.py"),
        *(TOP / "templates").rglob("*"),
        TOP / "bootstrap.sh",
    ]:
        if path.is_file():
            read |= set(re.findall(r"\bSYSINIT_(?:VM_)?[A-Z]+(?:_[A-Z]+)*\b(?!_)", path.read_text()))
    known = {f"SYSINIT_VM_{name.upper()}" for name in settings.KNOWN} | {"SYSINIT_VM", "SYSINIT_VM_NAME"}
    assert {each for each in read - known if f"`{each}`" not in PAGE} == set()


def test_no_setting_in_the_table_is_gone():
    table = PAGE.split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == {name.upper() for name in settings.KNOWN}
