"""The guest can write the project, and so its config: that it widens its own rights is caught."""

from tests.lima.conftest import inside

MORE = 'mounts:\\n- location: \\"~\\"\\n  mountPoint: /mnt/home\\n  writable: true'


def test_a_guest_that_widens_its_own_rights_is_caught(world, demo):
    config = demo / ".lima/config.yaml"
    before, boot = config.read_bytes(), inside(world, demo, "cat /proc/sys/kernel/random/boot_id")
    inside(world, demo, f'sed -i "s|^mounts:|{MORE}|" .lima/config.yaml')
    try:
        assert b"/mnt/home" in config.read_bytes()
        for verb in ("restart", "start", "up"):
            caught = world.run(demo, verb)
            assert caught.returncode == 5
            assert " + RUNS" in caught.stderr
            assert world.env["HOME"] in caught.stderr
            assert "trust --approve" in caught.stderr
        assert "Running" in world.ok(demo, "status")
        assert inside(world, demo, "cat /proc/sys/kernel/random/boot_id") == boot
        assert world.run(demo, "exec", "test", "-e", "/mnt/home").returncode == 1
    finally:
        config.write_bytes(before)
    world.ok(demo, "start")


def test_a_real_base_is_put_in_after_its_approval_and_reaches_the_config(world):
    """Lima's own template, which takes more from other files; nothing is booted."""
    project = world.project("based")
    (project / ".lima").mkdir()
    (project / ".lima/shared.yaml").write_text("env: {FROM_BASE: 'yes'}\ncpus: 1\n")
    (project / ".lima/config.yaml").write_text("base: ./shared.yaml\nmemory: 1GiB\n")
    shown = world.run(project, "trust", "--show")
    assert "can do nothing to your machine outside the project." in shown.stderr
    (project / ".lima/config.yaml").write_text("base: template:_images/debian-12\nmemory: 1GiB\n")
    refused = world.run(project, "start")
    assert refused.returncode == 5
    assert "FETCHES base[0] takes more from template:_images/debian-12" in refused.stderr
    first = refused.stderr.split("--approve ")[-1].split()[0]
    world.ok(project, "trust", "--approve", first)
    again = world.run(project, "start")
    assert again.returncode == 5
    second = again.stderr.split("--approve ")[-1].split()[0]
    assert second != first
    world.ok(project, "trust", "--approve", second)
    assert not (world.lima_home / "based-dev").exists()
