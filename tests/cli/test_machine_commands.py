"""setup and doctor where something of the machine, its settings or its variables is broken."""

import json
import os
import shutil
from pathlib import Path

import pytest


def examined(done):
    return {(each["area"], each["subject"]): each for each in json.loads(done.stdout)["findings"]}


def level(found, area, subject):
    return found[area, subject]["level"]


@pytest.mark.parametrize("words", [("setup", "--json"), ("setup", "--dry"), ("doctor", "--json")])
def test_a_mac_with_homebrew_is_examined(world, words):
    place = world.home.parent / "mac"
    place.mkdir()
    (place / "brew").write_text("#!/bin/sh\n")
    (place / "brew").chmod(0o755)
    (place / "sitecustomize.py").write_text("import platform\nplatform.system = lambda: 'Darwin'\n")
    paths = {"PATH": world.env["PATH"], "PYTHONPATH": world.env.get("PYTHONPATH", "")}
    done = world.run(*words, **{name: f"{place}{os.pathsep}{value}" for name, value in paths.items()})
    assert done.returncode == 0 or words[0] == "doctor"  # who also tells of a full disk
    assert "nix" in done.stdout


def test_a_setting_of_something_else_does_not_stop_setup(world):
    done = world.run("setup", "--json", SYSINIT_VM_EDITOR="vim")
    assert (done.returncode, done.stderr) == (0, "")
    assert {each["name"] for each in json.loads(done.stdout)["prerequisites"]} > {"limactl", "ssh", "task"}


def test_a_bad_setting_is_one_finding_beside_all_the_others(world):
    found = examined(world.run("doctor", "--json", SYSINIT_VM_EDITOR="vim"))
    assert level(found, "settings", "settings") == "wrong"
    assert found["settings", "settings"]["mend"] == "unset SYSINIT_VM_EDITOR"
    assert level(found, "settings", "timeout") == "ok"
    assert level(found, "machine", "limactl") == "ok"
    assert level(found, "machine", "accelerator") == "ok"


def test_a_settings_file_that_cannot_be_read_is_told_once_of_the_settings(world):
    path = world.home / ".config" / "sysinit-vm" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("timeout: [\n")
    done = world.run("doctor", "--json")
    settings = [each for each in json.loads(done.stdout)["findings"] if each["area"] == "settings"]
    assert [(each["subject"], each["mend"]) for each in settings if each["level"] == "wrong"] == [
        ("settings", f"nano {path}")
    ]
    assert level(examined(done), "machine", "limactl") == "ok"


def test_a_lima_home_that_is_too_long_hides_nothing_else(world):
    world.put_config()
    done = world.run("doctor", "--json", LIMA_HOME=str(world.home / ("x" * 90)))
    assert done.returncode == 1
    found = examined(done)
    assert [each["said"] for each in found.values() if "LIMA_HOME is too long" in each["said"]] == [
        found["machine", "LIMA_HOME"]["said"]
    ]
    assert level(found, "project", "config") == "ok"


def test_a_vm_name_that_cannot_be_is_a_finding(world):
    world.put_vm(status="Stopped")
    done = world.run("doctor", "--json", VM_NAME="a b")
    assert done.returncode == 1
    found = examined(done)
    assert (found["project", "name"]["level"], found["project", "name"]["mend"]) == ("wrong", "export VM_NAME=a-b")
    assert level(found, "project", "config") == "ok"
    assert level(found, "VM", "state") == "ok"


def test_the_configs_own_name_that_cannot_be_is_a_finding(world):
    world.put_config()
    path = world.demo / ".lima" / "config.yaml"
    path.write_text(path.read_text().replace("param:\n", "param:\n  VM_NAME: a b\n"))
    found = examined(world.run("doctor", "--json"))
    assert found["project", "name"]["mend"] == f"nano {path}"
    assert level(found, "project", "config") == "ok"


