"""What a newcomer mistypes: the answer leads on to what was meant, and nothing was run."""

import shutil

import pytest


@pytest.fixture
def shop(world):
    """A project ``shop`` with a running VM, besides ``demo`` with its own."""
    world.put_vm()
    root = world.project("shop")
    world.put_vm(root=root)
    return root


def hint_of(done):
    return done.stderr.rstrip().split("\nTry: ")[-1]


@pytest.mark.parametrize("words", ["exec ls", "shell", "ports", "copy a :b"])
def test_outside_a_project_both_ways_on_are_named(world, shop, words):
    elsewhere = world.project("empty")
    verb, *rest = words.split()
    done = world.run(verb, *rest, cwd=elsewhere)
    named = " ".join(["sysinit-vm", verb, "--name VM", *(rest if verb in {"exec", "copy"} else [])])
    assert (done.returncode, hint_of(done)) == (
        3,
        f"sysinit-vm list, then {named}; or, for a new VM: sysinit-vm up",
    )
    done = world.run(verb, *rest, cwd=world.home)
    assert hint_of(done).endswith("; or, for a new VM: mkdir -p ~/code/shop && cd ~/code/shop && sysinit-vm up")


@pytest.mark.parametrize("words", ["start", "restart", "plan", "apply", "open", "shell", "exec ls"])
def test_a_directory_that_lost_its_config_is_told_which_vm_was_made_for_it(world, shop, words):
    shutil.rmtree(shop / ".lima")
    done = world.run(*words.split(), cwd=shop)
    assert done.returncode == 3
    assert f"The VM shop-dev was made for {shop}." in done.stderr
    assert hint_of(done).startswith("sysinit-vm init, which makes a config for it again, or sysinit-vm destroy")


@pytest.mark.parametrize(
    ("name", "hint"), [("nosuch", "sysinit-vm list"), ("shpo-dev", "the same command with --name shop-dev")]
)
def test_status_of_a_vm_that_is_not_there_names_those_that_are(world, shop, name, hint):
    done = world.run("status", "--name", name)
    assert (done.returncode, hint_of(done)) == (0, hint)
    assert f"There is no VM {name}.\nVMs on this machine: demo-dev, shop-dev.\n" in done.stderr
    assert str(world.demo) not in done.stdout
