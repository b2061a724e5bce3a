"""A machine whose PATH holds only what a test puts there."""

from dataclasses import replace
from typing import ClassVar

from sysinit_vm import executables
from sysinit_vm.machine import package_manager, prerequisites
from sysinit_vm.machine.host import Host

AGENT = "share/lima/lima-guestagent.Linux-x86_64"


class Machine:
    """A machine whose PATH holds only what a test puts there."""

    ARM: ClassVar = {"arch": "aarch64"}

    def __init__(self, tmp_path, monkeypatch):
        self.bin, self.tmp = tmp_path / "bin", tmp_path
        self.bin.mkdir()
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setattr(executables, "_SBIN", ())
        monkeypatch.setattr(package_manager, "_LISTS", tmp_path / "lists")
        monkeypatch.setattr(
            prerequisites, "_X86", (replace(prerequisites._X86[0]),)
        )  # without firmware: its paths are absolute
        monkeypatch.setattr(prerequisites, "_ARM", prerequisites._ARM[:1])
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
            cores=2,
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


def by_name(found):
    return {part.name: part for part in found}


NIX = ("nix", "--extra-experimental-features", "nix-command flakes", "profile", "install")
