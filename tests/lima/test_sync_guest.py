"""`sync` and `rebuild` in a real guest, which is Debian: what it has of Nix is put there by the tests."""

import signal
import subprocess

import pytest

from tests.lima.conftest import inside
from tests.worlds import ENTRANCES

SYSTEM = """\
- mode: system
  script: |
    #!/bin/bash
    echo "$(id -un) $PARAM_PROJECT_NAME {{.User}} $LIMA_CIDATA_NAME" >/etc/synced
"""
USER = """\
- mode: user
  script: |
    #!/bin/bash
    echo "$(id -un) $PARAM_PROJECT_DIR $ZELLIJ_SESSION {{.Home}} $HOME $XDG_RUNTIME_DIR" >~/synced
"""
DATA = """\
- mode: data
  path: "{{.Home}}/deep/data"
  owner: "{{.User}}"
  permissions: "600"
  content: |
    of {{.Param.PROJECT_NAME}}
"""


@pytest.fixture
def edited(world, demo):
    """Return what adds scripts to the config of `demo`, which has its own again afterwards."""
    config = demo / ".lima/config.yaml"
    before = config.read_text()
    yield lambda more: config.write_text(before + more)
    config.write_text(before)
    world.ok(demo, "sync")


def test_an_edited_script_runs_again_in_the_running_guest(world, demo, edited):
    boot = inside(world, demo, "cat /proc/sys/kernel/random/boot_id; id -un; echo $HOME; id -u").splitlines()
    edited(USER + SYSTEM + DATA)
    assert "provision" in world.ok(demo, "plan")
    world.ok(demo, "sync")
    said = inside(world, demo, "cat /proc/sys/kernel/random/boot_id /etc/synced ~/synced ~/deep/data").splitlines()
    assert said[0] == boot[0], "without a restart"
    assert said[1] == f"root demo {boot[1]} demo-dev"
    assert said[2] == f"{boot[1]} {demo} demo {boot[2]} {boot[2]} /run/user/{boot[3]}"
    assert said[3] == "of demo"
    assert inside(world, demo, "stat -c '%U %a' ~/deep/data; stat -c %U ~/deep") == f"{boot[1]} 600\n{boot[1]}\n"
    assert world.ok(demo, "plan") == "", "the VM has the scripts for its next boot too"


def test_a_script_that_fails_is_named(world, demo, edited):
    edited("- mode: system\n  script: |\n    #!/bin/sh\n    echo why >&2\n    exit 3\n" + USER)
    inside(world, demo, "rm -f ~/synced")
    done = world.run(demo, "sync")
    assert done.returncode == 1
    assert "why" in done.stderr
    assert "provision[2] (system) ended with 3." in done.stderr
    assert inside(world, demo, "ls ~/synced").endswith("/synced\n"), "the others ran all the same"


def test_ctrl_c_ends_roots_script_too(world, demo, edited):
    edited("- mode: system\n  script: |\n    #!/bin/sh\n    echo begun\n    sleep 391\n")
    argv = ENTRANCES["sysinit-vm"]("sync")
    with subprocess.Popen(argv, cwd=demo, env=world.env, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline() != "begun\n":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    assert inside(world, demo, "sleep 1; pgrep -fc '^sleep 391' || true") == "0\n"


@pytest.mark.parametrize(("verb", "program"), [("sync", "home-manager"), ("rebuild", "nixos-rebuild")])
def test_the_guests_program_is_streamed_and_its_status_kept(world, demo, verb, program):
    lacks = world.run(demo, "rebuild")
    assert lacks.returncode == 4
    assert "has no nixos-rebuild" in lacks.stderr
    mark = demo / "go-on"
    text = f'#!/bin/sh\necho "$* by $(id -un) in $PWD"\nuntil [ -e {mark} ]; do sleep 0.2; done\necho end\nexit 9\n'
    world.ok(demo, "exec", f"sudo tee /usr/local/bin/{program} && sudo chmod 755 /usr/local/bin/{program}", input=text)
    try:
        user = "root" if verb == "rebuild" else inside(world, demo, "id -un").strip()
        argv, env = ENTRANCES["sysinit-vm"](verb), {**world.env, "SYSINIT_VM_FLAKE": "/srv/my flake"}
        with subprocess.Popen(argv, cwd=demo, env=env, stdout=subprocess.PIPE, text=True) as process:
            first = process.stdout.readline()
            assert first == f"switch --flake /srv/my flake#lima-dev by {user} in {demo}\n"
            assert process.poll() is None
            mark.touch()
            assert process.communicate(timeout=60)[0] == "end\n"
            assert process.returncode == 9
    finally:
        mark.touch()
        world.run(demo, "exec", f"sudo rm /usr/local/bin/{program}")
        mark.unlink()
