"""Which templates ``init`` can use: the user's own, ours, a file, or one of Lima's by its locator."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import files, guest_writes, project_tree, settings
from sysinit_vm.errors import UsageError, VmError, edit, typed
from sysinit_vm.host_path import expanded

OURS, YOURS, FILE, LOCATOR = "ours", "yours", "file", "locator"
_LONGEST = 2**20  # bytes of a template file
_LOCATOR = re.compile(r"(template|https?|github):\S+\Z")
_SUMMARY = re.compile(r"#+\s*(?:[\w-]+:\s*)?(.+)")


@dataclass(frozen=True)
class Template:
    """One template. ``path`` is its file (absolute), None for a Lima locator, which is then the ``name``."""

    name: str
    origin: str
    path: Path | None = None

    @property
    def trusted(self) -> bool:
        """Whether a config made from it needs no approval, because it is ours or the user's own."""
        return self.origin in {OURS, YOURS}

    @property
    def text(self) -> str:
        """The template's text; UsageError if it cannot be read."""
        if self.path is None:
            return ""
        return read_beside(self.path, self.path.name) if self.origin == FILE else read_own(self.path)

    @property
    def hint(self) -> str:
        """What to type if the template is wrong: only a file can be edited."""
        return edit(self.path) if self.path else "sysinit-vm init --list"

    @property
    def summary(self) -> str:
        """The first sentence of the comment at the top of the template; empty if there is none."""
        first = _SUMMARY.match(self.text)
        return first[1].partition(". ")[0].rstrip(".") if first else ""

    def record(self) -> dict[str, str]:
        """Return what ``init --list`` shows of the template; if it cannot be read, the summary is the error."""
        try:
            summary = self.summary
        except UsageError as error:
            summary = error.brief
        return {"name": self.name, "origin": self.origin, "summary": summary}


def read_own(path: Path) -> str:
    """Return the text of a template file of the user's or ours (absolute; links are followed).

    UsageError if it cannot be read, or if a guest can write it: a config made from it would be allowed unasked.
    """
    try:
        if guest_writes.is_guests(path):
            raise UsageError(
                f"The template {path} is not safe to use.",
                detail="It is a link to where the guest of a project can write. Given by its path, it can be used; "
                "the config then needs your approval.",
                hint=typed("sysinit-vm", "init", os.path.realpath(path)),
            )
        return files.read(path, _LONGEST).decode()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a link to itself
        raise UsageError(
            f"The template {path} cannot be read.", detail=str(error), hint=typed("ls", "-l", str(path))
        ) from error


def read_beside(template: Path, name: str) -> str:
    """Return the text of the file ``name`` beside the ``template`` file, which may be somebody else's.

    ``template`` is absolute, with links resolved.

    It is read without following links: what they lead to would stand in the config, for the guest to read. UsageError
    if it cannot be read.
    """
    try:
        content = project_tree.read(template.parent, Path(name), _LONGEST)
        text = content.text(template.parent / name) if content else None
    except VmError as error:
        why = f"{error.brief} {error.detail}".rstrip()
        raise UsageError(f"The template {template} cannot be used.", detail=why, hint=error.hint) from error
    if text is None:
        raise UsageError(f"There is no template file {template.parent / name}.", hint="sysinit-vm init --list")
    return text


def directory() -> Path:
    """Return the directory of the user's own templates (absolute, need not exist); VmError if others can write it."""
    return files.require_private(settings.user_file().parent / "templates")


def available() -> list[Template]:
    """Return the templates that ``init`` knows by name: the user's own, then ours that these do not replace."""
    own = list(_templates_in(directory(), YOURS))
    own_names = {template.name for template in own}
    ours = _templates_in(files.data("templates"), OURS)
    return [*own, *(template for template in ours if template.name not in own_names)]


def available_names() -> list[str]:
    """Return the names that ``init`` takes, such as ``dev``."""
    return [template.name for template in available()]


def resolve(word: str) -> Template:
    """Return the template that ``word`` means: a name, a path, or a Lima locator. UsageError if there is none."""
    if _LOCATOR.match(word):
        return Template(word, LOCATOR)
    if "/" in word or word.endswith((".yaml", ".yml")):
        path = _looked_up(word)
        if path.is_file():
            return Template(word, FILE, path)
        raise UsageError(f"There is no template file {path}.", hint="sysinit-vm init --list")
    template = next((template for template in available() if template.name == word), None)
    if template is None:
        raise UsageError(
            f"There is no template {word!r}.",
            detail=f"The templates are: {', '.join(available_names())}. "
            "A path or a Lima locator (template:debian-12) works too. "
            "`dev` is for any language: `provision` in the config installs what yours needs.",
            hint="sysinit-vm init --list",
        )
    return template


def _looked_up(word: str) -> Path:
    """Return where the file ``word`` is, links resolved; UsageError if one of them may be somebody else's.

    It could be a repository's, an archive's or a guest's. One in the home, or above it, is the user's own.
    """
    *links, path = guest_writes.links_passed(str(expanded(word).absolute()))
    own = set(guest_writes.ways(Path.home()))
    foreign = next((link for link in links if link.parent not in own), None)
    if foreign is None:
        return path
    raise UsageError(
        f"The template {word} is not read through a link.",
        detail=f"{foreign} is a link, which may lead anywhere on this machine: its text would be in the config, for "
        "the guest to read. Given by its real path, it can be used.",
        hint=typed("sysinit-vm", "init", str(path)),
    )


def _templates_in(folder: Path, origin: str) -> Iterator[Template]:
    """Yield the templates in ``folder``. A file whose name begins with _ is only included by others."""
    for path in sorted(folder.glob("*.yaml")):
        if not path.stem.startswith("_"):
            yield Template(path.stem, origin, path)
