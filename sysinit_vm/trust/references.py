"""The other files that a config names, and what was read of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.trust.danger import Where

LIMAS_OWN = "template"
"""The scheme of Lima's own templates."""


@dataclass(frozen=True)
class Reference:
    """A file that a config names: ``where``, and its absolute ``locator``, which is a path or a URL.

    ``beside`` is the locator of the file that names it, empty for the config itself. ``means`` is the path with its
    links resolved, as it was when the config was looked through; a URL is what it says.
    """

    where: Where
    locator: str
    beside: str = ""
    means: str = ""

    @property
    def limas_own(self) -> bool:
        """Whether it is a template of Lima's that another one of Lima's includes."""
        return all(locator.startswith(f"{LIMAS_OWN}:") for locator in (self.locator, self.beside))

    @property
    def path(self) -> Path | None:
        """The local file (absolute), None if it comes from elsewhere."""
        return Path(self.locator) if self.locator.startswith("/") else None


@dataclass(frozen=True)
class Included:
    """``committed`` with the files that it includes: ``texts`` of those that were read, by locator."""

    committed: Config
    references: tuple[Reference, ...]
    texts: Mapping[str, str]

    @property
    def missing(self) -> list[str]:
        """What those mean that are not read yet, because that takes an approval."""
        return list(dict.fromkeys(ref.means for ref in self.references if ref.locator not in self.texts))

    @property
    def taken(self) -> dict[str, str]:
        """The texts by what they were read from, as ``collect`` takes them."""
        return {ref.means: self.texts[ref.locator] for ref in self.references if ref.locator in self.texts}

    @property
    def fingerprint(self) -> str:
        """A hash of the config and all texts."""
        parts = [document.dump(self.committed.data), document.dump(dict(self.texts))]
        return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
