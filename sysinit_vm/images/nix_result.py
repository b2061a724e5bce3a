"""The image in what nix has built: found whatever it is called, and verified."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sysinit_vm.errors import VmError, typed
from sysinit_vm.runner import Runner

_MAGIC = b"QFI\xfb"
_SHOWN = 8
_SOUND = {0, 3}  # qemu-img check: nothing wrong, or room that is taken and not used


def image(results: Sequence[Path], installable: str) -> Path:
    """Return the only qcow2 image in ``results``, nix's links to what it made; it is known by its content.

    VmError where there is none, or more than one. Raises OSError.
    """
    files = sorted({each for result in results for each in _files(result)})
    found = [each for each in files if _is_qcow2(each)]
    if len(found) == 1:
        return found[0]
    if found:
        brief, shown = f"More than one image is in {installable}.", found
    else:
        brief, shown = f"No qcow2 image is in {installable}.", files
    more = [f"and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    detail = "\n".join([*map(str, shown[:_SHOWN]), *more]) or "It is empty."
    raise VmError(brief, detail=detail, hint="SYSINIT_VM_FLAKE_ATTRIBUTE=… sysinit-vm build.dev")


def _files(result: Path) -> Iterator[Path]:
    """Every file in a result at any depth, without links; a link is followed only to what nix's store holds."""
    top = result.resolve()
    store, seen, left = top.parent, set[Path](), [top]
    while left:
        path = left.pop()
        if path in seen or not path.is_relative_to(store) or path == store:
            continue
        seen.add(path)
        if path.is_dir():
            left.extend(Path(each.path).resolve() for each in os.scandir(path))
        elif path.is_file():
            yield path


def _is_qcow2(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def verify(runner: Runner, qemu_img: str, copy: Path, origin: Path) -> None:
    """Return if qemu-img finds nothing wrong with ``copy``, and it needs no other file; VmError otherwise."""
    said = runner.read([qemu_img, "info", "--output=json", str(copy)])
    checked = runner.read([qemu_img, "check", str(copy)]) if said.ok else said
    if checked.code not in _SOUND or not said.ok:
        raise VmError(
            f"{origin} is damaged.", detail=checked.err or checked.out, hint=typed("qemu-img", "check", origin)
        )
    told = json.loads(said.out)
    other = told.get("backing-filename") or told.get("format-specific", {}).get("data", {}).get("data-file")
    if other:
        detail = f"It needs {other} beside it, which may not stay."
        raise VmError(f"{origin} is no whole image.", detail=detail, hint=typed("qemu-img", "info", origin))
