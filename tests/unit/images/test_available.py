from pathlib import Path

import pytest

from sysinit_vm.config import document
from sysinit_vm.images import available
from sysinit_vm.images.available import choose
from sysinit_vm.init import render
from tests.fakes import facts

NIXOS = {"location": "~/.lima/_images/sysinit-lima-dev-latest.qcow2"}
DEBIAN = {
    "location": "~/.lima/_images/sysinit-debian-latest.qcow2",
    "kernel": {"location": "~/.lima/_images/sysinit-debian-latest.vmlinuz", "cmdline": "root=/dev/vda"},
    "initrd": {"location": "~/.lima/_images/sysinit-debian-latest.initrd"},
}
REMOTE = {"location": "https://a.example/x86.qcow2", "arch": "x86_64"}
REMOTE_ARM = {"location": "https://a.example/arm.qcow2", "arch": "aarch64"}
ALL = [NIXOS, DEBIAN, REMOTE, REMOTE_ARM]


@pytest.fixture
def machine(tmp_path):
    def make(*files, **changes):
        lima_home = tmp_path / "lima"
        (lima_home / "_images").mkdir(parents=True, exist_ok=True)
        for name in files:
            (lima_home / "_images" / name).write_text("")
        return facts(lima_home=lima_home, home=tmp_path, **changes)

    return make


DEBIAN_FILES = ("sysinit-debian-latest.qcow2", "sysinit-debian-latest.vmlinuz", "sysinit-debian-latest.initrd")


def test_the_first_that_exists_is_taken_in_the_configs_order(machine):
    here = machine("sysinit-lima-dev-latest.qcow2", *DEBIAN_FILES)
    assert choose(ALL, here, "x86_64").entry["location"] == str(
        here.lima_home / "_images/sysinit-lima-dev-latest.qcow2"
    )
    assert "debian" in choose([DEBIAN, NIXOS], here, "x86_64").entry["location"]


def test_a_path_below_dot_lima_means_lima_home_and_a_tilde_the_home(machine):
    here = machine(*DEBIAN_FILES)
    (here.home / "mine.qcow2").write_text("")
    entry = choose([DEBIAN], here, "x86_64").entry
    assert entry["kernel"]["location"] == str(here.lima_home / "_images/sysinit-debian-latest.vmlinuz")
    assert entry["kernel"]["cmdline"] == "root=/dev/vda"
    assert choose([{"location": "~/mine.qcow2"}], here, "x86_64").entry["location"] == str(here.home / "mine.qcow2")


@pytest.mark.parametrize("missing", DEBIAN_FILES)
def test_an_image_without_its_kernel_or_initrd_is_not_there(machine, missing):
    here = machine(*[name for name in DEBIAN_FILES if name != missing])
    choice = choose([DEBIAN, REMOTE], here, "x86_64")
    assert choice.entry["location"] == REMOTE["location"]
    assert choice.kernel is None


def test_its_kernel_is_what_kvm_is_probed_with(machine):
    here = machine("sysinit-lima-dev-latest.qcow2", *DEBIAN_FILES)
    assert choose([DEBIAN], here, "x86_64").kernel == here.lima_home / "_images/sysinit-debian-latest.vmlinuz"
    assert choose([NIXOS], here, "x86_64").kernel is None


def test_a_missing_image_that_can_be_built_is_built_before_any_download(machine):
    choice = choose(ALL, machine(can_build_image=True), "x86_64")
    assert (choice.entry, choice.buildable, choice.remote) == (None, True, False)


def test_a_download_is_last_and_only_for_the_arch(machine):
    here = machine()
    choice = choose(ALL, here, "x86_64")
    assert (choice.entry["location"], choice.remote, choice.buildable) == (REMOTE["location"], True, False)
    assert choose(ALL, here, "aarch64").entry["location"] == REMOTE_ARM["location"]
    assert choose([REMOTE], here, "aarch64").entry is None


def test_an_image_for_another_arch_cannot_be_built_here(machine):
    assert not choose(ALL, machine(can_build_image=True), "aarch64").buildable


