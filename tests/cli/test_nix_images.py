"""`build.dev` and `build.minimal` with a real nix: a flake without nixpkgs, in a store of the test's own."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.worlds import SCRIPT

# Each attribute is one thing that a flake's result can be; DISK is a file of the flake.
FLAKE = """
{
  outputs = { self }:
    let
      made = system: name: script: derivation {
        inherit name system;
        builder = "/bin/sh";
        args = [ "-euc" "PATH=/bin:/usr/bin; ${script}" ];
      };
      here = made "@SYSTEM@";
      disk = "${./disk}";
    in {
      packages.@SYSTEM@ = {
        lima-dev-image = here "nixos-image" "mkdir -p $out/deep; echo hello from the builder; cp ${disk} $out/deep/nixos-25.05";
        lima-minimal-image = here "nixos.qcow2" "cp ${disk} $out";
        linked = here "linked" "mkdir $out; ln -s ${disk} $out/nixos.img; ln -s ${disk} $out/again; ln -s / $out/all";
        two = here "two" "mkdir $out; cp ${disk} $out/a; cp ${disk} $out/b";
        none = here "none" "mkdir $out; echo text > $out/nixos.qcow2";
        damaged = here "damaged" "mkdir $out; head -c 300 ${disk} > $out/nixos.qcow2";
        thin = here "thin" "cp ${./thin} $out";
        fails = here "fails" "echo what went wrong >&2; exit 3";
        slow = here "slow" "echo begun; sleep 60";
        other = made "sparc-linux" "other" "cp ${disk} $out";
      };
    };
}
"""
SYSTEM = f"{os.uname().machine}-linux"


def qemu_img(*words):
    subprocess.run(["qemu-img", *words], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def place():
    """The flake and the store; nix makes what it stores read-only."""
    place = Path(tempfile.mkdtemp(prefix="nix", dir="/var/tmp")).resolve()
    flake = place / "flake"
    flake.mkdir()
    (flake / "flake.nix").write_text(FLAKE.replace("@SYSTEM@", SYSTEM))
    (place / "raw").write_bytes(os.urandom(2 * 2**20))
    qemu_img("convert", "-f", "raw", "-O", "qcow2", str(place / "raw"), str(flake / "disk"))
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(flake / "disk"), str(flake / "thin"))
    yield place
    subprocess.run(["chmod", "-R", "u+w", str(place)], check=True)
    shutil.rmtree(place)


@pytest.fixture
def nix(world, place):
    """A world whose nix builds for an ordinary account or root, without a sandbox and without the machine's store."""
    places = {name: str(place / name.lower()) for name in ("NIX_STORE_DIR", "NIX_STATE_DIR", "NIX_LOG_DIR")}
    config = f"build-users-group =\nsandbox = false\nsubstitute = false\nsystem = {SYSTEM}\nextra-platforms =\n"
    world.env.update(places, NIX_CONF_DIR=str(place), NIX_CONFIG=config, SYSINIT_VM_FLAKE=str(place / "flake"))
    world.images = world.lima_home / "_images"
    return world


def builds(world, name="dev"):
    return sorted(path.name for path in world.images.glob(f"sysinit-lima-{name}-2*"))


def latest(world, name="dev"):
    link = world.images / f"sysinit-lima-{name}-latest.qcow2"
    return link.readlink().name if link.is_symlink() else None


def half_made(world):
    return [path.name for path in world.images.iterdir() if path.name.startswith(".") and path.suffix != ".lock"]


def have(world, name="dev"):
    """What an earlier build left; returned as ``state`` tells it."""
    old = f"sysinit-lima-{name}-20260102-030405.qcow2"
    (world.images / old).write_text("old")
    (world.images / f"sysinit-lima-{name}-latest.qcow2").symlink_to(old)
    return [old], old, []


def state(world):
    return builds(world), latest(world), half_made(world)


def test_the_latest_is_what_nix_built_and_the_older_stays_until_prune(nix, place):
    done = nix.run("build.dev")
    assert done.returncode == 0, done.stderr
    assert "building nixos-image" in done.stderr
    (first,) = builds(nix)
    assert (nix.images / first).read_bytes() == (place / "flake" / "disk").read_bytes()
    assert f"Image built: {nix.images / first}" in done.stderr
    assert latest(nix) == first
    assert nix.run("build.dev").returncode == 0
    assert len(builds(nix)) == 2
    assert latest(nix) == builds(nix)[-1] != first
    assert half_made(nix) == []
    assert nix.run("prune", "--yes").returncode == 0
    assert builds(nix) == [latest(nix)]


def test_a_new_vm_is_made_of_it(nix):
    assert nix.run("build.minimal").returncode == 0
    assert len(builds(nix, "minimal")) == 1
    nix.run("init", "minimal")
    assert nix.run("start").returncode == 0
    given = json.loads((nix.lima_home / "demo-dev" / "lima.yaml").read_text())
    assert given["images"][0]["location"] == str(nix.images / "sysinit-lima-minimal-latest.qcow2")


def test_an_image_behind_links_is_one(nix):
    done = nix.run("build.dev", SYSINIT_VM_FLAKE_ATTRIBUTE="packages.{system}.linked")
    assert done.returncode == 0, done.stderr
    assert len(builds(nix)) == 1


@pytest.mark.parametrize(
    ("attribute", "code", "says"),
    [
        ("packages.{system}.none", 1, "contains no qcow2 image"),
        ("packages.{system}.two", 1, "contains more than one image"),
        ("packages.{system}.damaged", 1, "is damaged"),
        ("packages.{system}.thin", 1, "is not a complete image"),
        ("packages.{system}.fails", 1, "what went wrong"),
        ("packages.{system}.other", 6, "cannot build for"),
        ("packages.{system}.nonesuch", 1, "is not in the flake"),
    ],
)
def test_what_is_no_image_changes_nothing(nix, attribute, code, says):
    before = have(nix)
    done = nix.run("build.dev", SYSINIT_VM_FLAKE_ATTRIBUTE=attribute)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "\nTry: " in done.stderr
    assert state(nix) == before


def test_a_flake_that_is_not_there(nix):
    done = nix.run("build.dev", SYSINIT_VM_FLAKE="/nonesuch")
    assert done.returncode == 1
    assert "nix cannot read /nonesuch#packages." in done.stderr
    assert "Try: SYSINIT_VM_FLAKE=" in done.stderr


def test_a_write_that_fails_half_way_leaves_the_former_image(nix):
    assert nix.run("build.dev").returncode == 0  # else nix itself would meet the limit
    before = state(nix)
    line = f"ulimit -f 1024; exec {' '.join(SCRIPT)} build.dev"  # KiB: half of the image
    done = nix.type("bash", "-c", line)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "df -h" in done.stderr
    assert state(nix) == before


def test_ctrl_c_ends_nix_and_leaves_the_former_image(nix):
    before = have(nix)
    nix.env["SYSINIT_VM_FLAKE_ATTRIBUTE"] = "packages.{system}.slow"
    with nix.begin(*SCRIPT, "build.dev") as process:
        while "building slow" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert state(nix) == before


def test_what_a_killed_build_left_is_removed(nix):
    (nix.images / ".sysinit-nix-build" / "deep").mkdir(parents=True)
    assert nix.run("build.dev").returncode == 0
    assert half_made(nix) == []


def test_dry_only_says_it(nix):
    done = nix.run("--dry", "build.dev")
    assert done.returncode == 0
    assert "nix-command flakes" in done.stderr
    assert builds(nix) == []
