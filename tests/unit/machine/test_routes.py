"""The exact commands that build limactl and Zellij."""

from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm.machine import apt_login, locks, routes
from sysinit_vm.machine.apt_sources import Sources
from sysinit_vm.machine.release_archives import COMPILED
from tests.fakes import RecordingRunner
from tests.unit.machines import AGENT


def test_lima_is_built_beside_and_renamed_last(machine, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    monkeypatch.delenv("GOENV", raising=False)
    go = str(machine.put("go"))
    teller = RecordingRunner(programs={"go version": "go version go1.26.8 linux/amd64"})
    commands = routes.lima(teller, machine.host, COMPILED).commands
    stage, final = machine.host.data / ".lima-2.2.0.partial", machine.host.data / "lima-2.2.0"
    source = ("-C", str(locks.folder("lima")))
    flags = ("-v", "-trimpath", "-ldflags", "-s -w -X github.com/lima-vm/lima/v2/pkg/version.Version=2.2.0", "-o")
    cache = machine.host.cache / "go"
    env = ("env", "GOROOT=", f"GOPATH={cache}/work", f"GOMODCACHE={cache}/work/pkg/mod", f"GOCACHE={cache}/build")
    env += ("GOENV=/config/go/env", "XDG_CONFIG_HOME=/dev/null")
    env += ("GOTOOLCHAIN=local", "CGO_ENABLED=0", "GO111MODULE=on", "GOWORK=off")
    env += ("GOFLAGS=-mod=readonly -buildvcs=false -modcacherw",)
    packages = ("-trimpath", "-deps", "-f", "{{if .Stale}}stale{{else}}fresh{{end}} {{.ImportPath}}")
    limactl, agent = (f"github.com/lima-vm/lima/v2/cmd/{name}" for name in ("limactl", "lima-guestagent"))
    assert commands == (
        ("rm", "-rf", str(stage)),
        ("mkdir", "-p", f"{stage}/share/lima"),
        (*env, go, "list", *source, *packages, limactl, agent),
        (*env, go, "build", *source, *flags, f"{stage}/bin/limactl", limactl),
        (*env, go, "build", *source, *flags, f"{stage}/{AGENT}", agent),
        (
            "cp",
            "-R",
            f"{cache}/work/pkg/mod/github.com/lima-vm/lima/v2@v2.2.0/templates",
            f"{stage}/share/lima/templates",
        ),
        ("chmod", "-R", "u+w", str(stage)),
        ("rm", "-rf", str(cache)),
        ("rm", "-rf", str(final)),
        ("mv", str(stage), str(final)),
    )


@pytest.mark.parametrize(
    ("version", "toolchain", "taken"),
    [
        ("go1.25.7", "local", True),
        ("go1.25.6", "local", False),
        ("go1.21.13", "auto", False),
        ("go1.19.8", "", False),
    ],
)
def test_a_go_that_cannot_build_lima_gives_way_to_one_of_our_own(machine, version, toolchain, taken):
    go = str(machine.put("go"))
    teller = RecordingRunner(programs={"go version": f"go version {version} linux/amd64", "GOTOOLCHAIN": toolchain})
    commands = routes.lima(teller, machine.host, COMPILED).commands
    own = str(machine.host.cache / "go" / "venv" / "bin" / "go")
    assert (own if not taken else go) in [word for command in commands for word in command]
    assert ((commands[1] == locks.pip_install(Path(own).with_name("pip"), "go")) or taken) is True


def test_a_go_is_asked_outside_the_project_whose_go_mod_could_name_another_toolchain(machine):
    machine.put("go")
    teller = RecordingRunner(programs={"go version": "go version go1.26.8 linux/amd64"})
    routes.lima(teller, machine.host, COMPILED)
    (call,) = teller.calls
    assert (call.options["env"]["GOTOOLCHAIN"], call.options["cwd"]) == ("local", Path("/"))


def test_our_own_go_takes_neither_its_library_nor_its_modules_from_the_environment(machine):
    build = next(
        command for command in routes.lima(RecordingRunner(), machine.host, COMPILED).commands if "build" in command
    )
    work = machine.host.cache / "go" / "work"
    assert {"GOROOT=", f"GOPATH={work}", f"GOMODCACHE={work}/pkg/mod", "GOTOOLCHAIN=local"} <= set(build)


@pytest.fixture
def archives(monkeypatch):
    """What the host's apt sources give."""
    known = ["deb http://a.example/debian bookworm main", "deb http://a.example/security bookworm-security main"]
    monkeypatch.setattr(routes.apt_sources, "read", lambda suite, mirror: Sources(*apt_login.extract(known)))
    return known


def test_zellij_is_compiled_in_a_root_of_the_guests_own_suite(machine, archives):
    commands = routes.zellij(machine.host).commands
    work, stage = machine.host.cache / "zellij", f"{machine.host.data}/.zellij-0.45.1.partial"
    tar = f"{work}/.root.partial/root.tar"
    assert commands[:2] == (
        ("rm", "-rf", f"{work}/.root.partial"),
        ("mkdir", "-p", f"{work}/.root.partial/root"),
    )
    assert commands[2][:4] == ("env", "TMPDIR=/var/tmp", "mmdebstrap", "--mode=root")
    assert commands[2][-4:] == ("bookworm", tar, *archives)
    assert any("cargo-web,rustc-web" in word for word in commands[2])
    assert commands[3] == (
        "tar",
        "-xf",
        tar,
        "-C",
        f"{work}/.root.partial/root",
        "--no-same-owner",
        "--exclude=./dev/*",
    )
    assert commands[4] == ("mv", f"{work}/.root.partial/root", f"{work}/root")
    fetch, build = commands[7:9]
    for command in (fetch, build):
        assert command[:5] == ("bwrap", "--die-with-parent", "--unshare-user", "--bind", f"{work}/root")
        assert "CARGO_HOME=/made/cargo" in command
    lock = fetch.index(str(locks.folder("zellij")))
    assert fetch[lock - 1 : lock + 2] == ("--ro-bind", str(locks.folder("zellij")), "/lock")
    what = ("--locked", "--target=x86_64-unknown-linux-gnu", "--manifest-path", "/lock/Cargo.toml")
    assert fetch[fetch.index("cargo") :] == ("cargo", "fetch", *what)
    what = ("zellij", "--version", "0.45.1", "--locked", "--offline", "--no-default-features", "--root", "/made")
    assert build[build.index("cargo") :] == ("cargo", "install", *what)
    assert "CARGO_PROFILE_RELEASE_OPT_LEVEL=1" in build
    assert {"CARGO_TERM_PROGRESS_WHEN=always", "CARGO_TERM_PROGRESS_WIDTH=80"} <= {*fetch} & {*build}
    assert commands[-4:] == (
        ("cp", f"{work}/made/bin/zellij", f"{stage}/bin"),
        ("rm", "-rf", f"{machine.host.data}/zellij-0.45.1"),
        ("mv", stage, f"{machine.host.data}/zellij-0.45.1"),
        ("rm", "-rf", str(work)),
    )


def test_a_compile_that_was_interrupted_keeps_its_root_and_what_was_compiled(machine, archives):
    (machine.host.cache / "zellij" / "root").mkdir(parents=True)
    commands = routes.zellij(machine.host).commands
    assert commands[0] == ("mkdir", "-p", f"{machine.host.cache}/zellij/made")
    assert not any("mmdebstrap" in command for command in commands)


def test_an_ordinary_account_compiles_zellij_without_root(machine, archives):
    commands = routes.zellij(replace(machine.host, root=False)).commands
    assert "--mode=unshare" in commands[2]
    assert not any("sudo" in command for command in commands)


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        (["deb http://a.example/debian bookworm main"], 1),
        (["deb http://a.example/debian bookworm main", "deb http://a.example/s bookworm-security main"], 0),
        ([], 0),
    ],
)
def test_the_security_suite_alone_has_a_rust_that_is_new_enough(machine, archives, lines, more):
    archives[:] = lines
    told = routes._sources().lines
    assert told[: len(lines)] == tuple(lines)
    assert told[len(lines) :] == ("deb http://deb.debian.org/debian-security bookworm-security main",) * more


def test_the_mirrors_password_is_in_a_file_and_in_no_command(machine, archives):
    plain = routes.zellij(machine.host)
    assert plain.secrets == ()
    archives[:] = [line.replace("a.example", "me:secret@a.example") for line in archives]
    route = routes.zellij(machine.host)
    assert "secret" not in str(route.commands) + repr(route) + str(route.data())
    ((path, content),) = route.secrets
    assert b"password secret" in content
    bootstrap = route.commands[2]
    assert any(f"tar-in {path} /" in word for word in bootstrap)
    assert tuple(word for word in bootstrap if "-hook=" not in word) == plain.commands[2]
    (machine.host.cache / "zellij" / "root").mkdir(parents=True)
    assert routes.zellij(machine.host).secrets == ()
