import pytest

from sysinit_vm import settings
from sysinit_vm.errors import UsageError, VmError


def own(text):
    path = settings.user_file()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_without_anything_the_defaults_hold_and_say_so(home):
    assert {name: (each.value, each.source) for name, each in settings.load().items()} == {
        "timeout": (600, "default"),
        "accelerator": ("auto", "default"),
        "mirror": ("", "default"),
    }


def test_the_users_file_wins_over_defaults_and_a_variable_over_both(home, monkeypatch):
    path = own("timeout: 30\naccelerator: tcg\n")
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "45")
    found = settings.load()
    assert (found["timeout"].value, found["timeout"].source) == (45, "SYSINIT_VM_TIMEOUT")
    assert (found["accelerator"].value, found["accelerator"].source) == ("tcg", str(path))
    assert found["mirror"].source == "default"


def test_an_empty_variable_is_no_setting(home, monkeypatch):
    monkeypatch.setenv("SYSINIT_VM_TIMEOUT", "")
    assert settings.load()["timeout"].source == "default"


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
        settings.load()
    assert caught.value.code == 2
    assert repr(bad) in str(caught.value)


def test_a_bad_value_in_the_file_names_the_file(home):
    path = own("timeout: soon\n")
    with pytest.raises(UsageError, match=str(path)):
        settings.load()


@pytest.mark.parametrize("text", ["- a list\n", "", "timeout: [\n"])
def test_a_file_that_is_no_mapping_is_refused_with_its_path(home, text):
    path = own(text)
    with pytest.raises(VmError, match=str(path)):
        settings.load()


def test_seconds_are_taken_as_text_or_number():
    assert settings.seconds("90", "--timeout") == settings.seconds(90, "--timeout") == 90
    with pytest.raises(UsageError, match="--timeout 600"):
        settings.seconds("ten", "--timeout")
