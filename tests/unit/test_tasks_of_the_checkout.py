from invoke.context import Context

import tasks


def test_what_fails_fails_the_tests(capsys):
    assert tasks._module(Context(), "no_such_module", warn=True) == 1
    assert tasks._module(Context(), "this", warn=True) == 0
