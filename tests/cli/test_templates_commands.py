"""Templates as a user meets them: listed, chosen, asked for, one's own, a file, and Lima's."""

import json

import pexpect
import pytest
import yaml

from tests.worlds import SCRIPT


def config(world):
    return yaml.safe_load((world.demo / ".lima/config.yaml").read_text())


def test_the_list_has_the_users_own_first(world):
    own = world.home / ".config/sysinit-vm/templates"
    own.mkdir(parents=True)
    (own / "shop.yaml").write_text("# shop: what the shop needs.\ncpus: 2\n")
    lines = world.run("init", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["TEMPLATE", "shop", "agent", "dev", "minimal", "project-template"]
    assert "what the shop needs" in lines[1]
    listed = json.loads(world.run("init", "--list", "--json").stdout)
    assert (listed["version"], listed["templates"][0]["origin"]) == (1, "yours")
    assert not (world.demo / ".lima").exists()
    assert world.run("--chain", "init", "shop", "start").returncode == 0
    assert config(world) == {"cpus": 2}


def test_the_users_own_choice_of_a_template_is_what_init_takes_without_a_word(world):
    own = world.home / ".config/sysinit-vm"
    own.mkdir(parents=True)
    (own / "config.yaml").write_text("template: minimal\n")
    assert world.run("init").returncode == 0
    assert config(world)["cpus"] == 2
    world.run("init", "dev", "--yes")
    assert config(world)["cpus"] == 4, "a word wins"
    world.run("init", "--yes", SYSINIT_VM_TEMPLATE="agent")
    assert "portForwards" not in config(world)
    refused = world.run("init", "--yes", SYSINIT_VM_TEMPLATE="nonesuch")
    assert refused.returncode == 2
    assert "nonesuch" in refused.stderr


def test_each_size_and_the_ports_have_a_flag(world):
    words = ("--cpus", "3", "--memory", "5GiB", "--disk", "30GiB", "--ports", "81,82", "--ssh", "none")
    assert world.run("init", "agent", *words).returncode == 0
    data = config(world)
    assert (data["cpus"], data["memory"], data["disk"]) == (3, "5GiB", "30GiB")
    assert [each["hostPort"] for each in data["portForwards"]] == [81, 82]
    assert world.run("start").returncode == 0, "what init wrote is trusted"


@pytest.mark.parametrize("words", [["--cpus", "0"], ["--memory", "8"], ["--disk", "x"], ["--ports", "1,1"], ["--ask"]])
def test_a_flag_that_cannot_be_meant_writes_nothing(world, words):
    done = world.run("init", *words)
    assert done.returncode == (5 if words == ["--ask"] else 2)
    assert "Try: sysinit-vm init" in done.stderr
    assert not (world.demo / ".lima").exists()


@pytest.mark.parametrize("word", ["template:debian-12", "FILE"])
def test_what_others_wrote_is_not_trusted_unread(world, word):
    file = world.home / "theirs.yaml"
    file.write_text("mounts: [{location: /etc, writable: true}]\n")
    done = world.run("init", str(file) if word == "FILE" else word)
    assert done.returncode == 0
    assert "sysinit-vm trust" in done.stderr
    assert world.run("start").returncode == 5
    assert world.status() == "not created"


class Asked:
    """A terminal on which `init --ask` runs."""

    def __init__(self, world, *words):
        program, *rest = [*SCRIPT, "init", "--ask", *words]
        self.child = pexpect.spawn(
            program, rest, cwd=str(world.demo), env=world.env, timeout=20, encoding="utf-8", dimensions=(40, 120)
        )

    def answer(self, question, keys="\r"):
        self.child.expect_exact(question)
        self.child.send(keys)

    def end(self):
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert "Traceback" not in self.child.before
        return self.child.exitstatus


CLEAR = "\x01\x0b"  # to the beginning of the line, and delete it
DOWN = "\x1b[B"


def test_asked_for_everything_enter_takes_the_defaults(world):
    asked = Asked(world)
    for question in ("The VM's name:", "The template:", "CPUs:", "Memory:", "Disk:", "Ports that", "What ssh"):
        asked.answer(question)
    assert asked.end() == 0
    written = (world.demo / ".lima/config.yaml").read_text()
    (world.demo / ".lima/config.yaml").unlink()
    assert world.run("init").returncode == 0
    assert yaml.safe_load(written) == config(world)


def test_asked_for_everything_each_answer_counts_and_a_bad_one_is_asked_again(world):
    asked = Asked(world, "--cpus", "2")
    asked.answer("The VM's name:", f"{CLEAR}mine\r")
    asked.answer("The template:", f"{DOWN}\r")  # from dev to minimal
    asked.answer("CPUs:", f"{CLEAR}none\r")
    asked.child.expect_exact("--cpus cannot be 'none'")
    asked.answer("CPUs:")
    asked.answer("Memory:", f"{CLEAR}3GiB\r")
    asked.answer("Disk:")
    asked.answer("Ports that", f"{CLEAR}4000\r")
    asked.answer("What ssh", f"{DOWN}\r")
    assert asked.end() == 0
    data = config(world)
    assert (data["cpus"], data["memory"], data["disk"]) == (2, "3GiB", "20GiB")
    assert data["portForwards"] == [{"guestPort": 4000, "hostPort": 4000}]
    assert (data["param"]["VM_NAME"], data["ssh"]["forwardAgent"]) == ("mine", True)


def test_ctrl_c_at_a_question_writes_nothing(world):
    asked = Asked(world)
    asked.answer("The VM's name:")
    asked.answer("The template:", "\x03")
    assert asked.end() == 130
    assert not (world.demo / ".lima").exists()
