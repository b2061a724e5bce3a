"""Templates in the texts of a config that Lima might fill in for ever, or into something that it cannot list."""

import re

# An action of Go's templates, and what in one may go on for ever or grow without bound, as Lima fills in each config at
# each `limactl list` of this machine (2.2.0). A word that Go does not know makes it plain text.
_ACTION = re.compile(
    r"""\{\{(?:-?\s*/\*.*?\*/\s*-?\}\}|(?:"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])*'|[^"'`}]|\}(?!\}))*\}\})""",
    re.DOTALL,
)
_QUOTED = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])*'""", re.DOTALL)
# Fields that stand for a mapping or the instance itself.
_WHOLE = re.compile(r"(?<![\w)])\.(?!\w)|\$|\.Param\b(?!\.\w)|\.Config\b(?!\.VMOpts\.vz\.rosetta\.\w)")
_FIELD = re.compile(r"(?<![\w)])\.[\w.]+")
_SHORT_FIELD = re.compile(
    r"\.(Dir|Name|Hostname|User|Home|UID|HostOS|HostArch|Arch|SSHLocalPort|Param\.\w+|(Instance\.)?Config\.VMOpts\.vz\.rosetta\.\w+)"
)
_ENDLESS = re.compile(r"\b(define|template|block|range|print|printf|println|js|html|urlquery|call)\b|:=")


def may_never_end(text: str, *, message: bool = False) -> bool:
    """Whether Lima might work for ever on the templates in ``text``; one that Go cannot parse counts as a whole.

    A ``message`` is filled in with the whole instance: only what is short in it is let through.
    """
    at = text.find("{{")
    while at >= 0:
        action = _ACTION.match(text, at)
        words = _QUOTED.sub("", action[0]) if action else text[at:]
        if _ENDLESS.search(words) or (action and _WHOLE.search(words)):
            return True
        if action and "\\" in "".join(_QUOTED.findall(action[0])):  # may stand for what no YAML has: nothing is listed
            return True
        if message and not all(_SHORT_FIELD.fullmatch(field) for field in _FIELD.findall(words)):
            return True
        at = text.find("{{", action.end()) if action else -1
    return False
