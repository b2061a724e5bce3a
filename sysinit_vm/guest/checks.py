"""The only module that knows what runs in the guest: our setup, and what the guest says of itself."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sysinit_vm import settings
from sysinit_vm.config import render
from sysinit_vm.errors import VmError
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.model import Report, Seen, Vitals
from sysinit_vm.projects.project import Project

_CHECK_SECONDS = 120
_PUT_SECONDS = 300
# Two scripts of ours in one call: each call costs a login of the guest.
_PUT = 'system=$1 user=$2; shift 2; sudo env "$@" bash -c "$system" && env "$@" bash -c "$user"'
_WHICH = 'for each; do if command -v "$each" >/dev/null 2>&1; then echo "$each"; fi; done'
# A process of root's needs root, who is not to be had in every guest.
_INTERRUPT = """\
end() { sudo -n kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" -- "-$pid"; }
pid=$(pgrep -of "$1") && [ "$pid" != $$ ] && end INT && sleep 1 && end TERM"""
_IDENTIFY_AND_CHECK = 'bash -c "$1" bash /etc/sysinit-vm "$2"; exec bash -c "$3" bash "$4"'


_END = "END-OF-THIS-FILE"


def setup() -> Mapping[str, str]:
    """Return what we put into every guest, by provision mode; it runs at each boot before the project's own.

    The same values, PARAM_NAME in its environment, give the same guest however often it runs; see ``put``.
    """
    named = " ".join(f"PARAM_{name}" for name in settings.params())
    files = "".join(written(path, render.guest(name)) for path, name in files_written().items())
    script = render.guest("setup.sh").replace("@SETTINGS@", named).replace("@FILES@\n", files)
    return {"system": script, "user": render.guest("setup-user.sh")}


def files_written() -> Mapping[str, str]:
    """Return which of our files stands where in a guest (absolute), as setup.sh writes them."""
    return {
        "/etc/sysinit-vm/zellij.kdl": "zellij.kdl",
        "/etc/sysinit-vm/ssh_config": "ssh_config",
        "/etc/sysinit-vm/session": "session.sh",
        "/etc/sysinit-vm/login": "login.sh",
        "/etc/sysinit-vm/wanted": "wanted.sh",
        "/etc/sysinit-vm/profile.fish": "profile.fish",
        "/etc/profile.d/sysinit-vm.sh": "profile.sh",
    }


def written(path: str, text: str) -> str:
    """Return the lines of setup.sh that write ``text`` to ``path`` where it differs."""
    return f"IFS= read -r -d '' text <<'{_END}' || true\n{text}{_END}\nreplace {path} \"$text\"\n"


def put(lima: Limactl, name: str, param: Mapping[str, str]) -> None:
    """Run our setup again in the running guest of ``name``, with the values ``param``: what is ours changes live.

    VmError with the guest's own words where it fails.
    """
    scripts = setup()
    system = scripts["system"].replace("{{.User}}", "$SUDO_USER")
    values = [f"PARAM_{key}={value}" for key, value in param.items()]
    done = lima.run(name, ("bash", "-c", _PUT, "bash", system, scripts["user"], *values), timeout=_PUT_SECONDS)
    if not done.ok:
        detail = done.err or done.out or f"Our setup ended with {done.code}."
        raise VmError(f"The guest of {name} could not be set up.", detail=detail, hint="sysinit-vm restart")


def check(lima: Limactl, name: str, project: Project, *, gitconfig: str | None = None) -> Report:
    """Ask a booted guest whether the user can work in it.

    The mount is proven by a round trip: a file written here is read there, and its answer is read here.
    ``gitconfig`` becomes the guest's git identity on the way (see ``identity``), None leaves it as it is.
    VmError where the guest does not answer within two minutes.
    """
    token = os.urandom(8).hex()
    path = project.config.parent / f".mounted-{token}"
    problem = _write_token(path, token)
    words: tuple[str, ...] = ("bash", "-c", render.guest("check.sh"), "bash", str(path))
    if gitconfig is not None:
        identify = render.guest("identity.sh")
        words = ("bash", "-c", _IDENTIFY_AND_CHECK, "bash", identify, gitconfig, words[2], words[4])
    done = lima.run(name, words, timeout=_CHECK_SECONDS)
    answer = _read_and_remove(path)
    if not done.ok:
        raise VmError(f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs")
    said = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    mounted = answer == f"{token} seen"
    failed = tuple(line.removeprefix("failed=") for line in done.out.splitlines() if line.startswith("failed="))
    return Report(mounted, problem or said.get("mount", ""), said.get("zellij") == "yes", failed)


def _write_token(path: Path, token: str) -> str:
    try:
        path.write_text(token)
    except OSError as error:
        return f"{path} cannot be written on the host: {error.strerror}."
    return ""


def _read_and_remove(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
    finally:
        path.unlink(missing_ok=True)


def vitals(lima: Limactl, name: str) -> Vitals:
    """Ask a booted guest for its clock and the room on its disk; VmError where it does not answer."""
    done = lima.run(name, ("sh", "-c", render.guest("vitals.sh")), timeout=_CHECK_SECONDS)
    said = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    try:
        return Vitals(*(int(said[key].rstrip("%")) for key in ("time", "disk", "inodes")))
    except (KeyError, ValueError) as error:
        raise VmError(
            f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs"
        ) from error


def sees(lima: Limactl, name: str, variables: Sequence[str], places: Sequence[str], most: int) -> Seen:
    """Ask a login of the guest what it has: CPUs, memory, ``variables``, and ``most`` names in each of ``places``.

    ``places`` are absolute. VmError where it does not answer.
    """
    script = ("bash", "-c", render.guest("sees.sh"), "bash", str(most), str(len(variables)), *variables, *places)
    done = lima.run(name, script, timeout=_CHECK_SECONDS)
    said = [line.partition("=") for line in done.out.split("\n")]
    first = {key: value for key, _, value in said}
    env = dict(value.split("=", 1) for key, _, value in said if key == "env")
    held = [value.rstrip("\0").split("\0") for key, _, value in said if key == "place"]
    try:
        cpus, memory = int(first["cpus"]), int(first["memory"]) * 1024
    except (KeyError, ValueError) as error:
        raise VmError(
            f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs"
        ) from error
    return Seen(cpus, memory, env, {place: tuple(names) for place, *names in held})


def programs(lima: Limactl, name: str, wanted: Sequence[str]) -> set[str]:
    """Return those of the programs ``wanted`` that a login of the guest finds; VmError where it does not answer."""
    done = lima.run(name, ("sh", "-c", _WHICH, "sh", *wanted), timeout=_CHECK_SECONDS)
    if not done.ok:
        raise VmError(f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs")
    return set(done.out.split()) & set(wanted)


def set_clock(lima: Limactl, name: str) -> None:
    """Set the guest's clock to this machine's, which a host that slept leaves behind; VmError where it refuses."""
    done = lima.run(name, ("sudo", "date", "--set", f"@{time.time():.0f}"), timeout=_CHECK_SECONDS)
    if not done.ok:
        raise VmError(f"The clock of {name} cannot be set.", detail=done.err or done.out, hint="sysinit-vm restart")


def interrupt(lima: Limactl, name: str, marker: str) -> None:
    """Send SIGINT to the guest processes that carry ``marker``: ssh does not do it without a terminal.

    sshd makes each command the leader of its own process group, so the oldest match leads them all.
    """
    lima.run(name, ("bash", "-c", _INTERRUPT, "bash", marker), timeout=20)


def marker() -> str:
    """Return a word that no other guest process carries."""
    return f"sysinit-exec-{os.getpid()}-{os.urandom(4).hex()}"
