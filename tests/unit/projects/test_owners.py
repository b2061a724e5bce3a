import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysinit_vm.errors import StateError, UsageError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects import default_names, locate, owners
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from tests.fakes import FakeLimactl, instances, vm


@pytest.fixture
def demo(home, tmp_path):
    return project(tmp_path / "demo")


def project(root, text="cpus: 1\n"):
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text(text)
    return Project(root.resolve())


def left(lima, home, name="demo-dev"):
    found = owners.left_behind(lima, home, name)
    return found and found.name


def of_config(name, data):
    """One VM, which carries no directory, and has the config ``data``."""
    lima = FakeLimactl(place=lima_home())
    lima.add(name, config=data)
    return lima.instances()


def test_a_vm_of_its_name_whose_directory_is_gone_was_left_behind(demo):
    assert left(instances(vm("demo-dev", "/gone/demo")), demo) == "demo-dev"
    assert left(instances(vm("other-dev", "/gone/demo")), demo) is None


def test_so_was_one_whose_directory_stands_in_its_config(tmp_path, home):
    renamed = project(tmp_path / "shop", "param: {PROJECT_DIR: /gone/demo}\n")
    assert (
        left(instances(vm("demo-dev", "/gone/demo"), vm("shop-dev", "/gone/shop")), renamed, "shop-dev") == "demo-dev"
    )


def test_none_was_where_the_project_has_its_vm(demo):
    assert left(instances(vm("x", demo.root), vm("demo-dev", "/gone/demo")), demo) is None


def test_a_copy_never_gets_the_originals_vm(demo, tmp_path):
    demo.config.write_text(f"param: {{PROJECT_DIR: '{demo.root}'}}\n")
    copy = project(tmp_path / "b" / "demo", demo.config.read_text())
    assert left(instances(vm("demo-dev", demo.root)), copy) is None


def test_nor_does_any_project_one_whose_directory_cannot_be_looked_at(demo, monkeypatch):
    def denied(self, **_options):
        raise PermissionError(str(self))

    monkeypatch.setattr(Path, "stat", denied)
    lima = instances(vm("demo-dev", "/root/secret/demo"))
    assert left(lima, demo) is None
    assert owners.ownerless(lima) == []


def test_one_made_without_us_that_mounts_the_directory_was_too(demo):
    seeds = {"mounts": [{"location": "~/.ssh"}, {"location": str(demo.root), "writable": True}]}
    assert left(of_config("any", seeds), demo) == "any"


@pytest.mark.parametrize(
    "data", [{}, {"mounts": None}, {"mounts": "x"}, {"mounts": [None, {"location": 7}, {"location": "/elsewhere"}]}]
)
def test_one_that_mounts_something_else_is_a_strangers(demo, data):
    assert left(of_config("demo-dev", data), demo) is None
    assert left(instances(vm("demo-dev")), demo) is None


@pytest.mark.parametrize(
    "text", ["a: [", "param: 7\n", "param: {PROJECT_DIR: [1]}\n", "param: {PROJECT_DIR: relative}\n"]
)
def test_a_config_that_says_nothing_of_use_finds_nothing_and_is_no_error(tmp_path, home, text):
    assert left(instances(vm("x", "/gone")), project(tmp_path / "demo", text)) is None


def test_a_directory_that_is_not_absolute_is_nobodys(demo, monkeypatch):
    monkeypatch.chdir(demo.root)
    assert vm("x", ".").project_dir is None


def test_two_paths_of_one_directory_are_one_project(demo, tmp_path):
    """As on a case-insensitive file system, or through a bind mount: one file under two names."""
    (tmp_path / "DEMO").symlink_to(demo.root)
    other = Project(tmp_path / "DEMO")  # not resolved, as the file system itself makes no difference
    assert owners.belongs(vm("demo-dev", demo.root), other)
    assert locate.of_project(instances(vm("demo-dev", demo.root)), other)
    assert demo.corresponding(tmp_path / "DEMO" / ".lima") == demo.root / ".lima"
    assert demo.corresponding(tmp_path) == demo.root


