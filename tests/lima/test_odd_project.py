"""One VM whose project is read-only and a directory inside a repository, and whose image lacks the config's shell."""

import subprocess
from types import SimpleNamespace

import pytest

GIT = ("git", "-c", "user.name=me", "-c", "user.email=me@a.example")
FISH = "user:\n  shell: /usr/bin/fish\n"


@pytest.fixture(scope="module")
def odd(world):
    """Start it; ``said`` is what that said."""
    root = world.project("repository/odd")
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run([*GIT, *words], cwd=root.parent, env=world.env, check=True)
    world.ok(root, "init", "minimal", "--ssh", "none")
    config = root / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("  writable: true", "  writable: false") + FISH)
    done = world.run(root, "start", timeout=1800)
    assert done.returncode == 0
    yield SimpleNamespace(root=root, said=done.stderr)
    world.ok(root, "destroy", "--yes")


def test_each_thing_that_is_odd_is_told_by_the_start(odd):
    assert "The guest has no /usr/bin/fish (user.shell): commands and logins use /bin/bash." in odd.said
    assert "The project is read-only in this guest: its mount is not writable." in odd.said
    assert "git fails in this guest: fatal: not a git repository" in odd.said
    assert f"sysinit-vm init --project {odd.root.parent}" in odd.said


def test_commands_go_on_by_bash_in_a_project_that_can_be_read(world, odd):
    assert world.ok(odd.root, "exec", "echo $SHELL; ls -A") == "/bin/bash\n.lima\n"
    assert "Read-only file system" in world.run(odd.root, "exec", "touch", "x").stderr


def test_a_hundred_key_pairs_keep_nobody_out(world, odd):
    pairs = [world.place / f"home/.ssh/many{number}{end}" for number in range(100) for end in ("", ".pub")]
    for path in pairs:
        path.touch()
    try:
        first, second = (world.run(odd.root, "exec", "echo in") for _ in range(2))
    finally:
        for path in pairs:
            path.unlink()
    assert (first.stdout, second.stdout) == ("in\n", "in\n")
    assert "more than 99 key pairs" in first.stderr
    assert "key pairs" not in second.stderr
