"""The guest image's shell readers, run on files of the shapes that Lima 2.2.0's templates give."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sysinit_vm.images import debian_files

LIB = debian_files.folder() / "root/usr/lib/sysinit-vm"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB dev@host"
NIC_HEAL = """\
- |
  # Work around the NIC rename race on Ubuntu 26.04 first boot (LP: #2136392):
  for pair in 52:55:55:11:22:33=eth0; do
    mac="${pair%=*}"; want="${pair#*=}"
  done
"""
USER_DATA = f"""\
#cloud-config
# vim:syntax=yaml

growpart:
  mode: auto
  devices: ['/']
package_update: true
mounts:
- [vz-rosetta, /mnt/lima-rosetta, virtiofs, defaults, "0", "0"]
- [lima-0123456789abcdef, /work/a project, with "quotes" # and [x], 9p, "rw,trans=virtio,version=9p2000.L,nofail", "0", "0"]
timezone: Europe/Berlin

users:
  - name: "dev"
    uid: "1000"
    gecos: "Dev \\"The\\" Eloper"
    homedir: "/home/dev.guest"
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh-authorized-keys:
      - "{KEY}"
      - "ssh-rsa AAAAB3 a \\"quoted\\" \\\\ comment \\u00e9"
write_files:
 - content: |
      #!/bin/sh
      set -eux
   owner: root:root
   path: /var/lib/cloud/scripts/per-boot/00-lima.boot.sh
   permissions: '0755'
# This has no effect on systems using systemd-resolved, but is used
# on e.g. Alpine to set up /etc/resolv.conf on first boot.

manage_resolv_conf: true

resolv_conf:
  nameservers:
  - 192.168.5.3
  - 8.8.8.8

ca_certs:
  remove_defaults: true
  trusted:
  - |
    -----BEGIN CERTIFICATE-----
    AAAA
    -----END CERTIFICATE-----
  - |
    -----BEGIN CERTIFICATE-----
    BBBB
    -----END CERTIFICATE-----

bootcmd:
{NIC_HEAL}- |
  # We need to embed the params.env as a here-doc because /mnt/lima-cidata is not yet mounted
  while read -r line; do [ -n "$line" ] && export "$line"; done <<'EOF'
  PARAM_GREETING=hello big world
  EOF
  #!/bin/sh
  if true; then
    echo "$PARAM_GREETING: - | bootcmd:"
  fi
{"  "}
"""
NETWORK = """\
version: 2
ethernets:
  eth0:
    match:
      macaddress: '52:55:55:AB:CD:EF'
    dhcp4: true
    set-name: eth0
    dhcp4-overrides:
      route-metric: 200
    dhcp-identifier: mac
    nameservers:
      addresses:
      - 1.1.1.1
      - 192.168.5.3
  lima0:
    match:
      macaddress: '52:55:55:00:00:01'
    dhcp4: true
    set-name: lima0
    dhcp4-overrides:
      route-metric: 100
    dhcp-identifier: mac
"""


def shell(script, *args, cwd=None):
    done = subprocess.run(
        ["bash", "-euc", f". {shlex.quote(str(LIB / 'cidata.sh'))}; {script}", "bash", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert done.stderr == ""
    return done


@pytest.fixture
def user_data(tmp_path):
    path = tmp_path / "user-data"
    path.write_text(USER_DATA)
    return path


def mount(line):
    done = shell('parse_mount "$1" && printf "%s\\n" "$TAG" "$POINT" "$TYPE" "$OPTIONS"', line)
    return done.stdout.splitlines() if done.returncode == 0 else None


def test_mounts(user_data):
    lines = [line for line in shell('section mounts "$1"', user_data).stdout.splitlines() if line]
    assert list(map(mount, lines)) == [
        ["vz-rosetta", "/mnt/lima-rosetta", "virtiofs", "defaults"],
        [
            "lima-0123456789abcdef",
            '/work/a project, with "quotes" # and [x]',
            "9p",
            "rw,trans=virtio,version=9p2000.L,nofail",
        ],
    ]


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=40))
@example(', 9p, "rw", "0", "0"]')
@example(" {x}: 'é' `$(id)` \\n ")
def test_any_mount_point(rest):
    line = f'- [lima-0123456789abcdef, /{rest}, 9p, "ro,trans=virtio,nofail", "0", "0"]'
    found = shell('parse_mount "$1" && printf "%s\\0" "$TAG" "$POINT" "$TYPE" "$OPTIONS"', line).stdout
    assert found.split("\0") == ["lima-0123456789abcdef", f"/{rest}", "9p", "ro,trans=virtio,nofail", ""]


@pytest.mark.parametrize(
    "line",
    [
        "- [tag]",
        '- [tag, relative, 9p, "rw", "0", "0"]',
        '- [tag, /a, "9p; id", "rw", "0", "0"]',
        '- [tag, /a, 9p, "rw", "0", "1"]',
        "",
    ],
)
def test_what_is_no_mount(line):
    assert mount(line) is None


def test_keys(user_data):
    assert shell('authorized_keys "$1"', user_data).stdout.splitlines() == [
        KEY,
        'ssh-rsa AAAAB3 a "quoted" \\ comment é',
    ]


def test_scalars(user_data, tmp_path):
    (tmp_path / "meta-data").write_text("instance-id: iid-17\nlocal-hostname: lima-demo-dev\n")
    assert shell('scalar timezone "$1"', user_data).stdout == "Europe/Berlin\n"
    assert shell('scalar local-hostname "$1"', tmp_path / "meta-data").stdout == "lima-demo-dev\n"
    assert shell('scalar missing "$1"', user_data).stdout == ""


def test_nameservers(user_data):
    assert shell('items resolv_conf "$1"', user_data).stdout.splitlines() == ["192.168.5.3", "8.8.8.8"]


def test_boot_commands_run_and_lima_s_own_are_left_out(user_data):
    script = shell('boot_commands "$1"', user_data).stdout
    assert "NIC rename" not in script
    ran = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "hello big world: - | bootcmd:\n"


def test_no_boot_commands_but_lima_s(tmp_path):
    (tmp_path / "user-data").write_text(f"bootcmd:\n{NIC_HEAL}")
    assert shell('boot_commands "$1"', tmp_path / "user-data").stdout == ""


def test_certificates(user_data, tmp_path):
    shell('certificates "$1" "$2"', user_data, tmp_path)
    assert [path.read_text().splitlines()[1] for path in sorted(tmp_path.glob("*.crt"))] == ["AAAA", "BBBB"]
    assert "remove_defaults: true" in shell('section ca_certs "$1"', user_data).stdout


def test_interfaces(tmp_path):
    (tmp_path / "network-config").write_text(NETWORK)
    assert shell('interfaces "$1"', tmp_path / "network-config").stdout.splitlines() == [
        "eth0 52:55:55:ab:cd:ef 200 1.1.1.1 192.168.5.3",
        "lima0 52:55:55:00:00:01 100",
    ]


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=40))
@example("  two  spaces ' \" $(id) \\ ")
def test_lima_env_values(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("env") / "lima.env"
    path.write_text(f"PATH=/nowhere\nLIMA_CIDATA_COMMENT={value}\nLIMA_CIDATA_UID=501\nLIMA_CIDATA_PLAIN=")
    script = 'lima_env "$1"; printf "%s\\0" "$LIMA_CIDATA_COMMENT" "$LIMA_CIDATA_UID" "${LIMA_CIDATA_PLAIN-unset}"'
    assert shell(script, path).stdout.split("\0")[:3] == [value, "501", ""]


@pytest.mark.parametrize(
    "path", [*filter(Path.is_file, LIB.rglob("*")), debian_files.folder() / "finish"], ids=lambda path: path.name
)
def test_scripts_are_well_formed(path):
    first = path.read_text().splitlines()[0]
    interpreter = "bash" if "bash" in first or path.suffix == ".sh" else "sh"
    assert subprocess.run([interpreter, "-n", path], check=False).returncode == 0


def test_every_step_of_lima_init_is_defined():
    text = (LIB / "lima-init").read_text()
    steps = re.findall(r"^  step (\w+)", text, re.MULTILINE)
    assert len(steps) > 10
    assert all(f"\n{name}() {{" in text for name in steps)


ACCOUNTS = """\
root:x:0:0:root:/root:/bin/bash
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
systemd-timesync:x:999:997:systemd Time Synchronization:/:/usr/sbin/nologin
dev:x:1000:1000::/home/dev:/bin/bash
"""


@pytest.mark.parametrize(
    ("user", "uid", "moved"),
    [
        ("runner", 998, "systemd-network:x:997:998"),
        ("runner", 999, "systemd-timesync:x:997:997"),
        ("systemd-timesync", 998, "systemd-network:x:997:998"),
        ("runner", 996, ""),
        ("dev", 1000, ""),
    ],
)
def test_an_account_of_the_image_gives_its_uid_to_the_user(tmp_path, user, uid, moved):
    (tmp_path / "passwd").write_text(ACCOUNTS)
    lib = shlex.quote(str(LIB))
    stubs = 'find() { echo "find $*"; }; systemctl() { :; }; useradd() { echo add; }; usermod() { echo change; }'
    values = f"PASSWD=$1 LIMA_CIDATA_USER={user} LIMA_CIDATA_UID={uid} LIMA_CIDATA_SHELL=/bin/sh LIMA_CIDATA_HOME=/ho"
    values += " LIMA_CIDATA_COMMENT="
    script = f"LIMA_INIT_LIB={lib} . {lib}/lima-init; {stubs}; chown() {{ :; }}; cp() {{ :; }}; {values}; make_user"
    done = subprocess.run(
        ["bash", "-c", script, "bash", tmp_path / "passwd"], capture_output=True, text=True, check=True
    )
    changed = (tmp_path / "passwd").read_text()
    assert [line for line in changed.splitlines() if line not in ACCOUNTS.splitlines()] == [
        line.replace(f":{uid}:", ":997:", 1) for line in ACCOUNTS.splitlines() if moved and f":x:{uid}:" in line
    ]
    assert moved in changed
    assert done.stdout.splitlines() == [
        *([f"find / -xdev -uid {uid} -exec chown -h 997 {{}} +"] if moved else []),
        "change" if f"{user}:" in ACCOUNTS else "add",
    ]


MOUNT = """\
TAG=tag POINT=$1 TYPE=9p OPTIONS=ro LIMA_CIDATA_HOME=/nowhere tried=0
mount() {
  [[ $* == "-t 9p -o ro -- tag $1" || -d $POINT ]] || exit 9
  ((++tried < $2)) || return 0
  [[ $3 == kept ]] || rm -r "${POINT%/*}"
  return 32
}
"""


@pytest.mark.parametrize(
    ("times", "point", "code", "tries"),
    [(1, "gone", 0, 1), (2, "gone", 0, 2), (5, "gone", 0, 5), (6, "gone", 1, 5), (6, "kept", 1, 1)],
)
def test_a_mount_point_that_vanishes_meanwhile_is_made_again(tmp_path, times, point, code, tries):
    lib, place = shlex.quote(str(LIB)), tmp_path / "a" / "b c"
    mount = MOUNT.replace("$2", str(times)).replace("$3", point)
    script = f"LIMA_INIT_LIB={lib} . {lib}/lima-init; {mount} mount_folder; echo $? $tried"
    done = subprocess.run(["bash", "-c", script, "bash", place], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{code} {tries}\n", "")


AGENT_UNIT = """\
[Unit]
Description=lima-guestagent

[Service]
ExecStart=/usr/local/bin/lima-guestagent daemon --socket-owner 1000 --runtime-dir="%t/%N"
Type=simple
Restart=on-failure
OOMPolicy=continue
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
"""


def test_the_agent_s_unit_is_lima_s_own_to_the_byte():
    """As Lima 2.2.0's `lima-guestagent install-systemd` wrote it; otherwise it writes it again, and reloads systemd."""
    lib = shlex.quote(str(LIB))
    line = f"LIMA_INIT_LIB={lib} . {lib}/lima-init; agent_unit /usr/local/bin/lima-guestagent '--socket-owner 1000'"
    assert subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout == AGENT_UNIT


@pytest.mark.parametrize(
    ("shim", "caller", "words"),
    [
        ("modprobe", "00-modprobe.sh", "overlay"),
        ("systemctl", "20-rootless-base.sh", "daemon-reload"),
    ],
)
def test_a_shim_answers_lima_s_own_script_alone(tmp_path, shim, caller, words):
    copy = tmp_path / shim
    copy.write_text((LIB / "bin" / shim).read_text().replace(f"bin/{shim}", "bin/echo").replace("/sbin/", "/bin/"))

    def ran(name, arguments):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\nsh {copy} {arguments} 2>&1\n:\n")
        script.chmod(0o755)
        return subprocess.run([script], capture_output=True, text=True, check=True).stdout

    assert ran(caller, words) == ""
    assert ran("provision", words) == f"{words}\n"


def test_the_sum_that_is_quicker_is_only_for_the_agent(tmp_path):
    (tmp_path / "file").write_text("x")

    def ran(name):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\nsh {shlex.quote(str(LIB))}/bin/sha256sum <{tmp_path}/file\n:\n")
        script.chmod(0o755)
        return len(subprocess.run([script], capture_output=True, text=True, check=True).stdout.split()[0])

    assert (ran("25-guestagent-base.sh"), ran("provision")) == (32, 64)


@pytest.fixture
def apt(tmp_path):
    """Run our apt where the real one tells how it is called, and puts lists there if it is to update."""
    lists, programs = tmp_path / "lists", tmp_path / "programs"
    for directory in (lists / "partial", programs):
        directory.mkdir(parents=True)
    for name in ("apt", "apt-get"):
        script = f'#!/bin/sh\necho "{name} $*"\n[ "$1" != update ] || : >{lists}/m_dists_bookworm_InRelease\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
        text = (LIB / "apt").read_text()
        (tmp_path / name).write_text(text.replace("/var/lib/apt/lists", str(lists)).replace("/usr/bin", str(programs)))

    def ran(name, *words):
        argv = ["sh", str(tmp_path / name), *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        return done.stdout, done.stderr

    ran.lists = lists
    return ran


@pytest.mark.parametrize("words", [("install", "-y", "nano"), ("-o", "A=b c", "-qq", "install", "nano"), ("upgrade",)])
@pytest.mark.parametrize("name", ["apt", "apt-get"])
def test_what_first_needs_package_lists_fetches_them(apt, name, words):
    line = f"{name} {' '.join(words)}\n"
    assert apt(name, *words) == (line, f"There are no package lists yet: {name} update\n{name} update\n")
    assert apt(name, *words) == (line, "")


@pytest.mark.parametrize("words", [("update",), ("remove", "nano"), ("clean",), ("--version",), ()])
def test_what_needs_no_lists_fetches_none(apt, words):
    assert apt("apt-get", *words) == (f"apt-get {' '.join(words)}\n", "")


def test_who_cannot_write_the_lists_is_told_who_can(apt):
    """Root can write everywhere; a directory that is missing stands for one that is root's."""
    (apt.lists / "partial").rmdir()
    apt.lists.rmdir()
    out, err = apt("apt", "search", "ripgrep")
    assert (out, err) == ("apt search ripgrep\n", "There are no package lists yet. Try: sudo apt update\n")


def test_an_update_that_fails_leaves_the_answer_to_apt_itself(apt):
    program = apt.lists.parent / "programs" / "apt-get"
    program.write_text('#!/bin/sh\necho "$*"\n[ "$1" != update ]\n')
    assert apt("apt-get", "install", "nano")[0] == "install nano\n"
