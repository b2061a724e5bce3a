"""Two thousand odd commands in this process, always the same ones; `inv test.fuzz` tries others."""

import pytest

from tests.fuzz import run
from tests.fuzz.cases import KINDS
from tests.fuzz.place import CasePlace

CASES = 2000


@pytest.fixture(scope="module")
def place():
    with CasePlace() as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_stranger_writes_a_command_ends_as_it_should(place, kind):
    failure = run.search(kind, CASES // len(KINDS) + 1, 16, place.in_process, typed=False)
    assert failure is None
