"""YAML as nobody should write it: texts from a grammar of Lima's config, and real configs with a few errors in them."""

from random import Random

SCALARS = """0 1 -1 +1 0x1F 0X1F 0o7 0b11 012 08 00 -0 1_000 _1 .5 5. 1.5 1.50 01.5 1e3 1.5e3 1e . + - +-5 -+5 12:30 12:30:45
2020-01-01 2020-01-01T00:00:00Z .inf -.Inf .nan inf nan 0x 0o 0xg 9223372036854775808 18446744073709551616 1.2.3 127.0.0.1
1e400 0.00001 ~ null Null NULL true True TRUE false yes no on off y n = << 10GiB 1,000""".split()  # noqa: SIM905
WORDS = """a b foo-bar a:b a#b http://h:1/x it's é 漢字 😀 \\n a\\ $HOME {{.Param.A}} {a} [a] -x ?x :x !x &x *x |x >x %x @x `x
~/x .. ... --- -- ? : a: x} a] , "x" 'x' ~/.ssh/id""".split()  # noqa: SIM905
WORDS += ["x y", "a, b", "a: b", "a :b", "- a", "? a", "a #b", "# c", ""]
ODD = [
    chr(code) for code in (0, 7, 9, 11, 12, 13, 27, 127, 128, 0x85, 0x9F, 0xA0, 0xAD, 0x200B, 0x202E, 0x2028, 0x2029)
]
ODD += [chr(code) for code in (0x3000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0xFDD0, 0x1FFFE, 0x10FFFF, 0xE000, 0x301)]
ESCAPES = [*"""ntab0efvr_NLP"\\/ '""", "x41", "x0", "u0041", "u2028", "u0001x41", "ud83d\\ude00", "uD800", "U0001F600"]
ESCAPES += ["UFFFFFFFF", "q", "\n", "\n  ", "\r\n", "\t"]
LINES = [
    "set -eu",
    "set +x",
    "# c",
    "echo $A",
    "a: b",
    "- x",
    "key:",
    "if x; then",
    "fi",
    "---",
    "...",
    "'q",
    '"q',
    "{",
    "}",
]
LINES += ["\techo", "a\tb", "  more", "é 漢 😀", "end \\", ": ", "x: |", "end ", "end\t", "base: x"]
HEADERS = ["", "", "", "", "-", "-", "+", "2", "1", "-2", "2-", "+1", "0", "9", " # c", " #", "#c", "- # c", " ", "--"]
BREAKS = [
    "\r\n",
    "\r",
    "\n\n",
    " \n",
    "\t\n",
    " # c\n",
    "\n# c\n",
    "\n   # c: d\n",
    "\n \n",
    "\n\t\n",
    "\u2028\n",
    "\u0085",
]
COMMENTS = ["# c", "#c: d", "# - é", "#\t", "# a\u2028base: x", "# a\rbase: x", "# 'a", '# "a', "#"]
BEGINNINGS = [
    "---\n",
    "--- # c\n",
    "---\n---\n",
    "%YAML 1.2\n---\n",
    "%x\n",
    "\ufeff",
    "# c\n",
    "--- {a: b}\n",
    "...\n",
    "--- |\n",
    "  ",
]
ENDS = [
    "...\n",
    "---\nbase: x\n",
    "...\nbase: x\n",
    "---",
    "# end",
    "\n\n",
    "  \n",
    "\t",
    "\ufeff",
    "\0",
    "base: z",
    "- a\n",
    "}",
]
TAGS = ["!!str ", "!!int ", "!!map ", "!!null ", "!!binary ", "!!set ", "!x ", "! ", "!<a> "]

