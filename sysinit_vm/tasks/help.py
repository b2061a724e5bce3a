"""help: show the overview, or the help of single tasks."""

from invoke.collection import Collection
from invoke.context import Context
from invoke.parser.context import ParserContext

from sysinit_vm import settings
from sysinit_vm.cli import synonyms
from sysinit_vm.cli.columns import heading, paragraph, rows, width
from sysinit_vm.cli.manual import EXIT_STATUSES, GROUPS, SELDOM, Manual
from sysinit_vm.cli.usage_errors import unknown_command
from sysinit_vm.escaping import one_line
from sysinit_vm.init import templates
from sysinit_vm.tasks.verb import verb

_EXAMPLES = """\
  cd ~/projects/myapp
  sysinit-vm up
  sysinit-vm exec "make test"
  sysinit-vm copy :/var/log/dpkg.log .
  sysinit-vm stop"""
_NOTES = (
    "Ctrl+A then D detaches from the session; `shell` attaches to the same one again",
    "Ctrl+A then v or s splits, h j k l moves, w closes, f fills the screen, t and 1-6 are tabs, ? lists all",
    "The project directory is mounted at the same path in the VM",
    "SSH keys are mounted read-only from ~/.ssh, unless init was given --ssh agent or none",
    "Short flags: -y for --yes, which never grants trust; -f and -n of logs; -n of exec",
    "Several commands in one line: `sysinit-vm --chain init start`",
    "Each command is also `inv lima.<command>` and `task lima:<command>` (`lima:build:dev`)",
)


@verb(
    "help",
    group="Machine",
    usage="[command] ...",
    word="topic",
    examples=["sysinit-vm help", "sysinit-vm help start"],
    iterable=["topic"],
    topic="A command to explain; may be repeated. The console script also takes it as a plain word.",
    all="Show all commands, also those for NixOS images.",
)
def help_(_c: Context, topic: list[str] | None = None, all: bool = False) -> None:  # noqa: A002
    """Show the overview, or help for commands."""
    from sysinit_vm.tasks import ns

    page("\n\n".join([of_task(ns, name) for name in topic or ()]) or overview(ns, seldom=all))


def page(text: str) -> None:
    """Print help on stdout. It is our own text with bold headings, so it is not escaped."""
    print(text)


def overview(collection: Collection, *, seldom: bool = False) -> str:
    """Return the overview of the commands of ``collection``, as wide as the terminal; all of them if ``seldom``."""
    columns = width()
    statuses = "; ".join(f"{code} {meaning}" for code, meaning in EXIT_STATUSES.items())
    available = one_line(", ".join(templates.available_names()))
    more = "" if seldom else f" Commands for {' and '.join(SELDOM)} too: sysinit-vm help --all."
    exits = f"{statuses}; exec returns the guest command's own."
    return "\n\n".join(
        [
            "sysinit-vm - Manage project-scoped Lima development VMs",
            f"{heading('Usage:')} sysinit-vm <command> [options]",
            *_groups(collection, columns, seldom=seldom),
            paragraph(f"Templates: {available}. More about a command: sysinit-vm help <command>.{more}", columns),
            f"{heading('Environment:')}\n{rows(_environment(), columns)}",
            f"{heading('Examples:')}\n{_EXAMPLES}",
            f"{heading('Exit status:')}\n{paragraph(exits, columns, first='  ', rest='  ')}",
            "\n".join([heading("Notes:"), *(paragraph(note, columns, first="  - ", rest="    ") for note in _NOTES)]),
        ]
    )


def _groups(collection: Collection, columns: int, *, seldom: bool) -> list[str]:
    """One block for each group, all with one left edge for the texts."""
    commands: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS if seldom or group not in SELDOM}
    for context in collection.to_contexts():
        manual = _manual(collection, context)
        if manual.group not in commands:
            continue
        aliases = f" ({', '.join(context.aliases)})" if context.aliases else ""
        usage = f" {manual.usage}" if manual.usage else ""
        commands[manual.group].append((f"{context.name}{aliases}{usage}", manual.summary))
    lines = iter(_aligned([pair for pairs in commands.values() for pair in pairs], columns))
    return [
        "\n".join([heading(f"{group}:"), *(next(lines) for _ in pairs)]) for group, pairs in commands.items() if pairs
    ]


def _aligned(pairs: list[tuple[str, str]], columns: int) -> list[str]:
    widest = max(len(name) for name, _ in pairs)
    return [rows([(name.ljust(widest), text)], columns) for name, text in pairs]


def _environment() -> list[tuple[str, str]]:
    names = ", ".join(name.upper() for name in settings.KNOWN)
    return [
        ("VM_NAME", "Override the VM's name (default: <project-name>-dev)"),
        ("LIMA_HOME", "Where Lima keeps its VMs (default: ~/.lima)"),
        ("SYSINIT_VM_*", f"Settings: {names}"),
    ]


def _manual(collection: Collection, context: ParserContext) -> Manual:
    manual: Manual = collection[str(context.name)].manual
    return manual


def of_task(collection: Collection, name: str) -> str:
    """Return the help of one task of ``collection``; UsageError for an unknown one, with what may have been meant."""
    name, contexts = synonyms.command_to_explain(name), {str(each.name): each for each in collection.to_contexts()}
    context = next((context for context in contexts.values() if name in {context.name, *context.aliases}), None)
    if context is None:
        raise unknown_command(name, contexts, explain=True)
    columns, manual = width(), _manual(collection, context)
    usage = " ".join(filter(None, ["sysinit-vm", str(context.name), "[options]" if context.args else "", manual.usage]))
    aliases = ", ".join([*context.aliases, *synonyms.of_command(str(context.name))])
    also = f"\n{heading('Also:')} {aliases}" if aliases else ""
    flags = [(_with_short(flag), text or "") for flag, text in context.help_tuples()]
    return "\n\n".join(
        [
            paragraph(f"sysinit-vm {context.name} - {manual.summary}", columns),
            f"{heading('Usage:')} {usage}{also}",
            *(paragraph(text, columns) for text in manual.paragraphs),
            *([f"{heading('Options:')}\n{rows(flags, columns)}"] if flags else []),
            "\n".join([heading("Examples:"), *(f"  {example}" for example in manual.examples)]),
            f"{heading('Exit status:')}\n{paragraph(manual.ending, columns, first='  ', rest='  ')}",
        ]
    )


def _with_short(flag: str) -> str:
    """Return ``flag``, such as --lines=STRING, after the short one that stands for it, if there is one."""
    short = synonyms.short_flag(flag.partition("=")[0])
    return f"{short}, {flag}" if short else flag
