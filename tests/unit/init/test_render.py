from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysinit_vm import files
from sysinit_vm.config import document
from sysinit_vm.errors import UsageError
from sysinit_vm.guest import scripts
from sysinit_vm.init import render, templates
from sysinit_vm.projects import default_names, search

VALUES = {"project_name": "demo", "project_dir": "/p/demo", "session": "demo", "vm_name": None, "ssh": None}


def read(text):
    return document.parse(text, Path("x"))


def own_param(template):
    return {"STRICT_PORTS": "true"} if template == "agent" else {}


def test_init_offers_every_template_but_the_common_part():
    assert templates.available_names() == ["agent", "dev", "minimal", "project-template"]


@pytest.mark.parametrize("template", templates.available_names())
def test_every_template_renders_to_a_config_that_lima_can_read(template):
    text = render.rendered_config(template, VALUES)
    data = read(text)
    assert "{%" not in text
    assert text.endswith("\n")
    assert data["param"] == {"PROJECT_NAME": "demo", "PROJECT_DIR": "/p/demo"} | own_param(template)
    assert data["mounts"][-1]["location"] == "{{.Param.PROJECT_DIR}}"
    assert data["ssh"]["loadDotSSHPubKeys"] is (template != "agent")
    assert all(image.get("digest") for image in data["images"] if "://" in image["location"])
    assert not {"vmType", "arch"} & set(data)


@pytest.mark.parametrize("template", templates.available_names())
def test_lima_refuses_an_unused_param_so_each_templates_scripts_name_every_one(template):
    data = read(render.rendered_config(template, {**VALUES, "vm_name": "mine"}))
    scripts = "\n".join(each["script"] for each in data["provision"])
    assert data["param"]["VM_NAME"] == "mine"
    for name in data["param"]:
        assert f"PARAM_{name}" in scripts


def test_the_templates_differ_in_what_they_are_for():
    dev, minimal = (read(render.rendered_config(template, VALUES)) for template in ("dev", "minimal"))
    assert [each["hostPort"] for each in dev["portForwards"]] == [3000, 8080, 5173]
    assert "portForwards" not in minimal
    assert minimal["cpus"] < dev["cpus"]


@pytest.mark.parametrize(
    ("ssh", "mounted", "forwarded"),
    [(None, True, None), ("keys", True, None), ("agent", False, True), ("none", False, None)],
)
def test_the_ssh_choice_is_what_the_config_itself_says(ssh, mounted, forwarded):
    data = read(render.rendered_config("minimal", {**VALUES, "ssh": ssh}))
    keys = {"location": "~/.ssh", "mountPoint": "/mnt/host-ssh", "writable": False}
    assert (keys in data["mounts"]) is mounted
    assert data["ssh"].get("forwardAgent") is forwarded
    assert data["ssh"]["loadDotSSHPubKeys"] is True


@pytest.mark.parametrize("missing", VALUES)
def test_a_value_that_is_not_given_is_an_error_and_no_empty_text(missing):
    with pytest.raises(UsageError, match=missing):
        render.rendered_config("dev", {key: value for key, value in VALUES.items() if key != missing})


def test_an_unknown_template_is_a_usage_error():
    with pytest.raises(UsageError, match="sysinit-vm init --list"):
        render.rendered_config("nope", VALUES)


directories = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).map(
    lambda name: Path("/p") / name
)


@settings(max_examples=60, deadline=None)
@given(directories.filter(lambda path: not search.unusable(path)), st.sampled_from(templates.available_names()))
def test_every_project_that_is_taken_is_written_exactly(root, template):
    values = {
        "project_name": root.name,
        "project_dir": str(root),
        "session": default_names.session_name(root),
        "vm_name": None,
        "ssh": None,
    }
    data = read(render.rendered_config(template, values))
    assert data["param"] == {"PROJECT_NAME": root.name, "PROJECT_DIR": str(root)} | own_param(template)
    assert data["env"]["PROJECT_NAME"] == root.name


def test_the_guests_files_are_given_as_they_are_shipped():
    assert scripts.read("check.sh") == (files.data("templates") / "guest/check.sh").read_text()
