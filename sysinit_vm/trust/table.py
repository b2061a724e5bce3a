"""Every key of Lima's config (pkg/limatype/lima_yaml.go), judged: a key that is not in the table is dangerous."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sysinit_vm.trust import playbooks
from sysinit_vm.trust.danger import Context, Danger, Level, Where
from sysinit_vm.trust.files import additional_disk, copy_to_host, forward, host_file, mount, network_socket
from sysinit_vm.trust.rules import (
    Dangers,
    always,
    entries,
    guest_only,
    mapping,
    one_of,
    plain_text,
    switch,
    text,
    unknown,
    whole,
)

MADE_FOR = ((2, 0), (2, 2))
"""The oldest and the newest Lima whose keys the table knows, without the last number of their versions."""


def unknown_version(version: Sequence[int]) -> str:
    """Return a sentence about a ``version`` of Lima for which the table was not made; empty for the others."""
    if not version or MADE_FOR[0] <= tuple(version[:2]) <= MADE_FOR[1]:
        return ""
    oldest, newest = (".".join(map(str, number)) for number in MADE_FOR)
    return (
        f"Configs are judged by what Lima {oldest} to {newest} does with them; this is Lima "
        f"{'.'.join(map(str, version))}. A key that sysinit-vm does not know counts as dangerous."
    )


_QEMU_OWN = re.compile(r"none|[A-Za-z0-9_.-]+-v?[0-9]+|host|max|[A-Z][A-Za-z0-9-]*")
_DRIVERS = ("qemu", "vz", "default")
_ROSETTA = mapping({"enabled": guest_only, "binfmt": guest_only})
_IMAGE = host_file(
    "a disk",
    {"kernel": host_file("a kernel", {"cmdline": guest_only}), "initrd": host_file("an initrd"), "variant": guest_only},
)
_PROVISION_MODES = ("system", "user", "boot", "dependency", "data", "yq")


def _qemu_text(where: Where, value: Any, context: Context) -> Dangers:
    """QEMU's options are one line of text in which a comma begins the next option: only plain words are harmless."""
    if isinstance(value, Mapping):  # cpuType: one for each arch
        for key, inner in value.items():
            yield from _qemu_text((*where, str(key)), inner, context)
    elif text(value) and not _QEMU_OWN.fullmatch(text(value)):
        yield Danger(Level.RUNS, where, f"goes into QEMU's command line unchanged: {whole(value)}", value)


def _provision(where: Where, value: Any, context: Context) -> Dangers:
    """A script runs in the guest, except in mode ansible; one from a file is judged in bases.py."""
    if isinstance(value, Mapping) and playbooks.is_one(value):
        yield from playbooks.danger(where, value, context)
    else:
        yield from _PROVISION(where, value, context)


_PROVISION = mapping(
    {
        **dict.fromkeys(("script", "file", "skipDefaultDependencyResolution", "expression", "format"), guest_only),
        **dict.fromkeys(("content", "overwrite", "owner", "path", "permissions"), guest_only),
        "mode": one_of(*_PROVISION_MODES),
    }
)
_PROBE = mapping(
    {
        "mode": one_of("readiness"),
        "script": guest_only,
        "file": guest_only,
        "description": plain_text,
        "hint": plain_text,
    }
)
_NETWORK = mapping(
    {
        "lima": always(Level.OPENS, "joins the network {} of this machine, for which Lima may call sudo"),
        "socket": network_socket,
        **dict.fromkeys(("vzNAT", "macAddress", "interface", "metric"), guest_only),
    }
)


def _vm_opts(where: Where, value: Any, context: Context) -> Dangers:
    yield from mapping(
        {
            "qemu": mapping({"minimumVersion": guest_only, "cpuType": _qemu_text}),
            "vz": mapping({"rosetta": _ROSETTA, "diskImageFormat": one_of("raw", "asif")}),
        }
    )(where, value, context)


def _mount_type(where: Where, value: Any, context: Context) -> Dangers:
    """The SFTP server of Lima's reverse-sshfs only changes directory (2.2.0): nothing confines the guest to it."""
    if value == "reverse-sshfs":
        words = (
            "lets the guest read all your files, and write them if a mount is writable (reverse-sshfs); an image of "
            "`sysinit-vm build.debian` does not need it, nor may `init --ssh agent` or `--ssh none`"
        )
        yield Danger(Level.RUNS, where, words, value)
    else:
        yield from one_of("9p", "virtiofs", "default")(where, value, context)


