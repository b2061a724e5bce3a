"""What is typed on a Mac, from nothing to the session and on: each step, what limactl is given, and what is named."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.mac import NOT_THERE, Mac
from tests.fakes import DATA
from tests.worlds import CLI

GOLDEN = CLI.parent / "data" / "mac-effective.json"
VZ = json.loads((DATA / "vz-driver.json").read_text())

TRANSCRIPT = CLI.parent / "data" / "mac-up.txt"


def as_recorded(text, file):
    """Whether ``text`` is what ``file`` has, which is written anew where RECORD is set."""
    if os.environ.get("RECORD"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.fixture
def make() -> Iterator:
    """Make Macs; below a short path, because its length limits the names of VMs."""
    places = []

    def made(**machine) -> Mac:
        places.append(Path(tempfile.mkdtemp(prefix="sv", dir="/tmp")).resolve())
        return Mac(places[-1], **machine)

    yield made
    for place in places:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def mac(make) -> Mac:
    return make()


@pytest.fixture
def up(mac) -> Mac:
    """A Mac whose project has a running VM, of the template without ports: which are free is this machine's."""
    done = mac.run("up", "minimal", "--yes")
    assert done.returncode == 0, done.stderr
    return mac


def test_a_look_at_what_only_linux_has_is_noted(mac):
    """Otherwise nothing here could show that there is none."""
    script = "import os; print(os.access('/dev/kvm', 0), os.path.exists('/sys')); open('/proc/version')"
    done = mac.type(sys.executable, "-c", script)
    assert done.stdout == "False False\n"
    assert "No such file or directory: '/proc/version'" in done.stderr
    assert mac.linux_only() == ["/dev/kvm", "/proc/version", "/sys"]


def test_up_goes_from_nothing_to_the_session(mac):
    terminal = mac.terminal("up")
    terminal.wait_for(r"Do all this\? \(no: end here\) \[y/N, s shows the commands\]", seconds=60)
    terminal.press("y\r")
    assert terminal.exit_status() == 0, terminal.text
    shown = terminal.output
    steps = ("Zellij 0.45.1", "brew install lima", "Starting VM: demo-dev", "installing Zellij in the guest")
    places = [shown.index(step) for step in (*steps, "attach --create demo")]
    assert places == sorted(places)
    assert not NOT_THERE.search(shown), NOT_THERE.search(shown)
    assert (mac.linux_only(), mac.gnu_only()) == ([], [])
    assert (mac.guest / "local" / "zellij").is_file()
    assert "attach --create demo" in _again(mac)


def _again(mac) -> str:
    terminal = mac.terminal("up")
    assert terminal.exit_status() == 0, terminal.text
    return terminal.output


def test_the_whole_plan_of_up_and_what_it_does(mac):
    done = mac.run("up", "--yes")
    text = re.sub(r"\[ +\d+s\]", "[  0s]", done.stderr.replace(str(mac.place), "/Users"))
    text = re.sub(r"[0-9a-f]{64}", "DIGEST", text)
    text = re.sub(r"  port \d+: .* is held by .*\n", "", text)  # by what runs on this machine
    as_recorded(text.replace("x86_64", "aarch64"), TRANSCRIPT)
    assert [words[:3] for words in mac.commands() if words[0] == "brew"] == [["brew", "install", "lima"]]
    assert mac.calls()[-1][0] == "shell"


def test_limactl_is_given_this(make):
    """A small one, of Apple silicon: half of its memory."""
    mac = make(arch="arm64", memory=8)
    assert mac.run("up", "--yes").returncode == 0
    data = mac.effective()
    for entry in data["portForwards"]:
        entry["hostPort"] = entry["guestPort"]  # which of them are free is this machine's
    data["env"] = {
        name: name.removeprefix("HOST_PORT_") if "HOST" in name else text for name, text in data["env"].items()
    }
    for script in data["provision"]:
        script["script"] = script["script"].splitlines()[0]
    text = json.dumps(data, indent=2).replace(str(mac.home), "/Users/ada") + "\n"
    as_recorded(text, GOLDEN)


def test_vz_takes_every_key_of_that():
    data = json.loads(GOLDEN.read_text())
    known = {key: {name.casefold() for name in names} for key, names in VZ.items()}
    assert {key.casefold() for key in data} <= known["config"]
    assert {key.casefold() for mount in data["mounts"] for key in mount} <= known["mounts"] | {"9p"}
    assert {key.casefold() for image in data["images"] for key in image} <= known["images"] | known["file"]
    assert data["vmType"] == "vz"
    assert data["mountType"] == "virtiofs"


