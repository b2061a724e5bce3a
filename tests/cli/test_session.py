"""`shell --layout` and `init --ssh` as they are typed; what they do in a guest is in tests/lima."""

import pytest

from sysinit_vm.config import document


@pytest.mark.parametrize("layout", ["nonesuch", "./nonesuch.kdl", "/etc/hostname", "https://x.example/l.kdl", ""])
def test_a_layout_that_cannot_be_is_refused_and_nothing_is_started(world, layout):
    world.put_config()
    done = world.run("shell", "--layout", layout)
    assert done.returncode == 2
    assert "Try: " in done.stderr
    assert not list(world.lima_home.glob("*/lima.yaml"))


def test_a_layout_of_the_running_guests_own_is_taken_only_if_it_is_there(world):
    world.put_vm()
    assert world.run("shell", "--layout", "theirs").returncode == 2
    own = world.home / ".config/zellij/layouts/theirs.kdl"
    own.parent.mkdir(parents=True)
    own.write_text("layout")
    assert "There is no layout" not in world.run("shell", "--layout", "theirs").stderr


@pytest.mark.parametrize(("choice", "code"), [("keys", 0), ("agent", 0), ("none", 0), ("all", 2), ("", 2)])
def test_the_choice_of_keys_is_written_or_refused(world, choice, code):
    done = world.run("init", "--ssh", choice)
    assert done.returncode == code
    assert (world.demo / ".lima/config.yaml").exists() is (code == 0)
    if code == 0:
        forwarded = document.load(world.demo / ".lima/config.yaml").data["ssh"].get("forwardAgent", False)
        assert forwarded is (choice == "agent")


@pytest.mark.parametrize("dirs", ["../x", "/etc", ".lima", "link/x", "a;b"])
def test_a_directory_that_leads_elsewhere_is_refused_and_nothing_is_started(world, dirs):
    world.put_config()
    (world.demo / "link").symlink_to("/etc")
    done = world.run("start", SYSINIT_VM_GUEST_DIRS=dirs)
    assert done.returncode == 2
    assert "Try: " in done.stderr
    assert not list(world.lima_home.glob("*/lima.yaml"))
