"""What people type who know other tools, and what it is here. Only the console script knows these words."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

# Other words for a command, which run it.
COMMANDS: Mapping[str, str] = {
    "ssh": "shell",
    "enter": "shell",
    "attach": "shell",
    "connect": "shell",
    "run": "exec",
    "down": "stop",
    "halt": "stop",
    "suspend": "stop",
    "reload": "restart",
    "create": "up",
    "launch": "up",
    "info": "status",
    "ps": "list",
    "cp": "copy",
}
# Other words for a flag before a command.
CORE_FLAGS: Mapping[str, str] = {"version": "--version"}


class Explanation(NamedTuple):
    """What is said of a word that runs nothing: ``command`` is what to type instead, ``detail`` what to know."""

    brief: str
    detail: str
    command: str


# Words for what deletes, for what is not quite the same here, and for what there is not.
ONLY_EXPLAINED: Mapping[str, Explanation] = {
    **{
        word: Explanation(
            f"{word} is called destroy here.",
            "`destroy` deletes a VM and everything stored only in it. `stop` keeps it. Nothing was run.",
            "destroy",
        )
        for word in ("delete", "remove")
    },
    "edit": Explanation("There is no command edit.", "Edit the config itself, then apply it to the VM.", "apply"),
    "provision": Explanation(
        "provision is called sync here.",
        "`sync` runs the provision scripts again in the running VM. `apply` brings in other changes of the config.",
        "sync",
    ),
    "snapshot": Explanation(
        "There are no snapshots.",
        "The project's files are on the host, for git or a backup. `copy` takes other files out of the VM, and "
        "`apply --recreate` makes the VM anew from its config.",
        "help copy",
    ),
}
# What a short flag after a command stands for: the first of these flags that the command has. None means trust.
SHORT_FLAGS: Mapping[str, tuple[str, ...]] = {
    "-a": ("--all",),
    "-f": ("--follow",),
    "-n": ("--lines", "--no-stdin"),
    "-y": ("--yes",),
}
SHORT_FLAGS_TEXT: Mapping[str, str] = {
    "-a": "-a is --all, of the commands that have it.",
    "-f": "-f is --follow, of logs. Invoke's own -f FILE goes before the command.",
    "-n": "-n is --lines N of logs, and --no-stdin of exec. --name VM chooses a VM; --dry before a command only shows.",
    "-y": "-y is --yes, of the commands that have it. It never grants trust.",
}


def of_command(name: str) -> list[str]:
    """Return the other words that run the command ``name``."""
    return [word for word, command in COMMANDS.items() if command == name]


def command_to_explain(word: str) -> str:
    """Return the command whose help ``word`` asks for: the word itself if it is no synonym."""
    explanation = ONLY_EXPLAINED.get(word)
    return explanation.command.removeprefix("help ") if explanation else COMMANDS.get(word, word)


def long_flag(short: str, flags: Iterable[str]) -> str:
    """Return which of a command's long ``flags`` the flag ``short`` stands for, empty if none."""
    return next((flag for flag in SHORT_FLAGS.get(short, ()) if flag in flags), "")


def short_flag(long: str) -> str:
    """Return the short flag that stands for ``long``, empty if there is none."""
    return next((short for short, flags in SHORT_FLAGS.items() if long in flags), "")
