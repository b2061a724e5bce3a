"""The commands as data (`sysinit_vm/cli/commands.json`), from the tasks and from Invoke's own flags."""

import json
from typing import Any

from invoke.collection import Collection
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext, to_flag

from sysinit_vm import files, settings
from sysinit_vm.cli.manual import Manual


def content(collection: Collection, core: ParserContext) -> str:
    """Return the whole file (JSON) for the tasks of ``collection``; ``core`` has the flags before a command."""
    commands = {
        str(context.name): _command(context, collection[str(context.name)].manual)
        for context in collection.to_contexts()
    }
    templates = [path.stem for path in sorted(files.data("templates").glob("*.yaml")) if path.name[0] != "_"]
    index = {"commands": commands, "core": _flags(core), "templates": templates, "settings": list(settings.KNOWN)}
    return json.dumps(index, indent=1) + "\n"


def _command(context: ParserContext, manual: Manual) -> dict[str, Any]:
    return {
        "aliases": list(context.aliases),
        "group": manual.group,
        "usage": manual.usage,
        "word": manual.word,
        "summary": manual.summary,
        "paragraphs": manual.paragraphs,
        "examples": list(manual.examples),
        "ending": manual.ending,
        "options": [[flag, text or ""] for flag, text in context.help_tuples()],
        "flags": _flags(context),
        "inverse_flags": list(context.inverse_flags),
    }


def _flags(context: ParserContext) -> dict[str, list[Any]]:
    return {to_flag(name): _flag(argument) for argument in context.args.values() for name in argument.names}


def _flag(argument: Argument) -> list[Any]:
    return [argument.name, argument.help or "", argument.takes_value, argument.kind is list]
