"""What people type who know other tools, and what it is here. Only the console script knows these words."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

# Other words for a command, which run it.
COMMANDS: Mapping[str, str] = {
    "ssh": "shell",
    "login": "shell",
    "enter": "shell",
    "attach": "shell",
    "connect": "shell",
    "run": "exec",
    "down": "stop",
    "halt": "stop",
    "suspend": "stop",
    "reload": "restart",
    "resume": "start",
    "unpause": "start",
    "create": "up",
    "launch": "up",
    "info": "status",
    "inspect": "status",
    "ps": "list",
    "global-status": "list",
    "cp": "copy",
}
# Other words for a flag before a command.
CORE_FLAGS: Mapping[str, str] = {"version": "--version"}


class Explanation(NamedTuple):
    """What is said of a word that runs nothing: ``command`` is what to type instead, ``detail`` what to know.

    ``of_vm`` says that the word after it is a VM's name, ``edits`` that the config is to be edited before.
    """

    brief: str
    detail: str
    command: str
    of_vm: bool = False
    edits: bool = False


# Words for what deletes, for what is not quite the same here, and for what there is not.
ONLY_EXPLAINED: Mapping[str, Explanation] = {
    **{
        word: Explanation(
            f"{word} is called destroy here.",
            "`destroy` deletes a VM and everything stored only in it. `stop` keeps it. Nothing was run.",
            "destroy",
            of_vm=True,
        )
        for word in ("delete", "remove")
    },
    "edit": Explanation(
        "There is no command edit.", "Edit the config itself, then apply it to the VM.", "apply", of_vm=True, edits=True
    ),
    **{
        word: Explanation(
            f"There is no command {word}.",
            "`cpus`, `memory` and `disk` stand in .lima/config.yaml. `plan` shows what a change there needs.",
            "apply",
            of_vm=True,
            edits=True,
        )
        for word in ("resize", "scale", "grow", "set", "modify")
    },
    "provision": Explanation(
        "provision is called sync here.",
        "`sync` runs the provision scripts again in the running VM. `apply` brings in other changes of the config.",
        "sync",
        of_vm=True,
    ),
    "kill": Explanation(
        "There is no command kill.", "`stop` ends a VM; `stop --force` powers it off.", "stop --force", of_vm=True
    ),
    "pause": Explanation("There is no pause.", "`stop` shuts the VM down and keeps its disk.", "stop", of_vm=True),
    "config": Explanation(
        "There is no command config.",
        "The config is .lima/config.yaml. `plan` shows how the VM differs from it, `apply` brings it in line.",
        "plan",
    ),
    "validate": Explanation(
        "There is no command validate.", "`plan` checks the config, and shows how the VM differs from it.", "plan"
    ),
    "console": Explanation(
        "There is no command console.", "`logs` has what the VM's console shows; `shell` enters it.", "logs console"
    ),
    "-v": Explanation("Unknown flag: -v.", "The version is --version.", "--version"),
    "version": Explanation("version is a flag here.", "", "--version"),
    "mount": Explanation(
        "There is no command mount.",
        "The project is mounted already. Others: `mounts` in .lima/config.yaml, then `apply`.",
        "help apply",
    ),
    "cd": Explanation(
        "There is no command cd.",
        "`shell` and `exec` run in the directory that corresponds to yours, if you are in the project.",
        "shell",
    ),
    "push": Explanation("There is no command push.", "`copy` copies files into the VM and out of it.", "help copy"),
    "clean": Explanation("There is no command clean.", "`prune` removes what is no longer needed.", "help prune"),
    "watch": Explanation(
        "There is no command watch.", "`status` shows the VM once; `logs -f` follows its logs.", "status"
    ),
    **{
        word: Explanation(
            f"There is no command {word}.",
            "All VMs are made from one guest image, which is built on this machine when it is first needed.",
            "doctor --all",
        )
        for word in ("images", "image", "pull")
    },
    **{
        word: Explanation(
            f"There is no command {word}.",
            "`setup` installs the programs that VMs need. sysinit-vm itself is updated the way it was installed: in "
            "its clone `git pull`, then `./bootstrap.sh`, or by uv, pipx, pip or Nix.",
            "setup",
        )
        for word in ("upgrade", "update", "self-update")
    },
    "uninstall": Explanation(
        "There is no command uninstall.",
        "Destroy the VMs first: `list` shows them. Then, if `bootstrap.sh` installed it: "
        "rm -rf ~/.local/share/sysinit-vm ~/.local/bin/sysinit-vm",
        "list",
    ),
    **{
        word: Explanation(
            f"There is no command {word}.",
            "There are no boxes and no plugins: a template makes a project's config.",
            "init --list",
        )
        for word in ("box", "plugin")
    },
    "snapshot": Explanation(
        "There are no snapshots.",
        "The project's files are on the host, for git or a backup. `copy` takes other files out of the VM, and "
        "`apply --recreate` makes the VM anew from its config.",
        "help copy",
    ),
}
# Programs that people expect to run in the VM.
PROGRAMS = (
    "bash",
    "cat",
    "env",
    "git",
    "htop",
    "ls",
    "make",
    "npm",
    "python",
    "sh",
    "sudo",
    "tail",
    "test",
    "top",
    "zellij",
)
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
