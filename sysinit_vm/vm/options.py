"""How a VM is to be started."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.config.document import Config
from sysinit_vm.terminal.progress import Progress


@dataclass(frozen=True)
class StartOptions:
    """``timeout`` in seconds; ``accelerator`` auto, kvm or tcg; ``build_image`` builds our image into a directory.

    ``committed`` is the project's config, read once for each command; None if only a name was given.
    """

    timeout: int
    accelerator: str
    build_image: Callable[[Path, Progress], Path]
    committed: Config | None = None
