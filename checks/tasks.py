"""The task `check.foreign-image`."""

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

from sysinit_vm.tasks.ending import ending


@task(auto_shortflags=False, help={"arch": "Debian's name of the architecture (default arm64)."})
@ending()
def foreign_image(_: Context, arch: str = "arm64") -> None:
    """Build our image's root file system for another architecture, and examine it."""
    from checks import foreign_image as check

    check.show(arch, check.build_and_examine(arch))


ns = Collection(foreign_image)
