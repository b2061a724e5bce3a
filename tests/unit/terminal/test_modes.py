import pyte

from sysinit_vm.terminal import modes

ROWS = 30


def test_margins_that_a_guest_left_hide_nothing_of_what_is_shown_later(capsys):
    """An adversary's guest left two rows to scroll in, below a list of its own."""
    screen = pyte.Screen(80, ROWS)
    stream = pyte.Stream(screen)
    stream.feed("READS forged by the guest\r\n" * 20 + f"\x1b[{ROWS - 1};{ROWS}r\x1b[{ROWS};1H")
    modes.make_plain()
    capsys.readouterr()
    stream.feed(modes._OFF + modes._LAST_LINE)
    for number in range(ROWS - 2):
        stream.feed(f"\r\nline {number}")
    shown = "\n".join(screen.display)
    assert "forged" not in shown
    assert all(f"line {number} " in shown for number in range(ROWS - 2))
