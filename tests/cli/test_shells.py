"""Completion in real shells, installed by the documented line: keys typed on a pty, the screen read."""

import re
import shutil
from pathlib import Path

import pytest

from tests.lima.terminal import Terminal

PAGE = (Path(__file__).parents[2] / "docs" / "installation.md").read_text()
# The shell's own file below the home, and the line for it.
LINES = {
    shell: (file, line.replace("\\|", "|"))
    for shell, file, line in re.findall(r"^\| (\w+) \| `~/([^`]+)` \| `(.+)` \|$", PAGE, re.MULTILINE)
}


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request, world):
    """An interactive shell that has just begun, in a home that has the line."""
    world.put_vm()
    assert shutil.which(request.param), f"{request.param} is missing; test.sh installs it"
    file, line = LINES[request.param]
    (world.home / file).parent.mkdir(parents=True, exist_ok=True)
    (world.home / file).write_text(f"{line}\n")
    env = {**world.env, "PS1": "% ", "fish_greeting": "", "ZDOTDIR": str(world.home)}
    terminal = Terminal([request.param], world.demo, env, columns=140)
    terminal.press("echo rea" + "dy\r")
    terminal.wait_for(r"(?m)^ready")
    yield terminal
    terminal.close()


def typed(terminal, keys, what):
    terminal.press(keys)
    terminal.wait_for(rf"(?m){what}$", seconds=20)


def test_commands_flags_templates_and_vms_are_completed(shell):
    typed(shell, "sysinit-vm destr\t", "sysinit-vm destroy")
    typed(shell, "--na\t", "destroy --name")
    typed(shell, "dem\t", "--name demo-dev")
    typed(shell, "\x15sysinit-vm init mini\t", "init minimal")
    typed(shell, "\x15sysinit-vm help dest\t", "help destroy")


def test_a_value_after_an_equals_sign_is_completed(shell):
    typed(shell, "sysinit-vm status --name=dem\t", "status --name=demo-dev")
    typed(shell, "\x15sysinit-vm open --editor=z\t", "open --editor=zed")
    typed(shell, "\x15sysinit-vm init --name=x mini\t", "init --name=x minimal")
    typed(shell, "\x15sysinit-vm exec --env A=1 --no-std\t", "--env A=1 --no-stdin")
    typed(shell, "\x15sysinit-vm status --project=.li\t", r"--project=\.lima/(config\.yaml)?")


@pytest.mark.parametrize("shell", ["bash"], indirect=True)
def test_in_a_bash_that_does_not_split_at_the_equals_sign_too(shell):
    shell.press("COMP_WORDBREAKS=${COMP_WORDBREAKS//=}\r")
    typed(shell, "sysinit-vm status --name=dem\t", "status --name=demo-dev")
    typed(shell, "\x15sysinit-vm init --template=mini\t", "init --template=minimal")


@pytest.mark.parametrize("shell", ["bash"], indirect=True)
def test_what_stands_behind_the_cursor_is_no_part_of_the_word(shell):
    typed(shell, "sysinit-vm --yes" + "\x1b[D" * 5 + "stat\t", "sysinit-vm status--yes")


def test_several_that_fit_are_shown(shell):
    typed(shell, "sysinit-vm stat\t", "sysinit-vm status")
    shell.press("\x15sysinit-vm st\t\t")
    for word in ("start", "status", "stop"):
        shell.wait_for(rf"\b{word}\b", seconds=20)
