"""The documentation's blocks that are not typed: each is put where its reader puts it, and used."""

import json
import os
import re
import subprocess
import unittest.mock
from pathlib import Path

import pytest
import yaml

from sysinit_vm import settings
from sysinit_vm.drift import report
from sysinit_vm.ports import portlist
from tests.worlds import SCRIPT

TOP = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks():
    """Each block but the shell's, as page, language and number of that language on that page: its text."""
    found = {}
    for page in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]:
        seen = {}
        for language, text in BLOCK.findall(page.read_text()):
            seen[language] = seen.get(language, 0) + 1
            if language != "sh":
                found[f"{page.name} {language} {seen[language]}"] = text
    return found


BLOCKS = blocks()
TASKFILES = ["README.md yaml 1", "taskfile.md yaml 1"]
TASKS = ["README.md python 1", "taskfile.md python 1"]
CONFIGS = ["configuration.md yaml 2", "ports.md yaml 1", "ports.md yaml 2", "session.md yaml 1"]
MODULES = ["installation.md nix 1", "installation.md nix 2"]
TABLES = {"drift.md text 1": report.COLUMNS, "ports.md text 1": portlist.COLUMNS}
ALONE = [
    "configuration.md yaml 1",
    "guest-image.md yaml 1",
    "ports.md text 2",
    "taskfile.md direnv 1",
    "templates.md jinja 1",
    "trust.md text 1",
]


IN_A_GUEST = [f"recipes.md yaml {number}" for number in range(1, 6)]  # tests/lima/test_recipes.py


def test_each_block_is_used_below_or_in_a_guest():
    assert sorted([*TASKFILES, *TASKS, *CONFIGS, *MODULES, *TABLES, *ALONE, *IN_A_GUEST]) == sorted(BLOCKS)


@pytest.fixture
def installed(world):
    """A world where ``sysinit-vm taskfile`` was typed once, as the page says."""
    assert world.run("taskfile").returncode == 0
    return world


@pytest.mark.parametrize("block", TASKFILES)
def test_a_second_persons_taskfile_has_our_tasks(installed, block):
    own = 'tasks:\n  hello: {desc: Ours, cmds: ["echo hello"]}\n'
    (installed.demo / "Taskfile.yml").write_text('version: "3"\n' + BLOCKS[block] + own)
    listed = installed.type("task", "--list")
    assert "lima:start" in listed.stdout, listed.stderr
    assert "hello" in listed.stdout
    installed.put_vm()
    assert "demo-dev" in installed.type("task", "lima:list").stdout


@pytest.mark.parametrize("block", TASKS)
def test_a_second_persons_tasks_have_ours(world, block):
    world.put_vm()
    (world.demo / "tasks.py").write_text(BLOCKS[block])
    assert "lima.start" in world.type("inv", "--list").stdout
    assert "demo-dev" in world.type("inv", "lima.list").stdout


@pytest.mark.parametrize("block", CONFIGS)
def test_a_part_of_a_config_starts_a_vm_that_has_it(world, block):
    part = yaml.safe_load(BLOCKS[block])
    world.run("init", "minimal")
    config = world.demo / ".lima" / "config.yaml"
    written = yaml.safe_load(config.read_text())
    (key,) = part
    wished = {**written.get(key, {}), **part[key]} if isinstance(part[key], dict) else part[key]
    config.write_text(yaml.safe_dump({**written, key: wished}))
    world.trust(world.demo)
    done = world.run("start")
    assert done.returncode == 0, done.stderr
    data = json.loads((world.lima_home / "demo-dev" / "lima.yaml").read_text())
    if key == "param":
        assert part[key].items() <= data["param"].items()
        return
    guest = {each["guestPort"] for each in data["portForwards"] if "guestPort" in each}
    assert {3000, 80, *range(9000, 9010)} <= guest


def test_the_users_own_settings_are_read(world):
    own = world.home / ".config" / "sysinit-vm" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(BLOCKS["configuration.md yaml 1"])
    with unittest.mock.patch.dict(os.environ, world.env, clear=True):
        found = {name: settings.setting(name) for name in ("template", "timeout", "editor")}
    assert (found["template"].value, found["timeout"].value, found["editor"].value) == ("minimal", 900, "zed")
    assert str(own) in found["timeout"].source


