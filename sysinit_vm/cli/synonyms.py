"""What people type who know other tools, and what it is here. Only the console script knows these words."""

from collections.abc import Iterable, Mapping

# Other words for a command, which run it.
COMMANDS: Mapping[str, str] = {
    "ssh": "shell",
    "enter": "shell",
    "attach": "shell",
    "connect": "shell",
    "run": "exec",
    "down": "stop",
    "halt": "stop",
    "create": "up",
    "ps": "list",
}
# Other words for a command that deletes. They run nothing: the user is told what to type.
ONLY_EXPLAINED: Mapping[str, str] = {"delete": "destroy", "remove": "destroy"}
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
    return COMMANDS.get(word) or ONLY_EXPLAINED.get(word) or word


def long_flag(short: str, flags: Iterable[str]) -> str:
    """Return which of a command's long ``flags`` the flag ``short`` stands for, empty if none."""
    return next((flag for flag in SHORT_FLAGS.get(short, ()) if flag in flags), "")


def short_flag(long: str) -> str:
    """Return the short flag that stands for ``long``, empty if there is none."""
    return next((short for short, flags in SHORT_FLAGS.items() if long in flags), "")
