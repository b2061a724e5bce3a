"""Disks that are full, and places that cannot be written."""

import subprocess
from pathlib import Path

from tests.faults.case import Case
from tests.faults.registry import row


@row("init")
def disk_full_at_init(case: Case) -> None:
    """The project's disk is full at init"""
    disk = case.small_disk("1m", case.root / "small")
    filler = case.fill(disk)
    done = case.world.run(disk, "init", "minimal")
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert [path.name for path in disk.rglob("*")] == ["filler"]
    filler.unlink()
    case.world.ok(disk, "init", "minimal")
    case.outcome = "init [1] No space left on device"
    case.survived.append("no half config")


@row("init --yes")
def disk_full_at_a_second_init(case: Case) -> None:
    """The project's disk is full when init replaces a config"""
    disk = case.small_disk("1m", case.root / "small")
    case.world.ok(disk, "init", "minimal")
    config = disk / ".lima/config.yaml"
    config.write_text(config.read_text() + "# mine\n")
    before = case.state(config)
    case.fill(disk)
    done = case.world.run(disk, "init", "minimal", "--yes")
    assert done.returncode == 1
    case.outcome = f"init --yes [1] {done.stderr.splitlines()[0]}"
    case.kept(config, before, "the old config")


@row("start")
def disk_full_at_the_image_copy(case: Case) -> None:
    """LIMA_HOME's disk is full at the image copy"""
    home = case.small_disk("6m")
    case.run("start", ends=1, says="o space left")
    case.run("status", ends=0)
    subprocess.run(["mount", "-o", "remount,size=60m", home], check=True)
    case.booting()
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start")
def disk_full_without_any_room(case: Case) -> None:
    """LIMA_HOME's disk has no room for a single file"""
    home = case.small_disk("1m")
    (home / "_sysinit-vm").mkdir(mode=0o700)
    filler = case.fill(home)
    case.run("start", ends=1, says="o space left")
    assert not (home / case.name).exists()
    filler.unlink()
    case.survived.append("no half VM")


@row("start, stop, destroy")
def disk_full_at_a_later_start(case: Case) -> None:
    """LIMA_HOME's disk is full when a stopped VM starts"""
    home = case.small_disk("60m")
    directory = case.stopped()
    before = case.state(directory / "disk")
    filler = case.fill(home)
    case.run("start", "--timeout", "2", ends=1, says="o space left|did not start")
    for words in (("status",), ("list",), ("doctor",), ("stop", "--force")):
        case.run(*words)
    case.kept(directory / "disk", before, "the disk")
    case.kept(directory / "lima.yaml", case.state(directory / "lima.yaml"), "its config")
    filler.unlink()
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("apply")
def disk_full_at_apply(case: Case) -> None:
    """LIMA_HOME's disk is full at apply"""
    home = case.small_disk("60m")
    yaml = case.stopped() / "lima.yaml"
    before = case.state(yaml)
    case.change_config('memory: "4GiB"', 'memory: "3GiB"')
    filler = case.fill(home)
    case.run("apply", "--yes", ends=1)
    case.kept(yaml, before, "its config")
    filler.unlink()
    case.run("apply", "--yes", ends=0)
    assert "3GiB" in yaml.read_text()


@row("start")
def project_read_only(case: Case) -> None:
    """The project cannot be written"""
    case.read_only(case.root)
    case.run("init", "minimal", "--yes", ends=1, says="[Rr]ead-only")
    case.run("start", "--timeout", "1", ends=1)
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start, list")
def home_read_only(case: Case) -> None:
    """The user's home cannot be written"""
    case.read_only(Path(case.world.env["HOME"]))
    for words in (("list",), ("status",), ("doctor",)):
        case.run(*words)
    case.booting()
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start, stop, list")
def lima_home_read_only(case: Case) -> None:
    """LIMA_HOME cannot be written"""
    directory = case.stopped()
    before = case.state(directory / "disk")
    case.read_only(case.world.lima_home)
    for words in (("list",), ("status",), ("doctor",), ("prune", "--yes")):
        case.run(*words)
    for words in (("stop",), ("start", "--timeout", "1"), ("destroy", "--yes")):
        case.run(*words, ends=1, says=r"Read-only[\s\S]*Try: ls -ld")
    case.kept(directory / "disk", before, "the disk")


def image(case: Case) -> Path:
    return case.world.lima_home / "_images/sysinit-debian-latest.qcow2"


def with_another_image(case: Case, content: bytes | None) -> Path:
    """Replace the image, or delete it, until the row ends."""
    path = image(case)
    saved = path.read_bytes()
    case.undo(path.write_bytes, saved)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    return path


@row("start")
def image_deleted_between_starts(case: Case) -> None:
    """The image was deleted between two starts"""
    directory = case.stopped()
    before = case.state(directory / "disk")
    with_another_image(case, None)
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.run("stop", "--force", ends=0)
    case.kept(directory / "disk", before, "the disk")


@row("start")
def image_replaced_between_starts(case: Case) -> None:
    """The image was replaced between two starts"""
    directory = case.stopped()
    before = case.state(directory / "disk")
    with_another_image(case, b"another\n" * 1000)
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.run("stop", "--force", ends=0)
    case.kept(directory / "disk", before, "the disk")


@row("start")
def image_empty(case: Case) -> None:
    """The image is an empty file at the first start"""
    with_another_image(case, b"")
    case.run("start", "--timeout", "2", ends=1, says="Try: ")
    case.run("status", ends=0)
    case.run("destroy", "--yes")
    case.gone()


@row("start")
def image_truncated(case: Case) -> None:
    """The image was cut off at the first start"""
    with_another_image(case, image(case).read_bytes()[:300])
    case.run("start", "--timeout", "2", ends=1, says="Try: ")
    case.run("status", ends=0)
    case.run("destroy", "--yes")
    case.gone()
