"""`sync` and `rebuild` as they are typed; the fake's guest is this machine, with programs of the test's own."""

import json
import os
import signal
import time

import pytest

from tests.fakes import captured
from tests.worlds import SCRIPT

SUDO = """#!/bin/bash
[[ $1 != -n ]] || exit 1
if [[ $1 == -iu ]]; then
    shift 2
    while [[ $1 == --* ]]; do shift; done
    exec env "$@"
fi
SUDO_USER=$(id -un) SUDO_UID=$(id -u) exec "$@"
"""


@pytest.fixture
def guest(world):
    """A running VM; ``guest.program`` puts a program into its guest."""
    world.put_vm()
    place = world.home / "guest-bin"
    place.mkdir()
    world.env["PATH"] = f"{place}{os.pathsep}{world.env['PATH']}"

    def program(name, text):
        (place / name).write_text(text)
        (place / name).chmod(0o755)

    world.program = program
    program("sudo", SUDO)
    program("nix", "#!/bin/sh\n")
    return world


def provision(world, entries):
    """Make ``entries`` the config's provisioning."""
    config = world.demo / ".lima" / "config.yaml"
    head = config.read_text().partition("\nprovision:")[0]
    config.write_text(f"{head}\nprovision: {json.dumps(entries)}\n")


def script(text, mode="system"):
    return {"mode": mode, "script": text}


@pytest.mark.parametrize(
    ("verb", "program", "sudo"), [("sync", "home-manager", False), ("rebuild", "nixos-rebuild", True)]
)
def test_the_guests_own_program_switches_to_the_settings_flake(guest, verb, program, sudo):
    guest.program(program, '#!/bin/sh\necho "$0: $*"; echo "${SUDO_USER:+as root} in $PWD"; echo talk >&2; exit 7\n')
    done = guest.run(verb)
    assert done.returncode == 7
    said = done.stdout.splitlines()
    assert said[0].endswith(f"{program}: switch --flake github:roshbhatia/sysinit#lima-dev")
    assert said[1] == f"{'as root' if sudo else ''} in {guest.demo}"
    assert "talk\n" in done.stderr
    other = guest.run(verb, SYSINIT_VM_FLAKE="/srv/flake", SYSINIT_VM_FLAKE_CONFIGURATION="mine")
    assert other.stdout.splitlines()[0].endswith("switch --flake /srv/flake#mine")


def test_a_committed_config_does_not_name_the_flake(guest):
    guest.program("home-manager", '#!/bin/sh\necho "$*"\n')
    config = guest.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("param:\n", "param:\n  FLAKE: evil\n"))
    assert guest.run("sync").stdout == "switch --flake github:roshbhatia/sysinit#lima-dev\n"


@pytest.mark.parametrize(("verb", "program"), [("sync", "home-manager"), ("rebuild", "nixos-rebuild")])
def test_a_guest_without_it_is_told_which_image_has_it(guest, verb, program):
    done = guest.run(verb)
    assert done.returncode == 4
    assert f"has no {program}" in done.stderr
    assert "build.dev builds" in done.stderr
    assert "sysinit-debian-latest.qcow2" in done.stderr
    assert "\nTry: sysinit-vm build.dev" in done.stderr


@pytest.mark.parametrize("verb", ["sync", "rebuild"])
def test_a_stopped_vm_and_a_missing_one_are_said(guest, verb):
    guest.run("stop")
    done = guest.run(verb)
    assert (done.returncode, "not running" in done.stderr) == (4, True)
    guest.run("destroy", "--yes")
    assert guest.run(verb).returncode == 4


def test_an_edited_script_runs_again_and_stays(guest):
    mark = guest.demo / "mark"
    provision(
        guest,
        [
            script(f'#!/bin/bash\necho "user $PARAM_PROJECT_NAME $HOME" >>{mark}\n', "user"),
            script(f'#!/bin/sh\necho "system $ZELLIJ_SESSION {{{{.Name}}}}" >>{mark}; echo shown\n'),
            {"mode": "data", "path": str(guest.demo / "{{.Name}}.txt"), "content": "of {{.Param.PROJECT_NAME}}\n",
             "owner": ":", "permissions": "600"},
        ],
    )  # fmt: skip
    assert "provision" in guest.run("plan").stdout
    done = guest.run("sync", "--provision")
    assert done.returncode == 0, done.stderr
    assert mark.read_text() == f"system demo demo-dev\nuser demo {guest.home}\n"
    assert done.stdout == "shown\n"
    data = guest.demo / "demo-dev.txt"
    assert (data.read_text(), data.stat().st_mode & 0o777) == ("of demo\n", 0o600)
    assert "matches its config" in guest.run("plan").stderr


def test_scripts_that_fail_are_named_and_keep_nobody(guest):
    mark = guest.demo / "mark"
    before = (guest.lima_home / "demo-dev" / "lima.yaml").read_text()
    provision(guest, [script("#!/bin/sh\nexit 3\n"), script(f"#!/bin/sh\ntouch {mark}\n"), script("exit 4\n", "user")])
    done = guest.run("sync", "--provision")
    assert done.returncode == 1
    assert "provision[0] (system) ended with 3." in done.stderr
    assert "provision[2] (user) ended with 4." in done.stderr
    assert mark.exists()
    assert (guest.lima_home / "demo-dev" / "lima.yaml").read_text() == before


def test_what_only_a_boot_can_do_is_said(guest):
    mark = guest.demo / "mark"
    provision(guest, [script(f"#!/bin/sh\ntouch {mark}\n"), script("#!/bin/sh\necho {{if .User}}x{{end}}\n")])
    done = guest.run("sync", "--provision")
    assert done.returncode == 1
    assert "provision[1] has a template" in done.stderr
    assert not mark.exists()
    provision(guest, [{"mode": "yq", "path": "/x", "expression": ".a = 1"}])
    assert "provision[0] (yq) is left to the next boot" in guest.run("sync", "--provision").stderr


def test_a_config_that_limactl_refuses_runs_nothing(guest):
    mark = guest.demo / "mark"
    provision(guest, [script(f"#!/bin/sh\ntouch {mark}\n")])
    guest.let_fail("validate", captured("validate-param.err"))
    done = guest.run("sync", "--provision")
    assert done.returncode == 1
    assert "`UNUSED` is not used in any provision" in done.stderr
    assert not mark.exists()


def test_an_untrusted_config_runs_nothing(guest):
    mark = guest.demo / "mark"
    provision(guest, [script(f"#!/bin/sh\ntouch {mark}\n")])
    config = guest.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("ssh:\n", "ssh:\n  forwardAgent: true\n", 1))
    assert guest.run("sync", "--provision").returncode == 5
    assert not mark.exists()


def test_ctrl_c_ends_the_script_and_runs_no_other(guest):
    mark = guest.demo / "mark"
    line = "#!/bin/bash\ntrap 'exit 3' INT TERM\necho ready\nwhile :; do sleep 0.05; done\n"
    provision(guest, [script(line), script(f"#!/bin/sh\ntouch {mark}\n")])
    with guest.begin(*SCRIPT, "sync", "--provision") as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    time.sleep(0.3)
    assert not mark.exists()
