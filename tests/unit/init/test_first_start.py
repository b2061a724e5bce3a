"""What `up` says before its first start."""

import pytest

from sysinit_vm.config.document import Config
from sysinit_vm.errors import UsageError
from sysinit_vm.init import first_start
from sysinit_vm.projects.project import Project


@pytest.fixture
def project(home):
    root = home / "demo"
    root.mkdir()
    (home / ".ssh").mkdir()
    return Project(root)


def told(project, ssh=None, *, committed=False):
    return list(first_start.what_follows(first_start.written("dev", project, ssh).data, committed=committed))


def test_a_first_start_builds_an_image_and_writes_a_config(home, project):
    first, keys = told(project)
    assert "guest image is built" in first
    assert ".lima/config.yaml is written" in first
    assert "can read those in ~/.ssh" in keys
    assert "sysinit-vm up --ssh agent" in keys


def test_what_is_there_is_not_announced(home, project):
    images = home / ".lima" / "_images"
    images.mkdir(parents=True)
    for end in ("qcow2", "vmlinuz", "initrd"):
        (images / f"sysinit-debian-latest.{end}").write_text("")
    assert told(project, committed=True) == ["After that the VM starts."]


def test_an_image_that_the_config_does_not_name_is_not_built(home):
    assert list(first_start.what_follows({"images": [{"location": "https://a.example/x"}]}, committed=True)) == [
        "After that the VM starts."
    ]


@pytest.mark.parametrize(("ssh", "words"), [("agent", ["your ssh-agent will be forwarded"]), ("none", [])])
def test_each_choice_is_told_in_its_own_words(project, ssh, words):
    notes = told(project, ssh)[1:]
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


def test_without_keys_there_is_nothing_to_tell(home, project):
    (home / ".ssh").rmdir()
    assert len(told(project)) == 1


@pytest.mark.parametrize(
    ("data", "choice"),
    [
        ({"mounts": [{"location": "~"}, {"location": "~/.ssh"}]}, "keys"),
        ({"ssh": {"forwardAgent": True}}, "agent"),
        ({}, "none"),
        ({"mounts": "~/.ssh", "ssh": [1]}, "none"),
        ({"mounts": [1, None, ["~/.ssh"]], "ssh": "forwardAgent"}, "none"),
    ],
)
def test_the_choice_of_a_config_of_any_form(data, choice):
    assert first_start.ssh_choice(data) == choice


def test_another_choice_than_the_configs_is_refused_and_the_same_is_not(project):
    config = Config(project.config, {"ssh": {"forwardAgent": True}})
    first_start.require_choice(config, None)
    first_start.require_choice(config, "agent")
    with pytest.raises(UsageError, match="sysinit-vm init --ssh none"):
        first_start.require_choice(config, "none")


def test_on_a_mac_the_image_is_downloaded(home, project, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert told(project)[0].startswith("After that Debian's cloud image is downloaded, .lima/config.yaml is written")