# The keys of Lima's config whose values it keeps, and what is below them: a mapping, a list of mappings, or of text.
# guestPortRange is not there: one of three makes limactl 2.2.0 panic.
FIELDS = {
    "mounts": ["location", "mountPoint", "writable", "9p"],
    "9p": ["cache", "msize"],
    "provision": ["mode", "script", "script", "file"],
    "probes": ["description", "script", "hint"],
    "ssh": ["localPort", "forwardAgent", "loadDotSSHPubKeys", "forwardX11"],
    "hostResolver": ["enabled", "hosts", "ipv6"],
    "portForwards": [
        "guestPort",
        "hostPort",
        "guestIP",
        "hostIP",
        "guestSocket",
        "hostSocket",
        "ignore",
        "proto",
    ],
    "images": ["location", "arch", "digest", "kernel"],
    "kernel": ["location", "cmdline"],
    "caCerts": ["files", "certs", "removeDefaults"],
    "networks": ["socket", "macAddress", "interface"],
    "user": ["name", "uid", "home", "comment"],
    "copyToHost": ["guest", "host", "deleteOnStop"],
    "additionalDisks": ["name", "format", "fsType", "fsArgs"],
    "video": ["display", "vnc"],
    "base": ["url", "digest"],
    "file": ["url", "digest"],
}
# What Lima wants there: of a config that it refuses for another reason than its YAML, we see little.
USUAL = {
    "location": ["/x", "/tmp/a b", "~", "/é/漢"],
    "mountPoint": ["/mnt/x", "/mnt/a b"],
    "name": ["d1", "data"],
    "memory": ["4GiB", "512MiB"],
    "disk": ["20GiB"],
    "mode": ["system", "user", "boot"],
    "arch": ["x86_64", "aarch64"],
    "vmType": ["qemu"],
    "mountType": ["9p", "reverse-sshfs"],
    "cache": ["mmap", "none"],
    "msize": ["128KiB"],
    "guestIP": ["127.0.0.1", "0.0.0.0", "::1"],
    "hostIP": ["127.0.0.1"],
    "proto": ["tcp", "any"],
    "guestSocket": ["/run/x.sock"],
    "hostSocket": ["/tmp/x.sock"],
    "dns": ["1.1.1.1", "::1"],
    "mountTypesUnsupported": ["9p"],
    "socket": ["/run/x"],
    "macAddress": ["52:55:55:12:34:56"],
    "interface": ["lima0", "eth1"],
    "digest": [f"sha256:{'0a' * 32}"],
    "home": ["/home/x", "/home/é"],
    "guest": ["/x"],
    "host": ["/y"],
    "files": ["/x", "/a b"],
}
LISTS = {"mounts", "provision", "probes", "portForwards", "images", "networks", "copyToHost", "additionalDisks", "base"}
TEXT_LISTS = {"files", "certs", "fsArgs", "dns", "mountTypesUnsupported"}
FREE = {"env", "hosts", "vmOpts", "osOpts", "x-own"}
NUMBERS = {"cpus", "localPort", "guestPort", "hostPort", "uid"}
TRUTHS = {
    "writable",
    "enabled",
    "ipv6",
    "ignore",
    "format",
    "deleteOnStop",
    "removeDefaults",
    "plain",
    "upgradePackages",
}
TRUTHS |= {"forwardAgent", "loadDotSSHPubKeys", "forwardX11", "tpm"}
TOP = (
    sorted(LISTS - {"base"}) * 2
    + ["env", "vmOpts", "osOpts", "message", "x-own", "hostResolver"] * 4
    + ["base", "param"]
)
TOP += ["ssh", "caCerts", "user", "video", "memory", "disk"]
TOP += ["cpus", "dns", "vmType", "arch", "timezone", "plain", "mountType", "mountTypesUnsupported"]
KEYS = [
    "A",
    "B",
    "C_1",
    "x",
    "é",
    "a b",
    "PATH",
    "a-b",
    "a.b",
    "1",
    "true",
    "null",
    "~",
    "0x1",
    "y",
    "'q'",
    '"q"',
    '"\\x41"',
    "=",
    "-",
    "",
]


