"""The kinds of cases: in each, something else comes from a stranger, and the rest is usual."""

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st

from sysinit_vm import settings
from sysinit_vm.cli import index
from sysinit_vm.init import render
from tests.fakes import DATA
from tests.fuzz import texts
from tests.lima.yaml_texts import TOP

_INDEX = index.read()
_HERE = {"project_name": "demo", "project_dir": "@PLACE@/home/demo", "session": "demo", "vm_name": None, "ssh": None}
USUAL = "".join(
    line
    for line in render.rendered_config("minimal", _HERE).splitlines(keepends=True)
    if not line.strip().startswith("#")
)
_KEYS = tuple(
    dict.fromkeys((*TOP, "param", "base", "minimumLimaVersion", "cpuType", "rosetta", "nestedVirtualization"))
)
# What installs programs or builds an image is not typed for real: in process it starts nothing.
_CHANGES_THE_MACHINE = frozenset(
    {"setup", "up", "build.dev", "build.minimal", "build.debian", "rebuild", "sync", "doctor"}
)
VERBS = tuple(_INDEX.commands)
TYPED_VERBS = tuple(verb for verb in VERBS if verb not in _CHANGES_THE_MACHINE)
_READS_CONFIG = (
    "plan",
    "trust",
    "status",
    "start",
    "apply",
    "restart",
    "ports",
    "list",
    "doctor",
    "init",
    "adopt",
    "prune",
)
_READS_LIMACTL = ("list", "status", "start", "stop", "destroy", "plan", "ports", "shell", "exec", "logs", "adopt", "prune", "apply",
                  "copy", "ssh-config", "open", "restart", "doctor", "sync")  # fmt: skip
