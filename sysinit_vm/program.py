"""The console script: Invoke's Program, with plain words for flags and our own usage errors."""

import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from invoke.exceptions import Exit, ParseError
from invoke.parser.argument import Argument
from invoke.program import Program

from sysinit_vm import __version__, tasks, user_account
from sysinit_vm.cli import help_text, synonyms
from sysinit_vm.cli.completion import CHAIN, PASS_THROUGH, SHELLS
from sysinit_vm.cli.index import Command, Index, read
from sysinit_vm.cli.invokeconfig import SUFFIXES, InvokeConfig
from sysinit_vm.cli.spelling import normalized
from sysinit_vm.cli.usage_errors import explain_parse_error, from_command, unknown_command
from sysinit_vm.cli.words_too_many import too_many_words
from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.ending import ending
from sysinit_vm.terminal.console import say

_CHAIN_HELP = "Run several commands, one after the other, until one fails."
_LIST_FORMATS = ("flat", "nested", "json")


class ConsoleProgram(Program):
    """Invoke's Program with exit 2 for usage errors, the overview as help, and plain words for flags.

    Its collection has the typed verb alone, unless there may be more than one: the others would be loaded for nothing.
    """

    @cached_property
    def index(self) -> Index:
        """All commands, as data."""
        return read()

    @cached_property
    def commands(self) -> Mapping[str, Command]:
        """Every command under each of its names."""
        return self.index.by_any_name()

    def core_args(self) -> list[Argument]:
        """Return Invoke's flags before a command, and ours: several commands run only after --chain."""
        chain = Argument(names=(CHAIN.removeprefix("--"),), kind=bool, default=False, help=_CHAIN_HELP)
        return [*super().core_args(), chain]

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002  # Invoke's own name
        """Run as Invoke does; an error in its own output, such as that of --list, is reported as a task's is."""
        try:
            with ending():
                user_account.require_home()  # before Invoke looks for its configuration there
                try:
                    super().run(argv, exit)
                finally:
                    sys.stdout.flush()
        except Exit as end:
            if end.message:
                say(end.message)
            sys.exit(end.code)

    def normalize_argv(self, argv: list[str] | None) -> None:
        """Translate synonyms (`ssh`) and plain words (`init dev`, `exec make test`, `help start`) first."""
        super().normalize_argv(argv)
        self.argv = [self.argv[0], *normalized(list(self.argv[1:]), self.commands, self.index.core)]
        self.namespace = tasks.collection(self._verbs())

    def _verbs(self) -> Iterable[str]:
        """Return the verb that the command line begins with, or all if it has core flags, more verbs or none."""
        command = self.commands.get(self.argv[1]) if len(self.argv) > 1 else None
        return (command.name,) if command and CHAIN not in self.argv else tasks.VERBS

    def parse_core_args(self) -> None:
        """Parse Invoke's core flags; UsageError for a bad number, and for Invoke's own shell completion."""
        try:
            super().parse_core_args()
        except ValueError as error:
            raise UsageError("A flag takes a number.", detail=str(error), hint="sysinit-vm help") from error
        except ParseError as error:
            raise explain_parse_error(error, [], self.commands, self.index.core, chained=False) from error
        shell = self.args["print-completion-script"].value
        if shell:
            raise UsageError(
                "--print-completion-script is Invoke's, which does not know our flags.",
                hint=f"sysinit-vm completion {shell if shell in SHELLS else SHELLS[0]}",
            )

    def parse_tasks(self) -> None:
        """Parse as Invoke does; a UsageError suggests what to type after a parse error, or for a second command."""
        passed_on = ["--", self.core.remainder] if self.core.remainder else []
        words = [*self.core.unparsed, *passed_on]
        chained = self.args.chain.value or CHAIN in self.core.unparsed
        try:
            super().parse_tasks()
        except ParseError as error:
            raise explain_parse_error(error, words, self.commands, self.index.core, chained=chained) from error
        last = str(self.tasks[-1].name) if self.tasks else ""
        if len(self.tasks) > 1 and not chained:
            raise too_many_words(words, self.commands)
        if last and self.core.remainder and last not in PASS_THROUGH:
            raise too_many_words(from_command(words, last, self.commands), self.commands)

    def parse_cleanup(self) -> None:
        """Act on Invoke's core flags; UsageError if `--help`, `--list` or `-f` names what does not exist."""
        self._check_config()
        self._check_list()
        if isinstance(self.args.help.value, str):
            self.args.help.value = synonyms.command_to_explain(self.args.help.value)
        try:
            super().parse_cleanup()
        except ParseError as error:
            raise unknown_command(str(self.args.help.value), self.commands, explain=True) from error

    def _check_config(self) -> None:
        path = self.args.config.value
        if path is not None and not (Path(path).is_file() and Path(path).suffix in SUFFIXES):
            raise UsageError(
                f"-f takes a file, not {path!r}.",
                detail=f"Its name ends in {', '.join(SUFFIXES)}.",
                hint="sysinit-vm logs -f" if path == "logs" else "sysinit-vm help",
            )

    def _check_list(self) -> None:
        group, list_format, groups = self.args.list.value, self.args["list-format"].value, self.collection.collections
        if isinstance(group, str) and group not in groups:
            detail = f"The groups are: {', '.join(groups)}."
            raise UsageError(f"There is no group of commands {group!r}.", detail=detail, hint="sysinit-vm --list")
        if list_format not in _LIST_FORMATS:
            detail = f"It is one of {', '.join(_LIST_FORMATS)}."
            raise UsageError(f"--list-format cannot be {list_format!r}.", detail=detail, hint="sysinit-vm --list")

    def print_task_help(self, name: str) -> None:
        """Show the help of one command, as `help NAME` does."""
        help_text.page(help_text.of_command(self.index, name))

    def print_help(self) -> None:
        """Show the overview."""
        self.argv = [self.argv[0], "help"]
        self.parse_core_args()
        self.parse_tasks()
        self.execute()


program = ConsoleProgram(
    name="sysinit-vm",
    binary="sysinit-vm",
    binary_names=["sysinit-vm"],
    config_class=InvokeConfig,
    version=__version__,
)
