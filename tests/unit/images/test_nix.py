import errno
import json
import shutil
from pathlib import Path

import pytest

from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.images import nix, nix_messages, nix_result
from sysinit_vm.images.image_files import ImageSeries
from tests.fakes import RecordingProgress, RecordingRunner, result

SOURCE = nix.NixImage("dev", "github:a/b", "x86_64-linux", "packages.{system}.{name}-image")
OLD = "sysinit-lima-dev-20260102-030405.qcow2"


def nix_runner(store, *, says="", code=0, info=None):
    """Makes the result as nix would, outside its out-link's folder."""

    def answer(call):
        if call.kind == "read":
            return result(0, json.dumps(info or {}))
        if not code:
            (store / "image").mkdir(parents=True, exist_ok=True)
            (store / "image" / "nixos.qcow2").write_bytes(b"QFI\xfb new")
            Path(call.argv[call.argv.index("--out-link") + 1]).symlink_to(store / "image")
        return result(code, err=says)

    drv = "building '/nix/store/0123456789abcdefghijklmnpqrsvwxy-nixos-image.drv'..."
    return RecordingRunner(answer=answer, lines=[drv, "warning: old", "x"])


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.setattr(nix, "find", lambda name: Path("/bin") / name)
    place = tmp_path / "_images"
    place.mkdir()
    (place / OLD).write_text("old")
    (place / "sysinit-lima-dev-latest.qcow2").symlink_to(OLD)
    return place


def untouched(images):
    visible = sorted(path.name for path in images.iterdir() if path.suffix != ".lock")
    return (
        visible == sorted([OLD, "sysinit-lima-dev-latest.qcow2"])
        and (images / "sysinit-lima-dev-latest.qcow2").read_text() == "old"
    )


def test_nix_is_asked_for_the_attribute_with_flakes_allowed(images, tmp_path, capsys):
    runner, stages = nix_runner(tmp_path / "store"), RecordingProgress()
    built = nix.build(runner, images, SOURCE, stages)
    assert runner.argvs[0] == (
        "/bin/nix",
        "--extra-experimental-features",
        "nix-command flakes",
        "build",
        "--print-build-logs",
        "--out-link",
        str(images / ".sysinit-nix-build" / "result"),
        "github:a/b#packages.x86_64-linux.lima-dev-image",
    )
    assert built.read_bytes() == b"QFI\xfb new"
    assert (images / "sysinit-lima-dev-latest.qcow2").resolve() == built
    assert "building nixos-image" in stages.stages
    assert "warning: old" in capsys.readouterr().err
    assert (images / OLD).exists()


@pytest.mark.parametrize("name", ["nix", "qemu-img"])
def test_a_missing_program_is_named_with_what_installs_it(images, monkeypatch, name):
    monkeypatch.setattr(nix, "find", lambda asked: None if asked == name else Path("/bin") / asked)
    with pytest.raises(MissingError, match=rf"{name} was not found[\s\S]*Try: sysinit-vm setup"):
        nix.build(nix_runner(images), images, SOURCE, RecordingProgress())
    assert untouched(images)


@pytest.mark.parametrize("raised", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_copy_that_ends_half_way_leaves_the_former_image(images, tmp_path, monkeypatch, raised):
    def half(_source, target):
        Path(target).write_bytes(b"QFI")
        raise raised

    monkeypatch.setattr(shutil, "copyfile", half)
    with pytest.raises(VmError if isinstance(raised, OSError) else KeyboardInterrupt):
        nix.build(nix_runner(tmp_path / "store"), images, SOURCE, RecordingProgress())
    assert untouched(images)


# What nix says, as versions 2.8 and 2.20 and newer word it.
FAILURES = [
    (
        "error: experimental Nix feature 'flakes' is disabled; use '--extra-experimental-features flakes'",
        "support flakes",
    ),
    ("error: unrecognised flag '--extra-experimental-features'", "support flakes"),
    (
        (
            "error: a 'aarch64-linux' with features {} is required to build '/nix/store/x.drv', "
            "but I am a 'x86_64-linux' with features {benchmark, big-parallel}"
        ),
        "cannot build for",
    ),
    (
        (
            "error: Cannot build '/nix/store/x.drv'.\n Reason: required system or feature not available\n"
            " Required system: 'aarch64-linux' with features {}\n Current system: 'x86_64-linux' with features {kvm}"
        ),
        "cannot build for",
    ),
    (
        (
            "error: a 'x86_64-linux' with features {kvm} is required to build '/nix/store/x.drv', "
            "but I am a 'x86_64-linux' with features {benchmark}"
        ),
        "needs kvm",
    ),
    ("error: flake 'path:/x' does not provide attribute 'packages.x86_64-linux.lima-dev-image'", "is not in the flake"),
    ("error: unable to download 'https://api.github.com/': Could not resolve host", "cannot read"),
    ("error: writing to file: No space left on device", "disk is full"),
    ("error: builder for '/nix/store/x.drv' failed with exit code 3", "nix failed"),
]


@pytest.mark.parametrize(("says", "brief"), FAILURES)
def test_what_nix_says_is_put_into_words_with_a_way_on(images, says, brief):
    with pytest.raises(VmError, match=brief) as caught:
        nix.build(
            nix_runner(images, code=1, says=f"\x1b[31;1m{says[:5]}\x1b[0m{says[5:]}"),
            images,
            SOURCE,
            RecordingProgress(),
        )
    assert caught.value.hint
    assert says.splitlines()[-1].strip() in caught.value.detail
    assert untouched(images)


def test_on_a_mac_it_says_how_to_get_a_linux_builder(images, monkeypatch):
    monkeypatch.setattr(nix_messages.platform, "system", lambda: "Darwin")
    with pytest.raises(MissingError, match=r"macOS cannot build a Linux image[\s\S]*darwin.linux-builder"):
        nix.build(nix_runner(images, code=1, says=FAILURES[2][0]), images, SOURCE, RecordingProgress())


@pytest.mark.parametrize(
    "info",
    [{"backing-filename": "/nix/store/base"}, {"format-specific": {"data": {"data-file": "/nix/store/raw"}}}],
)
def test_an_image_that_needs_another_file_is_refused(images, tmp_path, info):
    with pytest.raises(VmError, match="not a complete image"):
        nix.build(nix_runner(tmp_path / "store", info=info), images, SOURCE, RecordingProgress())
    assert untouched(images)


def test_a_link_out_of_the_store_is_not_followed(tmp_path):
    inside, outside = tmp_path / "store" / "result", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (outside / "image").write_bytes(b"QFI\xfb")
    (inside / "out").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    with pytest.raises(VmError, match="contains no qcow2"):
        nix_result.image([inside], "x#y")


def test_two_builds_in_one_second_are_two(tmp_path):
    series = ImageSeries("kind", ("qcow2",))
    first = series.new_stem(tmp_path)
    (tmp_path / f"{first}.qcow2").touch()
    assert series.new_stem(tmp_path) != first
