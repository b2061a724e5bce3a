import errno
import os
import time
from pathlib import Path

import pytest

from sysinit_vm import project_tree
from sysinit_vm.config import document
from sysinit_vm.errors import NotConfirmedError, UsageError, VmError
from sysinit_vm.init import project_files, templates
from sysinit_vm.init.project_files import InitResult
from sysinit_vm.projects import default_names
from sysinit_vm.projects.project import Project

SEED_PATTERNS = ["*.sock", "*.pid", "ha.log", "serial.log"]


@pytest.fixture
def demo(home, tmp_path, monkeypatch):
    root = tmp_path / "demo"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")  # short: its length limits the names
    return Project(root)


def run(template="dev", *, directory=None, name=None, yes=False):
    return project_files.init_project(template, directory=directory, name=name, yes=yes)


def tree(project):
    return {path.name: path.read_bytes() for path in (project.root / ".lima").glob("*")}


def test_it_writes_a_config_that_names_the_project_and_its_directory(demo):
    result = run()
    assert result == InitResult(demo, result.config, None, "demo-dev")
    text = demo.config.read_text()
    assert f'PROJECT_DIR: "{demo.root}"' in text
    assert document.load(demo.config).data["param"] == {"PROJECT_NAME": "demo", "PROJECT_DIR": str(demo.root)}


def test_the_gitignore_has_the_seeds_four_patterns_and_ours_hide_what_is_made_here(demo):
    run()
    lines = (demo.root / ".lima/.gitignore").read_text().splitlines()
    assert [line for line in lines if line in SEED_PATTERNS] == SEED_PATTERNS
    assert lines[0] == "# Lima VM state files"
    assert {"config.yaml.*", ".mounted-*"} <= set(lines)
    assert "config.yaml" not in lines


def test_a_gitignore_that_is_there_stays(demo):
    (demo.root / ".lima").mkdir()
    (demo.root / ".lima/.gitignore").write_text("mine\n")
    run()
    lines = (demo.root / ".lima/.gitignore").read_text().splitlines()
    assert lines[0] == "mine"
    assert {"*.sock", "config.yaml.*"} <= set(lines)
    run(yes=True)
    assert (demo.root / ".lima/.gitignore").read_text().splitlines() == lines


def test_the_old_config_is_kept_beside_the_new_one(demo):
    run()
    demo.config.write_text("cpus: 7 # mine\n")
    written = run("minimal", yes=True)
    assert written.old_config.read_text() == "cpus: 7 # mine\n"
    assert written.old_config.parent == demo.config.parent
    assert "minimal" in demo.config.read_text()
    assert str(written.old_config) in project_files.next_steps(written, None)


def test_two_replacements_in_one_second_keep_both_old_configs(demo, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda *_: "20260101-000000")
    run()
    kept = []
    for text in ("first", "second"):
        demo.config.write_text(f"# {text}\n")
        kept.append(run(yes=True).old_config)
    assert [path.read_text() for path in kept] == ["# first\n", "# second\n"]


def test_an_old_config_of_any_bytes_is_kept_as_it_was(demo):
    run()
    demo.config.write_bytes(b"# caf\xe9 \xff\n\r\n")
    assert run(yes=True).old_config.read_bytes() == b"# caf\xe9 \xff\n\r\n"


def test_an_unknown_template_writes_nothing_and_lists_those_that_there_are(demo):
    with pytest.raises(UsageError, match="dev, minimal, project-template") as caught:
        run("nope")
    assert caught.value.exit_code == 2
    assert list(demo.root.iterdir()) == []


@pytest.mark.parametrize("template", ["../dev", "_common", "dev.yaml", "", "/etc/passwd"])
def test_what_is_no_template_writes_nothing(demo, template):
    with pytest.raises(VmError):
        run(template)
    assert list(demo.root.iterdir()) == []


def test_the_ssh_choice_is_written(demo):
    project_files.init_project("dev", directory=str(demo.root), name=None, yes=False, ssh="agent")
    assert document.load(demo.config).data["ssh"]["forwardAgent"] is True


def test_an_unknown_ssh_choice_writes_nothing_and_lists_those_that_there_are(demo):
    with pytest.raises(UsageError, match="keys, agent, none"):
        project_files.init_project("dev", directory=str(demo.root), name=None, yes=True, ssh="all")
    assert not demo.config.exists()


