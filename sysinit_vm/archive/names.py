"""Which names and links of an archive's members stay below the directory that it is unpacked in."""

MOST_DEPTH = 100  # names below each other; each takes a handle while a tree is packed or put in place
_LONGEST_NAME = 255  # bytes, NAME_MAX of Linux's and macOS's file systems
_LONGEST_PATH = 4095  # bytes, PATH_MAX of Linux without its NUL

# A path below an open directory, one name after the other; empty for the directory itself.
Names = tuple[bytes, ...]


class RefusedError(Exception):
    """A member is left out; the message is a sentence that says why."""


def judged_path(path: str) -> Names:
    """Return the names in a member's ``path`` (UTF-8, other bytes as surrogates); RefusedError if it leads elsewhere.

    None of them is ``.`` or ``..``, and none is longer than a file system takes.
    """
    raw = _bytes(path)
    names = tuple(name for name in raw.split(b"/") if name not in {b"", b"."})
    if raw.startswith(b"/"):
        raise RefusedError("Its name is absolute.")
    if b".." in names:
        raise RefusedError("Its name leads out of what is copied.")
    if len(raw) > _LONGEST_PATH or len(names) > MOST_DEPTH or any(len(name) > _LONGEST_NAME for name in names):
        raise RefusedError("Its name is too long.")
    return names


def judged_link(target: str, depth: int) -> bytes:
    """Return a link's ``target`` if it is below the root too, from a place ``depth`` directories below the root.

    RefusedError otherwise. ``..`` may only come first: after a name, which may be a link itself, it leads anywhere.
    """
    raw = _bytes(target)
    names = [name for name in raw.split(b"/") if name not in {b"", b"."}]
    climbs = next((at for at, name in enumerate(names) if name != b".."), len(names))
    if raw.startswith(b"/") or climbs > depth or b".." in names[climbs:]:
        raise RefusedError("It is a link that leads out of what is copied.")
    if not raw or len(raw) > _LONGEST_PATH:
        raise RefusedError("It is a link that leads nowhere.")
    return raw


def _bytes(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if b"\0" in raw:
        raise RefusedError("Its name has a NUL.")
    return raw
