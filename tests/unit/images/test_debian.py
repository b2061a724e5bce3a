"""Building the Debian image: which programs run, and what stays when one of them fails."""

import configparser
import os
import shlex
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.images import debian, debian_files, debian_host
from sysinit_vm.images.build_lock import exclusive_build
from sysinit_vm.machine import apt_sources
from sysinit_vm.machine.apt_sources import Sources
from sysinit_vm.runner import Result
from tests.fakes import RecordingProgress, RecordingRunner, result

LINES = ["deb http://m.example/debian bookworm main"]
OLD = "sysinit-debian-20200101-000000"


class Programs:
    """Does to the work folder what the real programs would, and fails where told to."""

    def __init__(self, fail, says, raises):
        self.fail, self.says, self.raises = fail, says, raises

    def __call__(self, call):
        argv = call.argv
        if call.kind == "read":
            for word in argv[argv.index("--") + 1 :]:
                remove(Path(word))
            return result()
        name = next(word for word in map(str, argv) if "unshare" not in word and not word.startswith(("-", "0")))
        name = Path(name).name
        if name == self.fail:
            if self.raises:
                raise self.raises
            return Result(argv, 1, err=self.says)
        getattr(self, name.replace("-", "_").replace(".", "_"))(call.options["cwd"])
        return result()

    def mmdebstrap(self, work):
        (work / "root.tar").write_text("tar")

    def tar(self, work):
        (work / "root/boot").mkdir()
        (work / "root/var/lib/sysinit-vm").mkdir(parents=True)
        (work / "root/boot/vmlinuz-6.1.0-1-amd64").write_text("kernel")
        (work / "root/boot/initrd.sysinit-vm").write_text("initrd")
        (work / "root/var/lib/sysinit-vm/packages").write_text("zellij\t0.45.1\nbash\t5.2\n")

    def mkfs_ext4(self, work):
        assert not list((work / "root/boot").iterdir())
        (work / "disk").write_text("disk")

    def rm(self, work):
        remove(work / "root")

    def qemu_img(self, work):
        (work / "image.qcow2").write_text("qcow2")


def programs(fail="", says="", dry=False, raises=None):
    lines = ["I: downloading packages with apt..."]
    return RecordingRunner(answer=Programs(fail, says, raises), lines=lines, dry=dry)


def remove(path):
    for child in sorted(path.rglob("*"), reverse=True):
        child.rmdir() if child.is_dir() else child.unlink()
    if path.exists():
        path.rmdir()


@pytest.fixture(params=["root", "unshare"])
def host(request, tmp_path, monkeypatch):
    as_root = ("/usr/bin/unshare", *debian_host.NAMESPACE) if request.param == "unshare" else ()
    (tmp_path / "var-tmp").mkdir()
    found = debian_host.BuildTools("/usr/bin/mmdebstrap", "/usr/bin/qemu-img", "/sbin/mkfs.ext4", as_root)
    monkeypatch.setattr(debian_host, "_SHARED", tmp_path / "var-tmp")
    monkeypatch.setattr(debian_host, "find_tools", lambda _: found)
    monkeypatch.setattr(apt_sources, "read", lambda *_: Sources(tuple(LINES)))
    monkeypatch.setattr(debian.platform, "machine", lambda: "x86_64")
    return found


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "lima/_images"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def old(images):
    for part in debian_files.DEBIAN.parts:
        (images / f"{OLD}.{part}").write_text("old")
        (images / f"sysinit-debian-latest.{part}").symlink_to(f"{OLD}.{part}")
    return snapshot(images)


@pytest.fixture
def zellij(tmp_path):
    path = tmp_path / "zellij"
    path.write_bytes(b"\x7fELF zellij")
    return path


def snapshot(images):
    names = {path.name: path.read_text() for path in images.iterdir() if path.name != ".sysinit-debian.lock"}
    return names, {path.name: str(path.readlink()) for path in images.iterdir() if path.is_symlink()}


def build(runner, images, zellij):
    return debian.build(runner, images, zellij=zellij, mirror="", progress=RecordingProgress())


def test_the_image_is_four_files_and_the_latest(host, images, zellij, old):
    disk = build(programs(), images, zellij)
    assert disk.parent == images
    assert disk.read_text() == "qcow2"
    assert disk.with_suffix(".vmlinuz").read_text() == "kernel"
    assert disk.with_suffix(".initrd").read_text() == "initrd"
    for part in debian_files.DEBIAN.parts:
        link = images / f"sysinit-debian-latest.{part}"
        assert str(link.readlink()) == disk.with_suffix(f".{part}").name
    assert (images / f"{OLD}.qcow2").read_text() == "old"
    assert not [path for path in images.iterdir() if path.name.startswith(".") and path.suffix != ".lock"]


