"""Completion in real shells: keys typed on a pty, the screen read."""

import shutil

import pytest

from tests.lima.terminal import Terminal

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile"], 'eval "$(sysinit-vm completion bash)"'),
    "zsh": (["zsh", "-f"], 'eval "$(sysinit-vm completion zsh)"'),
    "fish": (["fish", "--no-config"], "sysinit-vm completion fish | source"),
}


@pytest.fixture(params=SHELLS)
def shell(request, world):
    world.started()
    argv, line = SHELLS[request.param]
    assert shutil.which(argv[0]), f"{argv[0]} is missing; test.sh installs it"
    terminal = Terminal(argv, world.demo, {**world.env, "PS1": "% ", "fish_greeting": ""}, columns=140)
    terminal.press(f"{line}; echo rea" + "dy\r")
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


def test_several_that_fit_are_shown(shell):
    typed(shell, "sysinit-vm stat\t", "sysinit-vm status")
    shell.press("\x15sysinit-vm st\t\t")
    for word in ("start", "status", "stop"):
        shell.wait_for(rf"\b{word}\b", seconds=20)
