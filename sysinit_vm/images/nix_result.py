"""The image in what nix has built: found whatever its name, and verified."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sysinit_vm.errors import VmError, typed
from sysinit_vm.runner import Runner

_MAGIC = b"QFI\xfb"
_SHOWN = 8
_SOUND = {0, 3}  # qemu-img check: nothing wrong, or only leaked space


def image(results: Sequence[Path], installable: str) -> Path:
    """Return the only qcow2 image in ``results``, nix's links to what it made; its content tells it apart.

    VmError if there is none, or more than one. Raises OSError.
    """
    files = sorted({path for result in results for path in _files(result)})
    images = [path for path in files if _is_qcow2(path)]
    if len(images) == 1:
        return images[0]
    if images:
        brief, shown = f"{installable} contains more than one image.", images
    else:
        brief, shown = f"{installable} contains no qcow2 image.", files
    more = [f"and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    detail = "\n".join([*map(str, shown[:_SHOWN]), *more]) or "It is empty."
    raise VmError(brief, detail=detail, hint="SYSINIT_VM_FLAKE_ATTRIBUTE=… sysinit-vm build.dev")


def _files(result: Path) -> Iterator[Path]:
    """Yield every file in a result at any depth, links resolved; a link out of nix's store is not followed."""
    top = result.resolve()
    store, visited, pending = top.parent, set[Path](), [top]
    while pending:
        path = pending.pop()
        if path in visited or not path.is_relative_to(store) or path == store:
            continue
        visited.add(path)
        if path.is_dir():
            pending.extend(Path(entry.path).resolve() for entry in os.scandir(path))
        elif path.is_file():
            yield path


def _is_qcow2(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def verify(runner: Runner, qemu_img: str, copy: Path, origin: Path) -> None:
    """Check with qemu-img that ``copy`` is sound and needs no other file; VmError about ``origin`` otherwise."""
    info = runner.read([qemu_img, "info", "--output=json", str(copy)])
    check = runner.read([qemu_img, "check", str(copy)]) if info.ok else info
    if check.code not in _SOUND or not info.ok:
        raise VmError(f"{origin} is damaged.", detail=check.err or check.out, hint=typed("qemu-img", "check", origin))
    data = json.loads(info.out)
    other = data.get("backing-filename") or data.get("format-specific", {}).get("data", {}).get("data-file")
    if other:
        detail = f"It needs {other} beside it, which may be removed."
        raise VmError(f"{origin} is not a complete image.", detail=detail, hint=typed("qemu-img", "info", origin))
