"""The Debian image on a real VM that holds at once all that Lima's `cidata` volume can say; limactl alone drives it.

Its first start has no network, its second a larger disk, and then a clone of it starts in plain mode.
"""

import json
import shutil
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from sysinit_vm.images.available import debian_entry
from sysinit_vm.lima.judged import JudgedConfig, JudgedFile, JudgedInstance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import accelerator, facts
from sysinit_vm.machine.find_programs import find_limactl
from sysinit_vm.runner import Runner

READ_ONLY = "/tmp/deep/read only #1"  # where systemd clears away what is there, at each later boot
WRAPPER = """#!/bin/sh
for word; do
  shift
  case $word in user,id=net0,*) word=$word,restrict=on ;; esac
  set -- "$@" "$word"
done
exec {qemu} "$@"
"""
PROVISION = [
    {"mode": "boot", "script": '#!/bin/sh\necho "boot $PARAM_GREETING" >>/run/modes\n'},
    {"mode": "dependency", "script": "#!/bin/sh\necho dependency >>/run/modes\n"},
    {"mode": "data", "path": "/opt/data dir/file", "content": "a  b\n# c\n", "permissions": "640"},
    {"mode": "yq", "path": "/opt/settings.yaml", "expression": '.name = "{{.Param.GREETING}}"', "owner": "root:root"},
    {"mode": "system", "script": '#!/bin/bash\necho "system $PARAM_GREETING $WORDS" >>/run/modes\n'},
    {"mode": "user", "script": '#!/bin/bash\necho "user $PARAM_GREETING $(id -u)" | sudo tee -a /run/modes\n'},
]


def config(world, writable, read_only):
    return {
        "vmType": "qemu",
        "cpus": 2,
        "memory": "1GiB",
        "disk": "5GiB",
        "images": [debian_entry(world.lima_home)],
        "mountType": "9p",
        "mounts": [
            {"location": str(writable), "writable": True, "9p": {"securityModel": "none", "cache": "mmap"}},
            {"location": str(read_only), "mountPoint": READ_ONLY},
        ],
        "additionalDisks": ["extra"],
        "param": {"GREETING": "hello  big 'world'"},
        "env": {"WORDS": "one two"},
        "timezone": "Europe/Berlin",
        "user": {"comment": "A Developer"},
        "provision": PROVISION,
        "containerd": {"system": False, "user": False},
        "ssh": {"loadDotSSHPubKeys": False},
    }


@pytest.fixture(scope="module")
def vm(world):
    """Give the VM in its three states, each started when it is first asked for, in this order."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.env.items():
            patch.setenv(name, value)
        made = SimpleNamespace(lima=Limactl(Runner(), find_limactl()), place=world.place / "all at once")
        made.writable, made.read_only = made.place / "read write", made.place / "read only"
        for directory in (made.writable, made.read_only):
            directory.mkdir(parents=True)
            (directory / "host file").write_text("of the host\n")
        made.config = config(world, made.writable, made.read_only)
        yield made
        for name in ("all", "copy"):
            made.lima.delete(name)
        limactl(made, "disk", "delete", "extra")
        shutil.rmtree(made.place)


@pytest.fixture(scope="module")
def answering():
    """Give the port of a program on the host that says hello to whoever connects."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"hello from the host\n")

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def limactl(vm, *words):
    done = Runner().read((*vm.lima.account.prefix, str(vm.lima.binary), *words), env=vm.lima.account.env, cwd=vm.place)
    assert done.ok, done.err
    return done.out


def start(world, vm, name, *, new=False, cut=False):
    here, kernel = facts.gather(), Path(vm.config["images"][0]["kernel"]["location"])
    variable = f"QEMU_SYSTEM_{here.arch.upper()}"
    env = dict(accelerator.choose(Runner(), here, world.env.get("SYSINIT_VM_ACCELERATOR", "auto"), [kernel]).env)
    qemu, _, flags = env.get(variable, f"qemu-system-{here.arch}").partition(" ")
    if cut:
        wrapper = world.place / "qemu-without-network"
        wrapper.write_text(WRAPPER.format(qemu=shutil.which(qemu)))
        wrapper.chmod(0o755)
        env[variable] = f"{wrapper} {flags}"
    said = []
    if new:
        path = vm.place / "config.yaml"
        path.write_text(json.dumps(vm.config))
        done = vm.lima.create(JudgedFile(path, name), said.append, env=env)
        assert done.ok, done.err
    done = vm.lima.start(JudgedInstance(name), said.append, timeout=1800, env=env)
    assert done.ok, said[-20:]
    assert any("READY" in text for _, text in said)


def sh(vm, script, name="all"):
    done = vm.lima.run(name, ["bash", "-lc", script], timeout=300)
    assert done.ok, f"{script}: {done.err}"
    return done.out


def identity(vm, name="all"):
    return sh(vm, "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; hostname", name).splitlines()


def reaches(vm, port):
    return vm.lima.run("all", ["timeout", "10", "bash", "-c", f"cat </dev/tcp/192.168.5.2/{port}"]).out


@pytest.fixture(scope="module")
def first(world, vm):
    limactl(vm, "disk", "create", "extra", "--size", "1GiB", "--tty=false")
    start(world, vm, "all", new=True, cut=True)
    vm.identity = identity(vm)
    return vm