@pytest.mark.parametrize("words", [("--name", "a b"), ("--project", "/nowhere")])
def test_an_option_that_cannot_be_meant_is_a_wrong_command_line(world, words):
    assert world.run("doctor", *words).returncode == 2


def test_a_cache_that_is_no_directory_does_not_stop_the_doctor(world):
    world.put_vm(status="Stopped")
    shutil.rmtree(world.home / ".cache", ignore_errors=True)
    (world.home / ".cache").write_text("")
    done = world.run("doctor", "--json")
    found = examined(done)
    assert level(found, "machine", "disk space") in {"ok", "wrong"}
    assert level(found, "project", "config") == "ok"
    assert level(found, "settings", "timeout") == "ok"


def test_what_cannot_be_removed_is_told_and_the_table_comes_all_the_same(world):
    world.put_vm(status="Stopped")
    place = world.lima_home / "demo-dev"
    (place / "a.pid").mkdir()
    (place / "ha.pid").write_text("999999999")
    done = world.run("doctor", "--fix")
    assert done.returncode == 1
    assert "a.pid" in done.stderr
    assert "stale pids" in done.stdout
    assert not (place / "ha.pid").exists()


def test_an_empty_settings_file_stops_no_start(world):
    path = world.home / ".config" / "sysinit-vm" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("# editor: zed\n")
    world.put_config()
    assert world.run("start").returncode == 0


def routes(world, **env):
    """The commands that setup would run on a machine whose PATH has these programs and the system's."""
    place = world.home.parent / "bin"
    place.mkdir()
    (place / "go").write_text("#!/bin/sh\necho go version go1.26.8 linux/amd64\n")
    (place / "go").chmod(0o755)
    done = world.run("setup", "--json", PATH=f"{place}:/usr/bin:/bin", SYSINIT_VM_LIMACTL="", **env)
    assert done.returncode == 0, done.stderr
    parts = {part["name"]: part for part in json.loads(done.stdout)["prerequisites"]}
    return {name: part["route"]["commands"] for name, part in parts.items() if part["route"]}


def test_limactl_is_built_from_the_modules_whose_sums_are_shipped(world):
    build = next(words for words in routes(world)["limactl"] if "build" in words)
    assert {"GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false -modcacherw"} <= set(build)
    module = Path(build[build.index("-C") + 1])
    assert "github.com/lima-vm/lima/v2 v2.2.0 h1:" in (module / "go.sum").read_text()


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go here")
def test_a_build_of_lima_leaves_nothing_of_gos_in_the_home(world):
    """The real Go, with the variables of the command that setup shows; and as setup asks it for its version."""
    build = next(words for words in routes(world)["limactl"] if "build" in words)
    variables = dict(word.split("=", 1) for word in build[1 : build.index("-C")] if "=" in word)
    place, before = world.home.parent / "module", sorted(world.home.rglob("*"))
    place.mkdir()
    (place / "go.mod").write_text("module example.org/a\n")
    (place / "a.go").write_text("package a\n")
    go = shutil.which("go")
    assert world.type(go, "build", "./...", cwd=place, **variables).returncode == 0
    assert world.run("setup", "--json", SYSINIT_VM_LIMACTL="").returncode == 0
    new = {path.relative_to(world.home).parts[:2] for path in set(world.home.rglob("*")) - set(before)}
    assert new <= {(".cache",), (".cache", "sysinit-vm")}
    assert (world.home / ".cache" / "sysinit-vm" / "go" / "build").is_dir()


def test_no_command_that_setup_shows_has_a_login_of_a_registry(world):
    logins = {
        "PIP_INDEX_URL": "https://me:hunter2@pip.example/simple",
        "GOPROXY": "https://me:hunter2@go.example",
        "CARGO_REGISTRIES_CRATES_IO_INDEX": "https://me:hunter2@crates.example",
    }
    commands = routes(world, **logins)
    assert {"limactl", "zellij"} <= set(commands)
    assert "hunter2" not in json.dumps(commands)
