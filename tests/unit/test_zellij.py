import os
import subprocess

from sysinit_vm import zellij


def run(argv, path, **env):
    return subprocess.run(
        argv, env={"PATH": str(path), "SHELL": "/bin/echo", **env}, capture_output=True, text=True, check=False
    )


def stub(tmp_path):
    for name in ("sh", "echo"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    return tmp_path


def test_the_session_is_attached_to_or_made(tmp_path):
    program = stub(tmp_path) / "zellij"
    program.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    program.chmod(0o755)
    done = run(zellij.attach("my-app", "/"), tmp_path)
    assert (done.stdout, done.returncode) == ("<attach><--create><my-app>", 0)


def test_without_zellij_there_is_a_word_and_a_login_shell_in_the_directory(tmp_path):
    room = tmp_path / "a 'b' $c"
    room.mkdir()
    shell = stub(tmp_path) / "shell"
    shell.write_text('#!/bin/sh\necho "$1 $PWD"\n')
    shell.chmod(0o755)
    for argv in (zellij.attach("my-app", str(room)), zellij.plain(str(room))):
        done = run(argv, tmp_path, SHELL=str(shell))
        assert done.stdout == f"-l {os.path.realpath(room)}\n"
    assert "Zellij is not installed" in run(zellij.attach("a", "/"), tmp_path).stderr


def test_a_directory_that_is_gone_gives_no_shell_elsewhere(tmp_path):
    assert run(zellij.plain(str(tmp_path / "gone")), stub(tmp_path)).returncode != 0
