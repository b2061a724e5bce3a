from pathlib import Path

from sysinit_vm import executables
from sysinit_vm.effective.host_paths import HostPaths


def test_a_path_without_a_template_is_itself_and_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setattr(executables, "environment", None)
    paths = HostPaths(Path("/h"), Path("/h/.lima"), Path("/h/.lima/a"), {})
    assert paths.absolute("/work/demo", Path("/h")) == Path("/work/demo")
    assert paths.absolute("~/demo", Path("/x")) == Path("/h/demo")