def test_the_users_own_packages_are_read(world):
    own = world.home / ".config" / "sysinit-vm" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(BLOCKS["guest-image.md yaml 1"])
    with unittest.mock.patch.dict(os.environ, world.env, clear=True):
        assert settings.value("packages") == "build-essential fd-find ripgrep"


@pytest.mark.parametrize("block", TABLES)
def test_a_table_has_the_present_columns(block):
    assert tuple(BLOCKS[block].splitlines()[0].split()) == TABLES[block]


def test_a_moved_port_is_told_in_these_words(world):
    for name in ("shop", "blog"):
        world.project(name, config="cpus: 1\nportForwards: [{guestPort: 3000}]\n")
        told = world.run("start", cwd=world.home / name).stderr
    (line,) = [each for each in told.splitlines() if "port 3000" in each]
    shown = BLOCKS["ports.md text 2"].rstrip("\n").replace("/home/me", str(world.home))
    assert re.sub(r"\d+$", "", line) == re.sub(r"\d+$", "", shown)


def test_direnv_gives_the_project_our_taskfile(world):
    (world.demo / ".envrc").write_text(BLOCKS["taskfile.md direnv 1"])
    script = world.fake / "sysinit-vm"
    script.write_text(f'#!/bin/sh\nexec {" ".join(SCRIPT)} "$@"\n')
    script.chmod(0o755)
    path = f"{world.fake}{os.pathsep}{world.env['PATH']}"
    assert world.type("direnv", "allow", ".", PATH=path).returncode == 0
    done = world.type("direnv", "exec", ".", "sh", "-c", 'cat "$SYSINIT_TASKFILE"', PATH=path)
    assert "lima:start" in done.stdout, done.stderr


def test_an_own_template_makes_a_config(world):
    own = world.home / ".config" / "sysinit-vm" / "templates" / "shop.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(BLOCKS["templates.md jinja 1"])
    assert "what the shop needs" in world.run("init", "--list").stdout
    done = world.run("init", "shop")
    assert done.returncode == 0, done.stderr
    written = yaml.safe_load(world.config())
    assert (written["cpus"], written["memory"], written["disk"]) == (2, "6GiB", "30GiB")
    assert written["portForwards"][0]["guestPort"] == 8000


def test_what_a_config_can_do_is_told_in_these_words(world):
    shop = world.project("shop")
    (world.home / ".ssh").mkdir()
    world.run("init", "minimal", cwd=shop)
    config = shop / ".lima" / "config.yaml"
    written = yaml.safe_load(config.read_text())
    written["mounts"] = [*written.get("mounts", [])[:2], {"location": str(world.home), "writable": True}]
    written["portForwards"] = [{"guestPort": 3000, "hostIP": "0.0.0.0"}]
    config.write_text(yaml.safe_dump(written))
    world.run("trust", "--revoke", cwd=shop)
    told = world.run("trust", cwd=shop).stderr
    shown = BLOCKS["trust.md text 1"].replace("/home/me", str(world.home))
    assert re.sub(r"\w+\n*$", "", told) == re.sub(r"\w+\n*$", "", shown)


@pytest.mark.parametrize("block", MODULES)
def test_a_nix_module_has_the_package(tmp_path, block):
    (tmp_path / "sysinit-vm").symlink_to(TOP)
    pkgs = '{ callPackage = path: given: if builtins.pathExists path then "package" else throw "no package"; }'
    (tmp_path / "module.nix").write_text(f"let pkgs = {pkgs}; in {{\n{BLOCKS[block]}}}\n")
    state = {name: str(tmp_path / name.lower()) for name in ("NIX_STATE_DIR", "NIX_STORE_DIR", "NIX_LOG_DIR")}
    done = subprocess.run(
        ["nix-instantiate", "--eval", "--strict", "--json", str(tmp_path / "module.nix")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin", **state},
    )
    assert done.returncode == 0, done.stderr
    assert '["package"]' in done.stdout
