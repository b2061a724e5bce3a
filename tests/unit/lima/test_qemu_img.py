"""The qemu-img that limactl finds, as it runs."""

import os
import subprocess

import pytest

from sysinit_vm.lima import qemu_img

HEADER = b"QFI\xfb" + (3).to_bytes(4)
PLAIN = HEADER.ljust(104, b"\0")
EXTERNAL = (HEADER.ljust(72, b"\0") + (4).to_bytes(8)).ljust(104, b"\0")


@pytest.fixture
def guard(home, tmp_path, monkeypatch):
    """Run qemu-img by the PATH that limactl gets; the real one is a script that says what it was given."""
    (tmp_path / "bin").mkdir()
    real = tmp_path / "bin" / "qemu-img"
    real.write_text('#!/bin/sh\necho "real: $*"\n')
    real.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")

    def run(*words):
        environment = {**os.environ, **qemu_img.guarded_path()}
        argv = ["sh", "-c", 'qemu-img "$@"', "sh", *words]
        return subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_an_image_that_is_all_of_its_data_reaches_the_real_one(guard, tmp_path):
    (tmp_path / "an image").write_bytes(PLAIN)
    done = guard("resize", "-f", "qcow2", "an image", "1073741824")
    assert done.stdout == "real: resize -f qcow2 an image 1073741824\n"
    assert guard("--version").stdout == "real: --version\n"


@pytest.mark.parametrize(
    "data", [EXTERNAL, b"# Disk DescriptorFile\n", b"KDMV", b"QED\0", b"vhdxfile", b"<<< Oracle VM"], ids=repr
)
@pytest.mark.parametrize("words", [("info", "--output=json"), ("resize",), ("convert", "-O", "raw")])
def test_one_that_names_other_files_does_not(guard, tmp_path, data, words):
    """Lima asks qemu-img before it looks itself, and QEMU 7 opens, and resizes, what the image names."""
    (tmp_path / "image").write_bytes(data)
    (tmp_path / "link").symlink_to("image")
    for name in ("image", "link"):
        done = guard(*words, name, "1G")
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{name} is refused" in done.stderr


def test_without_a_qemu_img_there_is_none_to_guard(home, tmp_path, monkeypatch):
    monkeypatch.setattr("sysinit_vm.lima.qemu_img.find", lambda _: None)
    assert qemu_img.guarded_path() == {}
