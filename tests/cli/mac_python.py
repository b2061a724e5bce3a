# Becomes sitecustomize.py: this Python takes its machine for a Mac, as machine.json in FAKE_MAC describes it.
# What Linux alone has is not there, and each look at it by us is noted in FAKE_MAC; so is each command that we start.
# Some of these modules are imported for themselves: what they have depends on the real system.
import asyncio  # noqa: F401
import ctypes  # noqa: F401
import json
import os
import platform
import pwd
import resource
import selectors  # noqa: F401
import shutil  # noqa: F401
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
import urllib.request  # noqa: F401
from pathlib import Path
from types import SimpleNamespace

import filelock  # noqa: F401
import prompt_toolkit.input.defaults
import prompt_toolkit.output.defaults  # noqa: F401
import psutil
import rich.console  # noqa: F401

FAKE = Path(os.environ["FAKE_MAC"])
LINUX_ONLY = (
    "/proc",
    "/sys",
    "/dev/kvm",
    "/etc/os-release",
    "/usr/lib/os-release",
    "/etc/apt",
    "/var/lib/apt",
    "/boot",
)
GIB = 2**30

machine = json.loads((FAKE / "machine.json").read_text())


def note(kind, text):
    with open(FAKE / kind, "a") as log:  # noqa: PTH123
        log.write(f"{json.dumps(text)}\n")


def asks_psutil():
    """psutil knows this machine as what it is."""
    frame = sys._getframe()
    while frame:
        if str(frame.f_globals.get("__name__", "")).startswith("psutil"):
            return True
        frame = frame.f_back
    return False


def refuse(path):
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    text = os.fsdecode(path)
    if any(text == place or text.startswith(f"{place}/") for place in LINUX_ONLY) and not asks_psutil():
        note("linux-only", text)
        raise FileNotFoundError(2, "No such file or directory", text)


def hook(event, values):
    if event in {"open", "os.listdir", "os.scandir"}:
        refuse(values[0])
    elif event in {"subprocess.Popen", "os.exec"}:
        note("commands", [os.fsdecode(word) for word in values[1]])


def watched_stat(path, *rest, **options):
    refuse(path)
    return really.stat(path, *rest, **options)


def watched_access(path, *rest, **options):
    try:
        refuse(path)
    except FileNotFoundError:
        return False
    return really.access(path, *rest, **options)


really = SimpleNamespace(stat=os.stat, access=os.access)  # of which the audit hook is not told
os.stat, os.access = watched_stat, watched_access
sys.addaudithook(hook)

sys.platform = "darwin"
platform.system = lambda: "Darwin"
platform.machine = lambda: machine["arch"]
platform.mac_ver = lambda *_: ("15.5", ("", "", ""), machine["arch"])
os.cpu_count = lambda: machine["cpus"]

account = pwd.struct_passwd(("ada", "*", os.getuid(), os.getgid(), "Ada", os.environ["HOME"], "/bin/zsh"))
pwd.getpwuid = lambda _uid: account
pwd.getpwnam = lambda _name: account

memory = machine["memory"] * GIB
actual, sysconf = psutil.virtual_memory(), os.sysconf
psutil.virtual_memory = lambda: actual._replace(total=memory, available=memory // 2)
os.sysconf = lambda name: memory // sysconf("SC_PAGE_SIZE") if name == "SC_PHYS_PAGES" else sysconf(name)


def no_connections(*_, **__):
    raise psutil.AccessDenied


psutil.net_connections = no_connections
resource.getrlimit = lambda _which: (machine["open_files"], resource.RLIM_INFINITY)

import sysinit_vm.executables  # noqa: E402
from sysinit_vm.machine.pinned_versions import ARCHIVES, Archive  # noqa: E402

sysinit_vm.executables._SBIN = ()  # where this machine has programs of Linux
sysinit_vm.executables._HOMEBREW = (str(FAKE.parent / "homebrew" / "bin"),)

for kind, known in dict(ARCHIVES).items():
    if kind[0] in machine["archives"]:
        ARCHIVES[kind] = Archive(known.path, *machine["archives"][kind[0]], ("https://a.example", "https://b.example"))
