import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysinit_vm.errors import NoConfigError, StateError, UsageError, VmError
from sysinit_vm.escaping import escaped
from sysinit_vm.projects import default_names, locate
from sysinit_vm.projects.locate import Located, Target
from sysinit_vm.projects.project import Project
from tests.fakes import instances, vm

DEMO = Project(Path("/work/demo"))


def running(name, directory=None, status="Running"):
    return vm(name, directory, status)


def of(project=DEMO, name="demo-dev", source="directory"):
    return Target(project, name, source)


@pytest.fixture
def demo(home, tmp_path, monkeypatch):
    root = tmp_path / "demo"
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text("cpus: 1\n")
    monkeypatch.chdir(root)
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")  # short: its length limits the names
    return root


def test_the_name_comes_from_the_directory(demo):
    assert locate.target(None, None) == Target(Project(demo), "demo-dev", "directory")


def test_the_configs_own_name_wins_over_the_directorys(demo):
    (demo / ".lima/config.yaml").write_text("param: {VM_NAME: kept}\n")
    found = locate.target(None, None)
    assert (found.name, found.explicit) == ("kept", False)
    assert "config.yaml" in found.source


def test_vm_name_wins_over_the_configs_and_the_option_over_both(demo, monkeypatch):
    (demo / ".lima/config.yaml").write_text("param: {VM_NAME: kept}\n")
    monkeypatch.setenv("VM_NAME", "env")
    assert (locate.target(None, None).name, locate.target(None, None).source) == ("env", "VM_NAME")
    assert (locate.target(None, "said").name, locate.target(None, "said").source) == ("said", "--name")
    assert locate.target(None, "said").explicit


