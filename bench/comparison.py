"""The image that ours is measured against: Debian with cloud-init, as every stock cloud image has it.

Like all of them it lacks what Lima then fetches on the first start (iptables, rsync), and it is not tuned.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

from sysinit_vm.errors import VmError
from sysinit_vm.images import debian, debian_host, debian_steps
from sysinit_vm.machine import apt_sources
from sysinit_vm.machine.apt_sources import Sources
from sysinit_vm.machine.pinned_versions import SUITE
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.progress import Progress

PACKAGES = (
    *("systemd", "systemd-sysv", "libpam-systemd", "udev", "dbus", "linux-image-amd64", "cloud-init"),
    *("openssh-server", "sudo", "iproute2", "ifupdown", "isc-dhcp-client", "ca-certificates", "procps", "kmod"),
    *("netbase", "fuse3", "sshfs", "e2fsprogs", "cloud-guest-utils", "less", "curl", "git"),
)
_RECIPE = "1"


def image(runner: Runner, cache: Path, *, mirror: str, progress: Progress) -> Path:
    """Return the comparison image's disk in ``cache`` (absolute), built if it is missing.

    The kernel and the initrd are beside it. ``mirror`` is as for ``debian.build``; the guest's apt uses it too.
    MissingError if a program is missing, VmError if a step fails.
    """
    sources = apt_sources.read(SUITE, mirror)
    ingredients = "\n".join((_RECIPE, SUITE, debian.DISK_SIZE, *PACKAGES, *sources.lines))
    disk = cache / f"cloud-init-{hashlib.sha256(ingredients.encode()).hexdigest()[:12]}.qcow2"
    if not disk.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            _build(runner, Path(work), sources, progress)
            for part in ("vmlinuz", "initrd", "qcow2"):
                (Path(work) / f"image.{part}").replace(disk.with_suffix(f".{part}"))
    return disk


def _build(runner: Runner, work: Path, sources: Sources, progress: Progress) -> None:
    host = debian_host.find_tools(runner)
    debian_steps.write_logins(work, sources)

    def run(argv: list[str]) -> None:
        done = runner.stream(argv, lambda line: _stage(line, progress), cwd=work, env={"TMPDIR": str(work)})
        if not done.ok:
            raise VmError(f"{Path(argv[0]).name} failed ({done.code}).", detail=done.err[-2000:])

    run([host.mmdebstrap, f"--mode={host.mode}", "--variant=minbase", "--format=tar",
         f"--include={','.join(PACKAGES)}", *debian_steps.login_options(work, sources), SUITE, "root.tar",
         *sources.lines])  # fmt: skip
    root = work / "root"
    root.mkdir()
    run(debian_steps.unpack(host))
    for part in ("vmlinuz", "initrd"):
        (built,) = (root / "boot").glob(f"{part}*-amd64")
        shutil.copyfile(built, work / f"image.{part}")
    progress.stage("making the disk")
    run(debian_steps.disk(host, debian.DISK_SIZE))
    run(debian_steps.compress(host))
    run([*host.as_root, "rm", "-rf", "--one-file-system", "root", "root.tar", "disk"])


def _stage(line: str, progress: Progress) -> None:
    if stage := debian_steps.stage(line):
        progress.stage(stage)
