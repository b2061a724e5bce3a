"""A Lima whose keys the table of dangers was not made for is told."""

import pytest

WORDS = "Configs are judged by what Lima 2.0 to 2.2 does with them; this is Lima"


@pytest.mark.parametrize(("version", "told"), [("2.0.1", False), ("2.2.9", False), ("2.3.0", True), ("3.0.0", True)])
def test_start_and_doctor_tell_of_a_version_that_is_not_known(world, version, told):
    (world.fake / "version").write_text(f"limactl version {version}\n")
    world.put_config()
    started = world.run("start")
    assert started.returncode == 0
    assert (f"{WORDS} {version}" in started.stderr) == told
    assert (WORDS in " ".join(world.run("doctor").stdout.split())) == told
