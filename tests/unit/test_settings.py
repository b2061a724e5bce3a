from pathlib import Path

import pytest

from sysinit_vm import settings
from sysinit_vm.config.document import Config
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.guest import setup
from sysinit_vm.init import render


def own(text):
    path = settings.user_file()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def every(committed=None):
    return {name: settings.setting(name, committed) for name in settings.KNOWN}


def test_without_anything_the_defaults_hold_and_say_so(home):
    assert {name: (setting.value, setting.source) for name, setting in every().items()} == {
        "template": ("dev", "default"),
        "timeout": (600, "default"),
        "accelerator": ("auto", "default"),
        "mirror": ("", "default"),
        "github_mirror": ("", "default"),
        "packages": ("", "default"),
        "strict_ports": (False, "default"),
        "guest_dirs": ("", "default"),
        "editor": ("", "default"),
        "flake": ("github:roshbhatia/sysinit", "default"),
        "flake_system": ("", "default"),
        "flake_attribute": ("packages.{system}.{name}-image", "default"),
        "flake_configuration": ("lima-dev", "default"),
    }


def test_the_users_file_wins_over_defaults_and_a_variable_over_both(home, monkeypatch):
    path = own("timeout: 30\naccelerator: tcg\n")
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "45")
    by_name = every()
    assert (by_name["timeout"].value, by_name["timeout"].source) == (45, "SYSINIT_VM_TIMEOUT")
    assert (by_name["accelerator"].value, by_name["accelerator"].source) == ("tcg", f"accelerator in {path}")
    assert by_name["mirror"].source == "default"


def committed(**param):
    return Config(Path("/p/.lima/config.yaml"), {"param": param})


def test_the_committed_config_wins_over_the_users_file_and_a_variable_over_both(home, monkeypatch):
    own("timeout: 30\nstrict_ports: false\naccelerator: tcg\n")
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "45")
    by_name = every(committed(TIMEOUT="50", STRICT_PORTS="true"))
    assert by_name["timeout"].value == 45
    assert (by_name["strict_ports"].value, by_name["strict_ports"].source) == (
        True,
        "param.STRICT_PORTS in /p/.lima/config.yaml",
    )
    assert by_name["accelerator"].value == "tcg"
    assert every(Config(Path("/p"), {"param": ["a list"]}))["timeout"].value == 45


def test_a_committed_config_does_not_say_where_packages_come_from(home):
    assert every(committed(MIRROR="http://evil.example"))["mirror"].value == ""
    assert every(committed(GITHUB_MIRROR="http://evil.example"))["github_mirror"].value == ""


def test_a_committed_config_does_not_say_what_all_projects_images_contain(home):
    assert every(committed(PACKAGES="evil-package"))["packages"].value == ""
    assert "PACKAGES" not in settings.params()


def test_packages_are_a_list_or_separated_by_spaces(home, monkeypatch):
    own("packages: [ripgrep, g++]\n")
    assert settings.value("packages") == "g++ ripgrep"
    monkeypatch.setenv("SYSINIT_VM_PACKAGES", "ripgrep nano-")
    with pytest.raises(UsageError, match="SYSINIT_VM_PACKAGES cannot have 'nano-'") as caught:
        settings.value("packages")
    assert caught.value.hint == "unset SYSINIT_VM_PACKAGES"


@pytest.mark.parametrize("name", ["flake", "flake_system", "flake_attribute", "flake_configuration"])
def test_a_committed_config_does_not_say_which_flake_is_built(home, name):
    assert every(committed(**{name.upper(): "evil-linux"}))[name].source == "default"
    assert name.upper() not in settings.params()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("flake", "-evil"),
        ("flake", "github:a/b#c"),
        ("flake", " "),
        ("flake_system", "aarch64-darwin"),
        ("flake_attribute", "a b"),
        ("flake_attribute", "packages.{nonsense}"),
        ("flake_configuration", "a#b"),
    ],
)
def test_what_is_no_flake_is_refused_with_its_source(home, monkeypatch, name, value):
    monkeypatch.setenv(f"SYSINIT_VM_{name.upper()}", value)
    with pytest.raises(UsageError, match=f"SYSINIT_VM_{name.upper()}"):
        every()


def test_the_users_file_names_another_flake(home):
    own("flake: /srv/flake\nflake_attribute: packages.{system}.image\n")
    by_name = every()
    assert (by_name["flake"].value, by_name["flake_attribute"].value) == ("/srv/flake", "packages.{system}.image")


@pytest.mark.parametrize("text", [True, "true", "Yes", "on", 1, "1"])
def test_truth_is_taken_as_people_write_it(home, text):
    assert every(committed(STRICT_PORTS=text))["strict_ports"].value is True


@pytest.mark.parametrize("text", [False, "false", "No", "off", 0, "0"])
def test_and_so_is_what_is_false(home, text):
    assert every(committed(STRICT_PORTS=text))["strict_ports"].value is False


