"""A Mac as far as the command line can tell: Python says so, and PATH has a Mac's programs only.

brew and limactl are scripts, and the guest is this machine. What vz would say is written after Lima 2.2.0's source:
nothing here was recorded on a Mac.
"""

import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import sys
from pathlib import Path

from sysinit_vm.machine.pinned_versions import ARCHIVES
from tests.archive_server import archive
from tests.bsd_tools import OPTIONS, BsdTools, refusal
from tests.lima.terminal import Terminal
from tests.worlds import CLI, GUEST_SUDO, SCRIPT, CliWorld

LIKE_HERE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
"""The Mac's architecture with which its guest, this machine, can run what is sent there."""

_FROM_MACOS = ("sh", "bash", "ssh", "ssh-keygen", "git")
_BREW = """\
#!/bin/sh
[ "$1 $2" = "install lima" ] || {{ echo "Error: no formula: $*" >&2; exit 1; }}
echo "==> Pouring lima--2.2.0.arm64_sequoia.bottle.tar.gz"
cellar={homebrew}/Cellar/lima/2.2.0
mkdir -p "$cellar/bin" "$cellar/share/lima" {homebrew}/share
cp {limactl} "$cellar/bin/limactl"
for arch in aarch64 x86_64; do : >"$cellar/share/lima/lima-guestagent.Linux-$arch.gz"; done
ln -s ../Cellar/lima/2.2.0/bin/limactl {homebrew}/bin/limactl
ln -s ../Cellar/lima/2.2.0/share/lima {homebrew}/share/lima
"""
# Root is an ordinary account there, to which root's files belong, as Homebrew and limactl want it.
_UNSHARE = (str(shutil.which("unshare")), "--user", "--map-user=501", "--map-group=20")
_ORDINARY = _UNSHARE if os.geteuid() == 0 else ()

_LINUX_WORDS = "apt|apt-get|dpkg|dnf|pacman|zypper|systemctl|usermod|newuidmap|mmdebstrap|bubblewrap|bwrap|sg|kvm|qemu"
NOT_THERE = re.compile(rf"(?<![\w./-])(?:{_LINUX_WORDS})(?![\w-])|/proc\b|/dev/kvm|build\.debian", re.IGNORECASE)
"""What a Mac does not have, and so no message there should name."""


class Mac(CliWorld):
    """A Mac with Homebrew, whose account has a pair of SSH keys and has typed nothing yet. ``memory`` is in GiB."""

    def __init__(self, place: Path, *, arch: str = LIKE_HERE, memory: int = 16) -> None:
        super().__init__(place)
        self.mac, self.homebrew, self.guest = place / "mac", place / "homebrew", place / "guest"
        shutil.rmtree(self.lima_home)
        shutil.rmtree(place / "share")
        self.mac.mkdir()
        shutil.copy(CLI / "mac_python.py", self.mac / "sitecustomize.py")
        self.tools = BsdTools(place, (*OPTIONS, "find"))
        for name in _FROM_MACOS:
            (self.tools.bin / name).symlink_to(str(shutil.which(name)))
        self._put_guest()
        _program(self.homebrew / "bin" / "brew", _BREW.format(homebrew=self.homebrew, limactl=self.limactl))
        (self.home / ".ssh").mkdir(mode=0o700)
        for name in ("id_ed25519", "id_ed25519.pub"):
            (self.home / ".ssh" / name).write_text("a key\n")
        for name in ("SYSINIT_VM_LIMACTL", "SYSINIT_VM_ACCELERATOR", "LIMA_HOME"):
            del self.env[name]
        mirror = place / "mirror"
        self.env |= {
            "PATH": str(self.tools.bin),
            "PYTHONPATH": str(self.mac),
            "FAKE_MAC": str(self.mac),
            "SYSINIT_VM_GITHUB_MIRROR": str(mirror),
        }
        machine = {"arch": arch, "cpus": 8, "memory": memory, "open_files": 256}
        (self.mac / "machine.json").write_text(json.dumps({**machine, "archives": _put_zellij(mirror)}))

    def _put_guest(self) -> None:
        """Put limactl's guest there: this machine with its own PATH, without Zellij."""
        local, own, run = (self.guest / name for name in ("local", "bin", "run"))
        for directory in (local, run):
            directory.mkdir(parents=True)
        with_or_without = GUEST_SUDO.replace('[ "$1" = -n ] || exit 9\nshift', '[ "$1" != -n ] || shift')
        _program(own / "sudo", with_or_without.format(local=local, run=run))
        _program(own / "login-shell", '#!/bin/sh\necho "a login shell $1"\n')
        without = [part for part in self.env["PATH"].split(os.pathsep) if not (Path(part) / "zellij").exists()]
        path = os.pathsep.join([str(local), str(own), *without])
        env = {"PATH": path, "LIMA_HOME": str(self.lima_home), "SHELL": str(own / "login-shell")}
        words = ("env", "-u", "PYTHONPATH", *(f"{name}={value}" for name, value in env.items()))
        fake = (sys.executable, "-SE", str(CLI / "fake_limactl.py"))
        _program(self.limactl, f'#!/bin/sh\nexec {shlex.join((*words, *fake))} "$@"\n')

    def type(self, *argv: str, cwd: Path | None = None, **env: str):
        """Type any command line."""
        return super().type(*_ORDINARY, *argv, cwd=cwd, **env)

    def terminal(self, *words: str) -> Terminal:
        """Type ``sysinit-vm WORDS`` on a terminal."""
        return Terminal([*_ORDINARY, *SCRIPT, *words], self.demo, self.env, rows=60, columns=200)

    def effective(self) -> dict:
        """What limactl was given for the VM of ``demo``."""
        return json.loads((self.lima_home / "demo-dev" / "lima.yaml").read_text())

    def linux_only(self) -> list[str]:
        """What we looked for that only Linux has."""
        return sorted(set(self._noted("linux-only")))

    def commands(self) -> list[list[str]]:
        """What we started on the host."""
        return self._noted("commands")

    def gnu_only(self) -> list[str]:
        """What a BSD's tools refuse of that."""
        return [*self.tools.refused, *filter(None, map(refusal, self.commands()))]

    def _noted(self, kind: str) -> list:
        log = self.mac / kind
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _put_zellij(mirror: Path) -> dict[str, tuple[str, int]]:
    """Put an archive there for each architecture, all with the same program of this machine's; return its digest."""
    content = archive({"zellij": Path("/bin/echo").read_bytes()})
    for (name, system, _), known in ARCHIVES.items():
        if (name, system) == ("zellij", "Linux"):
            path = mirror / known.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return {"zellij": (hashlib.sha256(content).hexdigest(), len(content))}