def test_a_first_start_without_network_is_ready(first, answering):
    assert "hello" not in reaches(first, answering)
    assert sh(first, "systemctl --failed --no-legend") == ""
    said = sh(first, "sudo journalctl -b -q -u lima-init -u lima-boot -o cat")
    assert "now 1310720 (4k) blocks" in said
    assert "WARNING" not in said


def test_the_image_is_small_and_has_manuals_but_no_package_lists(first):
    assert Path(first.config["images"][0]["location"]).stat().st_size < 450 * 10**6
    assert sh(first, "man -w apt").startswith("/usr/share/man/")
    assert sh(first, "systemctl is-enabled man-db.timer || true") == "masked\n"
    assert sh(first, "ls /var/lib/apt/lists") == "lock\npartial\n"
    assert sh(first, "command -v apt apt-get") == "/usr/local/bin/apt\n/usr/local/bin/apt-get\n"


def test_all_modes_of_provisioning_ran_with_their_values(first):
    assert sh(first, "cat /run/modes").splitlines() == [
        "boot hello  big 'world'",
        "dependency",
        "system hello  big 'world' one two",
        f"user hello  big 'world' {sh(first, 'id -u').strip()}",
    ]
    assert sh(first, "sudo cat '/opt/data dir/file'") == "a  b\n# c\n"
    assert sh(first, "sudo stat -c %a '/opt/data dir/file'") == "640\n"
    assert sh(first, "cat /opt/settings.yaml") == "name: hello  big 'world'\n"
    assert sh(first, "printenv WORDS") == "one two\n"


def test_mounts_with_spaces_are_read_only_where_they_say_so(first):
    assert sh(first, f"cat '{first.writable}/host file' '{READ_ONLY}/host file'") == "of the host\n" * 2
    sh(first, f"echo of the guest >'{first.writable}/guest file'")
    assert (first.writable / "guest file").read_text() == "of the guest\n"
    assert (first.writable / "guest file").stat().st_uid == (first.writable / "host file").stat().st_uid
    refused = first.lima.run("all", ["bash", "-c", f"sudo touch '{READ_ONLY}/no'"])
    assert "Read-only file system" in refused.err
    assert [path.name for path in first.read_only.iterdir()] == ["host file"]


def test_the_user_and_the_machine_are_as_lima_says(first):
    assert sh(first, "getent passwd $(id -un) | cut -d: -f5") == "A Developer\n"
    assert sh(first, "date +%Z") in {"CET\n", "CEST\n"}
    assert first.identity[-1] == "lima-all"
    assert sh(first, "systemctl is-active lima-guestagent ssh") == "active\n" * 2
    assert "already up-to-date" in sh(first, "sudo journalctl -b -u lima-boot -o cat")


def test_what_lima_loads_is_loaded(first):
    sh(first, "until systemctl show lima-late | grep -q SubState=exited; do sleep 1; done")
    wanted = ["fuse", "tun", "bridge", "veth", "ip_tables", "nf_tables", "xt_MASQUERADE", "overlay"]
    assert sh(first, f"for m in {' '.join(wanted)}; do [ -d /sys/module/$m ] || echo $m; done") == ""


def size(vm):
    return int(sh(vm, "df --output=size -B1 / | tail -1"))


def test_the_root_fills_the_disk_and_extra_disks_are_there(first):
    assert size(first) > 4.5 * 2**30
    assert sh(first, "findmnt -no FSTYPE /mnt/lima-extra") == "ext4\n"
    sh(first, "echo kept | sudo tee /mnt/lima-extra/file")


@pytest.fixture(scope="module")
def later(world, first):
    first.lima.stop("all")
    first.lima.edit(JudgedConfig("all", {**first.config, "disk": "6GiB"}))
    start(world, first, "all")
    return first


def test_a_later_start_is_the_same_machine_with_a_larger_disk_and_its_network(later, answering):
    assert identity(later) == later.identity
    assert reaches(later, answering) == "hello from the host\n"
    assert size(later) > 5.5 * 2**30
    assert sh(later, f"cat '{READ_ONLY}/host file'") == "of the host\n"
    assert sh(later, "cat /mnt/lima-extra/file") == "kept\n"
    assert sh(later, "cat /run/modes").count("hello") == 3
    assert "hello" in sh(later, "sudo journalctl -b -1 -q -u lima-boot -o cat")


def test_a_clone_is_a_machine_of_its_own_and_plain_mode_works(world, later):
    later.lima.stop("all")
    limactl(later, "clone", "--tty=false", "all", "copy", "--set", ".plain = true | .additionalDisks = []")
    start(world, later, "copy")
    machine_id, key, name = identity(later, "copy")
    assert machine_id not in later.identity
    assert key not in later.identity
    assert name == "lima-copy"
    assert "Plain mode" in sh(later, "sudo journalctl -b -q -u lima-boot -o cat", "copy")
    assert sh(later, "findmnt -rno FSTYPE -t 9p || true", "copy") == ""
    assert "system hello" in sh(later, "cat /run/modes", "copy")
    assert sh(later, "sudo journalctl -b -q -u lima-init -o cat | wc -l", "copy").strip() != "0"
