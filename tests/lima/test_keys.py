"""ssh from the guest to elsewhere with the host's keys, and git with the host's identity. The other choices of `init
--ssh` are in test_workflow.py, each on a VM of its own."""

import shlex

import pytest

from tests.lima.conftest import GIT_EMAIL, GIT_NAME, apply_setup, inside, ssh_from_guest


def test_the_hosts_keys_open_another_machine(world, demo):
    done = ssh_from_guest(world, demo)
    assert done.stdout == "lima-demo-dev\n"


def test_the_keys_stay_as_they_are_and_cannot_be_changed(world, demo):
    assert inside(world, demo, "stat -Lc '%a %U' ~/.ssh/id_ed25519; whoami").split()[0] == "600"
    assert world.run(demo, "exec", "echo x >> ~/.ssh/id_ed25519").returncode != 0
    assert world.run(demo, "exec", "sudo sh -c 'echo x > /mnt/host-ssh/new'").returncode != 0
    assert not (world.place / "home/.ssh/new").exists()


@pytest.fixture
def host_config(world):
    """The host's own ssh config, as it is on a Mac, and its known hosts."""
    home = world.place / "home/.ssh"
    yield home / "config", home / "known_hosts"
    for name in ("config", "known_hosts"):
        (home / name).unlink(missing_ok=True)


def test_the_hosts_own_config_and_known_hosts_mean_the_same_in_the_guest(world, demo, host_config):
    config, known = host_config
    host, port = (
        "host.lima.internal",
        (world.lima_home / "demo-dev/ssh.config").read_text().split("Port ")[1].split()[0],
    )
    config.write_text(
        f"Host *\n  UseKeychain yes\nHost there\n  HostName {host}\n  Port {port}\n"
        "  IdentityFile ~/.ssh/other\n  IdentitiesOnly yes\n"
    )
    config.chmod(0o600)
    inside(world, demo, "rm -f ~/.ssh/known_hosts")
    known.write_text(inside(world, demo, f"ssh-keyscan -p {port} {host} 2>/dev/null"))
    strict = "-o BatchMode=yes -o StrictHostKeyChecking=yes"
    assert inside(world, demo, f"ssh {strict} there hostname") == "lima-demo-dev\n"
    assert "other" in inside(world, demo, f"ssh {strict} -v there true 2>&1 | grep -i 'accepts key'")


def test_a_config_of_the_guests_own_is_left_alone(world, demo):
    own = "~/.ssh/config"
    inside(world, demo, f"rm {own} && echo 'Host mine' > {own}")
    try:
        apply_setup(world, demo)
        assert inside(world, demo, f"cat {own}") == "Host mine\n"
    finally:
        inside(world, demo, f"rm {own}")
    apply_setup(world, demo)
    assert inside(world, demo, f"readlink {own}") == "/etc/sysinit-vm/ssh_config\n"


def test_a_commit_in_the_guest_has_the_hosts_name_and_email_and_nothing_else_of_its_config(world, demo):
    made = "git init -q repo && cd repo && git status --short && git commit -q --allow-empty -m x"
    said = inside(world, demo, f"{made} && git log -1 --format='%an|%ae|%cn|%ce'")
    assert said == f"{GIT_NAME}|{GIT_EMAIL}|{GIT_NAME}|{GIT_EMAIL}\n"
    assert "not-for-guests" not in inside(
        world, demo, "git config --list; cat /etc/gitconfig /etc/sysinit-vm/gitconfig"
    )


def test_the_guests_own_git_identity_wins(world, demo):
    inside(world, demo, f"git config --global user.name {shlex.quote('Guest')}")
    try:
        assert inside(world, demo, "git config user.name; git config user.email") == f"Guest\n{GIT_EMAIL}\n"
    finally:
        inside(world, demo, "rm ~/.gitconfig")
