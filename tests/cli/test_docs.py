"""Every shell block of the documentation, typed by a shell on a pty in a throw-away home, questions answered by yes."""

import re
from pathlib import Path

import pexpect
import pytest

TOP = Path(__file__).parents[2]
PAGES = sorted([TOP / "README.md", *(TOP / "docs").glob("*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Not run here, by its first line, and why.
LEFT_OUT = {
    "~/sysinit-vm/bootstrap.sh up": "installs programs; tests/unit/test_bootstrap.py runs it with stand-ins",
    "./test.sh": "this test is a part of it",
    "uv tool install ~/sysinit-vm": "tests/cli/test_installation.py types these lines",
    "pipx install ~/sysinit-vm": "tests/cli/test_installation.py types these lines",
    "pip install ~/sysinit-vm": "tests/cli/test_installation.py types these lines",
    "sysinit-vm up": "asks for sudo where programs are missing; tests/lima types it on a real machine",
    "sysinit-vm open": "starts an editor; tests/cli/test_editors_commands.py has one that records",
    "sysinit-vm adopt": "needs a VM whose project has moved; tests/cli/test_identity_commands.py moves one",
    "sysinit-vm setup": "installs programs; tests/unit/machine runs it with stand-ins",
    "sysinit-vm ports": "asks as the guest's root; tests/cli/test_ports_commands.py has a guest with one",
    "sysinit-vm build.debian": "takes minutes; tests/lima makes the image",
    "sysinit-vm sync": "needs a real guest, with Nix or without; tests/cli/test_sync.py and tests/lima/test_sync_guest.py",
    "sysinit-vm rebuild": "as sync",
    "sysinit-vm exec getent hosts host.lima.internal": "needs a real guest; tests/lima/test_recipes.py types it",
    "sysinit-vm build.dev": "nix builds it from the network; tests/cli/test_nix_images.py has a flake of its own",
    "sysinit-vm build.minimal": "as build.dev",
    "limactl list --quiet | xargs -r -n 1 limactl delete --force": "limactl's own verbs",
    "limactl list": "limactl's own verbs; tests/lima/test_failed_starts.py types them",
    "limactl start --name myapp-dev .lima/config.yaml": "needs a real guest; tests/lima/test_plain_limactl.py types it",
}
# The same for one line of a block.
LINES_LEFT_OUT = {"sysinit-vm init --ask": "asks one thing after another; tests/cli/test_templates_commands.py answers"}


def first_line(block):
    return block.strip().splitlines()[0]


def pieces(page):
    """What is typed in one home: a block, and of the commands' page all those of a group, one after the other."""
    text = page.read_text()
    if page.name != "commands.md":
        return [[block] for block in BLOCK.findall(text)]
    return [BLOCK.findall(group) for group in text.split("\n## ")[1:]]


def blocks():
    for page in PAGES:
        for number, piece in enumerate(pieces(page), start=1):
            kept = [block for block in piece if first_line(block) not in LEFT_OUT]
            if kept:
                lines = [line for line in "".join(kept).splitlines(keepends=True) if line.strip() not in LINES_LEFT_OUT]
                yield pytest.param("".join(lines), id=f"{page.name}-{number}")


ALL = list(blocks())


@pytest.fixture
def reader(world):
    """A reader of the documentation: a checkout at home, and a project `myapp` with its VM."""
    (world.home / "sysinit-vm").symlink_to(TOP)
    zellij = world.fake / "zellij"
    zellij.write_text("#!/bin/sh\necho zellij 0.45.1\n")
    zellij.chmod(0o755)
    world.env["SYSINIT_VM_ZELLIJ"] = str(zellij)
    myapp = world.project("myapp")
    (myapp / "my notes.txt").write_text("notes")
    for words in (["init"], ["start"]):
        assert world.run(*words, cwd=myapp).returncode == 0
    return world


@pytest.mark.parametrize("block", ALL)
def test_each_block_does_what_it_says(reader, block):
    child = pexpect.spawn(
        "/bin/bash",
        ["-euo", "pipefail", "-c", block],
        cwd=str(reader.home / "myapp"),
        env={**reader.env, "TERM": "dumb"},
        encoding="utf-8",
        timeout=120,
    )
    answers = {r"\(y/N\)|\[y/N\]": "y\r", r"[$#] \Z": "exit\r"}  # a question; a shell in the guest
    while (met := child.expect([*answers, pexpect.EOF])) < len(answers):
        child.send(list(answers.values())[met])
        child.expect_exact("\n")  # a question is drawn more than once
    child.wait()
    assert child.exitstatus == 0, child.before
    assert "Traceback" not in child.before


def test_what_is_left_out_is_still_there():
    written = {first_line(block) for page in PAGES for block in BLOCK.findall(page.read_text())}
    assert set(LEFT_OUT) <= written
    assert set(LINES_LEFT_OUT) <= {line for page in PAGES for line in page.read_text().splitlines()}
    assert ALL


def test_no_block_hides_from_this_test_under_another_name():
    for page in PAGES:
        assert not re.findall(r"^```(bash|shell|console|zsh|fish)\b", page.read_text(), re.MULTILINE), page.name


def test_every_link_between_pages_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
