"""Flags that people type who know other tools, after a command that has no such flag: what to type instead."""

from collections.abc import Collection, Mapping, Sequence

from sysinit_vm.cli import synonyms
from sysinit_vm.errors import UsageError, typed

_ASK_NOTHING = ("copy", "exec", "list", "logs", "ports", "ssh-config", "status", "stop")
_ASK_LITTLE = ("restart", "shell", "start")
_DETACH = ("-d", "--detach", "--detached")
# What is said of flags that the command does well without.
_NEEDLESS: Mapping[str, Mapping[str, str]] = {
    "copy": dict.fromkeys(("-a", "-p", "-r", "-R", "--recursive"), "It copies directories too, as `cp -r` does."),
    "exec": dict.fromkeys(
        ("-i", "-t", "-it", "-ti", "--interactive", "--tty"),
        "It is interactive by itself. `sysinit-vm shell --plain` opens a login shell.",
    ),
    "list": dict.fromkeys(("-a", "--all"), "It shows every VM."),
    "restart": dict.fromkeys(_DETACH, "restart does not attach."),
    "start": dict.fromkeys(_DETACH, "start does not attach."),
}
_SIZED = ("apply", "init", "restart", "start", "up")
_SIZES = {"--cpus": "cpus", "--memory": "memory", "--mem": "memory", "--disk": "disk"}


def explained(
    name: str, word: str, flags: Collection[str], before: Sequence[str], after: Sequence[str]
) -> UsageError | None:
    """Return the error for the flag ``word`` of the command ``name``, None if nothing is to be said about it.

    ``flags`` are those that the command has, ``before`` and ``after`` the other words after the command.
    """
    flag, equals_sign, value = word.partition("=")
    if flag in flags or synonyms.long_flag(flag, flags):
        return None
    rest = [value, *after] if equals_sign else after
    detail, hint = _meaning(name, flag, before, rest)
    return UsageError(f"{name} takes no {flag}.", detail=detail, hint=hint) if hint else None


def _meaning(name: str, flag: str, before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """Return what to know, and what to type; both empty if nothing is known about ``flag``."""
    which = _which([*before, *after])
    if needless := _needless(name, flag):
        return needless, typed("sysinit-vm", name, *before, *after)
    if name == "shell" and flag in {"-c", "--command"}:
        return "`exec` runs a command in the VM.", typed("sysinit-vm", "exec", *before, *after)
    if name == "restart" and flag == "--force":
        stop, start = typed("sysinit-vm", "stop", "--force", *which), typed("sysinit-vm", "start", *which)
        return "It stops the VM gently. `stop --force` powers it off.", f"{stop}, then {start}"
    if name == "up" and flag in _DETACH:
        return "`start` starts the VM and does not attach.", typed("sysinit-vm", "start", *which)
    if name in _SIZED and flag in _SIZES:
        return f"The config has it: `{_SIZES[flag]}` in .lima/config.yaml.", typed("sysinit-vm", "apply", *which)
    return "", ""


def _needless(name: str, flag: str) -> str:
    """Return why the command ``name`` needs no ``flag``, empty if that is not known."""
    if flag in {"-y", "--yes"}:
        little = "It asks at most whether to apply a changed config, and for trust."
        return f"{name} asks nothing." if name in _ASK_NOTHING else little if name in _ASK_LITTLE else ""
    return _NEEDLESS.get(name, {}).get(flag, "")


def _which(words: Sequence[str]) -> list[str]:
    """Return the flags among ``words`` that choose a VM, with their values."""
    chosen: list[str] = []
    for place, word in enumerate(words):
        if word.partition("=")[0] in {"--name", "--project"}:
            chosen += [word] if "=" in word else words[place : place + 2]
    return chosen
