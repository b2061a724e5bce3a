"""Host paths in a config, with what Lima would fill in (Lima 2.2.0, defaults.go): so that they can be judged."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import executables
from sysinit_vm.errors import VmError, edit
from sysinit_vm.host_path import of_socket, resolved
from sysinit_vm.projects.project import CONFIG

_TEMPLATE = re.compile(r"\{\{-?\s*\.(?:(Param)\.)?(\w+)\s*-?\}\}")


@dataclass(frozen=True)
class HostPaths:
    """What fills in a host path: ``param`` is the config's, ``instance`` the instance's own directory (absolute)."""

    home: Path
    lima_home: Path
    instance: Path
    param: Mapping[str, str]

    def filled(self, text: str) -> str:
        """Return ``text`` with each ``{{.Name}}`` filled in, ``{{.Param.X}}`` among them.

        VmError for any other template, and if nothing is left.
        """

        def value(template: re.Match[str]) -> str:
            known = self.param if template[1] else self._values()
            if template[2] not in known:
                raise _unknown(text)
            return known[template[2]]

        done = _TEMPLATE.sub(value, text)
        if "{{" in done or not done:
            raise _unknown(text)
        return done

    def _values(self) -> Mapping[str, str]:
        return {
            "Dir": str(self.instance),
            "Name": self.instance.name,
            "Instance": self.instance.name,
            "Home": str(self.home),
            "LimaHome": str(self.lima_home),
            "GlobalTempDir": "/tmp",  # noqa: S108  # Lima's own
            "TempDir": executables.environment().get("TMPDIR", "").rstrip("/") or "/tmp",  # noqa: S108  # as Go's
        }

    def absolute(self, text: str, below: Path) -> Path:
        """Return ``text`` filled in as an absolute path; ``~`` is the home, a relative one lies ``below``."""
        filled = self.filled(text)
        return self.home / filled[1:].lstrip("/") if filled == "~" or filled.startswith("~/") else below / filled

    def forward(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry of ``portForwards`` with its host socket absolute: Lima puts a relative one into ``sock``.

        Links are resolved, but for one that Lima replaces with a socket.
        """
        socket = entry.get("hostSocket")
        if socket in (None, ""):
            return dict(entry)
        path = os.path.normpath(self.absolute(str(socket), self.instance / "sock"))
        return {**entry, "hostSocket": of_socket(path, reverse=bool(entry.get("reverse")))}

    def copy(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry of ``copyToHost`` with its host path absolute, without links and, as in Lima, ``..``."""
        path = os.path.normpath(self.absolute(str(entry.get("host") or ""), self.instance))
        return {**entry, "host": str(resolved(path))}


def without_links(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return ``entry`` with its path at ``key`` led through all links; as it is if that is no absolute path.

    Lima fills in nothing there.
    """
    path = entry.get(key)
    if isinstance(path, str) and path.startswith("/"):
        with suppress(ValueError):  # a NUL, or half a character
            return {**entry, key: str(resolved(path))}
    return dict(entry)


def _unknown(text: str) -> VmError:
    return VmError(
        f"The host path {text!r} is empty, or has a template that sysinit-vm does not fill in.",
        detail="It knows {{.Home}}, {{.Dir}}, {{.Name}}, {{.GlobalTempDir}}, {{.TempDir}} and {{.Param.NAME}}.",
        hint=edit(CONFIG),
    )