def test_what_is_neither_names_its_source(home):
    with pytest.raises(UsageError, match=r"param.STRICT_PORTS in /p/.lima/config.yaml"):
        every(committed(STRICT_PORTS="maybe"))


def test_lima_refuses_an_unused_param_so_both_scripts_name_every_setting():
    values = {"project_name": "p", "project_dir": "/p", "session": "p", "vm_name": None, "ssh": None}
    for text in ("\n".join(setup.provision_scripts().values()), render.rendered_config("dev", values)):
        for name in settings.params():
            assert f"PARAM_{name}" in text


def test_an_empty_variable_is_no_setting(home, monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "")
    assert every()["timeout"].source == "default"


@pytest.mark.parametrize(
    ("variable", "bad"),
    [
        ("SYSINIT_VM_TIMEOUT", "soon"),
        ("SYSINIT_VM_TIMEOUT", "0"),
        ("SYSINIT_VM_TIMEOUT", "-5"),
        ("SYSINIT_VM_TIMEOUT", "1.5"),
        ("SYSINIT_VM_ACCELERATOR", "warp"),
        ("SYSINIT_VM_ACCELERATOR", "KVM"),
    ],
)
def test_a_bad_variable_is_a_usage_error_that_names_it(home, monkeypatch, variable, bad):
    monkeypatch.setenv(variable, bad)
    with pytest.raises(UsageError, match=variable) as caught:
        every()
    assert caught.value.exit_code == 2
    assert repr(bad) in str(caught.value)


def test_a_bad_value_in_the_file_names_the_file(home):
    path = own("timeout: soon\n")
    with pytest.raises(UsageError, match=str(path)):
        every()


@pytest.mark.parametrize("text", ["- a list\n", "timeout: [\n"])
def test_a_file_that_is_no_mapping_is_refused_with_its_path(home, text):
    path = own(text)
    with pytest.raises(VmError, match=str(path)) as caught:
        every()
    assert caught.value.hint == f"nano {path}"


@pytest.mark.parametrize("text", ["", "\n", "# timeout: 900\n", "---\n"])
def test_a_file_that_is_empty_or_all_comments_sets_nothing(home, text):
    own(text)
    assert {setting.source for setting in every().values()} == {"default"}


def test_a_bad_value_is_mended_where_it_was_said(home, monkeypatch):
    path = own("timeout: soon\neditor: vim\n")
    monkeypatch.setenv("SYSINIT_VM_EDITOR", "ed")
    for name, config, mend in (
        ("editor", None, "unset SYSINIT_VM_EDITOR"),
        ("timeout", None, f"nano {path}"),
        ("accelerator", committed(ACCELERATOR="warp"), "nano /p/.lima/config.yaml"),
        ("guest_dirs", committed(GUEST_DIRS=".."), "nano /p/.lima/config.yaml"),
    ):
        with pytest.raises(UsageError) as caught:
            settings.value(name, config)
        assert caught.value.hint == mend


def test_no_editor_is_looked_for_as_long_as_nothing_is_wrong(home, monkeypatch):
    monkeypatch.setattr(settings, "edit", None)
    config = Config(Path("/p/config.yaml"), {"param": {"TIMEOUT": "60"}})
    assert settings.value("timeout", config) == 60
    assert settings.value("strict_ports", config) is False


def test_the_users_directory_is_looked_at_once_by_a_command_however_many_settings_it_asks_for(home, monkeypatch):
    looked, require_private = [], settings.files.require_private
    monkeypatch.setattr(settings.files, "require_private", lambda place: looked.append(place) or require_private(place))
    assert [settings.value("timeout"), settings.value("strict_ports"), settings.value("timeout")] == [600, False, 600]
    assert looked == [settings.user_directories.config()]


def test_one_setting_is_read_whatever_is_wrong_with_the_others(home, monkeypatch):
    own("timeout: soon\n")
    monkeypatch.setenv("SYSINIT_VM_EDITOR", "vim")
    assert settings.value("accelerator", committed(STRICT_PORTS="maybe")) == "auto"


def test_a_variable_is_taken_whatever_is_wrong_with_the_file(home, monkeypatch):
    own("- a list\n")
    monkeypatch.setenv("SYSINIT_VM_MIRROR", "http://a.example/debian")
    assert settings.value("mirror") == "http://a.example/debian"


def test_seconds_are_taken_as_text_or_number():
    assert settings.seconds("90", "--timeout") == settings.seconds(90, "--timeout") == 90
    with pytest.raises(UsageError, match="--timeout 600"):
        settings.seconds("ten", "--timeout")


def test_a_file_that_a_guest_can_write_is_not_read(home):
    project = home / "dotfiles"
    (project / ".lima").mkdir(parents=True)
    (project / ".lima" / "config.yaml").touch()
    (project / "settings.yaml").write_text("flake: /tmp/evil\n")
    path = settings.user_file()
    path.parent.mkdir(parents=True)
    path.symlink_to(project / "settings.yaml")
    with pytest.raises(VmError, match="is not safe to use") as refused:
        settings.setting("flake")
    assert refused.value.hint == f"ls -l {path}"