def test_what_vz_takes_is_what_its_source_says():
    """Where Go has kept the module's source."""
    go = shutil.which("go")
    modules = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout if go else ""
    source = Path(modules.strip(), "github.com/lima-vm/lima/v2@v2.2.0/pkg/driver/vz/vz_driver_darwin.go")
    if not source.is_file():
        pytest.skip("there is no source of Lima 2.2.0 here")
    text = source.read_text()

    def strings(pattern):
        return re.findall(r'"(\w+)"', re.search(pattern, text, re.DOTALL)[1])

    assert strings(r"knownYamlProperties = \[\]string\{(.*?)\}") == VZ["config"]
    assert strings(r"UnknownNonEmptyFields\(image, (.*?)\)") == VZ["images"]
    assert strings(r"UnknownNonEmptyFields\(mount, (.*?)\)") == VZ["mounts"]


def test_no_local_file_is_handed_over_by_a_link(make):
    """Lima would clone the link itself, which then leads nowhere."""
    mac = make(arch="arm64")
    images, elsewhere = mac.lima_home / "_images", mac.place / "elsewhere"
    images.mkdir(parents=True)
    elsewhere.mkdir()
    for end in ("qcow2", "vmlinuz", "initrd"):
        (elsewhere / f"sysinit-debian-20260101-000000.{end}").touch()
        (images / f"sysinit-debian-latest.{end}").symlink_to(f"../../../elsewhere/sysinit-debian-20260101-000000.{end}")
    assert mac.run("up", "--yes").returncode == 0
    (image,) = mac.effective()["images"]
    locations = [image["location"], image["kernel"]["location"], image["initrd"]["location"]]
    assert [Path(location).parent for location in locations] == [elsewhere] * 3
    assert [stat.S_ISREG(os.lstat(location).st_mode) for location in locations] == [True] * 3
    assert mac.run("plan").stderr.strip() == "demo-dev matches its config."


DAILY = [
    ("status", 0),
    ("list", 0),
    ("exec echo hello", 0),
    ("shell", 2),
    ("logs", 0),
    ("doctor --all", 0),
    ("doctor --fix", 0),
    ("plan", 0),
    ("apply --yes", 0),
    ("prune --yes", 0),
    ("copy :/etc/hostname there", 0),
    ("open", 6),
    ("ssh-config --yes", 0),
    ("ssh-config --print", 0),
    ("setup --dry --extras", 0),
    ("trust --show", 0),
    ("stop", 0),
    ("start", 0),
    ("destroy --yes", 0),
]


def test_each_daily_command_works_and_names_only_what_a_mac_has(up):
    for line, status in DAILY:
        done = up.run(*line.split())
        assert done.returncode == status, (line, done.stdout, done.stderr)
        named = NOT_THERE.search(done.stdout + done.stderr)
        assert not named, (line, named)
    assert (up.linux_only(), up.gnu_only()) == ([], [])


def test_ports_shows_those_of_the_guest(up):
    (up.guest / "bin" / "ss").write_text(
        "#!/bin/sh\ncat <<END\n" + (DATA / "guest-listeners.out").read_text() + "END\n"
    )
    (up.guest / "bin" / "ss").chmod(0o755)
    done = up.run("ports", "--json")
    assert done.returncode == 0, done.stderr
    assert {"3000", "8080", "9000"} <= set(re.findall(r"\d{4}", done.stdout))
    assert up.linux_only() == []


def test_the_debian_image_is_not_built_there_and_that_is_said(mac):
    done = mac.run("build.debian")
    assert (done.returncode, done.stderr.splitlines()[-3:]) == (
        6,
        [
            "build.debian cannot run here.",
            "It needs a Linux. VMs are made here from Debian's own image, which the first start downloads.",
            "Try: sysinit-vm up",
        ],
    )


def test_without_nix_the_nixos_image_names_no_other_build(mac):
    done = mac.run("build.dev")
    assert done.returncode == 6
    assert not NOT_THERE.search(done.stderr)


def examined(mac, subject):
    found = [row for row in json.loads(mac.run("doctor", "--json").stdout)["findings"] if row["subject"] == subject]
    return [(row["level"], row["said"]) for row in found]


def test_doctor_tells_of_the_few_files_that_a_program_may_open(up):
    assert examined(up, "open files") == [("note", "256 (any number may be set)")]


def test_doctor_tells_of_a_project_that_icloud_keeps(up):
    assert examined(up, "cloud folder") == []
    root = up.home / "Library" / "Mobile Documents" / "com~apple~CloudDocs" / "demo2"
    root.mkdir(parents=True)
    assert up.run("init", cwd=root).returncode == 0
    done = up.run("doctor", cwd=root)
    assert "iCloud Drive keeps this directory" in done.stdout


def test_everything_of_ours_is_where_the_docs_say(up):
    assert (up.home / ".local/share/sysinit-vm/trust").is_dir()
    assert not (up.home / "Library").exists()