def test_the_manifest(host, images, zellij):
    manifest = build(programs(), images, zellij).with_suffix(".manifest").read_text()
    assert manifest.splitlines() == [
        f"key: {debian.key(zellij)}",
        "suite: bookworm",
        "arch: amd64",
        f"zellij-sha256: {debian_files.sha256(zellij)}",
        f"mirror: {LINES[0]}",
        "added: nothing",
        "",
        "zellij 0.45.1",
        "bash 5.2",
    ]


def test_without_a_zellij_the_image_has_none_and_says_so(host, images):
    disk = build(programs(), images, None)
    assert "zellij-sha256: none" in disk.with_suffix(".manifest").read_text().splitlines()
    assert debian.current(images, None) == disk
    assert debian_files.recorded(disk)["key"] == debian.key(None)


def test_an_image_that_was_built_before_there_was_a_zellij_lacks_it_alone(host, images, zellij):
    disk = images / "sysinit-debian-latest.qcow2"
    build(programs(), images, zellij)
    assert not debian.lacks_zellij(disk)
    build(programs(), images, None)
    assert debian.lacks_zellij(disk)
    assert not debian.outdated(disk, (0, 45, 1))
    assert not debian.lacks_zellij(images / "other.qcow2")


def test_the_overlay_has_zellij_if_there_is_one(tmp_path, zellij):
    for program in (zellij, None):
        debian_files.overlay(tmp_path / "overlay.tar", program)
        with tarfile.open(tmp_path / "overlay.tar") as tar:
            assert (f"./{debian_files.ZELLIJ}" in tar.getnames()) is bool(program)


def test_the_programs(host, images, zellij):
    runner = programs()
    build(runner, images, zellij)
    work = images / ".sysinit-debian-build"
    mmdebstrap, unpack, mkfs, rm, convert, _clean = map(list, runner.argvs)
    assert mmdebstrap[:2] == ["/usr/bin/mmdebstrap", f"--mode={host.mode}"]
    assert mmdebstrap[-3:] == ["bookworm", str(work / "root.tar"), *LINES]
    lean = [word for word in mmdebstrap if word.startswith("--dpkgopt=path-")]
    assert lean.index("--dpkgopt=path-exclude=/usr/share/man/*") < lean.index(
        "--dpkgopt=path-include=/usr/share/man/man[1-9]/*"
    )
    assert "linux-image-amd64," in next(word for word in mmdebstrap if word.startswith("--include="))
    assert unpack[: len(host.as_root)] == mkfs[: len(host.as_root)] == list(host.as_root)
    assert mkfs[-4:] == ["-d", "root", "disk", "4G"]
    assert rm[-3:] == ["-rf", "--one-file-system", "root"]
    assert convert == ["/usr/bin/qemu-img", "convert", "-c", "-W", "-O", "qcow2", "disk", "image.qcow2"]


def test_a_folder_with_a_quote_and_spaces(host, tmp_path, zellij):
    runner = programs()
    images = tmp_path / "it's my lima"
    build(runner, images, zellij)
    hook = next(word for word in runner.argvs[0] if word.startswith("--essential-hook="))
    assert shlex.split(hook.partition("=")[2]) == ["tar-in", f"{images}/.sysinit-debian-build/overlay.tar", "/"]


