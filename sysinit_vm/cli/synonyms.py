"""What people type who know other tools, and what it is here. Only the console script knows these words."""

from collections.abc import Iterable, Mapping, Sequence
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
    "log": "logs",
}
# Other words for a flag before a command.
CORE_FLAGS: Mapping[str, str] = {"version": "--version", "?": "--help"}
# Other words for --help.
HELP = ("-help", "-?", "--h")
# Tools whose commands are typed here with their names before them.
TOOLS = (
    *("colima", "compose", "docker", "docker-compose", "incus", "lima", "limactl", "lxc"),
    *("multipass", "podman", "vagrant"),
)


class Explanation(NamedTuple):
    """What is said of a word that runs nothing: ``command`` is what to type instead, ``detail`` what to know.

    ``of_vm`` says that the word after it is a VM's name, ``edits`` that the config is to be edited before.
    """

    brief: str
    detail: str
    command: str
    of_vm: bool = False
    edits: bool = False


_COPY = "`copy` copies files into the VM and out of it."
_FILES = "The project's files are the same here and in the VM: nothing brings them there."
_MOUNTS = "The project is mounted already. Others: `mounts` in .lima/config.yaml, then `apply`."
_PRUNE = "`prune` removes what is no longer needed."
_GIT = "git works on the project's files on this machine as ever, and in the VM too."
_PROGRAMS = (
    "`provision` in .lima/config.yaml installs programs in the VM for good; in a Debian guest this does it once."
)
_LEAVE = "In the session Ctrl+A then D leaves it, and it runs on; `exit` leaves a login shell. `stop` stops the VM."
_NO_SNAPSHOTS = (
    "The project's files are on the host, for git or a backup. `copy` takes other files out of the VM, and "
    "`apply --recreate` makes the VM anew from its config."
)
# Words that there are not, what to know, and what to type.
_ROWS: Sequence[tuple[Sequence[str], str, str]] = (
    (("mount", "umount", "unmount", "volume", "volumes"), _MOUNTS, "help apply"),
    (("push", "scp", "transfer", "upload", "download"), _COPY, "help copy"),
    (("rsync", "rsync-auto"), f"{_FILES} {_COPY}", "help copy"),
    (("clean", "cleanup", "gc", "purge", "rmi", "system"), _PRUNE, "help prune"),
    (("network", "networks", "ip", "url"), "Ports of the VM are at localhost: `ports` shows which.", "ports"),
    (("get", "show", "describe"), "`status` shows the VM; `plan` how it differs from its config.", "status"),
    (("diff", "drift"), "`plan` shows how the VM differs from its config.", "plan"),
    (("reset",), "`restart` boots the VM again. `apply --recreate` makes it anew: its disk is lost.", "restart"),
    (("install", "add"), _PROGRAMS, "exec sudo apt-get install PACKAGE"),
    (("approve", "allow"), "`trust` shows what the config can do to this machine, and asks.", "trust"),
    (("check", "lint"), "`doctor` examines this machine and the VM; `plan` checks the config.", "doctor"),
    (("exit", "quit", "logout", "detach"), _LEAVE, "help shell"),
    (("session", "sessions", "tmux", "screen"), "`shell` attaches to the project's session, a Zellij.", "shell"),
    (("clone",), "Each directory has a VM of its own, a git clone or worktree too.", "up"),
    (("stop-all",), "", "stop --all"),
    (("start-all",), "`start` starts one VM; `list` shows which there are.", "list"),
)
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
    "rename": Explanation(
        "There is no command rename.", "A VM keeps its name. `init --name NAME` chooses that of a new one.", "help init"
    ),
    "kill": Explanation(
        "There is no command kill.", "`stop` ends a VM; `stop --force` powers it off.", "stop --force", of_vm=True
    ),
    **{
        word: Explanation(
            f"There is no {word}.", "`stop` shuts the VM down: its programs end, its disk stays.", "stop", of_vm=True
        )
        for word in ("pause", "suspend")
    },
    "config": Explanation(
        "There is no command config.",
        "The config is .lima/config.yaml. `plan` shows how the VM differs from it, `apply` brings it in line.",
        "plan",
        edits=True,
    ),
    "validate": Explanation(
        "There is no command validate.", "`plan` checks the config, and shows how the VM differs from it.", "plan"
    ),
    "console": Explanation(
        "There is no command console.", "`logs` has what the VM's console shows; `shell` enters it.", "logs console"
    ),
    "-v": Explanation("Unknown flag: -v.", "The version is --version.", "--version"),
    "version": Explanation("version is a flag here.", "", "--version"),
    "cd": Explanation(
        "There is no command cd.",
        "`shell` and `exec` run in the directory that corresponds to yours, if you are in the project.",
        "shell",
    ),
    **{
        word: Explanation(f"There is no command {word}.", detail, command)
        for words, detail, command in _ROWS
        for word in words
    },
    **{
        word: Explanation(f"There is no command {word}.", _GIT, f"exec git {word}")
        for word in ("branch", "checkout", "commit", "merge")
    },
    **{
        word: Explanation(f"{word} is a template.", "`up` makes a VM from it in a new project.", f"up {word}")
        for word in ("agent", "dev", "minimal")
    },
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
    **{
        word: Explanation("There are no snapshots.", _NO_SNAPSHOTS, "help copy")
        for word in ("snapshot", "snapshots", "checkpoint", "backup")
    },
}
# Programs that people expect to run in the VM.
PROGRAMS = (
    *("apt", "apt-get", "bash", "cargo", "cat", "curl", "df", "env", "free", "git", "go", "htop", "ls", "make"),
    *("nano", "node", "npm", "npx", "pip", "pwd", "pytest", "python", "python3", "sh", "sudo", "tail", "test"),
    *("top", "uname", "vim", "whoami", "yarn", "zellij"),
)
# Other words for an editor.
EDITORS: Mapping[str, str] = {"vscode": "code", "vs-code": "code", "zeditor": "zed"}
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
