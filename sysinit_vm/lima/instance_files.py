"""The files that Lima 2.2 keeps in an instance's directory (pkg/limatype/filenames)."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, typed
from sysinit_vm.lima import disk_image, kvm

_FIRST_EVENT = 5  # seconds


@dataclass(frozen=True)
class InstanceFiles:
    """``directory`` (absolute) is the instance's own; none of its files need exist."""

    directory: Path

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.directory.name

    @property
    def lima_yaml(self) -> Path:
        """The config that the instance was made from or last given; without it Lima does not know the instance."""
        return self.directory / "lima.yaml"

    @property
    def has_config(self) -> bool:
        """Whether there is a lima.yaml, as far as we may look; ``denied`` says whether we may."""
        return os.path.exists(self.lima_yaml)  # noqa: PTH110  # Path.exists raises in a closed directory

    @property
    def made_by_lima(self) -> bool:
        """Whether it is what Lima made of an instance, and no directory of the user's."""
        return os.path.isfile(self.version) and not self.directory.is_symlink()  # noqa: PTH113  # is_file raises in a closed directory

    @property
    def started_config(self) -> Path:
        """Ours: lima.yaml as it was at the last start. It goes with the VM."""
        return self.directory / "sysinit-vm-lima.yaml"

    @property
    def has_disk(self) -> bool:
        """Whether the guest's disk is there, or we may not look for it; before Lima 2.0 it was called diffdisk."""
        return any(files.is_there(self.directory / name) for name in ("disk", "diffdisk"))

    def denied(self, *names: str) -> VmError | None:
        """Return the error if the system refuses to show what is of ``names``: by default its configs and disks.

        What we may not read is neither missing nor damaged: the hint takes it back, as from an account that used sudo.
        """
        names = names or (self.lima_yaml.name, self.started_config.name, *disk_image.NAMES)
        for path in (self.directory, *(self.directory / name for name in names)):
            try:
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                return self._refused(path, error)
        return None

    def _refused(self, path: Path, error: OSError) -> VmError:
        hint = ""
        if error.errno in {errno.EACCES, errno.EPERM}:
            ours = all(_owner(one) == os.geteuid() for one in (self.directory, path))
            rights = ("chmod", "-R", "u+rwX") if ours else ("sudo", "chown", "-R", kvm.user())
            hint = typed(*rights, self.directory)
        return files.denied("read", path, error, hint=hint)

    def _named(self, *patterns: str) -> list[Path]:
        """Return what has a name like one of ``patterns`` (as a shell's); VmError if we may not list the directory."""
        try:
            names = sorted(os.listdir(self.directory))  # noqa: PTH208  # Path.glob hides what the system refuses
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._refused(self.directory, error) from error
        return [self.directory / name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]

    @property
    def version(self) -> Path:
        """The version of the Lima that made the instance, written once."""
        return self.directory / "lima-version"

    @property
    def made(self) -> tuple[int, int]:
        """What tells the instance from a later one of its name: inode and time of its ``version``, in nanoseconds."""
        with suppress(OSError):
            status = self.version.stat()
            return status.st_ino, status.st_mtime_ns
        return (0, 0)

    @property
    def ssh_config(self) -> Path:
        """What ssh needs to log in, rewritten at each start."""
        return self.directory / "ssh.config"

    @property
    def events(self) -> Path:
        """The host agent's events: JSON lines, rewritten at each start."""
        return self.directory / "ha.stdout.log"

    @property
    def events_lost(self) -> bool:
        """Whether a host agent runs, and its first events are gone: it writes one at once (hostagent.go).

        In a log that was emptied it writes on where it was, after NULs.
        """
        with suppress(OSError):
            age = time.time() - (self.directory / "ha.pid").stat().st_mtime
            return age > _FIRST_EVENT and self._first_of_events() in {b"", b"\0"}
        return False

    def _first_of_events(self) -> bytes:
        with suppress(OSError, ValueError), files.opened(self.events) as stream:
            return stream.read(1)
        return b""

    @property
    def host_agent_log(self) -> Path:
        """The host agent's log: JSON lines, rewritten at each start."""
        return self.directory / "ha.stderr.log"

    @property
    def consoles(self) -> list[Path]:
        """The logs of the guest's consoles in which there is anything."""
        return sorted(path for path in self.directory.glob("serial*.log") if path.stat().st_size)

    @property
    def pid_files(self) -> list[Path]:
        """The recorded process ids: of the host agent and of drivers, dead or alive. VmError if we may not look."""
        return self._named("*.pid")

    @property
    def sockets(self) -> list[Path]:
        """The Unix sockets, dead or alive."""
        return sorted(self.directory.glob("*.sock"))

    @property
    def monitor(self) -> Path:
        """The socket of QEMU's monitor."""
        return self.directory / "qmp.sock"

    @property
    def began_to_boot(self) -> bool:
        """Whether a host agent has ever run for it: one of the files is there that it makes. Logs may be removed.

        VmError if we may not look.
        """
        return bool(self._named("ssh.config", "cidata.iso", "ha.*.log", "serial*.log"))

    @property
    def lacks_shell(self) -> Path:
        """Ours: it is there while the guest lacks the login shell that its config names."""
        return self.directory / "sysinit-vm-lacks-shell"

    @property
    def protected(self) -> bool:
        """Whether ``limactl protect`` forbids to delete the instance, or we may not look whether it does."""
        return files.is_there(self.directory / "protected")

    @property
    def image_in_part(self) -> list[Path]:
        """What Lima had copied of its image if it was killed meanwhile, else nothing.

        Lima renames the image to ``disk`` when all is there. At the next start it takes an image that lies there for
        the whole of it (2.2.0, pkg/instance/start.go). VmError if we may not look.
        """
        image, *parts = [self.directory / name for name in ("image", "kernel", "kernel.cmdline", "initrd")]
        if self.began_to_boot or self.has_disk or not image.exists():
            return []
        return [path for path in (*parts, image) if path.exists()]

    def config(self) -> Config:
        """Return the config that the instance was made from or last given; VmError if it cannot be read."""
        return document.load(self.lima_yaml)

    def keep_config(self) -> None:
        """Keep lima.yaml as it is now, readable for its user only; nothing if that cannot be read or written."""
        with suppress(OSError, ValueError, VmError):
            files.write(self.started_config, files.read(self.lima_yaml, document.LONGEST_BYTES), mode=0o600)

    def kept_config(self) -> Config | None:
        """Return the config of the last start; None if none is kept, or it is damaged, a link or another account's."""
        path = self.started_config
        with suppress(OSError, ValueError, VmError):
            if not path.is_symlink():
                text = files.read(path, document.LONGEST_BYTES, own=True).decode()
                return Config(path, document.parse(text, path), text=text)
        return None

    def event_lines(self) -> Iterator[str]:
        """Yield the lines of the host agent's events, none if it has not begun."""
        return files.lines(self.events, whole=True)

    def host_agent_log_lines(self) -> Iterator[str]:
        """Yield the lines of the host agent's log, none if it has not begun."""
        return files.lines(self.host_agent_log, whole=True)

    def host_agent_pid(self) -> int | None:
        """Return the recorded process id of the host agent, None if there is none."""
        try:
            return int(files.read_or_empty(self.directory / "ha.pid"))
        except ValueError:
            return None


def _owner(path: Path) -> int:
    """Return the account of ``path``; ours if the system does not say whose it is."""
    with suppress(OSError):
        return path.lstat().st_uid
    return os.geteuid()
