"""Whether KVM really works here, and what limactl is told if it does not.

Lima uses KVM whenever ``/dev/kvm`` exists, and then waits ten minutes for a guest that never answers.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sysinit_vm import files, user_directories
from sysinit_vm.errors import VmError
from sysinit_vm.lima import kvm
from sysinit_vm.lima.kvm import Access
from sysinit_vm.machine.facts import Facts
from sysinit_vm.runner import Runner

_PROBE_SECONDS = 20
_SLOWER = "programs in it run about ten times slower, and a start takes a minute instead of seconds"
_QEMU = {"x86_64": "qemu-system-x86_64 -machine q35", "aarch64": "qemu-system-aarch64 -machine virt"}
_EMULATED = {
    "x86_64": "qemu-system-x86_64 -machine q35,vmport=off -accel tcg,thread=multi,tb-size=512 -cpu max",
    "aarch64": "qemu-system-aarch64 -machine virt -accel tcg,thread=multi,tb-size=512 -cpu max",
}


@dataclass(frozen=True)
class Accelerator:
    """``name`` is kvm, tcg or native (the system's own); ``note`` tells the user why, if they should know."""

    name: str
    note: str = ""
    env: dict[str, str] = field(default_factory=dict)


def choose(runner: Runner, facts: Facts, wanted: str, kernels: Sequence[Path] = ()) -> Accelerator:
    """Return the accelerator for a VM of the machine's own arch.

    ``wanted`` is auto, kvm or tcg. ``kernels`` (absolute, the best first) are those to probe KVM with; if none of them
    can be read, a kernel of this machine is used. Without any kernel, KVM that can be opened is trusted, with a note.
    """
    if facts.system != "Linux" or facts.arch not in _EMULATED:
        return Accelerator("native")
    if wanted == "kvm":
        return Accelerator("kvm")
    if wanted == "tcg":
        return _emulation(facts, "")
    problem = _problem(kvm.access())
    if problem:
        return _emulation(facts, f"{problem} The VM is emulated: {_SLOWER}.")
    kernel = next((path for path in (*kernels, *_host_kernels()) if os.access(path, os.R_OK)), None)
    if kernel is None:
        return Accelerator("kvm", "KVM could not be tested. If the VM hangs: SYSINIT_VM_ACCELERATOR=tcg")
    if not _probe(runner, facts, kernel):
        return _emulation(facts, f"/dev/kvm exists but does not work here. The VM is emulated: {_SLOWER}.")
    return Accelerator("kvm")


def _problem(access: Access) -> str:
    """Return why this process cannot use KVM, and what to type; empty if it may."""
    ways = f"sysinit-vm setup, or as root: {kvm.joining()}"
    return {
        Access.NO_DEVICE: "This machine offers no KVM (/dev/kvm).",
        Access.JOINABLE: f"Your account is not in the group {kvm.GROUP} ({ways}).",
        Access.CLOSED: "Your account has no permission to open /dev/kvm: its owner or root could give it "
        "(ls -l /dev/kvm).",
    }.get(access, "")


def outlook(wanted: str, *, joins: bool = False) -> str:
    """Return in words what VMs on this Linux will run on. Starts no process.

    ``wanted`` is as for ``choose``; ``joins`` says that the account is about to join the group.
    """
    if wanted == "tcg":
        return f"VMs are emulated, as the setting ACCELERATOR says: {_SLOWER}."
    if joins:
        return (
            f"KVM: the account {kvm.user()} joins the group {kvm.GROUP}, and uses it at once, without a new login. "
            f"Without KVM a VM is emulated: {_SLOWER}. To leave it at that: SYSINIT_VM_ACCELERATOR=tcg."
        )
    problem = _problem(kvm.access())
    if problem:
        return f"{problem} A VM is emulated: {_SLOWER}."
    return f"KVM: this account may use it. If the first start finds it broken, the VM is emulated: {_SLOWER}."


def _host_kernels() -> list[Path]:
    return sorted(Path("/boot").glob("vmlinuz-*"))


def _emulation(facts: Facts, note: str) -> Accelerator:
    return Accelerator("tcg", note, {f"QEMU_SYSTEM_{facts.arch.upper()}": _EMULATED[facts.arch]})


def _probe(runner: Runner, facts: Facts, kernel: Path) -> bool:
    """Boot ``kernel`` without an initrd under KVM: it panics and QEMU exits at once, or KVM is broken.

    The result is kept until the host boots again, because a broken KVM takes the whole time limit.
    """
    cache = files.require_private(user_directories.cache(), may_be_file=True)
    of_this_boot = f"kvm-{_digest(Path('/proc/sys/kernel/random/boot_id').read_text())}-"
    # A VM's copy of the image's kernel has its size, and needs no probe of its own.
    cached = cache / f"{of_this_boot}{_digest(f'{kernel.stat().st_size}{kvm.access().name}')}"
    if cached.is_file():
        return files.read_or_empty(cached) == "works"
    argv = (
        *("timeout", "--foreground", "--kill-after=5", str(_PROBE_SECONDS)),  # sg would leave QEMU behind
        *_QEMU[facts.arch].split(),
        *("-accel", "kvm", "-m", "256", "-display", "none", "-nodefaults", "-no-reboot"),
        *("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"),
    )
    # QEMU looks for its firmware in the current directory, too, which is a project
    works = runner.read(kvm.as_member(argv), timeout=2 * _PROBE_SECONDS, cwd=Path("/")).ok
    with contextlib.suppress(VmError, OSError):  # without a cache, the next start tests again
        files.write(cached, "works" if works else "broken")
        for old in cache.glob("kvm-*"):
            if not old.name.startswith(of_this_boot):
                old.unlink(missing_ok=True)
    return works


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
