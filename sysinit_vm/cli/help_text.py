"""The help: an overview of the commands, and a page for each of them."""

from collections.abc import Iterable

from sysinit_vm.cli import synonyms
from sysinit_vm.cli.columns import heading, paragraph, rows, width
from sysinit_vm.cli.index import Command, Index
from sysinit_vm.cli.manual import DAILY, EXIT_STATUSES, GROUPS, SELDOM

_TITLE = "sysinit-vm - Manage project-scoped Lima development VMs"
_EXAMPLES = """\
  cd ~/projects/myapp
  sysinit-vm up
  sysinit-vm exec "make test"
  sysinit-vm copy :/var/log/dpkg.log .
  sysinit-vm stop"""
_MORE = [
    ("sysinit-vm help", "All commands, keys and settings"),
    ("sysinit-vm help <command>", "One command"),
    ("sysinit-vm doctor", "What is wrong, and how to fix it"),
]
_NOTES = (
    "Ctrl+A then D detaches from the session; `shell` attaches to the same one again",
    "Ctrl+A then v or s splits, h j k l moves, w closes, f fills the screen, t and 1-6 are tabs, ? lists all",
    "The project directory is mounted at the same path in the VM",
    "SSH keys are mounted read-only from ~/.ssh, unless init was given --ssh agent or none",
    "Short flags: -y for --yes, which never grants trust; -f and -n of logs; -n of exec",
    "Several commands in one line: `sysinit-vm --chain init start`",
    "Each command is also `inv lima.<command>` and `task lima:<command>` (`lima:build:dev`)",
)


def page(text: str) -> None:
    """Print help on stdout. It is our own text with bold headings, so it is not escaped."""
    print(text)


def daily(index: Index) -> str:
    """Return the commands of everyday use, on one screen: the answer to the program's name alone."""
    columns = width()
    return "\n\n".join(
        [_TITLE, _usage(), *_groups(index, columns, DAILY), f"{heading('More:')}\n{rows(_MORE, columns)}"]
    )


def overview(index: Index, *, seldom: bool = False) -> str:
    """Return the overview of the commands, as wide as the terminal; all of them if ``seldom``."""
    columns = width()
    statuses = "; ".join(f"{code} {meaning}" for code, meaning in EXIT_STATUSES.items())
    more = "" if seldom else f" Commands for {' and '.join(SELDOM)} too: sysinit-vm help --all."
    exits = f"{statuses}; exec returns the guest command's own."
    return "\n\n".join(
        [
            _TITLE,
            _usage(),
            *_groups(index, columns, [group for group in GROUPS if seldom or group not in SELDOM]),
            paragraph(f"{_templates(index)} More about a command: sysinit-vm help <command>.{more}", columns),
            f"{heading('Environment:')}\n{rows(_environment(index), columns)}",
            f"{heading('Examples:')}\n{_EXAMPLES}",
            f"{heading('Exit status:')}\n{paragraph(exits, columns, first='  ', rest='  ')}",
            "\n".join([heading("Notes:"), *(paragraph(note, columns, first="  - ", rest="    ") for note in _NOTES)]),
        ]
    )


def _usage() -> str:
    return f"{heading('Usage:')} sysinit-vm <command> [options]"


def _groups(index: Index, columns: int, groups: Iterable[str]) -> list[str]:
    """One block for each of ``groups``, all with one left edge for the texts."""
    commands: dict[str, list[tuple[str, str]]] = {group: [] for group in groups}
    for command in index.commands.values():
        if command.group not in commands:
            continue
        aliases = f" ({', '.join(command.aliases)})" if command.aliases else ""
        usage = f" {command.usage}" if command.usage else ""
        commands[command.group].append((f"{command.name}{aliases}{usage}", command.summary))
    lines = iter(_aligned([pair for pairs in commands.values() for pair in pairs], columns))
    return [
        "\n".join([heading(f"{group}:"), *(next(lines) for _ in pairs)]) for group, pairs in commands.items() if pairs
    ]


def _aligned(pairs: list[tuple[str, str]], columns: int) -> list[str]:
    widest = max(len(name) for name, _ in pairs)
    return [rows([(name.ljust(widest), text)], columns) for name, text in pairs]


def _templates(index: Index) -> str:
    return f"Templates: {', '.join(index.templates)}, and your own (sysinit-vm init --list)."


def _environment(index: Index) -> list[tuple[str, str]]:
    names = ", ".join(name.upper() for name in index.settings)
    return [
        ("VM_NAME", "Override the VM's name (default: <project-name>-dev)"),
        ("LIMA_HOME", "Where Lima keeps its VMs (default: ~/.lima)"),
        ("SYSINIT_VM_*", f"Settings: {names}"),
    ]


def of_command(index: Index, name: str) -> str:
    """Return the help of one command; UsageError for an unknown one, with what may have been meant."""
    commands, columns = index.by_any_name(), width()
    command = commands.get(synonyms.command_to_explain(name))
    if command is None:
        from sysinit_vm.cli.usage_errors import unknown_command

        raise unknown_command(name, index.commands, explain=True)
    also = ", ".join([*command.aliases, *synonyms.of_command(command.name)])
    flags = [(_with_short(flag), text) for flag, text in command.options]
    return "\n\n".join(
        [
            paragraph(f"sysinit-vm {command.name} - {command.summary}", columns),
            f"{heading('Usage:')} {usage(command)}" + (f"\n{heading('Also:')} {also}" if also else ""),
            *(paragraph(text, columns) for text in command.paragraphs),
            *([f"{heading('Options:')}\n{rows(flags, columns)}"] if flags else []),
            "\n".join([heading("Examples:"), *(f"  {example}" for example in command.examples)]),
            f"{heading('Exit status:')}\n{paragraph(command.ending, columns, first='  ', rest='  ')}",
        ]
    )


def usage(command: Command) -> str:
    """Return how the command is typed, in one line."""
    options = "[options]" if command.options else ""
    return " ".join(filter(None, ["sysinit-vm", command.name, options, command.usage]))


def _with_short(flag: str) -> str:
    """Return ``flag``, such as --lines=STRING, after the short one that stands for it, if there is one."""
    short = synonyms.short_flag(flag.partition("=")[0])
    return f"{short}, {flag}" if short else flag
