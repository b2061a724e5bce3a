"""What Invoke loads at its start and our commands hardly ever use: loaded when it is used."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

# Invoke 3.0 reads its configuration files with it, which hardly anybody has. The names that it takes out of other
# libraries at once, such as Mock, are no help: a lazy module is loaded as soon as a name is taken out of it.
_HARDLY_USED = frozenset({"invoke.vendor.yaml"})


class _WhenUsed(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _HARDLY_USED else None
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def when_used() -> Iterator[None]:
    """While Invoke is imported: let what it hardly uses be loaded at its first use. It need not have that."""
    finder = _WhenUsed()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
