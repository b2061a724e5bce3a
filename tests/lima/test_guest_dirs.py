"""Directories of the project on the guest's own disk, on a running guest; over a restart in test_workflow.py."""

from subprocess import CalledProcessError

import pytest

from tests.lima.conftest import apply_setup, inside


def test_a_directory_can_be_the_guests_own_and_the_hosts_again(world, demo):
    (demo / "heavy").mkdir()
    (demo / "heavy/of-the-host").write_text("host")
    apply_setup(world, demo, GUEST_DIRS="heavy web/node_modules")
    apply_setup(world, demo, GUEST_DIRS="heavy web/node_modules")
    bound = "findmnt -rno TARGET | grep -e /heavy -e node_modules | sort"
    assert inside(world, demo, bound).split() == [f"{demo}/heavy", f"{demo}/web/node_modules"]
    assert (
        inside(world, demo, "ls heavy; echo guest > heavy/of-the-guest; stat -c %U heavy; whoami").split()[0] != "root"
    )
    inside(world, demo, "mkdir web/node_modules/p && stat -fc %T web/node_modules | grep -v 9p")
    assert [path.name for path in (demo / "heavy").iterdir()] == ["of-the-host"]
    assert list((demo / "web/node_modules").iterdir()) == []

    apply_setup(world, demo, GUEST_DIRS="web/node_modules")
    assert inside(world, demo, "ls heavy") == "of-the-host\n"
    assert inside(world, demo, "ls web/node_modules") == "p\n"
    apply_setup(world, demo, GUEST_DIRS="heavy")
    assert inside(world, demo, "cat heavy/*; ls web/node_modules") == "guest\n"
    apply_setup(world, demo)
    assert inside(world, demo, f"{bound} || true") == ""


def test_a_link_in_its_place_is_refused_in_the_guest_too(world, demo):
    (demo / "sneaky").symlink_to("/etc")
    with pytest.raises(CalledProcessError):
        apply_setup(world, demo, GUEST_DIRS="sneaky")
    assert inside(world, demo, "findmnt -rno TARGET | grep -c '^/etc$' || true") == "0\n"