def test_a_config_with_only_the_seeds_nixos_image_gets_the_debian_one(machine):
    seed = [{**NIXOS, "arch": "aarch64"}]
    here = machine(*DEBIAN_FILES)
    assert choose(seed, here, "x86_64").entry == available.debian_entry(here.lima_home)
    assert choose(seed, machine(can_build_image=True), "x86_64").buildable


def test_a_config_with_only_foreign_images_is_never_given_ours(machine):
    here = machine(*DEBIAN_FILES, can_build_image=True)
    choice = choose([REMOTE], here, "x86_64")
    assert (choice.entry["location"], choice.buildable) == (REMOTE["location"], False)


def test_no_images_are_no_choice(machine):
    choice = choose([], machine(can_build_image=True), "x86_64")
    assert (choice.entry, choice.buildable) == (None, False)


def test_an_entry_without_a_location_is_passed_over(machine):
    assert choose([{"arch": "x86_64"}, REMOTE], machine(), "x86_64").entry["location"] == REMOTE["location"]


def test_the_templates_boot_our_image_as_we_do():
    """Also if limactl is given the committed file itself; an emulated clock on a busy host fails the kernel's test."""
    cmdline = available.debian_entry(Path("/home/me/.lima"))["kernel"]["cmdline"]
    assert "no_timer_check" in cmdline
    values = {"project_name": "demo", "project_dir": "/p/demo", "session": "demo", "vm_name": None, "ssh": None}
    images = document.parse(render.rendered_config("dev", values), Path("x"))["images"]
    assert [image["kernel"]["cmdline"] for image in images if "kernel" in image] == [cmdline]


@pytest.fixture
def builds(machine):
    """Two builds of ours, and links to the files of one of them for each part."""

    def make(latest, **changes):
        here = machine(*(f"sysinit-debian-{stamp}.{part}" for stamp in STAMPS for part in PARTS), **changes)
        for part, stamp in zip(PARTS, latest, strict=True):
            (here.lima_home / f"_images/sysinit-debian-latest.{part}").symlink_to(f"sysinit-debian-{stamp}.{part}")
        return here

    return make


STAMPS = ("20260101-000000", "20260202-000000")
PARTS = ("qcow2", "vmlinuz", "initrd")


def names(choice):
    parts = [choice.entry, *(choice.entry[part] for part in ("kernel", "initrd") if part in choice.entry)]
    return [Path(part["location"]).name for part in parts]


@pytest.mark.parametrize("system", ["Darwin", "Linux"])
@pytest.mark.parametrize("config", [DEBIAN, NIXOS])  # of the other one's config ours is taken too
@pytest.mark.parametrize("latest", [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0)])
def test_a_vm_is_made_of_one_build_wherever_the_links_to_the_latest_lead(builds, system, config, latest):
    """A build that is killed has changed some of them; one that ends while a VM is made changes them in between."""
    here = builds([STAMPS[number] for number in latest], system=system)
    choice = choose([config], here, "x86_64")
    assert names(choice) == [f"sysinit-debian-{STAMPS[latest[0]]}.{part}" for part in PARTS]
    assert choice.kernel == Path(choice.entry["kernel"]["location"])
    assert choice.entry["kernel"]["cmdline"]
    assert choice.ours


def test_links_that_no_build_of_ours_made_are_taken_as_they_are(builds):
    here = builds([STAMPS[0], STAMPS[1], STAMPS[1]])
    (here.lima_home / f"_images/sysinit-debian-{STAMPS[0]}.initrd").unlink()
    assert names(choose([DEBIAN], here, "x86_64")) == list(DEBIAN_FILES)
    own = {**DEBIAN, "kernel": {"location": "~/.lima/_images/sysinit-debian-20260202-000000.vmlinuz"}}
    assert names(choose([own], here, "x86_64"))[1] == "sysinit-debian-20260202-000000.vmlinuz"


@pytest.mark.parametrize(("system", "name"), [("Darwin", "nixos-1.qcow2"), ("Linux", Path(NIXOS["location"]).name)])
def test_on_a_mac_a_link_to_an_image_is_followed(machine, system, name):
    here = machine("nixos-1.qcow2", system=system)
    (here.lima_home / "_images" / Path(NIXOS["location"]).name).symlink_to("nixos-1.qcow2")
    assert names(choose([NIXOS], here, "x86_64")) == [name]
