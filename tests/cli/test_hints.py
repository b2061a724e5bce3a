"""What is to be typed after an error works from where the command was typed: no hint loses an option."""

import pytest

from tests.worlds import SCRIPT


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


@pytest.mark.parametrize("verb", ["status", "stop", "destroy", "shell", "exec"])
def test_without_its_config_a_directory_still_names_the_vm_that_was_made_for_it(world, verb):
    world.put_vm()
    (world.demo / ".lima" / "config.yaml").unlink()
    done = world.run(verb, *(["ls"] if verb == "exec" else []))
    assert (done.returncode, world.status()) == (3, "Running")
    assert f"The VM demo-dev was made for {world.demo}." in done.stderr
    assert done.stderr.endswith(
        "Try: sysinit-vm init, which makes a config for it again, or sysinit-vm destroy --name demo-dev\n"
    )


def test_a_project_that_only_lost_its_config_is_not_offered_to_another(world):
    world.put_vm("Stopped")
    (world.demo / ".lima" / "config.yaml").unlink()
    done = world.run("start", cwd=world.project("other", config="cpus: 1\n"))
    assert (done.returncode, "demo-dev" in done.stderr) == (0, False)


def test_stop_says_that_the_vm_is_stopped_already(world):
    world.put_vm("Stopped")
    assert world.run("stop").stderr == "demo-dev is stopped already.\n"


def test_copy_with_another_vms_name_before_the_colon_leads_to_that_vm(world):
    world.put_vm()
    world.put_vm(root=world.project("other"))
    for words, hint in (("a b other-dev:/tmp", "a b :/tmp"), ("other-dev:a .", ":a .")):
        done = world.run("copy", *words.split())
        assert done.returncode == 2
        assert done.stderr.endswith(f"\nTry: sysinit-vm copy --name other-dev {hint}\n")


@pytest.mark.parametrize("words", [("cd", "sub"), ("cd sub",)])
def test_a_cd_alone_is_refused_because_it_does_nothing(world, words):
    world.put_vm()
    done = world.run("exec", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cd alone does nothing")
    assert done.stderr.endswith("\nTry: sysinit-vm exec 'cd sub && ls'\n")


def test_up_with_another_ssh_choice_leads_to_up(world):
    done = world.run("up", "--ssh", "foo")
    assert done.stderr.endswith("\nTry: sysinit-vm up --ssh agent\n")


def test_a_size_without_a_unit_is_meant_in_gib(world):
    done = world.run("init", "--memory", "2", "--cpus", "1")
    assert done.stderr.endswith("\nTry: sysinit-vm init --cpus 1 --memory 2GiB\n")


def test_up_with_a_template_in_a_project_with_a_config_says_how_to_change_it(world):
    world.put_config()
    done = world.run("--dry", "up", "minimal")
    assert done.returncode == 0
    assert "To replace it: sysinit-vm init minimal, which keeps the old one beside the new.\n" in done.stderr


def test_following_the_log_of_a_stopped_vm_says_what_it_waits_for(world):
    world.put_vm("Stopped")
    with world.begin(*SCRIPT, "logs", "-f") as process:
        told = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=30)
    assert told == "demo-dev is not running: waiting for its next start. Ctrl-C ends this.\n"
