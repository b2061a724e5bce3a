"""One Lima VM for each project directory, with a Zellij session in it.

``sysinit_vm.ns`` is the Invoke collection with every verb at its top level, loaded on first use. All that a project's
``tasks.py`` needs is ``ns = Collection(lima=sysinit_vm.ns)``.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from invoke.collection import Collection

    ns: Collection

__all__ = ["__version__", "ns"]


def __getattr__(name: str) -> Any:
    """Load the collection on first use, so that importing the package stays cheap."""
    if name == "ns":
        from sysinit_vm.tasks import ns as collection

        return collection
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
