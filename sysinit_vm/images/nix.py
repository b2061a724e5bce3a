"""Build a NixOS guest image with nix, from a flake, and make it the latest of its name."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import MissingError, VmError, typed
from sysinit_vm.executables import find
from sysinit_vm.images import nix_result, nix_words
from sysinit_vm.images.available import NIXOS
from sysinit_vm.images.image_files import DISK, ImageSeries
from sysinit_vm.lock import held
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress


@dataclass(frozen=True)
class Source:
    """Where an image comes from: ``name`` (dev, minimal) out of ``flake``, built for nix's ``system``.

    ``attribute`` is the flake's, with ``{system}`` and ``{name}`` (``lima-dev``) to be filled in.
    """

    name: str
    flake: str
    system: str
    attribute: str

    @property
    def family(self) -> ImageSeries:
        """Return the files that its builds are, by the names that a config's ``images`` has."""
        return ImageSeries(f"{NIXOS}{self.name}", (DISK,))

    @property
    def installable(self) -> str:
        """Return what nix is told to build."""
        filled = self.attribute.replace("{system}", self.system).replace("{name}", f"lima-{self.name}")
        return f"{self.flake}#{filled}"


def build(runner: Runner, images: Path, source: Source, progress: Progress) -> Path:
    """Build ``source``, copy its image into ``images`` (absolute; made if missing), and return the copy's path.

    It becomes the latest of its name; older ones stay. Another build in ``images`` is waited for. Whatever goes
    wrong, or interrupts it, nothing half-made stays and the former latest image is untouched. Raises MissingError
    (nix, qemu-img), VmError (flake, build, result, disk).
    """
    nix, qemu_img = _program("nix", nix_words.NO_NIX), _program("qemu-img", "It is what an image is verified with.")
    work = images / ".sysinit-nix-build"
    argv = _argv(nix, source, work)
    if runner.dry:
        runner.change(argv)
        return images / f"{source.family.fresh(images)}.{DISK}"
    with _problems(images), _alone(images), _scratch(work):
        _run_nix(runner, argv, source, progress)
        progress.stage("looking for the image in the result")
        found = nix_result.image(sorted(work.glob("result*")), source.installable)
        progress.stage(f"copying {found.name} ({found.stat().st_size // 2**20} MiB)")
        copy = work / f"image.{DISK}"
        shutil.copyfile(found, copy)
        progress.stage("verifying it")
        nix_result.verify(runner, qemu_img, copy, found)
        progress.stage("making it the latest image")
        return source.family.publish(work, images, source.family.fresh(images))


def _argv(nix: str, source: Source, work: Path) -> list[str]:
    """Nix's words. Flakes are allowed for this one command, whatever nix.conf says of them (since nix 2.4).

    The result's link keeps nix from collecting it while it is copied.
    """
    experimental = ["--extra-experimental-features", "nix-command flakes"]
    return [nix, *experimental, "build", "--print-build-logs", "--out-link", str(work / "result"), source.installable]


def _run_nix(runner: Runner, argv: list[str], source: Source, progress: Progress) -> None:
    def show(line: str) -> None:
        if stage := nix_words.stage(line):
            progress.stage(stage)
        elif nix_words.warns(line):
            say(f"  {line}")
        else:
            progress.note = nix_words.note(line)

    progress.stage(f"nix reads {source.installable}")
    done = runner.stream(argv, show)
    if not done.ok:
        raise nix_words.failure(done, source.installable, source.system)


def _program(name: str, why: str) -> str:
    found = find(name)
    if found is None:
        hint = "sysinit-vm setup --extras" if name == "nix" else "sysinit-vm setup"
        raise MissingError(f"{name} was not found.", detail=why, hint=hint)
    return str(found)


def _alone(images: Path) -> contextlib.AbstractContextManager[bool]:
    return held(images / ".sysinit-nix.lock", f"Waiting for another build of an image in {images} …")


@contextlib.contextmanager
def _scratch(work: Path) -> Iterator[None]:
    """Make ``work``, empty whatever a killed build left in it, and remove it afterwards."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _problems(images: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = f"{error.filename or images}: {error.strerror or error}. The latest image is as it was."
        raise VmError("The image could not be copied.", detail=detail, hint=typed("df", "-h", images)) from error
