"""Fifty odd commands through each real entrance, always the same ones; `inv test.fuzz` types others."""

import pytest

from tests.fuzz import run
from tests.fuzz.cases import KINDS
from tests.fuzz.place import CasePlace
from tests.worlds import ENTRANCES

CASES = 50


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_typed_a_command_ends_as_it_should(kind, entrance):
    with CasePlace() as place:
        failure = run.search(kind, CASES // len(KINDS) + 1, 16, lambda case: place.typed(case, entrance), typed=True)
    assert failure is None
