"""From an archive to a program in its place: whole or not at all."""

import io
import os
import tarfile

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.machine import install_archive
from sysinit_vm.machine.release_archives import Delivery
from tests.archive_server import archive, pinned, serving
from tests.fakes import RecordingProgress

LIMA = {"bin/limactl": "#!/bin/sh\necho new\n", "share/lima/lima-guestagent.Linux-x86_64.gz": "agent"}


class Notes(RecordingProgress):
    """Keeps what is told of a stage."""

    def __init__(self):
        super().__init__()
        self.told = []

    def tell(self, note, *, share=None):
        self.told.append((note, share))


@pytest.fixture
def deliver(tmp_path):
    """A function that installs ``content`` as Lima, or ``inside`` a directory."""

    def run(content, *, inside="", program="bin/limactl", location="", expected=None, progress=None):
        source = tmp_path / "served" / "a.tar.gz"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(content)
        delivery = Delivery(
            pinned("a.tar.gz", expected or content),
            location or str(source),
            len(content),
            tmp_path / "cache" / "a.part",
            tmp_path / "data" / ".x.partial",
            tmp_path / "data" / "x",
            inside,
            program,
        )
        install_archive.install(delivery, progress or RecordingProgress())
        return delivery

    return run


def left(tmp_path):
    """The files that are there afterwards, but those of the mirror."""
    return sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() and "served" not in path.parts
    )


def test_lima_comes_with_all_that_is_beside_it(deliver, tmp_path):
    deliver(archive(LIMA))
    assert left(tmp_path) == [f"data/x/{name}" for name in sorted(LIMA)]
    assert os.access(tmp_path / "data" / "x" / "bin" / "limactl", os.X_OK)
    assert (tmp_path / "data" / "x" / "share").stat().st_mode & 0o777 == 0o755


def test_zellij_is_put_where_programs_are(deliver, tmp_path):
    deliver(archive({"zellij": "#!/bin/sh\n"}), inside="bin", program="bin/zellij")
    assert left(tmp_path) == ["data/x/bin/zellij"]


def test_what_was_there_is_replaced_whole(deliver, tmp_path):
    old = tmp_path / "data" / "x" / "bin" / "limactl"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    (old.parent / "more").write_text("old")
    deliver(archive(LIMA))
    assert "data/x/bin/more" not in left(tmp_path)
    assert "new" in old.read_text()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (archive(LIMA), archive({})),  # another digest
        (archive({"readme": ""}), None),  # without the program
        (archive({**LIMA, "../outside": ""}), None),
        (b"this is no archive", None),
    ],
    ids=["digest", "program", "name", "format"],
)
def test_whatever_is_wrong_leaves_the_old_part_and_nothing_half_made(deliver, tmp_path, content, expected):
    old = tmp_path / "data" / "x" / "bin" / "limactl"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    with pytest.raises(VmError):
        deliver(content, expected=expected)
    assert [name for name in left(tmp_path) if not name.startswith("cache/")] == ["data/x/bin/limactl"]
    assert old.read_text() == "old"
    assert not (tmp_path / "data" / ".x.partial").exists()


def test_nothing_is_unpacked_before_the_digest_is_right(deliver, monkeypatch):
    opened = []
    monkeypatch.setattr(install_archive, "_unpack", opened.append)
    with pytest.raises(VmError):
        deliver(archive(LIMA), expected=archive({}))
    assert opened == []


def test_the_link_of_limas_documentation_stays_a_link(deliver, tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, link in (("bin/limactl", ""), ("share/doc/lima/templates", "../../lima/templates")):
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            if link:
                member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member)
    deliver(buffer.getvalue())
    assert (tmp_path / "data/x/share/doc/lima/templates").readlink().as_posix() == "../../lima/templates"


def test_how_far_it_is_comes_in_bytes_with_its_rate(deliver, monkeypatch):
    times = iter(range(1000))
    monkeypatch.setattr(install_archive.time, "monotonic", lambda: next(times))
    content, progress = archive(LIMA, size=2_000_000), Notes()
    with serving({"/a": content}, slow=500_000) as served:
        deliver(content, location=f"{served.url}/a", progress=progress)
    whole = f"{len(content) / 1e6:.1f} MB"
    assert progress.stages == ["downloading", "verified; unpacking"]
    assert progress.told[0][1] == 0
    assert progress.told[-1][0].startswith(f"{whole.removesuffix(' MB')} of {whole}, ")
    assert progress.told[-1][0].endswith(" MB/s")
    assert progress.told[-1][1] == 1


def test_a_part_that_was_there_already_does_not_make_it_faster(deliver, tmp_path, monkeypatch):
    times = iter(range(0, 100_000, 10))  # ten seconds from one note to the next
    monkeypatch.setattr(install_archive.time, "monotonic", lambda: next(times))
    content, progress = archive(LIMA, size=10_000_000), Notes()
    part = tmp_path / "cache" / "a.part"
    part.parent.mkdir()
    part.write_bytes(content[:-1])
    with serving({"/a": content}) as served:
        deliver(content, location=f"{served.url}/a", progress=progress)
    assert progress.told[-1][0].endswith(", 0.0 MB/s")