class Texts:
    """Texts from ``random``; ``odd``, from 0 to 1, is how often something unusual is done at each of many places."""

    def __init__(self, random: Random, odd: float) -> None:
        self._random, self._odd = random, odd
        self._anchors: list[str] = []

    def document(self) -> str:
        """Return a whole config."""
        text = self._mapping(0, "", self._random.randint(1, 6))
        if self._rare():
            text = self._one(BEGINNINGS) + text
        if self._rare():
            text += self._one(ENDS)
        if self._rare(0.3):
            text = text.replace("\n", "\r\n")
        return text.rstrip("\n") if self._rare(0.5) else text

    def _one(self, choices):
        return self._random.choice(choices)

    def _rare(self, factor: float = 1.0) -> bool:
        return self._random.random() < self._odd * factor

    def _break(self) -> str:
        return self._one(BREAKS) if self._rare(0.3) else "\n"

    def _gap(self) -> str:
        return self._one(["", "  ", "\t", " \t"]) if self._rare(0.3) else " "

    def _indent(self, indent: int) -> str:
        return " " * max(0, indent + self._one([-2, -1, 1, 2])) if self._rare(0.2) else " " * indent

    def _word(self) -> str:
        kind = self._random.random()
        if kind < 0.35:
            return self._one(WORDS)
        if kind < 0.6:
            return self._one(SCALARS)
        if kind < 0.9:
            return "".join(self._one("abcXYZ09 -_./é") for _ in range(self._random.randint(1, 9))).strip() or "w"
        letters = [*"ab0 -:#,[]{}\"'\\|>&*!?%@`~.é漢😀/=+<", *(ODD if self._rare(3) else ())]
        return "".join(self._one(letters) for _ in range(self._random.randint(1, 9)))

    def _plain(self, indent: int) -> str:
        text = self._word()
        while self._rare(0.5):
            text += self._break() + self._indent(indent + 2) + self._word()
        return text

    def _double(self, indent: int) -> str:
        parts = [self._word().replace("\\", "\\\\").replace('"', '\\"') for _ in range(self._random.randint(0, 3))]
        if self._random.random() < 0.3:
            parts.insert(0, f"\\{self._one(ESCAPES)}")
        if self._rare():
            parts.append(self._one(ODD))
        if self._rare():
            parts.append(self._break() + self._indent(indent))
        self._random.shuffle(parts)
        return f'"{self._one(["", " "]).join(parts)}"'

    def _single(self, indent: int) -> str:
        parts = [self._word().replace("'", "''") for _ in range(self._random.randint(0, 3))]
        if self._rare():
            parts.append(self._one([*ODD, "''", self._break() + self._indent(indent)]))
        self._random.shuffle(parts)
        return f"'{self._one(['', ' ']).join(parts)}'"

    def _block(self, indent: int, name: str) -> str:
        header = self._one(HEADERS) if self._rare(3) else self._one(["", "", "-"])
        text, inner = self._one("||||>") + header + self._break(), indent + self._one([2, 2, 2, 1, 4])
        if name == "script" and not self._rare():
            text += " " * inner + "#!/bin/sh\n"
        for number in range(self._random.randint(0 if self._rare() else 1, 5)):
            if number and self._random.random() < 0.15:
                text += " " * self._one([0, 0, 0, indent, inner, inner + 1]) + "\n"
            deeper = self._one([0, 0, 0, 0, 1, 2, 4]) if number else 0
            text += self._indent(inner + deeper) + self._one(LINES[:15] if not self._rare(5) else LINES) + self._break()
        return text + "\n" * self._one([0, 0, 0, 1, 2])

    def _properties(self) -> str:
        text = self._one(TAGS) if self._rare(0.3) else ""
        if self._rare(0.4):
            self._anchors.append(self._one("abcd"))
            text = self._one([f"{text}&{self._anchors[-1]} ", f"&{self._anchors[-1]} {text}"])
            text = text.rstrip() + self._break() if self._rare(2) else text
        return text

    def _scalar(self, indent: int, name: str = "", *, flow: bool = False) -> str:
        if self._anchors and self._rare(2):
            return f"*{self._one(self._anchors)}"
        if name in NUMBERS and not self._rare():
            return self._one(["1", "22", "0x1F", "0", '"4"', "null"])
        if name in TRUTHS and not self._rare():
            return self._one(["true", "false", "True", "null", "~"])
        if name in USUAL and not self._rare(2):
            return self._one(["{}", '"{}"', "'{}'"]).format(self._one(USUAL[name]))
        kind = self._random.random()
        if kind < 0.4:
            return (
                self._plain(indent)
                if not flow or self._rare()
                else self._one(["a", "x y", "é", "1.5", "http://x/y", "null", "-1"])
            )
        return self._double(indent) if kind < 0.7 else self._single(indent)

    def _value(self, indent: int, name: str, depth: int) -> str:
        """Return what follows a key's colon or an entry's dash, with the line break at its end."""
        before, kind = self._properties(), self._random.random()
        if name not in FIELDS and name not in FREE and name not in TEXT_LISTS and not self._rare():
            if name == "script" or (kind < 0.3 and name not in NUMBERS | TRUTHS | USUAL.keys()):
                return f"{self._gap()}{before}{self._block(indent, name)}"
            return f"{self._gap()}{before}{self._scalar(indent, name)}{self._break()}"
        if name in ("base", "file") and kind < 0.5:
            return f"{self._gap()}{before}{self._scalar(indent)}{self._break()}"
        if kind < 0.07:
            return f"{before and ' ' + before.rstrip()}{self._break()}"
        if kind < 0.3 or depth > 4:
            return f"{self._gap()}{before}{self._flow(indent, name, 2)}{self._break()}"
        head = f"{before and ' ' + before.rstrip()}{self._break()}"
        if name in LISTS or name in TEXT_LISTS or (name not in FIELDS and kind < 0.4):
            return head + self._list(indent + self._one([0, 2]), name, depth + 1)
        return head + self._mapping(indent + self._one([2, 2, 2, 4, 1]), name, self._random.randint(1, 4), depth + 1)

    def _key(self, indent: int, name: str) -> str:
        if not name:
            key = self._one(TOP)
        elif name in FIELDS and not self._rare(0.5):
            key = self._one(FIELDS[name])
        else:
            key = self._one(KEYS if self._rare(2) else KEYS[:8])
        if self._rare(0.3):
            return self._one(["'{}'", '"{}"', "? {}\n" + " " * indent, "{} ", "&k {}", "!!str {}", "{}\t"]).format(key)
        return self._word() if self._rare(0.2) else key

    def _mapping(self, indent: int, name: str, size: int, depth: int = 0) -> str:
        text, keys = "", set[str]()
        for _ in range(size):
            if self._rare(0.5):
                text += " " * self._one([0, indent, indent + 1]) + self._one(COMMENTS) + self._break()
            if self._anchors and self._rare(0.5):
                text += f"{' ' * indent}<<: *{self._one(self._anchors)}\n"
            key = self._key(indent, name)
            if key in keys and not self._rare():
                continue
            keys.add(key)
            text += self._indent(indent) + key + ":" + self._value(indent, key.strip("'\" \t"), depth)
        return text

    def _list(self, indent: int, name: str, depth: int) -> str:
        text = ""
        for _ in range(self._random.randint(1, 3)):
            if self._rare(0.5):
                text += " " * self._one([0, indent, indent + 1]) + self._one(COMMENTS) + self._break()
            if name in FIELDS and not self._rare():
                entry = self._mapping(indent + 2, name, self._random.randint(1, 3), depth + 1)
                text += self._indent(indent) + "-" + self._gap() + entry[indent + 2 :]
            elif self._rare(0.5):
                text += self._indent(indent) + "-" + self._break()
            else:
                text += self._indent(indent) + "-" + self._gap() + self._scalar(indent, name) + self._break()
        return text

    def _space(self) -> str:
        return self._one(["\n", "\n  ", "  ", "\t", " # c\n", "\r\n"]) if self._rare(0.3) else self._one(["", " "])

    def _flow(self, indent: int, name: str, depth: int) -> str:
        items = []
        for _ in range(self._random.randint(0, 3)):
            value = self._flow(indent, "", depth - 1) if depth and self._random.random() < 0.2 else ""
            if name in LISTS | TEXT_LISTS or (name not in FIELDS and name not in FREE and self._random.random() < 0.4):
                if name in FIELDS and not self._rare():
                    value = self._flow_pairs(indent, name)
                item = self._properties() + (value or self._scalar(indent, name, flow=True))
                items.append(self._one(["a: ", "? a : ", '"a": ']) + item if self._rare(0.3) else item)
                brackets = "[]"
            else:
                return self._flow_pairs(indent, name)
        brackets = "[]" if name not in FREE and (name in LISTS | TEXT_LISTS or name not in FIELDS) else "{}"
        return brackets[0] + ",".join(self._space() + item + self._space() for item in items) + brackets[1]

    def _flow_pairs(self, indent: int, name: str) -> str:
        items = []
        for key in dict.fromkeys(self._key(indent, name or "x-own") for _ in range(self._random.randint(0, 4))):
            colon = self._one([":", " :", " : ", ":\n", ""]) if self._rare(0.3) else ": "
            items.append(self._space() + key + colon + self._properties() + self._scalar(indent, key, flow=True))
        return "{" + ",".join(items) + ("," if self._rare() else "") + self._space() + "}"


