import os
import stat

import pytest

from sysinit_vm import file_edits
from sysinit_vm.errors import NotConfirmedError, VmError
from sysinit_vm.file_edits import FileEdit


def made(*changes, dry=False):
    file_edits.ask_and_write(changes, yes=True, dry=dry, hint="x --yes")


def test_the_difference_shows_what_comes_and_goes(tmp_path):
    shown = FileEdit(tmp_path / "f", b"one\ntwo\n", b"zero\none\ntwo\n").difference()
    assert f"--- {tmp_path}/f" in shown
    assert "\n+zero\n one\n two" in shown
    assert "--- /dev/null" in FileEdit(tmp_path / "f", None, b"x").difference()
    assert "-x" in FileEdit(tmp_path / "f", b"x", None).difference()
    assert "+\\xff" in FileEdit(tmp_path / "f", b"", b"\xff").difference()


def test_a_change_keeps_the_files_permissions_and_shows_itself(tmp_path, capsys):
    path = tmp_path / "f"
    path.write_bytes(b"old\n")
    path.chmod(0o640)
    made(FileEdit(path, b"old\n", b"old\nnew\n"))
    assert path.read_bytes() == b"old\nnew\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "+new" in capsys.readouterr().err


def test_a_new_file_has_the_mode_it_was_given_and_a_removed_one_is_gone(tmp_path):
    path = tmp_path / "d" / "f"
    made(FileEdit(path, None, b"x", mode=0o600))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made(FileEdit(path, b"x", None))
    assert not path.exists()


def test_a_link_is_written_through(tmp_path, capsys):
    real, link = tmp_path / "dotfiles", tmp_path / "f"
    real.write_bytes(b"old")
    link.symlink_to("dotfiles")
    made(FileEdit(link, b"old", b"new"))
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert f"{real} will be changed" in capsys.readouterr().err


def test_what_a_link_leads_to_is_emptied_where_the_file_should_go(tmp_path):
    real, link = tmp_path / "dotfiles", tmp_path / "f"
    real.write_bytes(b"ours")
    link.symlink_to("dotfiles")
    made(FileEdit(link, b"ours", None))
    assert link.is_symlink()
    assert real.read_bytes() == b""


def test_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "f").symlink_to("gone")
    with pytest.raises(VmError, match="does not exist"):
        file_edits.read(tmp_path / "f")


def test_a_directory_in_a_files_place_is_refused(tmp_path):
    with pytest.raises(VmError, match="Cannot read"):
        file_edits.read(tmp_path)


def test_a_read_only_file_is_refused_before_any_other_is_touched(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    second.chmod(0o444)
    with pytest.raises(VmError, match=r"read-only[\s\S]*\+22") as refused:
        made(FileEdit(first, b"1", b"11"), FileEdit(second, b"2", b"22"))
    assert "chmod u+w" in refused.value.hint
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")


def test_a_projects_file_is_written_in_its_place_and_a_link_there_is_refused(tmp_path):
    root, outside = tmp_path / "shop", tmp_path / "outside"
    root.mkdir()
    made(FileEdit(root / "f", None, b"new", project=root))
    assert (root / "f").read_bytes() == b"new"
    (root / "f").unlink()
    outside.write_bytes(b"theirs")
    (root / "f").symlink_to(outside)
    with pytest.raises(VmError, match="a link"):
        made(FileEdit(root / "f", b"theirs", b"new", project=root))
    assert outside.read_bytes() == b"theirs"


def test_a_read_only_file_of_a_project_is_refused_too(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"1")
    path.chmod(0o444)
    with pytest.raises(VmError, match="read-only"):
        made(FileEdit(path, b"1", b"2", mode=0o444, project=tmp_path))
    assert path.read_bytes() == b"1"


def test_without_yes_and_terminal_nothing_is_changed_but_the_difference_is_seen(tmp_path, capsys):
    with pytest.raises(NotConfirmedError, match="x --yes"):
        file_edits.ask_and_write([FileEdit(tmp_path / "f", None, b"new\n")], yes=False, dry=False, hint="x --yes")
    assert not (tmp_path / "f").exists()
    assert "+new" in capsys.readouterr().err


def test_dry_only_shows(tmp_path, capsys):
    made(FileEdit(tmp_path / "f", None, b"new\n"), dry=True)
    assert not list(tmp_path.iterdir())
    assert "+new" in capsys.readouterr().err


def test_nothing_to_change_asks_nothing():
    file_edits.ask_and_write([], yes=False, dry=False, hint="")


def test_neither_a_fifo_nor_a_huge_file_is_read(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 2**32)
    for name in ("fifo", "huge"):
        with pytest.raises(VmError, match="Cannot read"):
            file_edits.read(tmp_path / name)


def test_a_link_that_a_guest_led_elsewhere_after_the_question_is_not_followed(tmp_path, monkeypatch):
    project, victim, path = tmp_path / "demo", tmp_path / "victim", tmp_path / "config"
    (project / ".lima").mkdir(parents=True)
    (project / ".lima/config.yaml").touch()
    victim.write_text("mine\n")
    path.write_text("a\n")
    edit = FileEdit(path, b"a\n", b"b\n")
    path.unlink()
    path.symlink_to(project / "file")
    (project / "file").symlink_to(victim)
    with pytest.raises(VmError, match="not safe to use"):
        file_edits.write([edit])
    assert victim.read_text() == "mine\n"


@pytest.mark.parametrize("in_project", [True, False])
def test_what_was_written_while_the_question_waited_stays(tmp_path, in_project):
    other, path = tmp_path / "other", tmp_path / "config"
    other.write_text("x\n")
    path.write_text("old\n")
    project = tmp_path if in_project else None
    edits = [
        FileEdit(other, b"x\n", b"y\n", project=project),
        FileEdit(path, b"old\n", b"old\nours\n", project=project),
    ]
    path.write_text("old\nmine\n")
    with pytest.raises(VmError, match="has changed meanwhile"):
        file_edits.write(edits)
    assert (other.read_text(), path.read_text()) == ("x\n", "old\nmine\n")
    path.write_text("old\n")
    file_edits.write(edits)
    assert (other.read_text(), path.read_text()) == ("y\n", "old\nours\n")
