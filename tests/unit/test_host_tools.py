"""What runs on the host runs under a strict POSIX shell, with tools that take no option of GNU's."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm import ssh_config
from sysinit_vm.machine import optional, prerequisites, routes
from sysinit_vm.machine.release_archives import COMPILED
from tests.bsd_tools import SHELLS, BsdTools, refusal
from tests.fakes import RecordingRunner
from tests.unit.machines import Machine

TOP = Path(__file__).parents[2]
SCRIPTS = ("bootstrap.sh", "test.sh", ".ci/run")


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("mv -T a b", True),
        ("mv a b", False),
        ("rm a -rf", True),
        ("rm -rf a", False),
        ("readlink -f /nowhere/at/all", True),
        ("readlink -f /", False),
        ("stat -c %a x", True),
        ("date -d now", True),
        ("find . -printf x", True),
        ("find -name x", True),
        ("find . -type f -exec cksum {} +", False),
        ("sed -i", True),
        ("cp --parents a b", True),
        ("tar -xf a -C b --no-same-owner --exclude=./dev/*", False),
        ("tar -xf a --xattrs", True),
        ("sha256sum x", True),
        ("apt-get --yes install x", False),
    ],
)
def test_the_stand_ins_refuse_what_only_gnu_has(line, refused):
    assert bool(refusal(line.split())) is refused


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_is_read_by_a_strict_shell(shell, script):
    done = subprocess.run([*shell, "-n", TOP / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Debian's busybox runs its own ps, which has no -p, whatever PATH has.
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if "busybox" not in shell[0]], ids=" ".join)
def test_what_ssh_runs_before_it_connects_to_a_vm_needs_no_tool_of_gnus(shell, tmp_path):
    tools, pid_file = BsdTools(tmp_path, ("ps", "cat", "grep")), tmp_path / "ha.pid"
    words = ["demo-dev", str(pid_file), "echo", "connects"]
    script = [*shell, "-c", ssh_config._IF_IT_RUNS, *words]
    env = {"PATH": f"{tools.bin}:/usr/bin:/bin"}
    assert subprocess.run(script, env=env, capture_output=True, check=False).returncode == 1
    with subprocess.Popen(["sh", "-c", "read -r line", str(pid_file)], stdin=subprocess.PIPE) as agent:
        pid_file.write_text(str(agent.pid))
        done = subprocess.run(script, env=env, capture_output=True, text=True, check=False)
        agent.communicate(b"\n")
    assert (done.stdout, tools.refused) == ("connects\n", [])


@pytest.mark.parametrize("changes", [{}, {"root": False, "sudo": True}, {"manager": "dnf"}, {"arch": "aarch64"}])
def test_no_command_of_setup_needs_a_tool_of_gnus(tmp_path, monkeypatch, changes):
    machine = Machine(tmp_path, monkeypatch)
    host, teller = replace(machine.host, **changes), RecordingRunner()
    parts = [*prerequisites.survey(teller, host, COMPILED), *optional.survey(teller, host)]
    found = [part.route for part in parts if part.route] + [routes.zellij(host)]
    commands = [command for route in found for command in route.commands]
    assert len(commands) > 10
    assert [refusal(command) for command in commands if refusal(command)] == []
