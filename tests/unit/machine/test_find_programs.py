"""Where limactl and Zellij are, and which of several is taken."""

import errno
from dataclasses import replace

import pytest

from sysinit_vm.errors import MissingError
from sysinit_vm.machine import find_programs, prerequisites
from tests.fakes import RecordingRunner
from tests.unit.machines import AGENT, by_name


def put_limactl(machine, agent=True):
    path = machine.put("limactl")
    if agent:
        machine.put(f"../{AGENT}.gz")
    return path


def test_limactl_on_path_stands_before_ours(machine):
    machine.ours()
    path = put_limactl(machine)
    assert (
        find_programs.find_limactl(RecordingRunner(programs={"limactl": "limactl version 2.0.0"}), machine.host) == path
    )


@pytest.mark.parametrize(("version", "agent"), [("1.2.2", True), ("", True), ("2.2.0", False)])
def test_an_old_mute_or_agentless_limactl_gives_way_to_ours(machine, version, agent):
    put_limactl(machine, agent)
    teller = RecordingRunner(programs={"limactl": f"limactl version {version}"})
    assert find_programs.find_limactl(teller, machine.host) is None
    machine.ours()
    assert find_programs.find_limactl(teller, machine.host) == machine.host.limactl


def test_an_old_limactl_is_reported_with_its_version(machine):
    path = put_limactl(machine)
    part = by_name(prerequisites.survey(RecordingRunner(programs={"limactl": "limactl version 1.2.2"}), machine.host))[
        "limactl"
    ]
    assert (part.found, part.version, part.enough) == (path, "1.2.2", False)


def test_the_variable_wins_and_must_name_a_file(machine, monkeypatch):
    machine.ours()
    path = machine.put("elsewhere/limactl")
    monkeypatch.setenv("SYSINIT_VM_LIMACTL", str(path))
    assert (
        find_programs.find_limactl(RecordingRunner(programs={"limactl": "limactl version 2.2.0"}), machine.host) == path
    )
    path.write_text("another")
    with pytest.raises(MissingError, match=r"limactl 1\.2\.1[\s\S]*2\.0\.0"):
        find_programs.find_limactl(RecordingRunner(programs={"limactl": "limactl version 1.2.1"}), machine.host)
    monkeypatch.setenv("SYSINIT_VM_LIMACTL", "/nowhere")
    with pytest.raises(MissingError, match="SYSINIT_VM_LIMACTL names no file"):
        find_programs.find_limactl(RecordingRunner(), machine.host)


@pytest.mark.parametrize(
    ("variable", "find"),
    [("SYSINIT_VM_LIMACTL", find_programs.find_limactl), ("SYSINIT_VM_ZELLIJ", find_programs.find_zellij)],
)
def test_a_variable_that_names_what_cannot_be_run_says_how_it_can(machine, monkeypatch, variable, find):
    path = machine.put("a program")
    path.chmod(0o644)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(MissingError, match="cannot be run") as caught:
        find(RecordingRunner(), machine.host)
    assert caught.value.hint == f"chmod +x '{path}', or unset {variable}"


def test_a_program_of_another_kind_of_machine_tells_no_version(machine, monkeypatch):
    def foreign(_):
        raise OSError(errno.ENOEXEC, "Exec format error")

    path = machine.put("zellij-of-linux")
    monkeypatch.setenv("SYSINIT_VM_ZELLIJ", str(path))
    mac = replace(machine.host, system="Darwin", manager="brew")
    part = prerequisites.zellij(RecordingRunner(answer=foreign), mac, [])
    assert (part.found, part.version, part.enough) == (path, "", True)
    put_limactl(machine)
    assert find_programs.find_limactl(RecordingRunner(answer=foreign), machine.host) is None


def test_limactls_version_is_asked_once_for_each_file(machine):
    path = put_limactl(machine)
    assert find_programs.limactl_version(
        RecordingRunner(programs={"limactl": "limactl version 2.2.0"}), path, machine.host
    ) == (
        2,
        2,
        0,
    )
    assert find_programs.limactl_version(RecordingRunner(), path, machine.host) == (2, 2, 0)
    path.write_text("another")
    assert find_programs.limactl_version(
        RecordingRunner(programs={"limactl": "limactl version 2.3.1"}), path, machine.host
    ) == (
        2,
        3,
        1,
    )


def test_a_version_that_was_not_told_is_asked_again(machine):
    path = put_limactl(machine)
    assert find_programs.limactl_version(RecordingRunner(), path, machine.host) == ()
    assert find_programs.limactl_version(
        RecordingRunner(programs={"limactl": "limactl version 2.2.0"}), path, machine.host
    ) == (
        2,
        2,
        0,
    )


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
    found = find_programs.find_zellij(RecordingRunner(programs={"zellij": f"zellij {version}"}), machine.host)
    assert found == (path if fits else None)


@pytest.mark.parametrize(
    ("content", "arch"), [(elf(62), "x86_64"), (elf(183), "aarch64"), (elf(40), None), (b"#!/bin/sh\n", None)]
)
def test_a_guest_gets_only_a_program_for_its_own_architecture(machine, monkeypatch, content, arch):
    path = machine.put("for-guests", content=content)
    monkeypatch.setenv("SYSINIT_VM_ZELLIJ", str(path))
    for wanted in ("x86_64", "aarch64", ""):
        expected = path if wanted == arch else None
        assert find_programs.find_zellij_for(wanted, RecordingRunner(), machine.host) == expected


def test_a_mac_has_a_linux_program_for_its_guests(machine):
    """The one that `setup` unpacked: it does not run on the Mac itself."""
    mac = replace(machine.host, system="Darwin", arch="aarch64", manager="brew")
    machine.put("zellij", content=b"\xcf\xfa\xed\xfe")
    assert find_programs.find_zellij_for("aarch64", RecordingRunner(), mac) is None
    mac.zellij.parent.mkdir(parents=True)
    mac.zellij.write_bytes(elf(183))
    mac.zellij.chmod(0o755)
    assert find_programs.find_zellij_for("aarch64", RecordingRunner(), mac) == mac.zellij