def _param(where: Where, value: Any, context: Context) -> Dangers:
    """A param is data for the guest; our own settings among them are checked when they are read."""
    if value is not None and not isinstance(value, Mapping):
        yield from unknown(where, value, context)


CONFIG = mapping(
    {
        # What the VM gets of this machine, and what the guest does with it.
        **dict.fromkeys(("minimumLimaVersion", "cpus", "memory", "disk", "plain", "timezone", "dns"), guest_only),
        **dict.fromkeys(("upgradePackages", "guestInstallPrefix", "nestedVirtualization", "tpm", "env"), guest_only),
        "mountTypesUnsupported": guest_only,
        # Lima sets its watches anew from the mounts' paths, in which the guest may have put a link meanwhile (2.2.0).
        "mountInotify": switch(
            Level.READS, "tells the guest names and times of files, wherever a link that it makes in a mount leads"
        ),
        "param": _param,
        "vmType": one_of(*_DRIVERS),
        "os": one_of("Linux", "default"),
        "arch": one_of("x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x", "default"),
        "mountType": _mount_type,
        "vmOpts": _vm_opts,
        "rosetta": _ROSETTA,
        "osOpts": always(Level.UNKNOWN, "is not known to sysinit-vm: {}"),
        "user": mapping(dict.fromkeys(("name", "comment", "home", "shell", "uid", "passwordlessSudo"), guest_only)),
        "containerd": mapping({"system": guest_only, "user": guest_only, "archives": entries(host_file("an archive"))}),
        "provision": entries(_provision),
        "probes": entries(_PROBE),
        "message": plain_text,
        # Host files. `base` is judged in bases.py.
        "base": guest_only,
        "images": entries(_IMAGE),
        "firmware": mapping(
            {"legacyBIOS": guest_only, "images": entries(host_file("the firmware", {"vmType": one_of(*_DRIVERS)}))}
        ),
        "mounts": entries(mount),
        "copyToHost": entries(copy_to_host),
        "additionalDisks": entries(additional_disk),
        "caCerts": mapping(
            {
                "removeDefaults": guest_only,
                "certs": guest_only,
                "files": always(Level.READS, "gives files of this machine to the guest: {}"),
            }
        ),
        # Free text for QEMU.
        "cpuType": _qemu_text,
        "audio": mapping({"device": _qemu_text, "interface": _qemu_text}),
        "video": mapping({"display": _qemu_text, "vnc": mapping({"display": _qemu_text})}),
        # Networks and credentials.
        "portForwards": entries(forward),
        "networks": entries(_NETWORK),
        "hostResolver": mapping(
            {
                "enabled": guest_only,
                "ipv6": guest_only,
                "hosts": always(Level.OPENS, "answers the guest's questions for these hosts: {}"),
            }
        ),
        "propagateProxyEnv": guest_only,  # judged by proxies, because absent means true
        "ssh": mapping(
            {
                "localPort": guest_only,
                "loadDotSSHPubKeys": switch(Level.READS, "gives the guest your public keys, ~/.ssh/*.pub"),
                "overVsock": guest_only,
                "forwardAgent": switch(
                    Level.LENDS, "lends your SSH agent to the guest: it can log in as you elsewhere"
                ),
                "forwardX11": switch(Level.LENDS, "lends your X display to the guest: it can read keys and screen"),
                "forwardX11Trusted": switch(Level.LENDS, "trusts the guest with your whole X display"),
            }
        ),
    }
)


def proxies(data: Mapping[str, Any], context: Context) -> Dangers:
    """Proxy settings with passwords reach every guest whose config does not say no (Lima 2.2.0)."""
    if data.get("propagateProxyEnv") is not False:
        for name, digest in context.proxies:
            words = f"gives {name} to the guest, with its password; `propagateProxyEnv: false` keeps it here"
            yield Danger(Level.LENDS, ("propagateProxyEnv", name), words, digest)
