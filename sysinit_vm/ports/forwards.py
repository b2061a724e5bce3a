"""How a config's ``portForwards`` are read: which ports it declares, and which host ports it claims. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, edit

Entry = dict[str, Any]
Key = tuple[str, int, str]  # guest IP, guest port, proto
Spot = tuple[str, int]  # tcp or udp, host port
_End = tuple[str, int, str]  # tcp or udp, port, IP

# A wider range is a rule for Lima's automatic forwarding: it stays as it is, and its ports are not guaranteed.
WIDEST = 100
_SSH = 22
_LAST = 65535
_MOST = 1000
_PORT_KEYS = {"guestPort", "guestPortRange", "hostPort", "hostPortRange"}


@dataclass(frozen=True)
class Forward:
    """One declared port: ``guest`` port to ``host`` port. ``proto`` is tcp, udp or any; IPs are as in Lima's YAML.

    ``others`` are the entry's remaining keys, unchanged.
    """

    guest: int
    host: int
    proto: str = "any"
    guest_ip: str = "127.0.0.1"
    host_ip: str = "127.0.0.1"
    others: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> Key:
        """What identifies the forward when its host port moves."""
        return (self.guest_ip, self.guest, self.proto)

    @property
    def probed(self) -> str:
        """The protocol for which its host port must be free; TCP for ``any``, since dev servers use it."""
        return "udp" if self.proto == "udp" else "tcp"

    def spots(self, host: int) -> set[Spot]:
        """Return what it claims on the host if its host port is ``host``."""
        return {(kind, host) for kind in ("tcp", "udp") if self.proto in {kind, "any"}}

    def entry(self, host: int) -> Entry:
        """Return its entry for Lima, with the host port ``host``."""
        return {**self.others, "guestPort": self.guest, "hostPort": host}


def rules(config: Config) -> list[Forward | Entry]:
    """Return the entries of ``portForwards`` in order, with ranges split into single forwards.

    Entries that name sockets, ignore ports or cover a wide range are unchanged. VmError names an invalid entry and
    says what is wrong with it.
    """
    try:
        read = _read_all(config.data.get("portForwards") or [])
        _check(read)
    except _InvalidForwardError as invalid:
        place = config.place(invalid.where)
        brief = f"{invalid.where}: {invalid.value!r} in {place} is not valid."
        raise VmError(brief, detail=f"{invalid.why[:1].upper()}{invalid.why[1:]}.", hint=edit(config.path)) from invalid
    return read


def declared(config: Config) -> list[Forward]:
    """Return the ports that ``config`` declares, each as one forward; VmError as ``rules``."""
    return [rule for rule in rules(config) if isinstance(rule, Forward)]


def claims(data: Mapping[str, Any]) -> set[Spot]:
    """Return what a config claims on the host, whether its VM runs or not; an invalid entry claims nothing."""
    entries, taken = data.get("portForwards"), set[Spot]()
    for entry in entries if isinstance(entries, list) else []:
        with suppress(_InvalidForwardError):
            taken |= _claims(entry)
    ssh = data.get("ssh")
    port = ssh.get("localPort") if isinstance(ssh, Mapping) else 0
    return taken | ({("tcp", port)} if isinstance(port, int) and port > 0 else set())


class _InvalidForwardError(Exception):
    def __init__(self, where: str, value: object, why: str) -> None:
        super().__init__(where)
        self.where, self.value, self.why = where, value, why


def _read_all(entries: object) -> list[Forward | Entry]:
    if not isinstance(entries, list):
        raise _InvalidForwardError("portForwards", entries, "it must be a list of mappings")
    read = list[Forward | Entry]()
    for number, entry in enumerate(entries):
        read += _read(f"portForwards[{number}]", entry)
        if len(read) > _MOST:
            raise _InvalidForwardError("portForwards", len(read), f"a config forwards at most {_MOST} ports")
    return read


def _read(where: str, entry: object) -> list[Forward | Entry]:
    if not isinstance(entry, dict):
        raise _InvalidForwardError(where, entry, "it must be a mapping such as {guestPort: 3000, hostPort: 3000}")
    guests = _span(where, entry, "guest")
    named = _span(where, entry, "host")
    if entry.get("guestSocket") or entry.get("hostSocket") or entry.get("ignore") is True:
        return [entry]
    proto, guest_ip = entry.get("proto") or "any", _ip(where, entry, "guestIP")
    if proto not in ("tcp", "udp", "any"):
        raise _InvalidForwardError(f"{where}.proto", proto, "it must be tcp, udp or any")
    at = named or guests
    if guests and at and len(at) != len(guests):
        raise _InvalidForwardError(where, entry, "the guest range and the host range differ in length")
    if not guests or not at:
        if named:
            typo = next(filter(None, map(_misspelled, entry)), "")
            raise _InvalidForwardError(where, entry, typo or "it has a host port but no guest port")
        return [entry]
    if len(guests) > WIDEST:
        return [entry]
    others = {key: value for key, value in entry.items() if key not in _PORT_KEYS}
    host_ip = _ip(where, entry, "hostIP")
    return [Forward(guest, host, proto, guest_ip, host_ip, others) for guest, host in zip(guests, at, strict=True)]


def _misspelled(key: object) -> str:
    """Return which key of a forward ``key`` is meant for, empty if it is one or like none."""
    plain = str(key).lower().replace("_", "").replace("-", "")
    known = next((name for name in sorted(_PORT_KEYS) if name.lower() == plain), key)
    return "" if known == key else f"it has {key}: did you mean {known}?"


def _span(where: str, entry: Entry, side: str) -> range | None:
    """Return the ports that an entry names on one side, None if Lima chooses them (0 or absent)."""
    single, ends = entry.get(f"{side}Port") or 0, entry.get(f"{side}PortRange") or [0, 0]
    if not isinstance(ends, list) or len(ends) != 2:  # noqa: PLR2004
        raise _InvalidForwardError(f"{where}.{side}PortRange", ends, "it must be a list of the first and the last port")
    for key, port in ((f"{side}Port", single), *((f"{side}PortRange", end) for end in ends)):
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= _LAST:
            raise _InvalidForwardError(f"{where}.{key}", port, "a port is a whole number from 1 to 65535")
    first, last = ends if any(ends) else (single, single)
    if not first and not last:
        return None
    if single not in {0, first} or not 0 < first <= last:
        raise _InvalidForwardError(
            f"{where}.{side}PortRange", ends, "its first port is above its last, or differs from the single port"
        )
    return range(first, last + 1)


def _ip(where: str, entry: Entry, key: str) -> str:
    text = entry.get(key) or ("0.0.0.0" if key == "guestIP" and entry.get("guestIPMustBeZero") else "127.0.0.1")  # noqa: S104
    try:
        return str(ip_address(text)) if isinstance(text, str) else _no_ip(where, key, text)
    except ValueError:
        return _no_ip(where, key, text)


def _no_ip(where: str, key: str, text: object) -> str:
    raise _InvalidForwardError(f"{where}.{key}", text, "it must be an IP address")


def _check(read: Iterable[Forward | Entry]) -> None:
    """Lima does not check for overlaps: it uses the first matching rule, and logs a host port that it cannot get.

    What comes before is kept by port, because a hostile config can hold thousands of forwards.
    """
    guests, hosts, claimed, covers = set[_End](), set[_End](), set[Spot](), list[_Cover]()
    for rule in read:
        if not isinstance(rule, Forward):
            covers += _cover(rule)
            claimed |= _claims(rule)
            continue
        if rule.guest == _SSH:
            raise _InvalidForwardError("portForwards", _SSH, "guest port 22 is for ssh, and Lima never forwards it")
        hiding = next((cover for cover in covers if cover.hides(rule)), None)
        if hiding:
            why = f"it comes before guest port {rule.guest} and hides it from Lima"
            raise _InvalidForwardError("portForwards", hiding.entry, why)
        kinds = [kind for kind, _ in rule.spots(0)]
        guest = {(kind, rule.guest, rule.guest_ip) for kind in kinds}
        host = {(kind, rule.host, rule.host_ip) for kind in kinds}
        if guest & guests:
            why = "this guest port is forwarded twice, and Lima uses only the first entry"
            raise _InvalidForwardError("portForwards", rule.guest, why)
        if host & hosts or rule.spots(rule.host) & claimed:
            raise _InvalidForwardError("portForwards", rule.host, "two forwards cannot share a host port")
        guests |= guest
        hosts |= host


@dataclass(frozen=True)
class _Cover:
    """A rule of Lima's own that can hide declared ports after it."""

    entry: Entry
    guests: range
    guest_ip: str
    proto: str

    def hides(self, rule: Forward) -> bool:
        same = self.guest_ip in ("", rule.guest_ip)
        return rule.guest in self.guests and same and self.proto in ("any", rule.proto)


def _cover(entry: Entry) -> Iterator[_Cover]:
    if entry.get("guestSocket"):
        return
    guest_ip = _ip("", entry, "guestIP")
    wild = guest_ip == "0.0.0.0" and entry.get("guestIPMustBeZero") is False  # noqa: S104
    guests = _span("", entry, "guest") or range(1, _LAST + 1)
    yield _Cover(entry, guests, "" if wild else guest_ip, entry.get("proto", "any"))


def _claims(entry: object) -> set[Spot]:
    if isinstance(entry, dict) and entry.get("guestSocket") and not entry.get("hostSocket"):
        return {("tcp", port) for port in (_span("", entry, "host") or ())[:1]}
    taken = [rule.spots(rule.host) for rule in _read("", entry) if isinstance(rule, Forward)]
    return set().union(*taken)