@pytest.mark.parametrize("step", ["mmdebstrap", "tar", "mkfs.ext4", "rm", "qemu-img"])
@pytest.mark.parametrize("raises", [None, KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_step_that_fails_leaves_the_old_image_and_nothing_else(host, images, zellij, old, step, raises):
    with pytest.raises(KeyboardInterrupt if isinstance(raises, KeyboardInterrupt) else VmError):
        build(programs(fail=step, says="E: it broke", raises=raises), images, zellij)
    assert snapshot(images) == old
    assert not list(debian_host._SHARED.iterdir())


@pytest.mark.parametrize("after", range(8))
def test_publishing_that_fails_leaves_the_old_image(host, images, zellij, old, after, monkeypatch):
    replace, calls = Path.replace, []

    def failing(path, target):
        calls.append(target)
        if len(calls) == after + 1:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(VmError, match="could not be written"):
        build(programs(), images, zellij)
    monkeypatch.undo()
    assert snapshot(images) == old


def test_what_a_killed_build_left_is_removed(host, images, zellij):
    (images / ".sysinit-debian-build/root").mkdir(parents=True)
    assert build(programs(), images, zellij).exists()
    assert not (images / ".sysinit-debian-build").exists()


def temporaries(runner):
    """Where mmdebstrap was told to put its temporary files."""
    return {Path(call.options["env"]["TMPDIR"]) for call in runner.calls if call.kind == "stream"}


def test_mmdebstraps_directory_in_var_tmp_is_new_and_of_this_account(host, images, zellij, tmp_path):
    def look(call):
        if call.kind == "stream" and "mmdebstrap" in call.argv[0]:
            status = Path(call.options["env"]["TMPDIR"]).lstat()
            seen.append((stat.S_ISDIR(status.st_mode), status.st_mode & 0o777, status.st_uid))
        return real(call)

    seen, runners = [], [programs(), programs()]
    for runner in runners:
        real, runner.answer = runner.answer, look
        build(runner, images, zellij)
    assert seen == [(True, 0o755, os.geteuid())] * 2
    (first,), (second,) = map(temporaries, runners)
    if host.as_root:
        assert first.parent == second.parent == tmp_path / "var-tmp"
        assert first != second
    else:
        assert first == images / ".sysinit-debian-build"


def test_a_directory_of_another_account_is_neither_used_nor_in_the_way_nor_removed(host, images, zellij, monkeypatch):
    """All names that a build has had, and a link to it, are there, and belong to another account."""
    runner = programs()
    build(runner, images, zellij)
    (former,) = temporaries(runner)
    if not host.as_root:
        return
    former.mkdir()
    (former / "mmdebstrap.planted").write_text("")
    link = former.with_name(f"{former.name}x")
    link.symlink_to(former)
    monkeypatch.setattr(debian_host.os, "geteuid", lambda: former.stat().st_uid + 1)
    again = programs()
    assert build(again, images, zellij).exists()
    assert temporaries(again).isdisjoint({former, link})
    assert (former / "mmdebstrap.planted").exists()
    assert link.is_symlink()


def test_what_a_killed_build_left_in_var_tmp_is_removed_but_not_that_of_other_images(host, images, zellij):
    runner = programs()
    build(runner, images, zellij)
    (former,) = temporaries(runner)
    if not host.as_root:
        return
    other = former.with_name("sysinit-debian-0123456789ab-x")
    for left in (former, other):
        (left / "mmdebstrap.x").mkdir(parents=True)
    build(programs(), images, zellij)
    assert list(debian_host._SHARED.iterdir()) == [other]


SECRET = Sources(
    ("deb https://m.example/debian bookworm main",), "machine https://m.example login me password hunter2\n"
)


def test_a_mirrors_password_is_in_one_file_of_the_build_and_nowhere_else(host, images, zellij, monkeypatch, capsys):
    def look(call):
        if call.kind == "stream" and "mmdebstrap" in call.argv[0]:
            tar = call.options["cwd"] / "logins.tar"
            assert any(f"tar-in {tar} /" in word for word in call.argv)
            seen.append((b"hunter2" in tar.read_bytes(), tar.stat().st_mode & 0o777))
        return real(call)

    monkeypatch.setattr(apt_sources, "read", lambda *_: SECRET)
    seen, runner = [], programs()
    real, runner.answer = runner.answer, look
    disk = build(runner, images, zellij)
    assert seen == [(True, 0o600)]
    assert "hunter2" not in str(runner.argvs) + str(runner.options)
    manifest = disk.with_suffix(".manifest").read_text()
    assert "mirror: deb https://m.example/debian bookworm main\n" in manifest
    assert not [path for path in images.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    said = capsys.readouterr().err
    assert "The mirror's password is not put into the image" in said
    assert "hunter2" not in said


def test_a_mirror_without_a_password_needs_no_hook_and_no_word(host, images, zellij, capsys):
    runner = programs()
    build(runner, images, zellij)
    assert not any("logins.tar" in word for word in runner.argvs[0])
    assert "password" not in capsys.readouterr().err


def test_a_second_build_at_the_same_time_waits_and_takes_the_firsts_image(host, images, zellij, monkeypatch):
    first = build(programs(), images, zellij)
    second, progress = programs(), RecordingProgress()

    def run():
        assert debian.build(second, images, zellij=zellij, mirror="", progress=progress) == first

    with exclusive_build(images, "debian"):
        other = threading.Thread(target=run)
        other.start()
        other.join(timeout=0.3)
        assert other.is_alive()
    other.join(timeout=10)
    assert not other.is_alive()
    assert (second.argvs, progress.stages) == ([], ["waiting for the other build"])


def test_too_little_room(host, images, zellij, monkeypatch):
    monkeypatch.setattr(debian, "ROOM", 2**60)
    with pytest.raises(VmError, match="Not enough disk space"):
        build(programs(), images, zellij)


def test_dry_changes_nothing(host, tmp_path, zellij, capsys):
    build(programs(dry=True), tmp_path / "none", zellij)
    assert not (tmp_path / "none").exists()
    assert "mmdebstrap" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("says", "brief"),
    [
        ("zellij: /lib/libc.so.6: version `GLIBC_2.38' not found (required by zellij)", "does not run in the guest"),
        ("zellij: error while loading shared libraries: libssl.so.1.1", "does not run in the guest"),
        ("tar: write: No space left on device", "The disk is full"),
        ("E: Failed to fetch http://m.example/x  404", "mirror cannot be used"),
        ("E: Unable to locate package nonesuch\nE: apt-get failed", "mirror has no package nonesuch"),
        ("E: something else", r"mmdebstrap failed \(exit 1\)"),
    ],
)
def test_a_failure_says_what_it_means(host, images, zellij, says, brief):
    with pytest.raises(VmError, match=brief) as error:
        build(programs(fail="mmdebstrap", says=says), images, zellij)
    assert ("GLIBC_2.38" in error.value.detail) == ("GLIBC" in says)


def test_stages_are_told_in_words(host, images, zellij):
    progress = RecordingProgress()
    debian.build(programs(), images, zellij=zellij, mirror="", progress=progress)
    assert "downloading packages" in progress.stages
    assert progress.stages[-1] == "making it the latest image"


def test_no_zellij(host, images, tmp_path):
    with pytest.raises(MissingError) as error:
        build(programs(), images, tmp_path / "none")
    assert error.value.hint == "sysinit-vm setup"


def test_missing_programs_are_named_together(images, monkeypatch):
    known = {"mmdebstrap": None, "qemu-img": None}
    monkeypatch.setattr(debian_host, "find", lambda name: known.get(name, Path("/bin") / name))
    with pytest.raises(MissingError) as error:
        debian_host.find_tools(RecordingRunner())
    assert error.value.detail == "Missing: mmdebstrap, qemu-img."
    assert error.value.hint == "sysinit-vm setup"


def test_an_ordinary_account_needs_subordinate_ids(images, monkeypatch):
    monkeypatch.setattr(debian_host, "find", lambda name: Path("/bin") / name)
    monkeypatch.setattr(debian_host.os, "geteuid", lambda: 1234)
    monkeypatch.setattr(debian_host.getpass, "getuser", lambda: "dev")
    monkeypatch.setattr(debian_host, "read_or_empty", lambda file: "other:100000:65536\n")
    with pytest.raises(MissingError) as error:
        debian_host.find_tools(RecordingRunner())
    assert error.value.hint.startswith("sudo usermod --add-subuids")
    monkeypatch.setattr(debian_host, "read_or_empty", lambda file: "dev:100000:65536\n")
    assert debian_host.find_tools(RecordingRunner()).mode == "unshare"


@pytest.mark.parametrize(
    ("sysctl", "value", "hint"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1\n", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0\n", "user.max_user_namespaces=15000"),
        ("user/max_user_namespaces", "9000\n", None),  # such as in a container
    ],
)
def test_an_account_that_may_not_make_namespaces_is_told_before_the_build(tmp_path, monkeypatch, sysctl, value, hint):
    (tmp_path / sysctl).parent.mkdir()
    (tmp_path / sysctl).write_text(value)
    monkeypatch.setattr(debian_host, "_SYSCTLS", tmp_path)
    monkeypatch.setattr(debian_host, "find", lambda name: Path("/bin") / name)
    monkeypatch.setattr(debian_host.os, "geteuid", lambda: 1234)
    monkeypatch.setattr(debian_host, "_check_subordinate_ids", lambda: None)
    runner = RecordingRunner(Result((), 1, err="unshare: unshare failed: Operation not permitted"))
    with pytest.raises(MissingError, match="may not create user namespaces") as error:
        debian_host.find_tools(runner)
    assert error.value.hint == (f"sudo sysctl -w {hint}" if hint else "sysctl -a --pattern userns")
    assert "Operation not permitted" in error.value.detail


def test_programs_are_found_where_ordinary_accounts_do_not_look(tmp_path, monkeypatch):
    program = tmp_path / "mkfs.test"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("sysinit_vm.executables._SBIN", (str(tmp_path),))
    assert debian_host.find("mkfs.test") == program


def test_a_machine_without_an_image(host, images, zellij, monkeypatch):
    monkeypatch.setattr(debian.platform, "machine", lambda: "riscv64")
    with pytest.raises(MissingError, match="riscv64"):
        build(programs(), images, zellij)


def test_the_key_changes_with_what_goes_in_and_with_nothing_else(zellij, tmp_path, monkeypatch):
    before = debian.key(zellij)
    assert debian.key(zellij) == before
    files = debian_files.contents()
    monkeypatch.setattr(debian_files, "contents", lambda: {**files, "packages": b"more"})
    assert debian.key(zellij) != before
    monkeypatch.setattr(debian_files, "contents", lambda: files)
    zellij.write_bytes(b"another")
    assert debian.key(zellij) != before


def test_packages_of_the_settings_are_installed_beside_ours_and_make_another_image(host, images, zellij):
    runner = programs()
    plain = build(programs(), images, zellij)
    disk = debian.build(runner, images, zellij=zellij, mirror="", packages="g++ ripgrep", progress=RecordingProgress())
    names = next(word for word in runner.argvs[0] if word.startswith("--include=")).split(",")
    assert names[-2:] == ["g++", "ripgrep"]
    assert names[:-2] == [f"--include={debian_files.packages('amd64')[0]}", *debian_files.packages("amd64")[1:]]
    assert "added: g++ ripgrep\n" in disk.with_suffix(".manifest").read_text()
    assert debian.key(zellij, "g++ ripgrep") != debian.key(zellij, "ripgrep") != debian.key(zellij)
    assert debian.current(images, zellij, "g++ ripgrep") == disk != plain
    assert debian.current(images, zellij) is None
    assert debian.outdated(images / "sysinit-debian-latest.qcow2", ())
    assert not debian.outdated(images / "sysinit-debian-latest.qcow2", (), "g++ ripgrep")


def test_a_package_that_is_ours_already_is_named_once():
    assert debian_files.packages("amd64", ["git", "ripgrep"]).count("git") == 1


def test_current(host, images, zellij):
    assert debian.current(images, zellij) is None
    disk = build(programs(), images, zellij)
    assert debian.current(images, zellij) == disk
    disk.with_suffix(".initrd").unlink()
    assert debian.current(images, zellij) is None


def test_current_is_none_when_something_changed(host, images, zellij):
    build(programs(), images, zellij)
    zellij.write_bytes(b"another")
    assert debian.current(images, zellij) is None


def test_the_overlay_is_root_s_and_its_scripts_can_run(zellij, tmp_path):
    debian_files.overlay(tmp_path / "overlay.tar", zellij)
    with tarfile.open(tmp_path / "overlay.tar") as tar:
        members = {member.name.removeprefix("./"): member for member in tar}
    assert all(member.uid == member.gid == 0 for member in members.values())
    modes = {name: member.mode for name, member in members.items()}
    assert modes["usr/local/bin/zellij"] == modes["usr/lib/sysinit-vm/lima-init"] == modes["finish"] == 0o755
    assert modes["usr/lib/systemd/system/lima-init.service"] == modes["etc/environment"] == 0o644


def test_in_our_image_the_last_logout_deletes_no_file_below_dev_shm(zellij, tmp_path):
    debian_files.overlay(tmp_path / "overlay.tar", zellij)
    read = configparser.ConfigParser()
    with tarfile.open(tmp_path / "overlay.tar") as tar:
        read.read_string(tar.extractfile("./etc/systemd/logind.conf.d/sysinit-vm.conf").read().decode())
    assert read["Login"]["RemoveIPC"] == "no"


def test_packages():
    names = debian_files.packages("arm64")
    assert names[0] == "linux-image-arm64"
    assert {"iptables", "rsync", "sshfs", "fuse3", "libssl3"} <= set(names)
    assert "cloud-init" not in names
    assert all(name == name.strip() and "#" not in name for name in names)
