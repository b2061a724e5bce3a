import itertools
import os
import shutil

import pytest

from sysinit_vm import files
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.lima import guest_console, logs
from sysinit_vm.lima.instance import Instance
from tests.fakes import FakeLimactl, result

JOURNAL = "kernel\nLIMA 2026| Executing a\nnoise\nLIMA 2026| Exiting with 0\nlater\n"


@pytest.fixture
def vm(tmp_path):
    return Instance("a", "Running", tmp_path)


def test_every_source_is_meant_without_a_word_and_an_unknown_one_is_refused():
    assert logs.checked_sources(None) == ("host", "console", "provision")
    assert logs.checked_sources("console") == ("console",)
    with pytest.raises(UsageError, match="host, console, provision"):
        logs.checked_sources("serial")


def test_the_host_agents_log_is_read_as_sentences_without_its_debug_lines(vm):
    (vm.dir / "ha.stderr.log").write_text(
        '{"level":"info","msg":"Starting QEMU"}\n{"level":"debug","msg":"x"}\nplain\n{"level":"fatal","msg":"no"}\n'
    )
    assert list(logs.lines(None, vm, "host")) == ["info: Starting QEMU", "info: plain", "fatal: no"]


def test_the_console_is_read_without_colours_and_empty_ones_are_passed_over(vm):
    (vm.dir / "serial.log").write_bytes(b"\x1b[0;32m  OK  \x1b[0m Started\r\n\xff\n")
    (vm.dir / "serialv.log").write_text("")
    assert list(logs.lines(None, vm, "console")) == ["  OK   Started", "\N{REPLACEMENT CHARACTER}"]


def test_what_said_nothing_is_empty(vm):
    assert [list(logs.lines(FakeLimactl(guest=result(1)), vm, source)) for source in logs.SOURCES] == [[], [], []]


def test_provisioning_is_asked_of_the_guest_and_cut_to_limas_part(vm):
    assert logs.lines(FakeLimactl(guest=result(0, JOURNAL)), vm, "provision") == [
        "LIMA 2026| Executing a",
        "noise",
        "LIMA 2026| Exiting with 0",
    ]


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_provisioning_is_read_off_the_console_where_the_guest_does_not_answer(tmp_path, status):
    (tmp_path / "serial.log").write_text("boot\n[ 9.1] cloud-init: LIMA 2026| WARNING: Failed to execute b\nend\n")
    found = logs.lines(FakeLimactl(guest=result(255)), Instance("a", status, tmp_path), "provision")
    assert found == ["[ 9.1] cloud-init: LIMA 2026| WARNING: Failed to execute b"]


GIGABYTES = 2**32


def test_the_last_lines_of_a_huge_log_are_read_from_its_end(vm):
    console = vm.dir / "serial.log"
    with console.open("wb") as stream:  # the guest prints without end; the hole costs the test no disk
        stream.truncate(GIGABYTES)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\none\ntwo\r\nthree\n")
    assert list(logs.lines(None, vm, "console", 2)) == ["two", "three"]
    assert guest_console.last_lines(vm.files, 2) == "two\nthree"
    assert not guest_console.timer_stalled(vm.files, 0)
    assert list(logs.lines(FakeLimactl(guest=result(1)), vm, "provision")) == []


def test_all_lines_come_one_by_one_and_one_without_end_in_pieces(vm):
    with (vm.dir / "serial.log").open("wb") as stream:
        stream.write(b"first\n")
        stream.truncate(GIGABYTES)
    some = list(itertools.islice(logs.lines(None, vm, "console"), 3))
    assert some == ["first", *["\0" * files.LONGEST_LINE] * 2]


def test_as_many_lines_as_are_wanted_come_even_if_they_are_long(vm):
    (vm.dir / "serial.log").write_text("".join(f"{number}{'x' * 9000}\n" for number in range(300)))
    assert [line.rstrip("x") for line in logs.lines(None, vm, "console", 200)] == list(map(str, range(100, 300)))


def follow(vm, source="console"):
    """Follow from where the log ends now."""
    return logs.follow(vm, source, logs.ends(vm, source))


@pytest.mark.parametrize("count", [0, 1])
def test_what_is_written_while_the_last_lines_are_shown_is_shown_once(vm, monkeypatch, count):
    path = vm.dir / "serial.log"
    path.write_text("before\n")
    ends = logs.ends(vm, "console")
    path.open("a").write("meanwhile\n")
    assert list(logs.lines(None, vm, "console", count, ends)) == ["before"]
    assert next(logs.follow(vm, "console", ends)) == "meanwhile"


def test_the_host_agents_debug_lines_are_not_followed(vm, monkeypatch):
    path = vm.dir / "ha.stderr.log"
    path.write_text("")
    news = '{"level":"debug","msg":"x"}\n{"level":"info","msg":"new"}\n'
    monkeypatch.setattr("time.sleep", lambda _: path.write_text(news))
    assert next(follow(vm, "host")) == "info: new"


def test_following_a_flood_reads_a_piece_at_a_time(vm, monkeypatch):
    path = vm.dir / "serial.log"
    path.write_text("before\n")
    monkeypatch.setattr("time.sleep", lambda _: os.truncate(path, GIGABYTES))
    assert len(next(follow(vm))) == 2**20


def test_following_yields_new_lines_and_begins_anew_after_a_restart(vm, monkeypatch):
    path = vm.dir / "serial.log"
    path.write_text("before\n")
    steps = iter([lambda: path.open("a").write("new\n"), lambda: path.write_text("x\n"), lambda: None])
    monkeypatch.setattr("time.sleep", lambda _: next(steps)())
    assert list(itertools.islice(follow(vm), 2)) == ["new", "x"]


def test_a_line_that_is_written_in_two_parts_is_followed_as_one(vm, monkeypatch):
    path = vm.dir / "serial.log"
    path.write_text("before\n")
    steps = iter([lambda: path.open("a").write("half "), lambda: path.open("a").write("whole\n")])
    monkeypatch.setattr("time.sleep", lambda _: next(steps)())
    assert next(follow(vm)) == "half whole"


def test_following_a_log_that_does_not_exist_yet_waits_for_it(vm, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: (vm.dir / "serial.log").write_text("first\n"))
    assert next(follow(vm)) == "first"


def test_following_ends_with_the_vm(vm):
    following = logs.follow(vm, "host", logs.ends(vm, "host"))
    shutil.rmtree(vm.dir)
    assert list(following) == []


def test_provisioning_has_no_file_to_follow(vm):
    with pytest.raises(VmError, match="--source console"):
        logs.ends(vm, "provision")
