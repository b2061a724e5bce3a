from sysinit_vm.archive.left_out import LeftOut


def test_nothing_is_nothing():
    assert (LeftOut().count, LeftOut().text()) == (0, "")


def test_names_are_printable_and_short():
    left_out = LeftOut()
    left_out.add("a\x1b[2J\nb\udcff", "Why.")
    left_out.add("x" * 10_000, "Why.")
    first, second = left_out.text().splitlines()
    assert first == r"a\x1b[2J\nb\udcff: Why."
    assert len(second) < 300


def test_only_the_first_are_kept_and_all_are_counted():
    left_out = LeftOut()
    for number in range(100_000):
        left_out.add(str(number), "Why.")
    lines = left_out.text().splitlines()
    assert left_out.count == 100_000
    assert (len(lines), lines[0], lines[-1]) == (21, "0: Why.", "and 99980 more")
