"""Build a NixOS guest image with nix, from a flake, and make it the latest of its name."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.executables import find
from sysinit_vm.images import nix_messages, nix_result
from sysinit_vm.images.available import NIXOS
from sysinit_vm.images.build_lock import exclusive_build
from sysinit_vm.images.image_files import DISK, ImageSeries
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress


@dataclass(frozen=True)
class NixImage:
    """An image ``name`` (dev, minimal) of ``flake``, built for nix's ``system``.

    ``attribute`` is the flake's, with placeholders ``{system}`` and ``{name}`` (``lima-dev``).
    """

    name: str
    flake: str
    system: str
    attribute: str

    @property
    def series(self) -> ImageSeries:
        """Return the files of its builds, with the names that a config's ``images`` has."""
        return ImageSeries(f"{NIXOS}{self.name}", (DISK,))

    @property
    def installable(self) -> str:
        """Return what nix is told to build."""
        attribute = self.attribute.replace("{system}", self.system).replace("{name}", f"lima-{self.name}")
        return f"{self.flake}#{attribute}"


def build(runner: Runner, images: Path, image: NixImage, progress: Progress) -> Path:
    """Build ``image``, copy it into ``images`` (absolute; made if missing), and return the copy's path.

    It becomes the latest of its name; older ones stay. If another build in ``images`` is running, wait for it. If
    anything fails or interrupts it, no unfinished file stays and the former latest image is untouched. MissingError
    (nix, qemu-img), VmError (flake, build, result, disk).
    """
    nix, qemu_img = _program("nix", nix_messages.NO_NIX), _program("qemu-img", "It verifies the image.")
    work = images / ".sysinit-nix-build"
    argv = _argv(nix, image, work)
    if runner.dry:
        runner.change(argv)
        return images / f"{image.series.new_stem(images)}.{DISK}"
    with exclusive_build(images, "nix", progress), _scratch(work):
        _run_nix(runner, argv, image, progress)
        progress.stage("looking for the image in the result")
        built = nix_result.image(sorted(work.glob("result*")), image.installable)
        progress.stage(f"copying {built.name} ({built.stat().st_size // 2**20} MiB)")
        copy = work / f"image.{DISK}"
        shutil.copyfile(built, copy)
        progress.stage("verifying it")
        nix_result.verify(runner, qemu_img, copy, built)
        progress.stage("making it the latest image")
        return image.series.publish(work, images, image.series.new_stem(images))


def _argv(nix: str, image: NixImage, work: Path) -> list[str]:
    """Return nix's command line. It allows flakes for this one command, whatever nix.conf says (since nix 2.4).

    The link to the result keeps nix from collecting it while it is copied.
    """
    experimental = ["--extra-experimental-features", "nix-command flakes"]
    return [nix, *experimental, "build", "--print-build-logs", "--out-link", str(work / "result"), image.installable]


def _run_nix(runner: Runner, argv: list[str], image: NixImage, progress: Progress) -> None:
    def show(line: str) -> None:
        if stage := nix_messages.stage(line):
            progress.stage(stage)
        elif nix_messages.warns(line):
            say(f"  {line}")
        else:
            progress.note = nix_messages.note(line)

    progress.stage(f"reading {image.installable}")
    done = runner.stream(argv, show)
    if not done.ok:
        raise nix_messages.failure(done, image.installable, image.system)


def _program(name: str, why: str) -> str:
    path = find(name)
    if path is None:
        hint = "sysinit-vm setup --extras" if name == "nix" else "sysinit-vm setup"
        raise MissingError(f"{name} was not found.", detail=why, hint=hint)
    return str(path)


@contextlib.contextmanager
def _scratch(work: Path) -> Iterator[None]:
    """Make ``work``, without what a killed build left in it, and remove it afterwards."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(work, ignore_errors=True)
