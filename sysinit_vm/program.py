"""The console script: Invoke's Program on our collection, and the seed's spellings."""

import sys
from pathlib import Path

from invoke.exceptions import ParseError
from invoke.program import Program

from sysinit_vm import __version__
from sysinit_vm.cli.completion import SHELLS, Command, candidates
from sysinit_vm.cli.invokeconfig import SUFFIXES, InvokeConfig
from sysinit_vm.cli.spelling import normalized
from sysinit_vm.cli.usage_errors import explain_parse_error, unknown_command
from sysinit_vm.errors import UsageError
from sysinit_vm.tasks import ns
from sysinit_vm.tasks.help import of_task
from sysinit_vm.tasks.verb import refused

_LIST_SHAPES = ("flat", "nested", "json")


def commands() -> dict[str, Command]:
    """Return every command under each of its names."""
    found: dict[str, Command] = {}
    for each in ns.to_contexts():
        manual = ns[str(each.name)].manual
        command = Command(each, f"{manual.summary}.", manual.word)
        found |= dict.fromkeys((str(each.name), *each.aliases), command)
    return found


class ConsoleProgram(Program):
    """Invoke's Program with usage errors as exit 2, the overview as help, and plain words for flags."""

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002  # Invoke's own name
        """Run as Invoke does; what its own output, such as --list, meets with is told as by any task."""
        try:
            try:
                words = sys.argv if argv is None else argv
                if words[1:3] == ["--complete", "--"]:
                    self._complete(words[3:])
                else:
                    super().run(argv, exit)
            finally:
                sys.stdout.flush()
        except OSError as error:
            end = refused(error)
            if end.message:
                print(end.message, file=sys.stderr)
            sys.exit(end.code)

    def _complete(self, words: list[str]) -> None:
        """Print what may come next, a line each with its help after a tab; the scripts of `completion` ask."""
        for word, text in candidates(words, commands(), self.initial_context):
            print(f"{word}\t{text}")

    def normalize_argv(self, argv: list[str] | None) -> None:
        """Translate the seed's spellings (`init dev`, `exec make test`, `help start`) first."""
        super().normalize_argv(argv)
        self.argv = [self.argv[0], *normalized(list(self.argv[1:]), commands())]

    def update_config(self, merge: bool = True) -> None:
        """Read Invoke's own configuration; a file that is named with -f and missing is refused."""
        named = self.args.config.value
        if named is not None and not (Path(named).is_file() and Path(named).suffix in SUFFIXES):
            raise UsageError(
                f"-f takes a file, not {named!r}.",
                detail=f"It ends in {', '.join(SUFFIXES)}.",
                hint="sysinit-vm help",
            )
        super().update_config(merge)

    def parse_core_args(self) -> None:
        """Parse Invoke's core flags; a number that is none is a usage error, and so is another completion than ours."""
        try:
            super().parse_core_args()
        except ValueError as error:
            raise UsageError("A flag takes a number.", detail=str(error), hint="sysinit-vm help") from error
        except ParseError as error:
            raise explain_parse_error(error, [], commands(), self.initial_context) from error
        shell = self.args["print-completion-script"].value
        if shell:
            raise UsageError(
                "--print-completion-script is Invoke's, which does not know our flags.",
                hint=f"sysinit-vm completion {shell if shell in SHELLS else SHELLS[0]}",
            )

    def parse_tasks(self) -> None:
        """Parse as Invoke does; a parse error is a usage error that says what was meant."""
        try:
            super().parse_tasks()
        except ParseError as error:
            exact = ["--", self.core.remainder] if self.core.remainder else []
            raise explain_parse_error(error, [*self.core.unparsed, *exact], commands(), self.initial_context) from error

    def parse_cleanup(self) -> None:
        """Act on Invoke's core flags; what `--help` or `--list` does not know is a usage error."""
        self._check_list()
        try:
            super().parse_cleanup()
        except ParseError as error:
            raise unknown_command(str(self.args.help.value), commands(), explain=True) from error

    def _check_list(self) -> None:
        group, shape, groups = self.args.list.value, self.args["list-format"].value, self.collection.collections
        if isinstance(group, str) and group not in groups:
            detail = f"There is {', '.join(groups)}."
            raise UsageError(f"There is no group of commands {group!r}.", detail=detail, hint="sysinit-vm --list")
        if shape not in _LIST_SHAPES:
            detail = f"It is {', '.join(_LIST_SHAPES)}."
            raise UsageError(f"--list-format cannot be {shape!r}.", detail=detail, hint="sysinit-vm --list")

    def print_version(self) -> None:
        """Show our version, and those of Lima and Task that would be used."""
        from sysinit_vm.machine import versions
        from sysinit_vm.runner import Runner

        super().print_version()
        for name, told in versions.lima_and_task(Runner()):
            print(f"{name} {told or 'not found'}")

    def print_task_help(self, name: str) -> None:
        """Show the help of one command, as `help NAME` does."""
        print(of_task(ns, name))

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
    namespace=ns,
    config_class=InvokeConfig,
    version=__version__,
)
