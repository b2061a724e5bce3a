"""What a VM of the agent template has, and has not, in a real guest."""

import pytest
import yaml

from sysinit_vm.ports import sockets
from tests.lima.conftest import GIT_EMAIL, inside
from tests.lima.serving import fetched, free_port, serve


@pytest.fixture(scope="module")
def declared():
    return free_port()


@pytest.fixture(scope="module")
def agent(world, declared):
    project = world.project("agent")
    world.ok(project, "init", "agent", "--cpus", "1", "--memory", "1GiB", "--ports", str(declared))
    world.ok(project, "start", timeout=1800)
    yield project
    world.run(project, "destroy", "--yes")


def test_only_the_project_is_mounted(world, agent):
    assert inside(world, agent, "findmnt -rno TARGET -t 9p,virtiofs,fuse.sshfs") == f"{agent}\n"
    inside(world, agent, "echo mine > from-the-agent")
    assert (agent / "from-the-agent").read_text() == "mine\n"


def test_there_is_no_key_and_no_agent(world, agent):
    assert inside(world, agent, "sudo grep -rlI 'PRIVATE KEY' /home /root /mnt || true") == ""
    found = inside(
        world,
        agent,
        "echo ${SSH_AUTH_SOCK:-none}; ssh-add -l >/dev/null 2>&1; echo $?; ls -d /mnt/host-ssh 2>&1 || true",
    )
    socket, status, mount = found.splitlines()
    assert (socket, status) == ("none", "2"), "2 is ssh-add's word for no agent"
    assert "No such file" in mount


def test_the_hosts_own_keys_do_not_log_in(world, agent):
    public = (world.place / "home/.ssh/id_ed25519.pub").read_text().split()[1]
    allowed = inside(
        world, agent, "cat ~/.ssh/authorized_keys /run/sysinit-vm/authorized_keys/$USER 2>/dev/null || true"
    )
    assert "ssh-" in allowed, "Lima's own key logs in"
    assert public not in allowed
    made = yaml.safe_load((world.lima_home / "agent-dev/lima.yaml").read_text())
    assert made["ssh"].get("forwardAgent", False) is False


def test_only_the_declared_port_reaches_the_host(world, agent, declared):
    other = free_port()
    serve(world, agent, declared, other)
    assert fetched(f"http://localhost:{declared}") == f"guest {declared}"
    with pytest.raises(OSError, match="refused"):
        fetched(f"http://localhost:{other}", seconds=15)
    assert not sockets.taken(other)


def test_commits_have_the_users_name(world, agent):
    assert inside(world, agent, "git config user.email") == f"{GIT_EMAIL}\n"
