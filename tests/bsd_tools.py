"""Tools as BSD and macOS have them: stand-ins that refuse what only GNU's take, and run this machine's own otherwise."""

import getopt
import os
import shutil
import sys
from pathlib import Path

# getopt's letters for each, from the manuals of FreeBSD and macOS. Long options only where these have them.
OPTIONS = {
    "cat": "belnstuv",
    "chmod": "RHLPfhv",
    "cksum": "o:",
    "cmp": "bhlsxz",
    "cp": "RHLPacfinpvX",
    "date": "jnuRf:r:v:z:I:",
    "df": "abcgHhiklmnPT:Y",
    "dirname": "",
    "du": "AHLPacd:ghI:klmnrt:x",
    "env": "iv0L:P:S:U:u:",
    "grep": "abcdDEFGHhIiJLlmnOopqRSsUVvwxZzA:B:C:e:f:",
    "head": "c:n:",
    "id": "AFGMPacgnpru",
    "infocmp": "1cdnuxIL",
    "ln": "FLPfhinsvw",
    "ls": "@1ABCFGHILOPRSTUWabcdefghiklmnopqrstuvwxy",
    "mkdir": "m:pv",
    "mktemp": "dqp:t:u",
    "mv": "fhinv",
    "ps": "AaCcdEefhjlMmrSTvwXxG:g:O:o:p:t:U:u:L",
    "readlink": "fn",
    "rm": "dfIiPRrvWx",
    "sed": "EIalnrsue:f:i:",
    "sort": "bCcdfghik:mMno:RrS:st:T:uVz",
    "stat": "FHLlnqrsxf:t:",
    "stty": "aefg",
    "tar": "b:C:cf:HhI:jJkLlmnOoPpqrs:T:tUuvwW:X:xyzZ",
    "touch": "A:acfhmr:t:d:",
    "tr": "Ccdsu",
    "wc": "Lclmw",
    "xargs": "0oprtE:I:J:L:n:P:R:S:s:x",
}
_LONG_OPTIONS = {
    "tar": ["exclude=", "no-same-owner", "no-same-permissions", "numeric-owner", "strip-components="],
}
_GNU_ONLY_TESTS = {"-printf", "-regextype", "-executable", "-readable", "-writable", "-fprintf"}  # of find
_UNKNOWN_THERE = {"nproc", "numfmt", "realpath", "setsid", "sha256sum", "shuf", "stdbuf", "tac", "timeout"}
TOOLS = (*OPTIONS, "find", *_UNKNOWN_THERE)


def refusal(argv: list[str] | tuple[str, ...]) -> str:
    """Return why a BSD would not run ``argv`` as GNU's tools do; empty if it does, or if the program is no such tool."""
    name, *words = argv
    name = Path(name).name
    if name in _UNKNOWN_THERE:
        return f"{name}: command not found"
    if name == "find":
        known = words and (not words[0].startswith("-") or words[0] in {"-H", "-L", "-P", "-E", "-X", "-x", "-d", "-s"})
        return "" if known and not _GNU_ONLY_TESTS & set(words) else f"find: {' '.join(words)}"
    if name not in OPTIONS:
        return ""
    try:
        options, operands = getopt.getopt(words, OPTIONS[name], _LONG_OPTIONS.get(name, []))
    except getopt.GetoptError as error:
        return f"{name}: {error.msg}"
    if name in {"cp", "ln", "mkdir", "mv", "rm"} and "--" not in words and any(word[:1] == "-" for word in operands):
        return f"{name}: an option after a file is a file"
    if name == "readlink" and ("-f", "") in options and not all(map(os.path.exists, operands)):
        return "readlink: -f of what does not exist"
    return ""


class BsdTools:
    """The stand-ins, in a directory ``bin``; ``refused`` lists what they would not do."""

    def __init__(self, place: Path, names: tuple[str, ...] = TOOLS) -> None:
        self.bin, self._log = place / "bsd", place / "bsd-refused"
        self.bin.mkdir()
        for name in names:
            real = shutil.which(name)
            lines = (
                f"#!{sys.executable} -SE",
                f"import os, sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})",
                "from tests.bsd_tools import refusal",
                f"if why := refusal(({name!r}, *sys.argv[1:])):",
                f"    open({str(self._log)!r}, 'a').write(why + '\\n')",
                "    sys.exit(why)",
                f"os.execv({real!r}, [{name!r}, *sys.argv[1:]])",
            )
            (self.bin / name).write_text("\n".join(lines) + "\n")
            (self.bin / name).chmod(0o755)

    @property
    def refused(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []


SHELLS = [
    shell
    for shell in (("dash",), ("bash", "--posix"), ("zsh", "--emulate", "sh"), ("mksh",), ("busybox", "sh"))
    if shell[0] in {"dash", "bash", "zsh"} or shutil.which(shell[0])
]
"""Shells that take a script as POSIX says, as words before it; the last two where they are installed."""
