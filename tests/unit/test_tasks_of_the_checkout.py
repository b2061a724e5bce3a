from invoke.config import Config
from invoke.context import Context

import tasks


def test_what_fails_fails_the_tests():
    context = Context(Config(overrides={"run": {"in_stream": False, "hide": True}}))
    assert tasks._module(context, "no_such_module", warn=True) == 1
    assert tasks._module(context, "this", warn=True) == 0
