"""Many commands at once, on one VM and on three."""

import itertools
import re

import pytest

from sysinit_vm.config import document
from tests.worlds import BIN

PROGRAM = str(BIN / "sysinit-vm")
KINDS = (
    *(["start"], ["stop"], ["restart"], ["start"], ["stop", "--force"], ["start"], ["stop"]),
    *(
        ["status"],
        ["list", "--json"],
        ["plan"],
        ["ports"],
        ["logs", "host"],
        ["exec", "--", "true"],
        ["trust", "--show"],
    ),
    *(["apply", "--yes"], ["ssh-config", "--yes"], ["prune", "--yes"], ["status", "--json"], ["list"], ["start"]),
)


def ended(begun):
    """Wait for each command; nobody sees a traceback. Return their exit statuses and messages."""
    ends = []
    for process in begun:
        with process:
            out, err = process.communicate(timeout=300)
        assert "Traceback" not in out + err
        ends.append((process.returncode, err))
    return ends


def changes(world, name):
    """What limactl was asked to change of one VM, in order."""
    verbs = ("create", "start", "stop", "delete", "edit")
    calls = [[word for word in call if not word.startswith("-")] for call in world.calls()]
    return [call[0] for call in calls if call and call[0] in verbs and name in call[1:]]


def require_no_double_start(world, name):
    states = [verb for verb in changes(world, name) if verb in {"start", "stop", "delete"}]
    for before, after in itertools.pairwise(states):
        assert (before, after) != ("start", "start"), states


@pytest.mark.parametrize("projects", [["demo"], ["demo", "shop", "third"]])
def test_twenty_commands_at_once_end_and_start_nothing_twice(world, projects):
    assert len(KINDS) == 20
    roots = [world.demo if name == "demo" else world.project(name) for name in projects]
    for root in roots:
        world.put_vm("Stopped", root)
    for _ in range(2):
        places = itertools.cycle(roots)
        begun = [world.begin_in(next(places), PROGRAM, *words) for words in KINDS]
        for code, err in ended(begun):
            assert code in {0, 1, 4}, err
    for name in projects:
        require_no_double_start(world, f"{name}-dev")
        assert world.status(f"{name}-dev") in {"Running", "Stopped"}
        assert (world.lima_home / f"{name}-dev/lima.yaml").exists()


def test_a_start_against_a_destroy_leaves_a_whole_vm_or_none(world):
    world.put_vm("Stopped")
    for _ in range(3):
        begun = [world.begin(PROGRAM, *words) for words in (["start"], ["destroy", "--yes"], ["start"])]
        for code, err in ended(begun):
            assert code in {0, 1, 4}, err  # 1: its lima.yaml went while a start read it
        require_no_double_start(world, "demo-dev")
        assert world.status() in {"Running", "not created"}
    assert world.run("start").returncode == 0
    assert world.status() == "Running"


@pytest.mark.parametrize("text", [None, "corrupt"])
def test_of_starts_at_once_one_restores_a_lost_config_and_none_advises_to_destroy(world, text):
    world.put_vm("Stopped")
    own = world.lima_home / "demo-dev"
    (own / "lima-version").write_text("2.2.0")
    (own / "disk").touch()
    assert world.run("start").returncode == 0
    for _ in range(3):
        (own / "lima.yaml").unlink()
        if text:
            (own / "lima.yaml").write_text(text)
        ends = ended([world.begin(PROGRAM, "start") for _ in range(4)])
        assert [code for code, _ in ends] == [0] * 4, ends
        assert sum("its last start's again" in err for _, err in ends) == 1
    assert world.status() == "Running"


def test_of_many_inits_at_once_one_writes_the_config_and_it_is_whole(world):
    ends = ended([world.begin(PROGRAM, "init", "minimal") for _ in range(6)])
    assert [code for code, _ in ends].count(0) >= 1
    assert document.load(world.demo / ".lima/config.yaml").data["cpus"] == 2
    left = [path.name for path in (world.demo / ".lima").iterdir() if re.fullmatch(r"\..*\..+", path.name)]
    assert left in ([], [".gitignore"]), left
