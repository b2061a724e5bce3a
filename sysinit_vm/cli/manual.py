"""What the help says about a command besides its docstring and its flags."""

from typing import NamedTuple

# The groups of all commands, in order; the overview leaves out those of SELDOM, and has only DAILY without a word.
GROUPS = ("Life", "Access", "Look", "Change", "Content", "Machine", "NixOS")
SELDOM = ("NixOS",)
DAILY = ("Life", "Access", "Look")
# What each exit status means, the same for every command.
EXIT_STATUSES = {
    0: "done",
    1: "failed",
    2: "usage",
    3: "no .lima/config.yaml here or above",
    4: "the VM is in the wrong state, or belongs to another project",
    5: "not confirmed, or not trusted",
    6: "something is missing on the machine",
    130: "interrupted",
}
_COMMON_STATUSES = (0, 1, 2, 130)


class Manual(NamedTuple):
    """One command's own part of the help.

    ``text`` is its docstring, whose first line is the summary; ``group`` one of GROUPS; ``usage`` shows the words that
    follow the command; ``word`` is the flag (a parameter's name) that the first of them stands for; ``examples`` are
    command lines; ``exits`` the statuses besides those of every command; ``ends`` a sentence about the exit status.
    """

    text: str
    group: str
    usage: str = ""
    word: str = ""
    examples: tuple[str, ...] = ()
    exits: tuple[int, ...] = ()
    ends: str = ""

    @property
    def summary(self) -> str:
        """The docstring's first line, without its full stop."""
        return _cleaned(self.text).partition("\n")[0].removesuffix(".")

    @property
    def paragraphs(self) -> list[str]:
        """The docstring after its first line, each paragraph as one line."""
        rest = _cleaned(self.text).partition("\n")[2].strip()
        return [" ".join(paragraph.split()) for paragraph in rest.split("\n\n")] if rest else []

    @property
    def statuses(self) -> dict[int, str]:
        """Each exit status of the command, with its meaning."""
        return {code: EXIT_STATUSES[code] for code in sorted({*_COMMON_STATUSES, *self.exits})}

    @property
    def ending(self) -> str:
        """The exit statuses in one sentence."""
        return ", ".join(f"{code} {meaning}" for code, meaning in self.statuses.items()) + f". {self.ends}".rstrip(" ")

    def docstring(self) -> str:
        """Return the whole manual as a docstring, which `inv --help` shows."""
        from sysinit_vm.cli.columns import paragraph

        examples = ["Examples:", *(f"  {example}" for example in self.examples), ""] if self.examples else []
        words = [f'Its words follow "--": -- {self.usage}', ""] if self.usage and not self.word else []
        ends = paragraph(f"Exit status: {self.ending}", 76)
        return "\n".join([_cleaned(self.text), "", *words, *examples, ends])


def _cleaned(docstring: str) -> str:
    from inspect import cleandoc  # slow to load, and help needs only the tables above

    return cleandoc(docstring)