_VARIABLES = (
    *("HOME", "LIMA_HOME", "TMPDIR", "EDITOR", "VISUAL", "PAGER", "SHELL", "USER", "LOGNAME", "SUDO_USER", "VM_NAME"),
    *("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK"),
    *("TERM", "COLUMNS", "LINES", "LANG", "LC_ALL", "TZ", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TTY_COMPATIBLE"),
    *(
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
        "QEMU_SYSTEM_X86_64",
        "LIMA_SSH_OVER_VSOCK",
        "LIMA_SHELL",
        "LIMA_INSTANCE",
    ),
    *(
        "INVOKE_RUN_ECHO",
        "INVOKE_RUN_DRY",
        "INVOKE_TASKS_COLLECTION_NAME",
        "INVOKE_TIMEOUTS_COMMAND",
        "INVOKE_RUNTIME_CONFIG",
    ),
    *("GIT_DIR", "GIT_CONFIG_GLOBAL", "DIRENV_DIR", "ZELLIJ", "BASH_ENV", "ENV", "IFS", "CDPATH", "LS_COLORS"),
    *(f"SYSINIT_VM_{name.upper()}" for name in settings.KNOWN),
    *("SYSINIT_VM_LIMACTL", "SYSINIT_VM_ZELLIJ"),
)


@dataclass(frozen=True)
class Answer:
    """What a program says to one of its verbs, and its exit status."""

    code: int = 0
    out: str = ""
    err: str = ""


@dataclass(frozen=True)
class Case:
    """One command and all that it meets. Texts have ``@PLACE@`` and ``@CANARY@`` where their world is filled in.

    ``files`` are below the world's home, by path; ``directory`` is the project's name.
    """

    kind: str
    words: tuple[str, ...]
    config: str | None = USUAL
    directory: str = "demo"
    trusted: bool = False
    env: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def _captured(name: str) -> str:
    text = (DATA / name).read_text().replace("/home/me/.lima", "@PLACE@/home/.lima").replace("/home/me", "@PLACE@/home")
    row = json.loads(text)
    row["status"] = name.removeprefix("list-").removesuffix(".json").capitalize()
    return json.dumps(row)


STOPPED, RUNNING = _captured("list-stopped.json"), _captured("list-running.json")
INSTANCE = ".lima/demo-dev"
_SELDOM = st.sampled_from((False,) * 7 + (True,))  # to approve a config takes longer than most commands
_CODES = st.sampled_from((0, 0, 0, 1, 1, 2, 98, 101, 124, 128, 137, 255))


def usual_answers(row: str) -> dict[str, Answer]:
    """Return what limactl says if there is one VM, in the row of its list."""
    return {
        "--version": Answer(0, (DATA / "version.out").read_text()),
        "list": Answer(0, f"{row}\n"),
        **dict.fromkeys(("validate", "stop", "delete", "edit"), Answer()),
        **dict.fromkeys(("create", "start"), Answer(1, "", '{"level":"fatal","msg":"no"}\n')),
        "template": Answer(0, "{}\n"),
        "shell": Answer(0, "x\n"),
    }


def _verbs(verbs: tuple[str, ...], *, typed: bool) -> st.SearchStrategy[str]:
    return st.sampled_from([verb for verb in verbs if not typed or verb in TYPED_VERBS])


@st.composite
def _flagged(draw, verb: str, values: st.SearchStrategy[str], *, typed: bool) -> tuple[str, ...]:
    """A verb with flags of its own; what they take is a value of ``values``, or a word is."""
    command = _INDEX.commands[verb]
    words = [verb]
    # what goes on until Ctrl-C is only tried where the test presses it
    names = [name for name in sorted(command.flags) if not (typed and name == "--follow")]
    for name in draw(st.lists(st.sampled_from(names or ["--help"]), max_size=3)):
        flag = command.flags.get(name)
        if flag and flag.takes_value:
            value = draw(values)
            words += draw(st.sampled_from(([name, value], [f"{name}={value}"], [name])))
        else:
            words.append(name)
    return tuple(words)


@st.composite
def argv_cases(draw, *, typed: bool) -> Case:
    """Return cases in which the command line is odd."""
    verb = draw(_verbs(VERBS, typed=typed))
    words = [*draw(_flagged(verb, texts.typed_words(), typed=typed)), *draw(st.lists(texts.typed_words(), max_size=3))]
    if not typed and draw(st.integers(0, 9)) == 0:
        words = draw(st.permutations(words))
    row = draw(st.sampled_from((STOPPED, RUNNING)))
    return Case("argv", tuple(words), answers=usual_answers(row), trusted=draw(_SELDOM))


@st.composite
def name_cases(draw, *, typed: bool) -> Case:
    """Return cases in which a name is odd: of a VM, a project's directory, or a param."""
    name = draw(texts.typed_words())
    verb = draw(_verbs(_READS_LIMACTL, typed=typed))
    place = draw(st.sampled_from(("--name", "VM_NAME", "directory", "param", "row")))
    row = draw(st.sampled_from((STOPPED, RUNNING)))
    words, config, env, directory = (verb,), USUAL, {}, "demo"
    if place == "--name":
        words = (verb, f"--name={name}")
    elif place == "VM_NAME":
        env = {"VM_NAME": name}
    elif place == "directory":
        directory = name.replace("/", "_")[:40] if name.strip("/._") else "demo"
    elif place == "param":
        config = USUAL.replace("param:\n", f"param:\n  VM_NAME: {json.dumps(name)}\n", 1)
    else:
        row = json.dumps({**json.loads(row), "name": name})
    return Case("names", words, config, directory, draw(_SELDOM), env, usual_answers(row))


@st.composite
def path_cases(draw, *, typed: bool) -> Case:
    """Return cases in which a path is odd: of the project, a mount, an image, or a file that the config names."""
    path = draw(st.one_of(st.sampled_from(texts.PATHS), texts.typed_words()))
    place = draw(st.sampled_from(("--project", "location", "mountPoint", "image", "base", "script", "key", "copy")))
    verb = draw(_verbs(_READS_CONFIG, typed=typed))
    config, words = USUAL, (verb,)
    quoted = json.dumps(path)
    if place == "--project":
        words = (verb, f"--project={path}")
    elif place == "copy":
        words = ("copy", *draw(st.permutations([path, ":x"])))
    else:
        config += {
            "location": f"\nmounts:\n- location: {quoted}\n  writable: true\n",
            "mountPoint": f'\nmounts:\n- location: "@PLACE@/home/demo"\n  mountPoint: {quoted}\n',
            "image": f"\nimages:\n- location: {quoted}\n  kernel: {{location: {quoted}}}\n",
            "base": f"\nbase: {quoted}\n",
            "script": f"\nprovision:\n- mode: system\n  file: {quoted}\n- mode: data\n  path: {quoted}\n",
            "key": f"\nportForwards:\n- guestSocket: {quoted}\n  hostSocket: {quoted}\ncopyToHost:\n- guest: {quoted}\n  host: {quoted}\n",
        }[place]
        config = _without_twice(config)
    return Case(
        "paths", words, config, trusted=draw(_SELDOM), answers=usual_answers(draw(st.sampled_from((STOPPED, RUNNING))))
    )


def _without_twice(config: str) -> str:
    """Leave the later of two values of a key at the top: Lima refuses both."""
    head, _, key = config.rpartition("\n\n") if "\n\n" in config else ("", "", config)
    name = key.partition(":")[0]
    blocks, keep = [], True
    for line in head.splitlines():
        if line[:1] not in ("", " ", "#", "-"):
            keep = line.partition(":")[0] != name
        if keep:
            blocks.append(line)
    return "\n".join((*blocks, "", key))


@st.composite
def yaml_cases(draw, *, typed: bool) -> Case:
    """Return cases in which the committed config, the user's settings or Lima's own file is odd YAML."""
    text = draw(texts.configs(USUAL, _KEYS))
    verb = draw(_verbs(_READS_CONFIG, typed=typed))
    place = draw(st.sampled_from(("config", "config", "config", "lima.yaml", "settings")))
    files = {}
    if place != "config":
        files[{"lima.yaml": f"{INSTANCE}/lima.yaml", "settings": "config/sysinit-vm/config.yaml"}[place]] = text
    words = draw(st.sampled_from(((verb,), (verb, "--json") if "--json" in _INDEX.commands[verb].flags else (verb,))))
    row = draw(st.sampled_from((STOPPED, RUNNING)))
    config = text if place == "config" else USUAL
    return Case("yaml", words, config, trusted=draw(_SELDOM), answers=usual_answers(row), files=files)


@st.composite
def environment_cases(draw, *, typed: bool) -> Case:
    """Return cases with odd variables."""
    names = draw(st.lists(st.sampled_from(_VARIABLES), min_size=1, max_size=3, unique=True))
    values = st.one_of(texts.typed_words(), st.sampled_from(texts.PATHS[-10:]))
    env = {name: _in_the_place(draw(values)) for name in names}
    words = draw(_flagged(draw(_verbs(VERBS, typed=typed)), st.just("demo-dev"), typed=typed))
    return Case("environment", words, env=env, answers=usual_answers(draw(st.sampled_from((STOPPED, RUNNING)))))


def _in_the_place(value: str) -> str:
    """A variable may well say that our own files are to be elsewhere: so that is in the case's world, too."""
    within = value.replace("@PLACE@/outside", "@PLACE@/elsewhere")
    return f"@PLACE@{within}" if within.startswith("/") and not within.startswith(("/proc/", "/dev/")) else within


@st.composite
def limactl_cases(draw, *, typed: bool) -> Case:
    """Return cases in which limactl, the guest or the files of the VM say something odd."""
    row = json.loads(draw(st.sampled_from((STOPPED, RUNNING))))
    for name in draw(st.lists(st.sampled_from((*row, "config.param", "errors", "new")), max_size=2)):
        row[name] = draw(texts.json_values())
    answers = usual_answers(json.dumps(row))
    place = draw(st.sampled_from((*answers, "list", "list", "git", "files", "files")))
    files = {}
    if place == "files":
        name = draw(st.sampled_from(("lima.yaml", "ha.stdout.log", "ha.stderr.log", "serial.log", "ssh.config", "ha.pid", "qemu.pid",
                                     "lima-version", "protected", "param.json", "cloud-config.yaml")))  # fmt: skip
        files[f"{INSTANCE}/{name}"] = draw(
            texts.broken_json('{"status":{"running":true,"errors":["x"],"sshLocalPort":1}}\n')
        )
    else:
        usual = answers.get(place, Answer()).out or '{"level":"info","msg":"x"}\n'
        answers[place] = Answer(
            draw(_CODES), draw(texts.broken_json(usual)), draw(texts.broken_json('{"level":"error","msg":"x"}\n'))
        )
    words = draw(_flagged(draw(_verbs(_READS_LIMACTL, typed=typed)), st.just("demo-dev"), typed=typed))
    return Case("limactl", words, trusted=draw(_SELDOM), answers=answers, files=files)


KINDS = {
    "argv": argv_cases,
    "names": name_cases,
    "paths": path_cases,
    "yaml": yaml_cases,
    "environment": environment_cases,
    "limactl": limactl_cases,
}
