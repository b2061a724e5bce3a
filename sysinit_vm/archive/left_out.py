"""What a copy leaves out, told in a bounded number of lines, because whoever sends it chooses the names."""

from dataclasses import dataclass, field

from sysinit_vm.escaping import printable

_MOST_LINES = 20
_LONGEST_NAME = 200  # characters


@dataclass
class LeftOut:
    """Counts what is left out and keeps the first lines about it; the names may come from anyone."""

    count: int = 0
    _lines: list[str] = field(default_factory=list)

    def add(self, name: str, why: str) -> None:
        """Note that ``name`` is left out; ``why`` is a sentence."""
        self.count += 1
        if len(self._lines) < _MOST_LINES:
            self._lines.append(f"{printable(name, _LONGEST_NAME)}: {printable(why, _LONGEST_NAME)}")

    def text(self) -> str:
        """Return one printable line for each of the first, and how many more there are."""
        more = self.count - len(self._lines)
        return "\n".join([*self._lines, *([f"and {more} more"] if more else [])])
