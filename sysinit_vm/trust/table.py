"""Every key of Lima 2.2.0's config (pkg/limatype/lima_yaml.go), decided: what is not in the table is dangerous."""

import re
from collections.abc import Mapping
from typing import Any

from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.files import copy_to_host, file, forward, mount
from sysinit_vm.trust.rules import Dangers, each, guests, mapping, plain_text, says, shown, unknown, words

_QEMU_OWN = re.compile(r"none|default|[A-Za-z0-9_.-]+-v?[0-9]+|host|max|[A-Z][A-Za-z0-9-]*")
_DRIVERS = ("qemu", "vz", "default")
_ROSETTA = mapping({"enabled": guests, "binfmt": guests})
_IMAGE = file(
    "a disk", {"kernel": file("a kernel", {"cmdline": guests}), "initrd": file("an initrd"), "variant": guests}
)
_PROVISION_MODES = ("system", "user", "boot", "dependency", "data", "yq")


def _qemu_text(where: str, value: Any, place: Context) -> Dangers:
    """QEMU's options are one line of text, in which a comma begins the next option: only plain words are harmless."""
    if isinstance(value, Mapping):  # cpuType: one for each arch
        for key, inner in value.items():
            yield from _qemu_text(f"{where}.{key}", inner, place)
    elif value and not _QEMU_OWN.fullmatch(str(value)):
        yield Danger(Level.RUNS, where, f"goes into QEMU's command line as it is: {shown(value)}", value)


def _provision(where: str, value: Any, place: Context) -> Dangers:
    """A script runs in the guest, but for mode ansible; one from a file is judged where the file is looked at."""
    if isinstance(value, Mapping) and (value.get("mode") == "ansible" or value.get("playbook")):
        said = f"runs the Ansible playbook {shown(value.get('playbook'))} on this machine"
        yield Danger(Level.RUNS, where, said, dict(value))
        return
    yield from _PROVISION(where, value, place)


_PROVISION = mapping(
    {
        **dict.fromkeys(("script", "file", "skipDefaultDependencyResolution", "expression", "format"), guests),
        **dict.fromkeys(("content", "overwrite", "owner", "path", "permissions"), guests),
        "mode": words(*_PROVISION_MODES),
    }
)
_PROBE = mapping(
    {
        "mode": words("readiness"),
        "script": guests,
        "file": guests,
        "description": plain_text,
        "hint": plain_text,
    }
)
_NETWORK = mapping(
    {
        "lima": says(Level.OPENS, "joins the network {} of this machine, for which Lima may call sudo"),
        "socket": says(Level.OPENS, "connects the VM to the socket {}"),
        **dict.fromkeys(("vzNAT", "macAddress", "interface", "metric"), guests),
    }
)


def _vm_opts(where: str, value: Any, place: Context) -> Dangers:
    yield from mapping(
        {
            "qemu": mapping({"minimumVersion": guests, "cpuType": _qemu_text}),
            "vz": mapping({"rosetta": _ROSETTA, "diskImageFormat": words("raw", "asif")}),
        }
    )(where, value, place)


def _bound(where: str, value: Any, place: Context) -> Dangers:
    """A param is data for the guest; those that are settings of ours are checked where they are read."""
    if value is not None and not isinstance(value, Mapping):
        yield from unknown(where, value, place)


CONFIG = mapping(
    {
        # What the machine gives, and what the guest does with it.
        **dict.fromkeys(("minimumLimaVersion", "cpus", "memory", "disk", "plain", "timezone", "dns"), guests),
        **dict.fromkeys(("upgradePackages", "guestInstallPrefix", "nestedVirtualization", "tpm", "env"), guests),
        **dict.fromkeys(("mountInotify", "mountTypesUnsupported"), guests),
        "param": _bound,
        "vmType": words(*_DRIVERS),
        "os": words("Linux", "default"),
        "arch": words("x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x", "default"),
        "mountType": words("9p", "virtiofs", "reverse-sshfs", "default"),
        "vmOpts": _vm_opts,
        "rosetta": _ROSETTA,
        "osOpts": says(Level.UNKNOWN, "is not known to sysinit-vm: {}"),
        "user": mapping(dict.fromkeys(("name", "comment", "home", "shell", "uid", "passwordlessSudo"), guests)),
        "containerd": mapping({"system": guests, "user": guests, "archives": each(file("an archive"))}),
        "provision": each(_provision),
        "probes": each(_PROBE),
        "message": plain_text,
        # Files of the host. `base` is judged where the files are looked at.
        "base": guests,
        "images": each(_IMAGE),
        "firmware": mapping({"legacyBIOS": guests, "images": each(file("the firmware", {"vmType": words(*_DRIVERS)}))}),
        "mounts": each(mount),
        "copyToHost": each(copy_to_host),
        "additionalDisks": each(says(Level.WRITES, "attaches one of Lima's disks, which other VMs may use: {}")),
        "caCerts": mapping(
            {
                "removeDefaults": guests,
                "certs": guests,
                "files": says(Level.READS, "gives files of this machine to the guest: {}"),
            }
        ),
        # Free text for QEMU.
        "cpuType": _qemu_text,
        "audio": mapping({"device": _qemu_text, "interface": _qemu_text}),
        "video": mapping({"display": _qemu_text, "vnc": mapping({"display": _qemu_text})}),
        # Networks and credentials.
        "portForwards": each(forward),
        "networks": each(_NETWORK),
        "hostResolver": mapping(
            {
                "enabled": guests,
                "ipv6": guests,
                "hosts": says(Level.OPENS, "answers the guest's questions for these hosts: {}"),
            }
        ),
        "propagateProxyEnv": says(Level.LENDS, "gives your proxy settings to the guest, with their passwords"),
        "ssh": mapping(
            {
                "localPort": guests,
                "loadDotSSHPubKeys": guests,
                "overVsock": guests,
                "forwardAgent": says(Level.LENDS, "lends your SSH agent to the guest: it can log in as you elsewhere"),
                "forwardX11": says(Level.LENDS, "lends your X display to the guest: it can read keys and screen"),
                "forwardX11Trusted": says(Level.LENDS, "trusts the guest with your whole X display"),
            }
        ),
    }
)
