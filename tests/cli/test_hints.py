"""What is to be typed after an error works from where the command was typed: no hint loses an option."""

import pytest


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("init", "--memory", "3 gigs", "--cpus", "2", "--name", "shop"), "init --name shop --cpus 2 --memory"),
        (("plan", "--project", "{other}"), "start --project {other}"),
        (("exec", "--project", "{other}", "ls"), "start --project {other}"),
        (("logs", "--lines", "many", "--name", "shop"), "logs --name shop --lines 50"),
        (("start", "--project", "{bare}"), "init --project {bare}"),
    ],
)
def test_a_hint_has_the_options_that_were_typed(world, words, hint):
    places = {"other": world.project("other"), "bare": world.project("bare")}
    world.put_config(places["other"])
    done = world.run(*(word.format(**places) for word in words))
    assert done.returncode in {2, 3, 4}
    assert f"sysinit-vm {hint.format(**places)}" in done.stderr.splitlines()[-1]


def test_a_refused_overwrite_is_to_be_repeated_with_all_its_options(world):
    world.put_config()
    done = world.run("init", "minimal", "--memory", "6GiB", "--ports", "3000")
    assert done.returncode == 5
    last = done.stderr.splitlines()[-1]
    assert last == "Try: sysinit-vm init --template minimal --memory 6GiB --ports 3000 --yes"


def test_what_to_type_after_a_success_means_the_same_vm(world):
    other = world.project("other")
    world.put_vm("Stopped", other)
    done = world.run("start", "--project", str(other))
    assert done.returncode == 0
    assert f"sysinit-vm shell --project {other}" in done.stderr