def test_a_name_is_kept_in_the_config_for_good(demo, monkeypatch):
    assert run(name="mine").vm_name == "mine"
    assert document.load(demo.config).vm_name == "mine"
    monkeypatch.setenv("VM_NAME", "theirs")
    assert run(yes=True).vm_name == "theirs"
    assert document.load(demo.config).vm_name == "theirs"


def test_a_bad_name_writes_nothing(demo, monkeypatch):
    with pytest.raises(UsageError, match="--name"):
        run(name="a--b")
    monkeypatch.setenv("VM_NAME", "-x")
    with pytest.raises(UsageError, match="VM_NAME"):
        run()
    assert list(demo.root.iterdir()) == []


def test_without_a_terminal_and_without_yes_nothing_is_replaced(demo):
    run()
    before = tree(demo)
    with pytest.raises(NotConfirmedError, match="--yes"):
        run("minimal")
    assert tree(demo) == before


@pytest.mark.parametrize("broken", ["open", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_config(demo, monkeypatch, broken):
    run()
    demo.config.write_text("cpus: 7 # mine\n")
    real = os.open

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full_for_new_files(path, flags, *args, **options):
        return full() if flags & os.O_CREAT else real(path, flags, *args, **options)

    monkeypatch.setattr(os, broken, full_for_new_files if broken == "open" else full)
    with pytest.raises(VmError, match="No space left on device"):
        run(yes=True)
    monkeypatch.undo()
    assert demo.config.read_text() == "cpus: 7 # mine\n"
    assert sorted(tree(demo)) == [".gitignore", "config.yaml"]


def test_a_full_disk_leaves_nothing_in_a_new_project(demo, monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(VmError, match="No space left on device"):
        run()
    assert list(demo.root.iterdir()) == []


def test_an_interrupt_just_after_the_old_config_was_replaced_keeps_its_copy(demo, monkeypatch):
    run()
    demo.config.write_text("cpus: 7 # mine\n")
    real = os.replace

    def interrupted(source, target, **options):
        real(source, target, **options)
        if target == "config.yaml":
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(yes=True)
    (copy,) = demo.config.parent.glob("config.yaml.*")
    assert copy.read_text() == "cpus: 7 # mine\n"


def test_of_two_at_once_one_makes_the_config_and_the_other_replaces_nothing(demo, monkeypatch):
    real = project_tree.write

    def late(root, relative, data, **options):
        if relative == Path(".lima/config.yaml"):
            demo.config.write_text("cpus: 7 # the other's\n")
        real(root, relative, data, **options)

    monkeypatch.setattr(project_tree, "write", late)
    with pytest.raises(VmError, match=r"(?s)Cannot write.*File exists"):
        run()
    assert demo.config.read_text() == "cpus: 7 # the other's\n"
    assert sorted(tree(demo)) == [".gitignore", "config.yaml"]


def test_a_file_system_without_hard_links_takes_a_new_config_too(demo, monkeypatch):
    def none(*_args, **_options):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", none)
    run()
    assert sorted(tree(demo)) == [".gitignore", "config.yaml"]


def test_what_was_written_is_returned_whatever_lies_there_now(demo):
    result = run()
    demo.config.write_text("mounts: [{location: /}]\n")
    assert result.config.path == demo.config
    assert result.config.data["param"] == {"PROJECT_NAME": "demo", "PROJECT_DIR": str(demo.root)}
    assert "/" not in [mount["location"] for mount in result.config.data["mounts"]]
    assert result.config.foreign_owner == ""


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    path.write_text("the private key\n")
    return path


def contents(root):
    """What a guest of the project could read: every plain file in it."""
    return [path.read_bytes() for path in root.rglob("*") if path.is_file() and not path.is_symlink()]


@pytest.mark.parametrize("name", ["config.yaml", ".gitignore"])
def test_what_a_link_leads_to_is_neither_copied_into_the_project_nor_changed(demo, key, name):
    link = demo.config.with_name(name)
    link.parent.mkdir()
    link.symlink_to(key)
    with pytest.raises(VmError, match=f"{name}[\\s\\S]*a link[\\s\\S]*rm .*{name}"):
        run(yes=True)
    assert (key.read_text(), list(link.parent.iterdir()), link.is_symlink()) == ("the private key\n", [link], True)
    assert contents(demo.root) == []


def test_a_link_to_nothing_in_the_configs_place_is_refused(demo, tmp_path):
    demo.config.parent.mkdir()
    demo.config.symlink_to(tmp_path / "nowhere")
    with pytest.raises(VmError, match="a link"):
        run(yes=True)
    assert not (tmp_path / "nowhere").exists()


def test_nothing_is_written_where_a_link_leads(demo, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (demo.root / ".lima").symlink_to(elsewhere)
    with pytest.raises(VmError, match=r"a link[\s\S]*rm .*\.lima"):
        run(yes=True)
    assert list(elsewhere.iterdir()) == []
    assert (demo.root / ".lima").is_symlink()


@pytest.mark.parametrize("kind", ["FIFO", "huge"])
def test_a_config_that_is_no_small_file_is_not_copied(demo, kind):
    demo.config.parent.mkdir()
    if kind == "FIFO":
        os.mkfifo(demo.config)
    else:
        with demo.config.open("wb") as stream:
            stream.truncate(3 * 2**30)
    with pytest.raises(VmError, match=r"config\.yaml[\s\S]*mv .*config.yaml.old, then sysinit-vm init"):
        run(yes=True)
    assert list(demo.config.parent.iterdir()) == [demo.config]


def test_a_config_that_becomes_a_link_after_the_question_is_not_copied(demo, key, monkeypatch):
    run()

    def agree_late(*_args, **_options):
        demo.config.unlink()
        demo.config.symlink_to(key)

    monkeypatch.setattr(project_files.prompts, "confirm", agree_late)
    with pytest.raises(VmError, match="a link"):
        run()
    assert key.read_text() == "the private key\n"
    assert b"the private key\n" not in contents(demo.root)


def test_the_kept_copy_is_as_private_as_the_config_was(demo):
    run()
    demo.config.chmod(0o600)
    assert run(yes=True).old_config.stat().st_mode & 0o777 == 0o600


def test_a_gitignore_of_any_bytes_keeps_them(demo):
    (demo.root / ".lima").mkdir()
    (demo.root / ".lima/.gitignore").write_bytes(b"caf\xe9\n")
    run()
    assert (demo.root / ".lima/.gitignore").read_bytes().startswith(b"caf\xe9\n# Lima")


def test_a_directory_in_the_configs_place_is_refused_with_what_to_type(demo):
    demo.config.mkdir(parents=True)
    with pytest.raises(VmError, match=r"a directory[\s\S]*mv .*config.yaml.old, then"):
        run(yes=True)


def test_a_file_in_the_place_of_dot_lima_is_refused(demo):
    (demo.root / ".lima").write_text("")
    with pytest.raises(VmError, match="Cannot write"):
        run()


def test_another_projects_directory_is_named_by_the_option(demo, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    assert run(directory=str(other)).vm_name == "other-dev"
    assert list(demo.root.iterdir()) == []


def test_a_directory_below_a_project_becomes_a_project_of_its_own(demo, monkeypatch):
    run()
    (demo.root / "sub").mkdir()
    monkeypatch.chdir(demo.root / "sub")
    assert run().project.root == demo.root / "sub"


def test_what_is_missing_is_written_and_what_is_there_stays(demo, monkeypatch, capsys):
    project_files.init_if_missing("dev", directory=None, name=None)
    assert str(demo.config) in capsys.readouterr().err
    before = tree(demo)
    (demo.root / "sub").mkdir()
    monkeypatch.chdir(demo.root / "sub")
    project_files.init_if_missing("minimal", directory=None, name=None)
    assert tree(demo) == before
    assert list((demo.root / "sub").iterdir()) == []


@pytest.mark.parametrize("template", templates.available_names())
@pytest.mark.parametrize("name", ["a b", "q\"u'o", "$HOME", "#x", "a: b", "[x]", "{y}", "%s", "{% raw %}", "ünï", "-r"])
def test_an_awkward_directory_is_written_exactly(home, tmp_path, template, name):
    root = tmp_path / name
    root.mkdir()
    run(template, directory=str(root))
    data = document.load(Project(root).config).data
    assert {"PROJECT_NAME": name, "PROJECT_DIR": str(root)}.items() <= data["param"].items()
    assert data["env"]["ZELLIJ_SESSION"] == default_names.session_name(root)


def test_the_next_steps_are_the_seeds(demo):
    said = project_files.next_steps(run(), None)
    for line in (
        "Lima VM config created at .lima/config.yaml",
        "VM name: demo-dev",
        "1. Review",
        "2. Start VM",
        "3. Connect",
    ):
        assert line in said
