"""The tasks `bench.boot`, `bench.mounts` and `bench.overhead`."""

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.ending import ending


@task(auto_shortflags=False, help={"rounds": "Starts of each kind and image (default 5)."})
@ending()
def boot(_: Context, rounds: str = "5") -> None:
    """Start our image and one with cloud-init in turns, and print the times, their ratios and the stages of a start."""
    from bench import boot as measure

    measure.show(measure.run(_count(rounds)))


@task(auto_shortflags=False, help={"types": "Lima's mount types, with commas (default all)."})
@ending()
def mounts(_: Context, types: str = "9p,virtiofs,reverse-sshfs") -> None:
    """Measure mounts of each type on this host, and whether the guest sees the host's edits."""
    from bench import mounts as measure

    wanted = types.split(",")
    if unknown := [kind for kind in wanted if kind not in measure.TYPES]:
        raise UsageError(f"--types {unknown[0]!r} is not one of {', '.join(measure.TYPES)}.")
    measure.show(measure.run(wanted))


@task(auto_shortflags=False, help={"rounds": "Runs of each command (default 10)."})
@ending()
def overhead(_: Context, rounds: str = "10") -> None:
    """Measure our commands against limactl's own, and print the ratios."""
    from bench import overhead as measure

    measure.show(measure.run(_count(rounds)))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"--rounds {text!r} is not a number above zero.")
    return int(text)


ns = Collection(boot, mounts, overhead)
