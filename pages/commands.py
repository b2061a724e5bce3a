"""docs/commands.md, from the tasks' own manuals: every command with its flags, examples and exit statuses."""

from collections.abc import Iterator
from pathlib import Path

from invoke.collection import Collection
from invoke.parser.context import ParserContext

from sysinit_vm.cli import synonyms
from sysinit_vm.cli.manual import EXIT_STATUSES, GROUPS, Manual

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
_INTRODUCTION = """\
# Commands

<!-- Made by `inv docs.commands` from the tasks themselves; do not edit. -->

Each command is a task: `sysinit-vm start`, `inv lima.start` and `task lima:start` are the same one. `sysinit-vm help`
shows the overview, `sysinit-vm help COMMAND` or `sysinit-vm COMMAND --help` what stands here. `sysinit-vm --dry
COMMAND` shows what would be run and changes nothing, `--echo` shows what is run. Data goes to standard output, talk to
standard error; `--json` prints one document with its `version`.

`sysinit-vm` alone also knows words of other tools, which are listed with each command, and these short flags:

{shorts}

Other words, such as `delete`, `edit`, `kill` or `snapshot`, run nothing and say what to type. One line has one command;
`sysinit-vm --chain init start` runs several, one after the other, until one fails. `inv` and `task`
chain as they always do."""


def page(collection: Collection) -> str:
    """Return the whole page (Markdown) for the tasks of ``collection``."""
    shorts = "\n".join(f"- {text}" for text in synonyms.SHORT_FLAGS_TEXT.values())
    return "\n\n".join([_INTRODUCTION.format(shorts=shorts), _statuses(), *_groups(collection)]) + "\n"


def _statuses() -> str:
    rows = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_STATUSES.items())
    return f"| exit status | meaning |\n|---|---|\n{rows}"


def _groups(collection: Collection) -> Iterator[str]:
    contexts = [(context, collection[str(context.name)].manual) for context in collection.to_contexts()]
    for group in GROUPS:
        yield f"## {group}"
        for context, manual in contexts:
            if manual.group == group:
                yield from _command(context, manual)


def _command(context: ParserContext, manual: Manual) -> Iterator[str]:
    yield f"### {context.name}"
    yield f"{manual.summary}. {' '.join(manual.paragraphs)}".rstrip()
    usage = " ".join(filter(None, ["sysinit-vm", str(context.name), "[options]" if context.args else "", manual.usage]))
    aliases = [*context.aliases, *synonyms.of_command(str(context.name))]
    also = f" Also `{'`, `'.join(aliases)}`." if aliases else ""
    yield f"`{usage}`{'.' if also else ''}{also}"
    if flags := context.help_tuples():
        yield "| option | |\n|---|---|\n" + "\n".join(f"| `{flag}` | {_cell(text or '')} |" for flag, text in flags)
    yield "```sh\n" + "\n".join(manual.examples) + "\n```"
    yield f"Exit status: {', '.join(map(str, manual.statuses))}. {manual.ends}".rstrip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
