"""What is downloaded is pinned by digests that we ship."""

import re
import tomllib

from sysinit_vm import files
from sysinit_vm.machine import locks, pinned_versions

TOP = files.PACKAGE.parent
LIMA = f"github.com/lima-vm/lima/v2 v{pinned_versions.LIMA}"


def requirements(path):
    """Each requirement of a pip lock with its digests."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", "")
    lines = text.splitlines()
    return {line.split()[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line) for line in lines}


def test_pip_takes_only_ready_packages_whose_hash_is_in_the_lock(tmp_path):
    command = locks.pip_install(tmp_path / "bin/pip", "go")
    assert command[:4] == (str(tmp_path / "bin/pip"), "install", "--require-hashes", "--only-binary=:all:")
    assert command[-2:] == ("-r", str(TOP / "locks" / "go.txt"))


def test_each_requirement_has_one_version_and_hashes():
    for path in (*(TOP / "locks").glob("*.txt"), TOP / "requirements.lock"):
        assert requirements(path)
        for requirement, digests in requirements(path).items():
            assert re.fullmatch(r"[\w.-]+==[\w.]+", requirement), path
            assert digests, (path, requirement)


def test_what_several_locks_have_is_the_same_version():
    tested = requirements(TOP / "requirements.lock")
    for name in ("sysinit-vm", "task"):
        assert requirements(TOP / "locks" / f"{name}.txt").items() <= tested.items()


def test_every_module_of_limactl_has_its_sum():
    module = locks.folder("lima")
    sums = {tuple(line.split()[:2]) for line in (module / "go.sum").read_text().splitlines()}
    required = re.findall(r"^\t(\S+) (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    assert tuple(LIMA.split()) in required
    assert {(name, f"{version}/go.mod") for name, version in required} <= sums
    assert set(required) - sums == set()


def test_zellij_and_every_crate_that_it_needs_have_their_checksum():
    packages = tomllib.loads((locks.folder("zellij") / "Cargo.lock").read_text())["package"]
    (zellij,) = [package for package in packages if package["name"] == "zellij"]
    assert zellij["version"] == pinned_versions.ZELLIJ
    assert [package["name"] for package in packages if "checksum" not in package] == ["sysinit-vm-zellij"]


def test_no_lock_names_a_mirror():
    for path in (TOP / "locks").rglob("*"):
        if path.is_file():
            text = path.read_text().replace("registry+https://github.com/rust-lang/crates.io-index", "")
            assert "://" not in text, path
