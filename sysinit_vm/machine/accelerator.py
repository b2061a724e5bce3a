"""Whether KVM really works here, and what limactl is told when it does not.

Lima uses KVM whenever ``/dev/kvm`` exists, and then waits ten minutes for a guest that never speaks.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from sysinit_vm import files
from sysinit_vm.errors import VmError
from sysinit_vm.machine.facts import Facts
from sysinit_vm.runner import Runner

_KVM = Path("/dev/kvm")
_PROBE_SECONDS = 20
_QEMU = {"x86_64": "qemu-system-x86_64 -machine q35", "aarch64": "qemu-system-aarch64 -machine virt"}
_EMULATED = {
    "x86_64": "qemu-system-x86_64 -machine q35,vmport=off -accel tcg,thread=multi,tb-size=512 -cpu max",
    "aarch64": "qemu-system-aarch64 -machine virt -accel tcg,thread=multi,tb-size=512 -cpu max",
}


@dataclass(frozen=True)
class Accelerator:
    """``name`` is kvm, tcg or the system's own; ``note`` a sentence where the user should know why."""

    name: str
    note: str = ""
    env: dict[str, str] = field(default_factory=dict)


def choose(runner: Runner, facts: Facts, wish: str, kernels: Sequence[Path] = ()) -> Accelerator:
    """Return the accelerator for a VM of the machine's own arch.

    ``wish`` is auto, kvm or tcg; ``kernels`` (absolute, the best first) are those to probe KVM with. Without one that
    can be read, a kernel of this machine serves; without any, KVM that can be opened is believed, with a word.
    """
    if facts.system != "Linux" or facts.arch not in _EMULATED:
        return Accelerator("native")
    if wish == "kvm":
        return Accelerator("kvm")
    if wish == "tcg":
        return _emulation(facts, "")
    if not _KVM.exists():
        return _emulation(facts, "This machine offers no KVM: the VM is emulated, which is slow.")
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return _emulation(facts, "/dev/kvm is not yours to open (try: sudo usermod -aG kvm $USER): the VM is emulated.")
    kernel = next((path for path in (*kernels, *_of_this_machine()) if os.access(path, os.R_OK)), None)
    if kernel is None:
        return Accelerator("kvm", "KVM could not be tried out. Should the VM hang: SYSINIT_VM_ACCELERATOR=tcg")
    if not _probe(runner, facts, kernel):
        return _emulation(facts, "/dev/kvm exists but does not work here: the VM is emulated, which is slow.")
    return Accelerator("kvm")


def _of_this_machine() -> list[Path]:
    return sorted(Path("/boot").glob("vmlinuz-*"))


def _emulation(facts: Facts, note: str) -> Accelerator:
    return Accelerator("tcg", note, {f"QEMU_SYSTEM_{facts.arch.upper()}": _EMULATED[facts.arch]})


def _probe(runner: Runner, facts: Facts, kernel: Path) -> bool:
    """Boot ``kernel`` without an initrd under KVM: it panics and QEMU exits at once, or KVM is broken.

    The verdict is kept until the next boot of the host, since a broken KVM costs the whole time limit.
    """
    kept = platformdirs.user_cache_path("sysinit-vm") / f"kvm-{_boot_and_kernel(kernel)}"
    if kept.is_file():
        return kept.read_text() == "works"
    argv = (
        *_QEMU[facts.arch].split(),
        *("-accel", "kvm", "-m", "256", "-display", "none", "-nodefaults", "-no-reboot"),
        *("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"),
    )
    works = runner.read(argv, timeout=_PROBE_SECONDS).ok
    with contextlib.suppress(VmError):  # where nothing can be kept, the next start tries again
        files.write(kept, "works" if works else "broken")
    return works


def _boot_and_kernel(kernel: Path) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    stat = kernel.stat()
    return hashlib.sha256(f"{boot}{kernel.resolve()}{stat.st_size}".encode()).hexdigest()[:16]
