import pytest

from sysinit_vm.lima import guest_console
from sysinit_vm.lima.instance_files import InstanceFiles


@pytest.fixture
def files(tmp_path):
    return InstanceFiles(tmp_path)


STALL = "[   24.08] rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g-1147 f0x0\n"


def test_a_kernel_that_misses_a_timer_twice_has_stalled_and_once_may_be_a_slow_host(files):
    console = files.directory / "serial.log"
    assert not guest_console.timer_stalled(InstanceFiles(files.directory / "gone"), 0)
    for times, stalled in ((0, False), (1, False), (2, True), (9, True)):
        console.write_bytes(b"\xff boot\n" + STALL.encode() * times)
        assert guest_console.timer_stalled(files, 0) is stalled


def test_an_earlier_boots_console_tells_nothing_of_this_one(files):
    console = files.directory / "serial.log"
    console.write_text(STALL * 2)
    assert not guest_console.timer_stalled(files, console.stat().st_mtime + 1)


def test_the_last_lines_are_those_of_the_console_that_spoke_last(files):
    (files.directory / "serial.log").write_text("\n".join(map(str, range(100))))
    (files.directory / "serialv.log").write_text("")
    assert guest_console.last_lines(files, 2) == "98\n99"
    assert guest_console.last_lines(InstanceFiles(files.directory / "none"), 2) == ""


def test_the_last_lines_have_no_colours_and_what_is_left_is_escaped_when_shown(files):
    (files.directory / "serial.log").write_bytes(b"[\x1b[0;32m  OK  \x1b[0m] Up\r\n\x1b]52;c;x\x07\n")
    assert guest_console.last_lines(files, 2) == "[  OK  ] Up\n\x1b]52;c;x\x07"
