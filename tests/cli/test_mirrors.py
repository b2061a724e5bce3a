"""Where packages come from: what a mirror cannot turn off, and its password, which no command shows."""

import json

import pytest

LOGIN = "https://me:hunter2@m.example/debian"
TRUSTED = "deb [trusted=yes] http://m.example/debian bookworm main"


@pytest.fixture
def builder(world):
    """A machine with everything that a build of the Debian image takes, as far as --dry looks."""
    place = world.home.parent / "bin"
    place.mkdir()
    for name in ("mmdebstrap", "qemu-img", "mkfs.ext4", "newuidmap", "bwrap", "zellij"):
        (place / name).write_text("#!/bin/sh\n")
        (place / name).chmod(0o755)
    world.env["PATH"] = f"{place}:{world.env['PATH']}"
    world.env["SYSINIT_VM_ZELLIJ"] = str(place / "zellij")
    return world


def test_a_mirror_that_is_to_be_trusted_without_a_signature_is_refused(builder):
    done = builder.run("build.debian", "--dry", SYSINIT_VM_MIRROR=TRUSTED)
    brief, detail, hint = done.stderr.splitlines()[-3:]
    assert done.returncode == 2
    assert brief == "SYSINIT_VM_MIRROR cannot have the apt option trusted=yes."
    assert "signature" in detail
    assert hint == "Try: unset SYSINIT_VM_MIRROR"
    assert "mmdebstrap" not in done.stdout


def test_so_is_one_in_the_users_settings(builder):
    path = builder.home / ".config" / "sysinit-vm" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"mirror: '{TRUSTED}'\n")
    done = builder.run("build.debian", "--dry")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Try: nano {path}"


def test_a_second_line_is_no_option_of_mmdebstraps(builder):
    line = TRUSTED.replace("[trusted=yes] ", "")
    done = builder.run("build.debian", "--dry", SYSINIT_VM_MIRROR=f"{line}\n--setup-hook=touch /tmp/x")
    assert done.returncode == 2


def test_the_password_of_a_mirror_is_in_no_command_and_it_says_so(builder):
    done = builder.run("build.debian", "--dry", SYSINIT_VM_MIRROR=LOGIN)
    assert done.returncode == 0
    assert "deb https://m.example/debian bookworm main" in done.stderr
    assert "is not put into the image" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("words", [("setup", "--json"), ("setup", "--dry"), ("doctor", "--json"), ("doctor", "--all")])
def test_no_command_shows_the_password_of_a_mirror(builder, words):
    done = builder.run(*words, SYSINIT_VM_MIRROR=LOGIN, SYSINIT_VM_ZELLIJ="")
    assert "m.example/debian" in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_nor_does_the_error_about_it(builder):
    done = builder.run("build.debian", SYSINIT_VM_MIRROR=LOGIN.replace("https", "ftp"))
    assert done.returncode == 2
    assert "hunter2" not in done.stderr


def test_the_routes_data_are_commands_alone(builder):
    done = builder.run("setup", "--json", SYSINIT_VM_MIRROR=LOGIN, SYSINIT_VM_ZELLIJ="")
    parts = {part["name"]: part for part in json.loads(done.stdout)["prerequisites"]}
    assert set(parts["zellij"]["route"]) == {"description", "commands"}