def test_a_name_that_is_said_needs_no_config(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate.target(None, "said") == Target(None, "said", "--name")
    with pytest.raises(NoConfigError):
        locate.target(None, None)
    with pytest.raises(NoConfigError):
        _ = locate.target(None, "said").required


@pytest.mark.parametrize("bad", ["a--b", "-x", "../x", "a b", "x.yaml", "y" * 200])
def test_a_name_that_lima_would_not_take_is_refused_with_who_said_it(demo, monkeypatch, bad):
    with pytest.raises(UsageError, match="--name"):
        locate.target(None, bad)
    monkeypatch.setenv("VM_NAME", bad)
    with pytest.raises(UsageError, match="VM_NAME"):
        locate.target(None, None)
    monkeypatch.delenv("VM_NAME")
    (demo / ".lima/config.yaml").write_text(f"param: {{VM_NAME: '{bad}'}}\n")
    with pytest.raises(UsageError, match=r"config\.yaml"):
        locate.locate(instances(), locate.target(None, None))


@pytest.mark.parametrize("text", ["a: [", "param: {VM_NAME: a--b}", "- 1", ""])
def test_a_project_whose_config_cannot_be_used_has_the_vm_that_was_made_for_it(demo, text):
    (demo / ".lima/config.yaml").write_text(text)
    wanted = locate.target(None, None)
    other = running("demo-dev", "/home/you/demo")
    assert locate.existing(instances(other, running("mine", demo)), wanted).name == "mine"
    for present in (instances(), instances(other)):
        for look in (locate.locate, locate.own, locate.existing, locate.running):
            with pytest.raises(VmError, match=r"config\.yaml"):
                look(present, wanted)


@pytest.fixture
def config_in_home(home, monkeypatch):
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")
    (home / ".lima").mkdir()
    (home / ".lima/config.yaml").write_text("cpus: 1\n")
    monkeypatch.chdir(home)


def test_where_no_project_may_be_only_name_says_which_vm_is_meant(config_in_home, monkeypatch):
    assert locate.target(None, "said") == Target(None, "said", "--name")
    with pytest.raises(UsageError, match="your home directory"):
        _ = locate.target(None, "said").required
    for _ in range(2):
        with pytest.raises(UsageError, match="your home directory"):
            locate.target(None, None)
        monkeypatch.setenv("VM_NAME", "env")


def test_a_project_elsewhere_is_named_by_the_option(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate.target("demo", None).project == Project(demo)


def test_its_own_vm_is_found():
    assert locate.locate(instances(running("demo-dev", "/work/demo")), of()).instance.name == "demo-dev"


def test_there_is_none_before_the_first_start():
    found = locate.locate(instances(), of())
    assert (found, found.status) == (Located("demo-dev"), "not created")


def test_demo_never_matches_demo_2():
    registry = instances(running("demo-2-dev", "/work/demo-2"), running("demo-2", "/work/demo-2"))
    assert locate.locate(registry, of()) == Located("demo-dev")


def test_its_vm_is_found_under_another_name_by_the_directory_that_it_carries():
    found = locate.locate(instances(running("other", "/work/demo")), of())
    assert (found.name, found.instance.name) == ("other", "other")


def test_its_own_vm_of_another_name_wins_over_a_strangers_of_its_name():
    registry = instances(running("demo-dev", "/home/you/demo"), running("other", "/work/demo"))
    assert locate.locate(registry, of()).name == "other"


@pytest.mark.parametrize("owner", ["/home/you/demo", None])
def test_a_strangers_vm_is_refused_naming_both_directories(owner):
    registry = instances(running("demo-dev", owner))
    with pytest.raises(StateError) as caught:
        locate.own(registry, of())
    assert caught.value.exit_code == 4
    assert (owner or "an unknown directory") in str(caught.value)
    assert "/work/demo" in str(caught.value)
    assert "start --name work-demo-dev" in caught.value.hint
    with pytest.raises(StateError):
        locate.existing(registry, of())
    with pytest.raises(StateError):
        locate.running(registry, of())


def test_only_name_answers_whose_it_is():
    registry = instances(running("demo-dev", "/home/you/demo"), running("own", "/work/demo"))
    assert locate.own(registry, of(source="--name")).instance.name == "demo-dev"
    assert locate.own(registry, of(project=None, source="--name")).instance.name == "demo-dev"
    with pytest.raises(StateError, match="/home/you/demo"):
        locate.own(registry, of(source="VM_NAME"))


def test_vm_name_chooses_the_vm_that_it_names_and_no_other():
    assert locate.own(instances(running("own", "/work/demo")), of(source="VM_NAME")).instance is None


@pytest.mark.parametrize("half", [True, False])
def test_a_vm_that_cannot_be_read_is_nobodys_and_says_what_to_type(tmp_path, half):
    broken = replace(running("demo-dev"), status="", dir=tmp_path)
    if not half:
        (tmp_path / "lima.yaml").write_text("a: [")
    assert locate.locate(instances(broken), of()).status == "Broken"
    with pytest.raises(StateError, match="rm -r" if half else "destroy --name demo-dev"):
        locate.own(instances(broken), of())
    assert locate.own(instances(broken), of(source="--name")).instance == broken


def test_half_a_vm_of_limas_is_to_be_destroyed_which_ends_what_runs_of_it(tmp_path):
    (tmp_path / "lima-version").write_text("2.2.0")
    half = replace(running("demo-dev"), status="", dir=tmp_path)
    with pytest.raises(StateError, match="sysinit-vm destroy --name demo-dev"):
        locate.own(instances(half), of())


def test_a_name_that_the_config_keeps_does_not():
    with pytest.raises(StateError):
        locate.own(instances(running("demo-dev", "/x")), of(source="param.VM_NAME in /work/demo/.lima/config.yaml"))


def test_no_vm_is_exit_4_with_those_that_there_are():
    with pytest.raises(StateError, match=r"There is no VM demo-dev\.[\s\S]*a, b\."):
        locate.existing(instances(running("a", "/a"), running("b", "/b")), of())
    with pytest.raises(StateError, match="no VM yet"):
        locate.existing(instances(), of())


@pytest.mark.parametrize("status", ["Stopped", "Broken"])
def test_one_that_does_not_run_is_exit_4_where_it_must(status):
    with pytest.raises(StateError, match=f"not running: {status}") as caught:
        locate.running(instances(running("demo-dev", "/work/demo", status)), of())
    assert caught.value.exit_code == 4


paths = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=90).filter(
    lambda text: text not in {".", ".."}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths, paths, paths, paths)
def test_two_directories_never_get_one_vm_unnoticed(parent, child, other_parent, other):
    one, two = Path("/", parent, child), Path("/", other_parent, other)
    if one == two:
        return
    registry = instances(running(default_names.vm_name(one), str(one)))
    wanted = Target(Project(two), default_names.vm_name(two), "directory")
    found = locate.locate(registry, wanted)
    assert found.instance is None
    if found.foreign:
        with pytest.raises(StateError, match=re.escape(escaped(str(one)))) as caught:
            locate.own(registry, wanted)
        assert escaped(str(two)) in str(caught.value)


def test_a_symlink_to_the_project_is_the_project(demo, tmp_path):
    (tmp_path / "link").symlink_to(demo)
    os.chdir(tmp_path / "link")
    registry = instances(running("demo-dev", str(demo)))
    assert locate.own(registry, locate.target(None, None)).instance.name == "demo-dev"


def test_a_vm_that_still_boots_cannot_be_worked_in_yet(tmp_path):
    booting = replace(running("demo-dev", "/work/demo"), dir=tmp_path)
    with pytest.raises(StateError, match="still booting"):
        locate.running(instances(booting), of())
    (tmp_path / "ha.stdout.log").write_text('{"status":{"running":true}}\n')
    assert locate.running(instances(booting), of()) == booting


def test_project_is_not_forgotten_where_a_config_is_needed(demo, tmp_path):
    (tmp_path / "bare").mkdir()
    with pytest.raises(NoConfigError, match="bare"):
        _ = locate.target(str(tmp_path / "bare"), "x-dev").required


@pytest.mark.parametrize(("text", "deletes"), [("cpus: 1\n", False), ("[", True)])
def test_a_config_that_is_good_by_now_is_no_reason_to_delete_the_disk(tmp_path, text, deletes):
    """Another command may have restored it since limactl was asked."""
    instance = vm("demo-dev", place=tmp_path, status="")
    instance.dir.mkdir()
    for name in ("lima-version", "disk"):
        (instance.dir / name).touch()
    instance.files.lima_yaml.write_text("cpus: 1\n")
    instance.files.keep_config()
    if deletes:
        instance.files.started_config.unlink()
    instance.files.lima_yaml.write_text(text)
    assert ("sysinit-vm destroy" in str(locate.unreadable(instance))) is deletes
