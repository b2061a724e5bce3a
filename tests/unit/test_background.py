from threading import Event, active_count

import pytest

from sysinit_vm.background import repeat_every


def test_it_is_done_again_until_the_block_ends():
    times, twice = [], Event()

    def act():
        times.append(1)
        if len(times) == 2:
            twice.set()

    with repeat_every(0.01, act):
        assert twice.wait(timeout=10)
    seen = len(times)
    assert not Event().wait(0.05)
    assert len(times) == seen


def test_a_short_block_does_not_wait_for_it():
    with repeat_every(3600, lambda: pytest.fail("too early")):
        pass


def test_it_ends_with_a_block_that_fails():
    before = active_count()
    with pytest.raises(KeyboardInterrupt), repeat_every(3600, lambda: None):
        raise KeyboardInterrupt
    assert active_count() == before