def test_a_link_in_a_projects_place_does_not_make_its_vm_another_projects(demo, tmp_path):
    """An update of a repository can bring one; the other project's files would be copied into its guest."""
    (tmp_path / "mono").mkdir()
    (tmp_path / "mono/app").symlink_to(demo.root)
    stranger = vm("app-dev", tmp_path / "mono/app")
    assert not owners.belongs(stranger, demo)
    assert left(instances(stranger), demo) is None
    assert owners.left_behind(instances(stranger), demo, "app-dev") == stranger  # adopted, if the user says so


def test_those_without_a_project_are_told_from_those_with_one(demo, tmp_path):
    (tmp_path / "bare").mkdir()
    lima = instances(vm("a", demo.root), vm("b", tmp_path / "bare"), vm("c", "/gone"), vm("d"))
    assert [each.name for each in owners.ownerless(lima)] == ["c"]


@pytest.mark.parametrize("check", [locate.own, locate.existing, locate.running])
def test_every_command_says_that_it_was_moved_and_what_to_type(demo, check):
    wanted = Target(demo, "demo-dev", "directory")
    with pytest.raises(StateError, match=r"/gone/demo, which is gone[\s\S]*sysinit-vm adopt") as caught:
        check(instances(vm("demo-dev", "/gone/demo")), wanted)
    assert str(demo.root) in str(caught.value)


def test_a_conflict_says_who_chose_the_name(demo, tmp_path):
    lima = instances(vm("x", tmp_path))
    with pytest.raises(StateError, match="The name comes from VM_NAME"):
        locate.own(lima, Target(demo, "x", "VM_NAME"))
    assert "The name comes" not in str(locate.second(demo, vm("y", demo.root), Target(demo, "x", "directory")))
    assert "VM_NAME" in str(locate.second(demo, vm("y", demo.root), Target(demo, "x", "VM_NAME")))


# Few directories and names, so that they meet each other.
roots = st.sampled_from(["a/demo", "b/demo", "a/Demo", "a/demo-2", "b/demo x", "a/" + "demo" * 30, "b/" + "demo" * 30])
said = st.sampled_from([None, None, "demo-dev", "demo-2-dev", "other"])
deeds = st.lists(
    st.tuples(st.sampled_from(["start", "start", "move", "copy", "remove"]), roots, roots, said), max_size=12
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(deeds)
def test_no_two_directories_ever_share_a_vm_unnoticed(tmp_path_factory, deeds):
    """Projects are started, moved, copied and removed; whatever order, a start gets its own VM or is refused."""
    place, lima, made = tmp_path_factory.mktemp("p").resolve(), FakeLimactl(), {}
    for deed, one, other, name in deeds:
        root, second = place / one, place / other
        if deed == "start":
            root.is_dir() or project(root, f"param: {{PROJECT_DIR: '{root}'}}\n")
            start(lima, Project(root), name, made)
        elif deed in {"move", "copy"} and root.is_dir() and not second.exists():
            text = (root / ".lima/config.yaml").read_text()
            project(second, text)
            if deed == "move":
                remove(root)
        elif deed == "remove" and root.is_dir():
            remove(root)


def remove(root):
    (root / ".lima/config.yaml").unlink()
    (root / ".lima").rmdir()
    root.rmdir()


def start(lima, home, name, made):
    """What ``lifecycle.start`` decides, and what it would make; a --name that says another's VM is noticed."""
    wanted = Target(home, name or default_names.vm_name(home.root), "--name" if name else "directory")
    try:
        found = locate.own(lima.instances(), wanted)
    except StateError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert re.search("belongs to another project|which is gone", refusal)
        assert str(home.root) in refusal
        return
    if found.instance:
        assert name or made[found.name] == home.root
    elif not locate.of_project(lima.instances(), home):
        assert found.name not in made
        made[found.name] = home.root
        lima.by_name[found.name] = vm(found.name, home.root)


@pytest.mark.parametrize("said", ["", None])
def test_an_empty_vm_name_is_none(demo, monkeypatch, said):
    monkeypatch.chdir(demo.root)
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")
    if said is not None:
        monkeypatch.setenv("VM_NAME", said)
    assert locate.target(None, None).name == "demo-dev"
    monkeypatch.setenv("VM_NAME", " ")
    with pytest.raises(UsageError, match="VM_NAME is not a name"):
        locate.target(None, None)