INSERTED = [
    *" \n\t:-#'\"{}[],|>&*!?%~\\0a",
    *ODD,
    "\r\n",
    "\n  ",
    "\n- ",
    " #",
    ": ",
    "- ",
    "---\n",
    "<<: ",
    "&a ",
    "*a",
    "? ",
    "\\\n",
    "''",
]


def mutated(random: Random, text: str, times: int) -> str:
    """Return ``text`` with ``times`` errors: a character or a line added, lost, or in another place."""
    for _ in range(times):
        at, kind = random.randrange(len(text) + 1), random.random()
        if kind < 0.45:
            text = text[:at] + random.choice(INSERTED) + text[at:]
        elif kind < 0.7:
            text = text[:at] + text[at + random.choice([1, 1, 1, 2, 5]) :]
        elif kind < 0.8:
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        else:
            lines = text.split("\n")
            line, other = random.randrange(len(lines)), random.randrange(len(lines))
            change = random.randrange(4)
            if change == 0:
                lines[line], lines[other] = lines[other], lines[line]
            elif change == 1:
                lines.insert(other, lines[line])
            elif change == 2:
                lines[line] = random.choice(["  ", " ", "\t"]) + lines[line]
            else:
                lines[line] = lines[line][1:]
            text = "\n".join(lines)
    return text


def texts(random: Random, count: int, real: list[str]) -> list[str]:
    """Return ``count`` texts: of the grammar, more and less odd, some with errors, and ``real`` configs with errors."""
    made = []
    while len(made) < count:
        if random.random() < 0.3:
            text = mutated(random, random.choice(real), random.randint(1, 3))
        else:
            text = Texts(random, random.choice([0.0, 0.01, 0.03, 0.1])).document()
            text = mutated(random, text, 1) if random.random() < 0.2 else text
        made.append(text)
    return made
