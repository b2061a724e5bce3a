"""Which templates ``init`` writes from: the user's own, ours, a file, or one of Lima's by its locator."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import files, settings
from sysinit_vm.errors import UsageError, edit, typed

OURS, YOURS, FILE, LOCATOR = "ours", "yours", "file", "locator"
_LOCATOR = re.compile(r"(template|https?|github):\S+\Z")
_SUMMARY = re.compile(r"#+\s*(?:[\w-]+:\s*)?(.+)")


@dataclass(frozen=True)
class Template:
    """``path`` is its file (absolute), None for a locator, which is then the ``name``."""

    name: str
    origin: str
    path: Path | None = None

    @property
    def trusted(self) -> bool:
        """Whether a config made from it needs no approval: it is ours, or the user's own."""
        return self.origin in {OURS, YOURS}

    @property
    def text(self) -> str:
        """Its text; UsageError where it cannot be read."""
        try:
            return self.path.read_text(encoding="utf-8") if self.path else ""
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The template {self.path} cannot be read.",
                detail=str(error),
                hint=typed("ls", "-l", str(self.path)),
            ) from error

    @property
    def mend(self) -> str:
        """What to type where it is wrong: only a file can be edited."""
        return edit(self.path) if self.path else "sysinit-vm init --list"

    @property
    def summary(self) -> str:
        """The first sentence of the comment that it begins with; empty without one."""
        first = _SUMMARY.match(self.text)
        return first[1].partition(". ")[0].rstrip(".") if first else ""

    def record(self) -> dict[str, str]:
        """Return what ``init --list`` shows of it; one that cannot be read leaves the others to be shown."""
        try:
            summary = self.summary
        except UsageError as error:
            summary = error.brief
        return {"name": self.name, "origin": self.origin, "summary": summary}


def directory() -> Path:
    """Return where the user's own templates are (absolute); it need not exist."""
    return settings.user_file().parent / "templates"


def every() -> list[Template]:
    """Return what ``init`` knows by name: the user's own first, then ours that none of them replaces."""
    mine = list(_in(directory(), YOURS))
    names = {each.name for each in mine}
    return [*mine, *(each for each in _in(files.data("templates"), OURS) if each.name not in names)]


def names() -> list[str]:
    """Return the names that ``init`` takes, such as ``dev``."""
    return [each.name for each in every()]


def find(word: str) -> Template:
    """Return the template that ``word`` means: a name, Lima's locator, or a path; UsageError for none of them."""
    if _LOCATOR.match(word):
        return Template(word, LOCATOR)
    if "/" in word or word.endswith((".yaml", ".yml")):
        path = Path(word).expanduser().absolute()
        if path.is_file():
            return Template(word, FILE, path)
        raise UsageError(f"There is no template file {path}.", hint="sysinit-vm init --list")
    found = next((each for each in every() if each.name == word), None)
    if found is None:
        raise UsageError(
            f"There is no template {word!r}.",
            detail=f"The templates are: {', '.join(names())}. A path and Lima's locators (template:debian-12) do too.",
            hint="sysinit-vm init --list",
        )
    return found


def _in(place: Path, origin: str) -> Iterator[Template]:
    """Yield the templates in ``place``; a name that begins with _ is only a part of others."""
    for path in sorted(place.glob("*.yaml")):
        if not path.stem.startswith("_"):
            yield Template(path.stem, origin, path)
