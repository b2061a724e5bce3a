"""Flags that people type who know other tools, after a command that has no such flag: what to type instead."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sysinit_vm.cli import config_flags, synonyms
from sysinit_vm.cli.completion import vm_names
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
_STARTS = ("restart", "start", "up")
_SIZED = ("apply", "init", *_STARTS)


class _Meaning(NamedTuple):
    """What the ``flags`` of these ``commands`` mean to those who type them, and what to type instead.

    In ``hint`` stand {before} and {after} for the other words, {later} for those after the flag's value, and {which}
    for the flags that choose a VM; each begins with a space, or is empty. {line} is {after} as a line that goes on.
    """

    commands: Collection[str]
    flags: Collection[str]
    detail: str
    hint: str


_MEANINGS = (
    _Meaning(("shell",), ("-c", "--command"), "`exec` runs a command in the VM.", "sysinit-vm exec{before}{after}"),
    _Meaning(
        ("restart",),
        ("-f", "--force"),
        "It stops the VM gently. `stop --force` powers it off.",
        "sysinit-vm stop --force{which}, then sysinit-vm start{which}",
    ),
    _Meaning(
        ("stop",),
        ("-f",),
        "-f is --follow, of logs. `stop --force` powers the VM off, like pulling the plug.",
        "sysinit-vm stop --force{before}{after}",
    ),
    _Meaning(
        ("destroy",),
        ("-f", "--force", "-r", "-rf", "-fr"),
        "destroy asks first, and -y answers it.",
        "sysinit-vm help destroy",
    ),
    _Meaning(
        ("prune",),
        ("-a", "--all", "--force"),
        "It shows all that is no longer needed, and asks; -y answers it.",
        "sysinit-vm help prune",
    ),
    _Meaning(
        ("shell",),
        ("-p", "--port", "-i", "-l", "-A", "-L"),
        "`ssh-config` lets ssh itself enter the VM, with its own flags.",
        "sysinit-vm ssh-config",
    ),
    _Meaning(
        ("shell",), _DETACH, "Ctrl+A then D leaves the session, which runs on.", "sysinit-vm shell{before}{after}"
    ),
    _Meaning(
        ("apply",),
        ("--restart", "--force", "-f", "--now"),
        "It restarts the VM if a change needs that, and asks first; -y answers it.",
        "sysinit-vm apply{which}",
    ),
    _Meaning(("start",), ("--keep",), "It is --drift keep.", "sysinit-vm start{before} --drift keep{after}"),
    _Meaning(
        _STARTS,
        ("-p", "--publish", "--port"),
        "A port of the guest is forwarded by itself. `portForwards` in .lima/config.yaml chooses another one here.",
        "sysinit-vm ports{which}",
    ),
    _Meaning(
        _STARTS,
        ("-e", "--env"),
        "`env` in .lima/config.yaml sets variables, and `exec --env` those of one command.",
        "sysinit-vm help exec",
    ),
    _Meaning(
        _STARTS,
        ("-v", "--verbose"),
        "`logs` has what Lima, the console and the provision scripts say.",
        "sysinit-vm logs{which}",
    ),
    _Meaning(
        _STARTS,
        ("--kvm", "--no-kvm", "--accel", "--accelerator"),
        "The setting ACCELERATOR is auto, kvm or tcg; `doctor` says which it is and why.",
        "sysinit-vm doctor --all",
    ),
    _Meaning(
        ("trust",), ("--yes",), "--yes never grants trust; a hash that was shown does.", "sysinit-vm trust --show"
    ),
    _Meaning(("exec",), ("-c", "--command"), "The words after exec are the command.", "sysinit-vm exec{before}{after}"),
    _Meaning(("up",), _DETACH, "`start` starts the VM and does not attach.", "sysinit-vm start{which}"),
    _Meaning(_STARTS, ("--build",), "`build.debian` builds the guest image anew.", "sysinit-vm build.debian"),
    _Meaning(_STARTS, ("--provision",), "`sync` runs the provision scripts again.", "sysinit-vm sync{which}"),
    _Meaning(("logs",), ("--tail",), "It is --lines, or -n.", "sysinit-vm logs{before} --lines{after}"),
    _Meaning(("logs",), ("--since",), "It shows the last lines.", "sysinit-vm logs{before} --lines 100"),
    _Meaning(("exec",), ("-e",), "It is --env.", "sysinit-vm exec{before} --env{after}"),
    _Meaning(("exec",), ("-u", "--user"), "`sudo` changes the user in the VM.", "sysinit-vm exec{before} sudo{later}"),
    _Meaning(
        ("exec",),
        _DETACH,
        "`setsid -f` leaves a program running in the VM. Its output has to go to a file.",
        "sysinit-vm exec{before} {line}",
    ),
    _Meaning(("exec",), ("--rm",), "It runs in the project's VM, which stays.", "sysinit-vm help exec"),
    _Meaning(
        ("exec",),
        ("-w", "--workdir"),
        "It runs in the directory that corresponds to yours, if you are in the project.",
        "sysinit-vm help exec",
    ),
    _Meaning(("status",), ("-a", "--all"), "It shows one VM; `list` shows all.", "sysinit-vm list"),
    _Meaning(("status",), ("-w", "--watch"), "It shows the VM once.", "sysinit-vm status{before}{after}"),
)


def explained(
    name: str, word: str, flags: Collection[str], before: Sequence[str], after: Sequence[str]
) -> UsageError | None:
    """Return the error for the flag ``word`` of the command ``name``, None if nothing is to be said about it.

    ``flags`` are those that the command has, ``before`` and ``after`` the other words after the command.
    """
    flag, equals_sign, value = word.partition("=")
    if flag in flags or synonyms.long_flag(flag, flags):
        return None
    if flag == "--dry-run":
        hint = typed("sysinit-vm", "--dry", name, *before, *after)
        return UsageError(f"{name} takes no {flag}.", detail="It is --dry, before the command.", hint=hint)
    rest = [value, *after] if equals_sign else after
    if name in _SIZED and (own := config_flags.renamed(flag, flags)):
        return UsageError(
            f"{name} takes no {flag}.", detail=f"It is {own}.", hint=typed("sysinit-vm", name, *before, own, *rest)
        )
    detail, hint = _meaning(name, flag, before, rest)
    return UsageError(f"{name} takes no {flag}.", detail=detail, hint=hint) if hint else None


def _meaning(name: str, flag: str, before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """Return what to know, and what to type; both empty if nothing is known about ``flag``."""
    if needless := _needless(name, flag):
        which = ["--name"] if name == "exec" and after and after[0] in vm_names() else []
        return needless, typed("sysinit-vm", name, *before, *which, *after)
    if flag == "-v" and after and ":" in after[0]:  # docker's volume
        flag = "--volume"
    for meaning in _MEANINGS:
        if name in meaning.commands and flag in meaning.flags:
            words = {"before": before, "after": after, "later": after[1:], "which": _which([*before, *after])}
            line = typed(f"setsid -f{_spaced(after)} </dev/null >/tmp/exec.log 2>&1")
            spaced = {key: _spaced(value) for key, value in words.items()}
            return meaning.detail, meaning.hint.format(line=line, **spaced)
    advice = config_flags.of_flag(flag, after, _which([*before, *after])) if name in _SIZED else None
    return advice or ("", "")


def _spaced(words: Sequence[str]) -> str:
    return f" {typed(*words)}" if words else ""


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
