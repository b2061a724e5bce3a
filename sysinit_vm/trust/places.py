"""Where the user's programs and their settings are: whoever writes there can run anything as the user."""

from pathlib import Path

from sysinit_vm.trust.danger import LINKED, PLACE, Context, Danger, Level, Where
from sysinit_vm.trust.rules import Dangers, whole

_PROGRAMS = ("bin", "Library")  # of the home, whose files the system or a shell runs


def of_project(where: Where, path: Path, context: Context) -> Dangers:
    """What a guest can do that writes ``path`` (absolute, links resolved), the project or a directory of it."""
    yield from _place(where, path, context)
    yield from _dotfiles(where, path, context)


def _place(where: Where, path: Path, context: Context) -> Dangers:
    """A project that is itself where the user's programs or their settings are, such as ~/.config/nvim."""
    if is_hidden(path, context) or any(path.is_relative_to(place) for place in context.programs):
        words = f"lets the guest write {whole(str(path))}, and so run anything as you"
        yield Danger(Level.RUNS, where, words, {PLACE: [str(path)]})


def _dotfiles(where: Where, path: Path, context: Context) -> Dangers:
    """A project that the user's settings or programs are links into: whoever writes it can run anything as the user."""
    inside = sorted({str(target) for target in context.linked if target.is_relative_to(path)})
    if inside:
        shown = ", ".join(map(whole, inside))
        words = f"lets the guest write what your settings or programs are links to, and so run anything as you: {shown}"
        yield Danger(Level.RUNS, where, words, {LINKED: inside})


def is_hidden(path: Path, context: Context) -> bool:
    """Whether it lies where your programs look for what they run: ~/.ssh, ~/.config, ~/.local, ~/bin, ~/Library."""
    if not path.is_relative_to(context.home):
        return False
    first = (*path.relative_to(context.home).parts, ".")[0]  # the home itself
    return first.startswith(".") or first in _PROGRAMS
