"""What a guest or a stranger puts in the place of a project's config stops no command that does not need it."""

import os

import pytest

KEY = "the private key"


def a_fifo(config):
    os.mkfifo(config)


def a_link_to_what_never_ends(config):
    config.symlink_to("/dev/zero")


def a_link_to_a_key(config):
    key = config.parents[2] / "key"
    key.write_text(f"{KEY}\n")
    config.symlink_to(key)


def huge(config):
    with config.open("wb") as stream:
        stream.truncate(3 * 2**30)


def a_directory(config):
    config.mkdir()


def no_yaml(config):
    config.write_text("a: [\n")


def an_illegal_name(config):
    config.write_text("param: {VM_NAME: a--b}\n")


def in_a_directory_that_is_a_link(config):
    elsewhere = config.parents[2] / "elsewhere"
    config.parent.rename(elsewhere)
    (elsewhere / "config.yaml").write_text("cpus: 1\n")
    config.parent.symlink_to(elsewhere)


KINDS = (
    a_fifo,
    a_link_to_what_never_ends,
    a_link_to_a_key,
    huge,
    a_directory,
    no_yaml,
    an_illegal_name,
    in_a_directory_that_is_a_link,
)


@pytest.fixture(params=KINDS, ids=lambda make: make.__name__)
def unreadable(request, world):
    """A project with a running VM, whose config cannot be used."""
    world.put_vm()
    config = world.demo / ".lima" / "config.yaml"
    config.unlink()
    request.param(config)
    return world


def test_what_looks_at_or_ends_the_vm_works(unreadable):
    for words in (["list"], ["status"], ["status", "--json"], ["logs"], ["exec", "true"], ["prune", "--yes"]):
        done = unreadable.run(*words)
        assert done.returncode == 0, (words, done.stderr)
        assert KEY not in done.stdout + done.stderr
    assert "demo-dev" in unreadable.run("list", cwd=unreadable.home).stdout
    assert "demo-dev" in unreadable.run("status").stdout
    assert unreadable.run("stop").returncode == 0
    assert unreadable.status() == "Stopped"
    assert unreadable.run("ports").returncode == 0
    assert unreadable.run("destroy", "--yes").returncode == 0
    assert unreadable.status() == "not created"


def test_status_and_doctor_say_what_is_wrong_with_it(unreadable):
    assert "Try: " in unreadable.run("status").stderr
    done = unreadable.run("doctor")
    assert done.returncode == 1
    assert done.stdout.count("Cannot use") <= 1
    assert KEY not in done.stdout


@pytest.mark.parametrize(
    "words",
    [["start"], ["restart"], ["up", "--yes"], ["plan"], ["apply", "--yes"], ["trust", "--show"]],
    ids=" ".join,
)
@pytest.mark.parametrize("unreadable", [make for make in KINDS if make is not an_illegal_name], indirect=True)
def test_what_needs_it_ends_with_an_error_in_three_parts(unreadable, words):
    done = unreadable.run(*words)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) >= 3
    assert "Try: " in done.stderr
    assert KEY not in done.stderr
    assert unreadable.verbs() == []
    assert unreadable.status() == "Running"


def test_without_a_vm_the_config_is_what_is_wrong(unreadable):
    assert unreadable.run("destroy", "--yes").returncode == 0
    for words in (["status"], ["stop"], ["destroy", "--yes"], ["logs"], ["start"], ["exec", "true"]):
        done = unreadable.run(*words)
        assert done.returncode in {1, 2}, (words, done.stderr)
        assert str(unreadable.demo / ".lima") in done.stderr
        assert "Try: " in done.stderr


def test_a_vm_of_any_name_is_found_by_its_directory(world):
    assert world.run("init", "--name", "mine").returncode == 0
    assert world.run("start").returncode == 0
    config = world.demo / ".lima" / "config.yaml"
    config.unlink()
    os.mkfifo(config)
    assert "mine" in world.run("status").stdout
    assert world.run("stop").returncode == 0
    assert world.status("mine") == "Stopped"


def test_one_projects_config_hides_no_other_vm(unreadable):
    unreadable.put_vm(root=unreadable.project("other"))
    done = unreadable.run("list", cwd=unreadable.home)
    assert done.returncode == 0
    assert "other-dev" in done.stdout


INSTANCE = ("sysinit-vm-writes", "sysinit-vm-lima", "sysinit-vm-moved-ports", "sysinit-vm-booted")
OURS = (
    *(f".lima/demo-dev/{name}.{'yaml' if name.endswith('lima') else 'json'}" for name in INSTANCE),
    *(f".lima/demo-dev/{name}" for name in ("ssh.config", "ssh.sysinit-vm", "ha.pid", "ha.stderr.log", "serial.log")),
    ".lima/_sysinit-vm/demo-dev.lock",
    ".lima/_sysinit-vm/_ports.lock",
    ".cache/sysinit-vm/limactl-version",
    ".cache/sysinit-vm/passwd",
    ".config/sysinit-vm/config.yaml",
    ".config/sysinit-vm/templates/mine.yaml",
)


@pytest.mark.parametrize("name", OURS)
def test_no_command_waits_for_a_fifo_in_place_of_a_file_of_ours_or_limas(world, name):
    world.put_vm()
    path = (world.lima_home / name.removeprefix(".lima/")) if name.startswith(".lima/") else world.home / name
    for words in (
        ("status",),
        ("doctor",),
        ("plan",),
        ("ssh-config", "--print"),
        ("logs", "console"),
        ("init", "--list"),
        ("exec", "true"),
        ("start",),
        *([] if name.endswith(".log") else [("restart",)]),  # limactl itself writes the logs
    ):
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
        done = world.run(*words)
        assert done.returncode in range(7), (words, done.stderr)
