import pytest

from sysinit_vm.config import document
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.machine import accelerator
from sysinit_vm.machine import facts as machine
from sysinit_vm.vm import apply
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm
from tests.fakes import facts


@pytest.fixture
def old(lima, demo, monkeypatch):
    """A VM to recreate, where the image of a new one would have to be built first."""
    monkeypatch.setattr(machine, "gather", lambda: facts(lima_home=lima.place, can_build_image=True))
    demo.project.config.write_text("cpus: 1\n")
    return lima.add("demo-dev", demo.project.root, "Running")


def recreate(lima, demo, build):
    options = StartOptions(600, "auto", build, document.load(demo.project.config))
    return apply.recreate(ProjectVm.read(lima, demo), options)


def image(data=b""):
    """What builds an image of these bytes."""

    def build(directory, _progress):
        directory.mkdir(parents=True)
        for end in ("qcow2", "vmlinuz", "initrd"):
            (directory / f"sysinit-debian-latest.{end}").write_bytes(data)
        return directory

    return build


def no_build(*_):
    raise AssertionError("nothing is to be built")


def test_the_image_is_built_before_the_old_vm_is_deleted(lima, demo, old):
    built = []
    assert recreate(lima, demo, lambda *words: built.append(lima.verbs) or image()(*words)).running
    assert built == [[]]
    assert lima.verbs == ["stop", "delete", "create", "start"]


def test_a_build_that_fails_leaves_the_old_vm_as_it_is(lima, demo, old):
    def fail(*_):
        raise VmError("mmdebstrap failed.")

    with pytest.raises(VmError, match="mmdebstrap failed"):
        recreate(lima, demo, fail)
    assert (lima.calls, lima.by_name["demo-dev"]) == ([], old)


def test_where_no_image_can_be_had_the_old_vm_stays(lima, demo, old, monkeypatch):
    monkeypatch.setattr(machine, "gather", lambda: facts(lima_home=lima.place))
    with pytest.raises(VmError, match="none of the images"):
        recreate(lima, demo, no_build)
    assert lima.calls == []


def test_an_image_that_would_be_refused_later_leaves_the_old_vm(lima, demo, old):
    based = b"QFI\xfb" + (2).to_bytes(4) + (64).to_bytes(8) + (11).to_bytes(4)
    with pytest.raises(VmError, match=r"image of .* is refused[\s\S]*based on /etc/passwd"):
        recreate(lima, demo, image(based.ljust(64, b"\0") + b"/etc/passwd"))
    assert lima.calls == []


def test_a_config_that_lima_refuses_leaves_the_old_vm(lima, demo, old):
    lima.place.mkdir(exist_ok=True)
    image()(lima.place / "_images", None)
    lima.refuses = "field `plain` is none"
    with pytest.raises(VmError, match="field `plain` is none"):
        recreate(lima, demo, no_build)
    assert lima.calls == []


def test_an_accelerator_that_is_not_there_leaves_the_old_vm(lima, demo, old, monkeypatch):
    def refuse(*_):
        raise VmError("This machine has no KVM.")

    monkeypatch.setattr(accelerator, "choose", refuse)
    with pytest.raises(VmError, match="no KVM"):
        recreate(lima, demo, image())
    assert lima.calls == []


def test_nothing_is_built_for_a_vm_that_is_protected(lima, demo, old):
    (old.dir / "protected").touch()
    with pytest.raises(StateError, match="is protected"):
        recreate(lima, demo, no_build)
    assert lima.calls == []
