"""The tasks `bench.boot`, `bench.commands`, `bench.memory` and `bench.mounts`."""

from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.ending import ending
from sysinit_vm.tasks.output import print_json


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


@task(
    auto_shortflags=False,
    iterable=["row"],
    help={
        "row": "Only rows that begin so; may be repeated.",
        "rounds": "Runs of each command (default 10).",
        "seed_script": "The original bash script, or a Markdown file with it; without it, what needs it is left out.",
        "name": "A running VM to use; default: one is booted, and deleted at the end.",
        "json": "Print JSON on standard output.",
    },
)
@ending()
def commands(
    _: Context,
    row: list[str],
    rounds: str = "10",
    seed_script: str | None = None,
    name: str = "",
    json: bool = False,
) -> None:
    """Measure our commands in turns with limactl, an empty Python and the original script, and print the ratios."""
    from bench import commands as measure
    from bench import rows

    script = Path(seed_script).absolute() if seed_script else None
    report = measure.run(rows.chosen(row), _count(rounds), script=script, vm=name)
    if json:
        print_json(measure.as_data(report))
    else:
        measure.print_report(report)


@task(
    auto_shortflags=False,
    help={
        "templates": "Templates, with commas (default minimal,dev).",
        "sizes": "Sizes of memory, with commas (default 1GiB,4GiB).",
        "json": "Print JSON on standard output.",
    },
)
@ending()
def memory(_: Context, templates: str = "minimal,dev", sizes: str = "1GiB,4GiB", json: bool = False) -> None:
    """Measure what an idle VM holds of memory and disk, and our command while a shell is attached, in MiB."""
    from bench import memory as measure

    measured = measure.run(templates.split(","), sizes.split(","))
    if json:
        print_json(dict(measure.as_data(measured)))
    else:
        measure.print_report(measured)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"--rounds {text!r} is not a number above zero.")
    return int(text)


ns = Collection(boot, commands, memory, mounts)
