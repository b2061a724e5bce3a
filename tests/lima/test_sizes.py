"""Lima reads sizes and numbers of CPUs as we do: nothing is started, one `limactl list` reads them all."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from sysinit_vm.lima.account import current_account
from sysinit_vm.machine.find_programs import find_limactl
from tests.lima.size_texts import CPUS, NO_CPUS, NO_SIZES, SIZES


@pytest.fixture
def listed():
    """A function that returns what Lima lists for each of some configs, None for those with an error."""
    home = Path(tempfile.mkdtemp(prefix="svm-", dir="/tmp"))

    def list_all(configs):
        names = [f"n{number}" for number, _ in enumerate(configs)]
        for name, config in zip(names, configs, strict=True):
            (home / name).mkdir()
            (home / name / "lima.yaml").write_text(f"vmType: qemu\nimages: [{{location: /none.qcow2}}]\n{config}\n")
        account = current_account()
        argv = [*account.prefix, str(find_limactl()), "list", "--json"]
        env = {**account.env, "HOME": str(home), "LIMA_HOME": str(home)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
        return [None if f"instance `{name}` has errors" in done.stderr else rows[name] for name in names]

    yield list_all
    shutil.rmtree(home)


def test_a_size_is_as_many_bytes_as_we_take_it_for(listed):
    rows = listed([f"memory: {json.dumps(text)}\ndisk: {json.dumps(text)}" for text in SIZES])
    assert [(row.get("memory", 0), row.get("disk", 0)) for row in rows] == [(size, size) for size in SIZES.values()]


def test_what_is_no_size_to_us_is_none_to_lima(listed):
    rows = listed([f"disk: {json.dumps(text)}" for text in NO_SIZES])
    assert [text for text, row in zip(NO_SIZES, rows, strict=True) if row] == []


def test_cpus_are_as_many_as_we_take_them_for(listed):
    rows = listed([f"cpus: {text}" for text in CPUS])
    assert [row["cpus"] for row in rows] == [number or rows[-1]["cpus"] for number in CPUS.values()]


def test_what_is_no_number_of_cpus_to_us_is_none_to_lima(listed):
    rows = listed([f"cpus: {text}" for text in NO_CPUS])
    assert [text for text, row in zip(NO_CPUS, rows, strict=True) if row] == []
