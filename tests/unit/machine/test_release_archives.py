"""Which archive a machine takes, and what keeps it from that."""

from dataclasses import replace

import pytest

from sysinit_vm.machine import download, release_archives
from sysinit_vm.machine.download import Answer
from sysinit_vm.machine.pinned_versions import ARCHIVES
from sysinit_vm.machine.release_archives import COMPILED, Releases


@pytest.fixture
def asked(monkeypatch):
    """The locations that were asked for; ``answers`` are what is said of them, by the end of the name."""
    seen = {"locations": [], "answers": {}}

    def ask(location):
        seen["locations"].append(location)
        return next((answer for end, answer in seen["answers"].items() if location.endswith(end)), Answer(length=7))

    monkeypatch.setattr(download, "ask", ask)
    return seen


@pytest.mark.parametrize(
    ("system", "arch", "name"),
    [
        ("Linux", "x86_64", "lima-2.2.0-Linux-x86_64.tar.gz"),
        ("Darwin", "x86_64", "lima-2.2.0-Darwin-x86_64.tar.gz"),
        ("Darwin", "aarch64", "lima-2.2.0-Darwin-arm64.tar.gz"),
    ],
)
def test_lima_is_the_one_for_this_machine_and_from_github(machine, asked, system, arch, name):
    host = replace(machine.host, system=system, arch=arch)
    delivery, obstacle = Releases().lima(host)
    assert delivery.location == f"https://github.com/lima-vm/lima/releases/download/v2.2.0/{name}"
    assert (delivery.final, delivery.program, obstacle) == (machine.host.data / "lima-2.2.0", "bin/limactl", "")
    assert delivery.length == 7


@pytest.mark.parametrize("system", ["Linux", "Darwin"])
def test_zellij_is_the_guests_whatever_this_machine_is(machine, asked, system):
    delivery, _ = Releases().zellij(replace(machine.host, system=system, arch="aarch64"))
    assert delivery.location.endswith("/v0.45.1/zellij-aarch64-unknown-linux-musl.tar.gz")
    assert delivery.final / delivery.program == machine.host.zellij


@pytest.mark.parametrize("mirror", ["https://mirror.example/github", "/srv/archives"])
def test_a_mirror_stands_in_for_github(machine, asked, mirror):
    delivery, _ = Releases(mirror).lima(machine.host)
    assert delivery.location == f"{mirror}/lima-vm/lima/releases/download/v2.2.0/lima-2.2.0-Linux-x86_64.tar.gz"


def test_each_archive_is_asked_for_once(machine, asked):
    releases = Releases()
    for _ in range(3):
        releases.lima(machine.host)
        releases.zellij(machine.host)
    assert len(asked["locations"]) == 2


def test_a_host_that_does_not_answer_is_not_asked_again(machine, asked):
    asked["answers"]["gz"] = Answer("github.com cannot be reached", silent=True)
    releases = Releases()
    assert releases.lima(machine.host) == releases.zellij(machine.host) == (None, "github.com cannot be reached")
    assert len(asked["locations"]) == 1


def test_what_a_host_lacks_says_nothing_of_the_other(machine, asked):
    asked["answers"]["x86_64.tar.gz"] = Answer("HTTP 404")
    releases = Releases()
    assert releases.lima(machine.host) == (None, "HTTP 404")
    assert releases.zellij(machine.host)[0]


def test_a_digest_with_one_source_is_not_used(machine, asked):
    delivery, obstacle = Releases().lima(replace(machine.host, arch="aarch64"))
    assert (delivery, asked["locations"]) == (None, [])
    assert obstacle == "the digest of upstream's archive has no second source"


def test_a_machine_that_upstream_compiles_nothing_for_is_told(machine, asked):
    assert Releases().lima(replace(machine.host, arch="riscv64")) == (
        None,
        "no archive of upstream's is known for Linux on riscv64",
    )


def test_who_wants_to_compile_asks_nobody_and_is_told_no_reason(machine, asked):
    assert COMPILED.lima(machine.host) == Releases(compiling=True).zellij(machine.host) == (None, "")
    assert asked["locations"] == []


def test_a_look_at_the_machine_asks_nobody(machine, asked):
    assert Releases(asking=False).lima(machine.host)[0]
    assert asked["locations"] == []


def test_a_length_that_cannot_be_is_not_believed(machine, asked):
    asked["answers"]["gz"] = Answer(length=10**12)
    delivery, _ = Releases().lima(machine.host)
    assert delivery.length == delivery.archive.longest


def test_what_is_shown_and_recorded_has_the_digest_and_no_login(machine, asked):
    delivery, _ = Releases("https://me:hunter2@mirror.example").lima(machine.host)
    archive = ARCHIVES["lima", "Linux", "x86_64"]
    shown = "\n".join(delivery.steps)
    assert f"Download https://mirror.example/{archive.path}\n" in shown
    assert archive.sha256 in shown
    assert str(machine.host.data / "lima-2.2.0") in shown
    assert delivery.data()["sha256"] == archive.sha256
    assert "hunter2" not in shown + repr(delivery) + str(delivery.data())
    assert release_archives.without_login(delivery.location) == delivery.data()["location"]
