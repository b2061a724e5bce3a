import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sysinit_vm.inventory import usage
from sysinit_vm.inventory.usage import Usage
from sysinit_vm.lima import recovery
from sysinit_vm.lima.instance_files import InstanceFiles
from tests.fakes import vm


def test_a_vm_that_is_not_there_takes_nothing_that_anyone_knows():
    assert usage.of(vm("x", place=Path("/nowhere"))) == Usage(None, None, 0)


def test_what_is_allocated_counts_not_what_a_sparse_file_says(tmp_path):
    with (tmp_path / "diffdisk").open("wb") as disk:
        disk.truncate(2**30)
        disk.write(b"x" * 2**20)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more").write_bytes(b"y" * 2**20)
    assert 2 * 2**20 <= usage.allocated(tmp_path) < 3 * 2**20


def test_links_are_not_followed(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 2**20)
    (tmp_path / "instance").mkdir()
    for name, to in (("file", "../big"), ("all", ".."), ("self", "self"), ("dead", "/nowhere")):
        (tmp_path / "instance" / name).symlink_to(to)
    assert usage.allocated(tmp_path / "instance") < 2**16


def test_its_age_is_that_of_what_lima_writes_once(tmp_path):
    for name, age in (("lima.yaml", 10), ("lima-version", 5000)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    assert 4990 < time.time() - usage.created(InstanceFiles(tmp_path)) < 5100
    (tmp_path / "lima-version").unlink()
    assert time.time() - usage.created(InstanceFiles(tmp_path)) < 100


def test_resident_memory_is_the_drivers_and_no_strangers(monkeypatch):
    mine = replace(vm("x"), driver_pid=os.getpid())
    assert usage.resident(mine) is None  # this is no QEMU: the id was given anew after a crash
    monkeypatch.setattr(recovery, "lima_process", psutil.Process)
    assert usage.resident(mine) > 2**20
    assert usage.resident(vm("x")) is None


@pytest.mark.parametrize("pid", [0, -1, 2**40, 2**70])
def test_an_id_that_no_process_has_is_no_error(pid):
    assert usage.resident(replace(vm("x"), driver_pid=pid)) is None
