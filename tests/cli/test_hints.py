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


def test_after_init_elsewhere_the_next_steps_work_from_where_one_stands(world):
    other = world.project("other")
    done = world.run("init", "--project", str(other), cwd=world.home)
    assert done.returncode == 0
    assert f"created at {other}/.lima/config.yaml" in done.stderr
    assert f"sysinit-vm start --project {other}" in done.stderr
    assert f"sysinit-vm shell --project {other}" in done.stderr


@pytest.mark.parametrize("words", [("stop",), ("rm", "--yes"), ("logs",), ("status",)])
def test_where_no_project_is_the_vms_are_to_be_listed(world, words):
    done = world.run(*words)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("Try: sysinit-vm list, then sysinit-vm ")
    assert "sysinit-vm init" not in done.stderr


def test_a_mistyped_name_leads_to_the_nearest_vm_and_to_nothing_that_deletes(world):
    world.put_vm("Stopped")
    done = world.run("shell", "--plain", "--name", "dmeo")
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1] == "Try: the same command with --name demo-dev"
    assert "destroy" not in done.stderr


@pytest.mark.parametrize("word", ["demo", "demo-dev"])
def test_the_name_of_the_project_itself_is_not_needed(world, word):
    world.put_config()
    done = world.run("start", word)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Try: sysinit-vm start"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("logs foo", "logs host"),
        ("logs consol --lines 5", "logs --lines 5 host"),
        ("init python", "init --list"),
        ("up nodejs", "init --list"),
    ],
)
def test_what_is_to_be_typed_does_not_repeat_the_wrong_word(world, words, hint):
    done = world.run(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"\nTry: sysinit-vm {hint}\n")


def test_a_language_is_no_template_but_what_dev_is_for(world):
    assert "`dev` is for any language: `provision` in the config installs" in world.run("init", "python").stderr
