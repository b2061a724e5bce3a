"""The console script: Invoke's Program on our collection, and the seed's spellings."""

import shlex
import sys
from pathlib import Path

from invoke.exceptions import ParseError
from invoke.parser.context import ParserContext
from invoke.program import Program

from sysinit_vm import __version__
from sysinit_vm.completion import EXACT, Command, candidates
from sysinit_vm.errors import UsageError
from sysinit_vm.tasks import ns
from sysinit_vm.tasks.help import nearest, of_task, unknown
from sysinit_vm.tasks.verb import refused

_CONFIG_SUFFIXES = (".yaml", ".yml", ".json", ".py")
# Commands whose first plain word is a value: the flag that it is short for.
_WORD = {
    str(each.name): f"--{ns[str(each.name)].manual.word}" for each in ns.to_contexts() if ns[str(each.name)].manual.word
}


class Shim(Program):
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
        commands: dict[str, Command] = {}
        for each in ns.to_contexts():
            manual = ns[str(each.name)].manual
            command = Command(each, f"{manual.summary}.", manual.word)
            commands |= dict.fromkeys((str(each.name), *each.aliases), command)
        for word, text in candidates(words, commands, self.initial_context):
            print(f"{word}\t{text}")

    def normalize_argv(self, argv: list[str] | None) -> None:
        """Translate the seed's spellings (`init dev`, `exec make test`, `help start`) first."""
        super().normalize_argv(argv)
        self.argv = [
            self.argv[0],
            *spelled(list(self.argv[1:]), {str(each.name): each for each in ns.to_contexts()}),
        ]

    def update_config(self, merge: bool = True) -> None:
        """Read Invoke's own configuration; a file that is named with -f and missing is refused."""
        named = self.args.config.value
        if named is not None and not (Path(named).is_file() and Path(named).suffix in _CONFIG_SUFFIXES):
            raise UsageError(
                f"-f takes a file, not {named!r}.",
                detail=f"It ends in {', '.join(_CONFIG_SUFFIXES)}.",
                hint="sysinit-vm help",
            )
        super().update_config(merge)

    def parse_core_args(self) -> None:
        """Parse Invoke's core flags; a number that is none is a usage error."""
        try:
            super().parse_core_args()
        except ValueError as error:
            raise UsageError("A flag takes a number.", detail=str(error), hint="sysinit-vm help") from error

    def parse_tasks(self) -> None:
        """Parse as Invoke does; a parse error is a usage error with a did-you-mean."""
        try:
            super().parse_tasks()
        except ParseError as error:
            raise self._usage(error) from error

    def parse_cleanup(self) -> None:
        """Act on Invoke's core flags; `--help` of an unknown command is a usage error."""
        try:
            super().parse_cleanup()
        except ParseError as error:
            raise self._usage(error) from error

    def _usage(self, error: ParseError) -> UsageError:
        word = str(error).removeprefix("No idea what '").removesuffix("' is!")
        if word != str(error) and not word.startswith("-"):
            names = [str(name) for each in ns.to_contexts() for name in (each.name, *each.aliases)]
            return unknown(word, names)
        flags = [flag for each in ns.to_contexts() for flag in each.flags]
        near = nearest(word, flags)
        detail = f"Did you mean {near}?" if near else ""
        return UsageError(str(error), detail=detail, hint="sysinit-vm help, or sysinit-vm help COMMAND")

    def print_version(self) -> None:
        """Show our version, and those of Lima and Task that would be used."""
        from sysinit_vm.machine import versions
        from sysinit_vm.runner import Runner

        super().print_version()
        for name, told in versions.beside(Runner()):
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


def spelled(words: list[str], contexts: dict[str, ParserContext]) -> list[str]:
    """Return ``words`` as Invoke's parser takes them.

    A plain word after `init`, `help` or `logs` becomes the value of its flag, unless it is a command itself;
    what follows `exec` and its own flags, and what `copy` has beside flags, becomes one quoted element after ``--``.
    """
    known = {name: each for each in contexts.values() for name in (str(each.name), *each.aliases)}
    done: list[str] = []
    verb: ParserContext | None = None
    while words:
        done += _flags(words, verb)
        if words[:1] == ["--"]:
            return [*done, *words]
        if not words:
            break
        verb = known.get(word := words.pop(0))
        done.append(word)
        done += _flags(words, verb)
        if word in EXACT:
            flags, rest = _parted(words, verb) if word == "copy" else ([], words)
            rest = rest[1:] if rest[:1] == ["--"] else rest
            return [*done, *flags, "--", shlex.join(rest)] if rest else [*done, *flags]
        if word in _WORD and words and words[0] != "--" and (word == "help" or words[0] not in known):
            done += [_WORD[word], words.pop(0)]
    return done


def _parted(words: list[str], verb: ParserContext | None) -> tuple[list[str], list[str]]:
    """Return the flags among ``words``, as `cp` takes them anywhere before ``--``, and the rest."""
    flags, rest = list[str](), list[str]()
    while words and words[0] != "--":
        flags += _flags(words, verb)
        rest += [words.pop(0)] if words and words[0] != "--" else []
    return flags, rest + words[1:] if words else rest


def _flags(words: list[str], verb: ParserContext | None) -> list[str]:
    """Take flags off the front of ``words``, with the values that the ``verb``'s own take."""
    taken = []
    while words and words[0].startswith("-") and words[0] != "--":
        taken.append(flag := words.pop(0))
        known = verb.flags.get(flag) if verb else None
        if known is not None and known.takes_value and words:
            taken.append(words.pop(0))
    return taken


program = Shim(name="sysinit-vm", binary="sysinit-vm", binary_names=["sysinit-vm"], namespace=ns, version=__version__)
