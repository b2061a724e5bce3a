"""What a command loads: people wait for it."""

import subprocess
import sys

import pytest

BEGIN = "import sys; from sysinit_vm import loading\nwith loading.when_used(): import sysinit_vm.program\n"


def printed(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("verb", ["exec", "status", "list", "ports"])
def test_a_verb_does_not_load_what_another_needs(verb):
    loaded = set(printed(f"{BEGIN}import sysinit_vm.tasks.{verb}; print(*sys.modules)"))
    names = {"trust.gate", "trust.screen", "vm.permission", "vm.boot", "guest.install_zellij", "terminal.progress"}
    assert not {f"sysinit_vm.{name}" for name in names} & loaded


@pytest.mark.parametrize("verb", ["exec", "status", "list"])
def test_a_verb_does_not_load_what_only_a_mistake_another_system_or_a_start_needs(verb):
    loaded = set(printed(f"{BEGIN}import sysinit_vm.tasks.{verb}; print(*sys.modules)"))
    ours = {f"sysinit_vm.{name}" for name in ("config.yaml_mistakes", "editors")}
    assert not {*ours, "ctypes", "secrets", "psutil"} & loaded


def test_the_facts_of_the_machine_are_told_without_psutil():
    code = "import sys; from sysinit_vm.machine import facts; facts.gather(); print(*sys.modules)"
    assert "psutil" not in printed(code)


def test_exec_loads_nothing_that_makes_or_compares_a_config():
    loaded = set(printed(f"{BEGIN}import sysinit_vm.tasks.exec; print(*sys.modules)"))
    assert not {"sysinit_vm.effective.resolve", "sysinit_vm.drift.compare", "sysinit_vm.images.available"} & loaded


def test_invokes_own_yaml_is_loaded_when_a_configuration_file_is_read():
    read = "import invoke.config; print('loader' in sys.modules['invoke.vendor.yaml'].__dict__)"
    before = "print('invoke.vendor.yaml.loader' in sys.modules);"
    assert printed(f"{BEGIN}{before}{read}") == ["False", "True"]


def test_later_imports_are_as_without_it():
    assert printed(f"{BEGIN}print(any('sysinit_vm' in type(finder).__module__ for finder in sys.meta_path))") == [
        "False"
    ]
