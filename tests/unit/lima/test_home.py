import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.lima.home import lima_home


@pytest.mark.parametrize(
    ("text", "hint"), [("~/.lima", '"$HOME/.lima"'), ("vms", '"$HOME/vms"'), ("./vms", '"$HOME/vms"')]
)
def test_a_lima_home_that_depends_on_the_directory_is_refused(monkeypatch, text, hint):
    monkeypatch.setenv("LIMA_HOME", text)
    with pytest.raises(VmError) as error:
        lima_home()
    assert text in error.value.brief
    assert hint in error.value.hint


def test_an_empty_lima_home_is_the_default(monkeypatch, home):
    monkeypatch.setenv("LIMA_HOME", "")
    assert lima_home() == (home / ".lima").resolve()
