"""What the help says of a command beside its docstring and its flags."""

import inspect
from dataclasses import dataclass

# The overview's groups, in its order.
GROUPS = ("Life", "Access", "Look", "Change", "Content", "Machine")
# What each exit status means, under every command that can end so.
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
_ALWAYS = (0, 1, 2, 130)


@dataclass(frozen=True)
class Manual:
    """One command's own words.

    ``text`` is its docstring, whose first line is the summary; ``group`` one of GROUPS; ``usage`` the plain words that
    follow it; ``word`` the flag (a parameter's name) that the first of them stands for; ``examples`` lines for a shell;
    ``exits`` the statuses beyond those that every command has; ``ends`` what else there is to say of them.
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
        return inspect.cleandoc(self.text).partition("\n")[0].removesuffix(".")

    @property
    def paragraphs(self) -> list[str]:
        """What the docstring says beyond its first line, each paragraph one line."""
        rest = inspect.cleandoc(self.text).partition("\n")[2].strip()
        return [" ".join(each.split()) for each in rest.split("\n\n")] if rest else []

    @property
    def statuses(self) -> dict[int, str]:
        """Each exit status of the command, and what it means."""
        return {code: EXIT_STATUSES[code] for code in sorted({*_ALWAYS, *self.exits})}

    @property
    def ending(self) -> str:
        """The exit statuses in one sentence."""
        return ", ".join(f"{code} {meaning}" for code, meaning in self.statuses.items()) + f". {self.ends}".rstrip(" ")

    def docstring(self) -> str:
        """Return the whole as a docstring, which is what `inv --help` shows."""
        from sysinit_vm.cli.columns import paragraph

        examples = ["Examples:", *(f"  {each}" for each in self.examples), ""] if self.examples else []
        words = [f'Its words follow "--": -- {self.usage}', ""] if self.usage and not self.word else []
        ends = paragraph(f"Exit status: {self.ending}", 76)
        return "\n".join([inspect.cleandoc(self.text), "", *words, *examples, ends])
