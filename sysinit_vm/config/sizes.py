"""Sizes and numbers as Lima reads them, and the size and ports that ``init`` takes."""

import re
from dataclasses import dataclass
from typing import Any

from sysinit_vm.errors import UsageError

_SIZE = re.compile(r"([1-9]\d{0,5}(?:\.\d{1,3})?) ?([MGT])(?:i?B)?", re.ASCII | re.IGNORECASE)
# go-units' RAMInBytes, with which Lima 2.2.0 reads sizes: a number as Go reads one, but for hexadecimal floats.
_LIMAS_SIZE = re.compile(r"(\+?[\d._]+(?:e[-+]?\d+)?) ?(?:b|([kmgtp])(?:i?b)?)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"\+?\d{1,9}(\.0+)?", re.ASCII)
_MOST_BYTES = 2**63 - 1  # an int64 of Go's
_SSH, _LAST = 22, 65535
_FEW_DIGITS = 4  # a longer number without a unit is meant as MiB
_MOST_CPUS, _MOST_PORTS = 1024, 100


@dataclass(frozen=True)
class Size:
    """What the user wants instead of the template's own, None to keep it. Sizes are as Lima takes them: ``8GiB``."""

    cpus: int | None = None
    memory: str | None = None
    disk: str | None = None
    ports: tuple[int, ...] | None = None

    def __bool__(self) -> bool:
        """Whether the user wants anything else than the template's own."""
        return self != Size()


def parse(cpus: str | None, memory: str | None, disk: str | None, ports: str | None) -> Size:
    """Return what the flags of ``init`` say; UsageError names a flag whose value is invalid."""
    return Size(
        None if cpus is None else count(cpus),
        None if memory is None else size("--memory", memory),
        None if disk is None else size("--disk", disk),
        None if ports is None else numbers(ports),
    )


def count(text: str) -> int:
    """Return a number of CPUs; a VM gets at most as many as the machine has."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST_CPUS):
        raise _invalid("--cpus", text, "It is a number from 1 up.", "--cpus 4")
    return int(text)


def size(flag: str, text: str) -> str:
    """Return the size that ``text`` means, as Lima takes it: 4GiB for 4GiB, 4G or 4 gb, which are the same for Lima."""
    if match := _SIZE.fullmatch(text):
        number, unit = match.groups()
        return f"{number}{unit.upper()}iB"
    meant = f"{text}GiB" if _SIZE.fullmatch(f"{text}G") and len(text) < _FEW_DIGITS else "8GiB"
    raise _invalid(flag, text, "It is a number with MiB, GiB or TiB.", f"{flag} {meant}")


def numbers(text: str) -> tuple[int, ...]:
    """Return the ports of a list such as ``3000,8080``; ``none`` and an empty text mean none."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if [word.lower() for word in words] == ["none"]:
        return ()
    valid = all(word.isascii() and word.isdecimal() and 1 <= int(word) <= _LAST and int(word) != _SSH for word in words)
    if not valid or len(set(map(int, words))) != len(words) or len(words) > _MOST_PORTS:
        why = (
            "It is a list of different ports from 1 to 65535 with commas between, as the guest has them; 22 is Lima's "
            "own. Another port of this machine for one is its `hostPort` in the config."
        )
        raise _invalid("--ports", text, why, "--ports 3000,8080")
    return tuple(map(int, words))


def in_bytes(value: Any) -> Any:
    """Return a size as Lima reads it, such as 8GiB, 1.5T or 1024, in bytes; return anything else unchanged."""
    match = _LIMAS_SIZE.fullmatch(str(value))
    if not match or isinstance(value, bool):
        return value
    number, unit = match.groups()
    try:
        size = int(float(number) * 1024 ** " kmgtp".index((unit or " ").lower()))
    except (ValueError, OverflowError):  # such as 1.2.3 and 1e999
        return value
    return size if size <= _MOST_BYTES else value


def whole(value: Any) -> int | None:
    """Return a whole number from 0 up as Lima reads it, which may stand in quotes; None for anything else."""
    return int(float(value)) if not isinstance(value, bool) and _WHOLE.fullmatch(str(value)) else None


def _invalid(flag: str, text: str, why: str, example: str) -> UsageError:
    return UsageError(f"{flag} cannot be {text!r}.", detail=why, hint=f"sysinit-vm init {example}")
