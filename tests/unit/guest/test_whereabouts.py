import pytest

from sysinit_vm import lock
from sysinit_vm.errors import VmError
from sysinit_vm.guest import whereabouts
from sysinit_vm.guest.whereabouts import Whereabouts
from tests.fakes import FakeLimactl, result, vm

DEMO = vm(status="Running")


class Clock:
    """Time that passes only while something waits; ``after`` maps a number of waits to what happens then."""

    def __init__(self, monkeypatch):
        self.seconds, self.waits, self.after = 0.0, 0, {}
        monkeypatch.setattr(whereabouts, "time", self)

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds
        self.waits += 1
        self.after.get(self.waits, lambda: None)()


@pytest.fixture
def clock(monkeypatch, home):
    return Clock(monkeypatch)


def test_one_that_answers_runs_and_nothing_is_said(clock, capsys):
    assert whereabouts.look(FakeLimactl(DEMO), "demo-dev") == Whereabouts.RUNS
    assert (clock.waits, capsys.readouterr().err) == (0, "")


def test_one_that_shuts_down_is_looked_at_until_it_is_stopped(clock, capsys):
    lima = FakeLimactl(DEMO, guest=result(255))
    clock.after[3] = lambda: lima.by_name.update({"demo-dev": vm(status="Stopped")})
    assert whereabouts.look(lima, "demo-dev") == Whereabouts.STOPPED
    assert clock.waits == 3
    assert capsys.readouterr().err.count("Checking") == 1


def test_one_that_is_deleted_meanwhile_is_gone(clock):
    lima = FakeLimactl(DEMO, guest=result(255))
    clock.after[2] = lima.by_name.clear
    assert whereabouts.look(lima, "demo-dev") == Whereabouts.DELETED


def test_one_that_never_answers_is_given_up(clock):
    assert whereabouts.look(FakeLimactl(DEMO, guest=result(124)), "demo-dev") == Whereabouts.SILENT
    assert 10 <= clock.seconds <= 20


def test_what_lima_cannot_list_just_now_is_looked_at_again(clock, monkeypatch):
    lima = FakeLimactl(DEMO)
    answers = [VmError("limactl cannot list its instances."), DEMO]

    def instance(_):
        answer = answers.pop(0)
        if isinstance(answer, VmError):
            raise answer
        return answer

    lima.instance = instance
    assert whereabouts.look(lima, "demo-dev") == Whereabouts.RUNS


def test_one_whose_lock_is_held_is_in_other_hands_and_nobody_waits(clock, monkeypatch):
    monkeypatch.setattr(lock, "is_held", lambda path: path.name == "demo-dev.lock")
    lima = FakeLimactl(DEMO)
    assert whereabouts.look(lima, "demo-dev") == Whereabouts.BUSY
    assert (clock.waits, lima.asked) == (0, [])


def test_a_guest_that_answers_while_it_shuts_down_does_not_count_as_running(clock):
    """systemd says `stopping` until sshd is gone."""
    lima = FakeLimactl(DEMO)
    whereabouts.look(lima, "demo-dev")
    (_, words, timeout) = lima.asked[0]
    assert "is-system-running" in words[-1]
    assert timeout <= 10
