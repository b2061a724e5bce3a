import pytest

from sysinit_vm import executables, guest_writes
from sysinit_vm.executables import find, search_path


def test_programs_are_found_on_path_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(executables, "_SBIN", ())
    assert find("mine") is None
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    assert find("mine") == tmp_path / "mine"


@pytest.mark.parametrize("path", [None, "", ":", "{}::", ":{}"])
def test_the_current_directory_is_never_looked_in(tmp_path, monkeypatch, path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/mine").write_text("#!/bin/sh\n")
    (tmp_path / "here/mine").chmod(0o755)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("PATH") if path is None else monkeypatch.setenv("PATH", path.format(tmp_path))
    assert find("mine") is None


@pytest.mark.parametrize("path", [".:{}", "{}:.", "bin:{}", "./:{}", "", ".", "~/bin:{}"])
def test_only_absolute_parts_of_path_are_looked_in(tmp_path, monkeypatch, path):
    project, place = tmp_path / "project", tmp_path / "place"
    for directory in (project, project / "bin", place):
        directory.mkdir()
        for name in ("theirs", "both"):
            if name == "both" or directory != place:
                (directory / name).write_text("#!/bin/sh\n")
                (directory / name).chmod(0o755)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", path.format(place))
    assert find("theirs") is None
    assert find("both") == (place / "both" if "{" in path else None)
    assert all(part.startswith("/") for part in search_path().split(":"))


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A project whose guest writes its .venv/bin, which an activated environment puts first; a path beside it."""
    project, other = tmp_path / "demo", tmp_path / "other"
    for directory in (project / ".venv/bin", project / "src", project / ".lima", other, tmp_path / "vms/demo-dev"):
        directory.mkdir(parents=True)
    (project / ".lima/config.yaml").touch()
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "vms"))
    guest_writes.record(tmp_path / "vms/demo-dev", [project])
    monkeypatch.setenv("PATH", f"{project}/.venv/bin:{other}")
    return project


def started(project):
    """Forget what was found for an earlier PATH: each command is a process of its own."""
    executables._is_guests.cache_clear()
    return search_path() == str(project.parent / "other")


@pytest.mark.parametrize("here", ["demo", "demo/src", "other", "."])
def test_a_project_that_has_a_vm_gives_no_programs_wherever_the_user_is(demo, monkeypatch, here):
    monkeypatch.chdir(demo.parent / here)
    assert started(demo)


def test_a_guest_that_removes_the_config_gives_none_either(demo):
    (demo / ".lima/config.yaml").unlink()
    assert started(demo)


def test_nor_does_one_that_only_has_the_config_of_a_vm_that_was_never_started(demo):
    (demo.parent / "vms/demo-dev/sysinit-vm-writes.json").unlink()
    guest_writes._all.cache_clear()
    assert started(demo)


def test_a_project_that_was_moved_while_its_vm_runs_gives_none(demo, monkeypatch):
    (demo / ".lima/config.yaml").unlink()
    moved = demo.rename(demo.with_name("moved"))
    monkeypatch.setenv("PATH", f"{moved}/.venv/bin:{demo.parent}/other")
    assert started(demo)


def test_a_directory_that_the_user_removed_is_no_way_in(demo, monkeypatch):
    monkeypatch.chdir(demo / "src")
    (demo / "src").rmdir()
    assert started(demo)


@pytest.mark.parametrize(("link", "through"), [("demo/tools", ""), ("tools", "demo/through"), ("tools", "")])
def test_a_link_that_a_guest_can_lead_elsewhere_is_dropped(demo, monkeypatch, link, through):
    """One in the project, and one outside that leads through one in the project; any other stays as it is spelled."""
    place, goal = demo.parent, demo.parent / "real"
    goal.mkdir()
    if through:
        (place / through).symlink_to(goal)
    (place / link).symlink_to(place / (through or "real"))
    monkeypatch.setenv("PATH", f"{place / link}:{place}/other")
    executables._is_guests.cache_clear()
    guests = "demo" in link + through
    assert search_path() == (f"{place}/other" if guests else f"{place / link}:{place}/other")


def test_a_link_that_leads_into_the_project_is_dropped(demo, monkeypatch):
    (demo.parent / "bin").symlink_to(demo / ".venv/bin")
    monkeypatch.setenv("PATH", f"{demo.parent}/bin:{demo.parent}/other")
    assert started(demo)


@pytest.mark.parametrize("name", ["TMPDIR", "TMP", "TEMP", "GOTMPDIR", "LD_LIBRARY_PATH"])
@pytest.mark.parametrize(("value", "left"), [("{demo}/tmp", None), ("", None), ("tmp", None), ("{other}", "{other}")])
def test_nothing_is_kept_or_loaded_where_a_guest_writes(demo, monkeypatch, name, value, left):
    places = {"demo": demo, "other": demo.parent / "other"}
    monkeypatch.setenv(name, value.format(**places))
    executables._is_guests.cache_clear()
    assert executables.environment().get(name) == (left and left.format(**places))


def test_an_empty_part_of_the_library_path_is_dropped(demo, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{demo.parent}/other:")
    assert executables.environment()["LD_LIBRARY_PATH"] == f"{demo.parent}/other"


def test_a_config_in_the_home_itself_hides_no_program_of_the_user(tmp_path, monkeypatch):
    own = tmp_path / ".local/bin"
    own.mkdir(parents=True)
    (tmp_path / ".lima").mkdir()
    (tmp_path / ".lima/config.yaml").touch()
    monkeypatch.setattr(guest_writes, "_account_home", lambda: tmp_path)
    monkeypatch.setenv("PATH", str(own))
    assert search_path() == str(own)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSH", "{demo}/tools/ssh"),
        ("SSH", "ssh -F{demo}/tools/ssh"),
        ("APT_CONFIG", "src"),
        ("SSH", "src/pager"),
        ("PAGER", "src/pager -x"),
        ("PAGER", "$PWD/src/pager"),
        ("PAGER", "~/demo/src/pager"),
        ("PAGER", "{demo}/a\\ b/x"),
        ("PAGER", "'{demo}/a b'/x"),
        ("FLAGS", "-isystem{demo}/src -O2"),
        ("FLAGS", "-Wl,-rpath,{demo}"),
        ("SPACES", "x {spaces}/tools/x y"),
        ("LESSOPEN", "|-{demo}/tools/open %s"),
        ("QEMU_MODULE_DIR", "{demo}"),
        ("QEMU_SYSTEM_X86_64", "{demo}/qemu -nodefaults"),
        ("PERL5LIB", "/usr/share/perl5:{demo}/src"),
        ("PERL5LIB", "{demo}:/usr/share/perl5"),
        ("GOFLAGS", "-toolexec={demo}/src"),
        ("FLAGS", "-I{demo} -O2"),
        ("URL", "file://{demo}/src"),
        ("THROUGH", "{demo}/../link/src"),
        ("ROUND", "{demo}/circle/x"),
    ],
)
def test_no_variable_names_what_a_guest_writes(demo, monkeypatch, name, value):
    (demo / "src/pager").touch()
    spaces = demo.parent / "my demo"
    (spaces / ".lima").mkdir(parents=True)
    guest_writes.record(demo.parent / "vms/demo-dev", [demo, spaces])
    monkeypatch.setenv("HOME", str(demo.parent))
    monkeypatch.setenv("PWD", str(demo))
    (demo / "circle").symlink_to("circle")
    (demo.parent / "link").symlink_to(demo)
    monkeypatch.chdir(demo)
    monkeypatch.setenv(name, value.format(demo=demo, spaces=spaces))
    assert name not in executables.environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSH", "/usr/bin/ssh"),
        ("SSH", "src"),
        ("SSH_AUTH_SOCK", "/run/user/0/agent"),
        ("DISPLAY", ":0"),
        ("EDITOR", "src --wait"),
        ("ROOT", "/"),
        ("SIBLING", "{demo}2/x"),
        ("PAGER", "less -R"),
        ("TZ", "Europe/Berlin"),
        ("LS_COLORS", "rs=0:di=01;34:*.tar=01;31"),
        ("NO_PROXY", "src,10.0.0.0/8"),
        ("https_proxy", "http://src:3128/"),
        ("USER", "src"),
        ("LC_ALL", "src"),
        ("TERM", "src"),
    ],
)
def test_other_variables_stay(demo, monkeypatch, name, value):
    """Whatever a guest calls its files."""
    (demo / "run/user/0").mkdir(parents=True)
    for path in ("run/user/0/agent", "0"):
        (demo / path).touch()
    monkeypatch.chdir(demo)
    monkeypatch.setenv(name, value.format(demo=demo))
    assert executables.environment()[name] == value.format(demo=demo)


def test_of_gits_config_in_the_environment_all_or_nothing_stays(demo, monkeypatch):
    for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": str(demo)}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert not [name for name in executables.environment() if name.startswith("GIT_CONFIG_")]


def test_where_no_guest_writes_a_relative_path_stays(demo, monkeypatch):
    (demo.parent / "other/tools").mkdir()
    monkeypatch.chdir(demo.parent / "other")
    monkeypatch.setenv("SSH", "tools/ssh")
    assert executables.environment()["SSH"] == "tools/ssh"


def test_a_link_to_a_program_of_a_project_is_passed_over(demo, monkeypatch):
    (demo / "src/git").touch(mode=0o755)
    (demo.parent / "other/git").symlink_to(demo / "src/git")
    system = demo.parent / "system"
    system.mkdir()
    (system / "git").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{demo.parent}/other:{system}")
    assert find("git") == system / "git"


def test_a_home_in_a_project_hides_nothing_of_it(demo, monkeypatch):
    monkeypatch.setenv("HOME", str(demo / "home"))
    assert started(demo)


def test_homebrews_programs_are_found_after_those_on_path(tmp_path, monkeypatch):
    for place in ("bin", "brew"):
        (tmp_path / place).mkdir()
    for name in ("bin/both", "brew/both", "brew/theirs"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(executables, "_HOMEBREW", (str(tmp_path / "brew"),))
    assert find("both") == tmp_path / "bin/both"
    assert find("theirs") == tmp_path / "brew/theirs"
    assert executables.environment()["PATH"] == f"{tmp_path}/bin:{tmp_path}/brew"


@pytest.mark.parametrize("name", ["TMPDIR", "GOTMPDIR"])
@pytest.mark.parametrize("place", ["missing", "file", "relative", "."])
def test_a_temporary_directory_that_cannot_be_one_is_dropped(tmp_path, monkeypatch, name, place):
    """Go's programs take it as it is: limactl could write nothing."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(name, place if place in {"relative", "."} else str(tmp_path / place))
    assert name not in executables.environment()
    monkeypatch.setenv(name, str(tmp_path))
    assert executables.environment()[name] == str(tmp_path)
