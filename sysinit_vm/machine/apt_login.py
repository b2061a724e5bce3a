"""The login of an apt mirror: for one build, as apt_auth.conf(5) has it, and in nothing that stays, is shown or logged.

mmdebstrap gets it in a tar file that its account alone can read, so it stands in no process's arguments.
"""

import io
import re
import shlex
import tarfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from sysinit_vm.errors import VmError

_LOGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<login>[^/\s]*)@(?P<place>\S*)")
_FILE = "etc/apt/auth.conf.d/sysinit-vm.conf"


def extract(lines: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return apt's lines without the logins in their URIs, and these logins as the text of an auth.conf (may be empty).

    VmError, which does not show it, if a login has a space or a line break: an auth.conf cannot.
    """
    bare, logins = [], dict[str, None]()
    for line in lines:
        match = _LOGIN.search(line)
        if match:
            logins[_entry(match)] = None
        bare.append(_LOGIN.sub(r"\g<scheme>\g<place>", line, count=1))
    return tuple(bare), "".join(logins)


def _entry(match: re.Match[str]) -> str:
    place = f"{match['scheme']}{match['place']}"
    name, _, password = map(unquote, match["login"].partition(":"))
    if re.search(r"\s", name + password):
        raise VmError(
            f"The login of the mirror {place} cannot be used.",
            detail="It contains a space or a line break, which apt's file of logins cannot (apt_auth.conf(5)).",
            hint="SYSINIT_VM_MIRROR=URI sysinit-vm build.debian",
        )
    words = ["machine", place, *(["login", name] if name else []), *(["password", password] if password else [])]
    return f"{' '.join(words)}\n"


def archive(logins: str) -> bytes:
    """Return the tar file for ``options``: it must be written with mode 0600, and removed after the build."""
    buffer, content = io.BytesIO(), logins.encode()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(f"./{_FILE}")
        member.size, member.mode = len(content), 0o600
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def options(tar: Path, logins: str) -> list[str]:
    """Return mmdebstrap's options that unpack ``tar`` (absolute) for apt and remove it again; none without a login.

    If the removal fails, so does mmdebstrap, and there is no root.
    """
    if not logins:
        return []
    return [f"--setup-hook=tar-in {shlex.quote(str(tar))} /", f'--customize-hook=rm "$1/{_FILE}"']
