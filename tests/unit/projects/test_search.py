import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import guest_writes
from sysinit_vm.errors import NoConfigError, UsageError
from sysinit_vm.projects import search
from sysinit_vm.projects.project import Project


def make(root: Path) -> Path:
    (root / ".lima").mkdir(parents=True)
    (root / ".lima" / "config.yaml").write_text("cpus: 1\n")
    return root


def test_the_nearest_config_upward_is_the_project(home, tmp_path, monkeypatch):
    outer, inner = make(tmp_path / "outer"), make(tmp_path / "outer" / "inner")
    deep = inner / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert search.require(None).root == inner
    assert search.require(str(outer)).root == outer


def test_no_config_is_exit_3_with_the_command_to_type(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoConfigError, match="sysinit-vm init") as caught:
        search.require(None)
    assert caught.value.exit_code == 3


def test_a_config_in_lima_home_does_not_capture_every_directory_below(home, monkeypatch):
    make(home)
    below = home / "work"
    below.mkdir()
    monkeypatch.chdir(below)
    assert search.find(None) is None


def test_a_symlinked_project_is_its_real_directory(home, tmp_path):
    real = make(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    assert search.require(str(tmp_path / "link")).root == real


def test_a_directory_that_does_not_exist_is_a_usage_error(home, tmp_path):
    with pytest.raises(UsageError, match="It does not exist") as caught:
        search.directory(str(tmp_path / "nowhere" / "deep"))
    assert caught.value.hint == f"ls {tmp_path}"
    with pytest.raises(UsageError, match="mkdir -p"):
        search.directory(str(tmp_path / "nowhere"), for_new=True)


@pytest.mark.parametrize("name", ["a,b", "a\nb", "a\tb", "x{{y", "trail ", "bell\x07"])
def test_a_path_that_the_mount_cannot_carry_is_refused_before_anything_is_written(home, tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    with pytest.raises(UsageError, match="cannot be a project directory"):
        search.for_init(str(root))
    assert list(root.iterdir()) == []


def test_bytes_that_are_no_utf8_are_refused(home, tmp_path):
    root = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    root.mkdir()
    with pytest.raises(UsageError, match="UTF-8"):
        search.for_init(str(root))


@pytest.mark.parametrize(
    "name", ["a b", "q\"u'o", "a&b|c", "#x", "a: b", "$HOME", "`id`", "ünï", "[x]", "{y}", "%s", "-r", "*"]
)
def test_a_path_that_works_end_to_end_is_taken(home, tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    assert search.for_init(str(root)).root == root


def test_home_and_the_root_are_refused(home):
    for place in (str(home), "/"):
        with pytest.raises(UsageError):
            search.for_init(place)


@pytest.mark.parametrize("root", ["/dev/shm/app", "/run/user/1000/app", "/var/tmp"])
def test_no_project_lies_where_the_guest_would_delete_its_files(home, root):
    assert "lose the project's files" in search.unusable(Path(root))


def below(variable, name):
    return lambda home: Path(os.environ.get(variable) or home) / name


# What a guest must never see: whoever can write it runs anything as its user, or approves what it likes.
PRIVATE = {
    "home": below("HOME", ""),
    "LIMA_HOME": below("LIMA_HOME", ""),
    "data": below("XDG_DATA_HOME", "sysinit-vm"),
    "config": below("XDG_CONFIG_HOME", "sysinit-vm"),
    ".local": below("HOME", ".local"),
    ".config": below("HOME", ".config"),
}


@pytest.mark.parametrize("private", PRIVATE)
@pytest.mark.parametrize("exists", [True, False])
def test_no_project_is_or_holds_what_no_guest_may_see(home, private, exists):
    path = PRIVATE[private](home.resolve())
    if exists:
        path.mkdir(parents=True, exist_ok=True)
    for root in (path, *path.parents):
        assert search.unusable(root), root


@pytest.mark.parametrize("private", ["LIMA_HOME", "data", "config"])
def test_no_project_lies_in_what_no_guest_may_see(home, private):
    root = PRIVATE[private](home.resolve()) / "a" / "b"
    assert search.unusable(root)
    root.mkdir(parents=True)
    assert search.unusable(root)


@pytest.mark.parametrize("variable", ["LIMA_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"])
def test_what_no_guest_may_see_is_looked_for_where_it_is_now(home, tmp_path, monkeypatch, variable):
    root = tmp_path.resolve() / "shop"
    assert search.unusable(root) == ""
    monkeypatch.setenv(variable, str(root / "deep"))
    assert str(root / "deep") in search.unusable(root)


def test_a_link_to_what_no_guest_may_see_counts_as_what_it_leads_to(home, tmp_path):
    dotfiles = tmp_path.resolve() / "dotfiles"
    (dotfiles / "config").mkdir(parents=True)
    (home / ".config").symlink_to(dotfiles / "config")
    assert ".config" in search.unusable(dotfiles)


def test_what_lies_beside_or_below_the_home_is_usable(home, tmp_path):
    beside = home.resolve().with_name(f"{home.name}-2")
    for root in (home.resolve() / "shop", home.resolve() / ".config" / "nvim", beside, tmp_path.resolve() / "shop"):
        assert search.unusable(root) == ""


@pytest.fixture
def above(home, monkeypatch):
    """A directory without a config in a home that has one."""
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")
    make(home.resolve())
    below = home.resolve() / "work"
    below.mkdir()
    monkeypatch.chdir(below)
    return Project(home.resolve())


def test_a_config_where_no_project_may_be_is_refused_with_why_and_what_to_type(above):
    for look in (search.find, search.require):
        with pytest.raises(UsageError) as caught:
            look(None)
        assert "your home directory" in caught.value.detail
        assert f"rm {above.config}" in caught.value.hint
    assert search.nearest(None) == above
    assert search.usable(None) is None


def test_a_new_project_below_one_that_cannot_be_one_is_made(above):
    assert search.for_init(None).root == above.root / "work"


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda t: t not in {".", ".."}))
def test_what_is_taken_has_no_character_that_ends_a_line_or_an_option(name):
    if not search.unusable(Path("/p") / name):
        assert name.isprintable()
        assert "," not in name
        assert "{{" not in name


def test_the_corresponding_directory_is_the_same_inside_and_the_root_outside():
    home = Project(Path("/p/demo"))
    assert home.corresponding(Path("/p/demo/a/b")) == Path("/p/demo/a/b")
    assert home.corresponding(Path("/p/demo-2")) == Path("/p/demo")


def test_our_own_clone_is_a_project_only_if_it_is_named(tmp_path, monkeypatch):
    clone = tmp_path / "sysinit-vm"
    (clone / "sysinit_vm").mkdir(parents=True)
    (clone / "bootstrap.sh").touch()
    monkeypatch.chdir(clone)
    assert search.for_init(None).root == clone.resolve()  # a file of that name is in other projects too
    (clone / "sysinit_vm" / "__main__.py").touch()
    with pytest.raises(
        UsageError, match=r"is sysinit-vm itself, not a project of yours[^$]*Try: mkdir .* sysinit-vm up"
    ):
        search.for_init(None)
    assert search.for_init(".").root == search.for_init(str(clone)).root == clone.resolve()


def test_no_link_that_a_guest_made_is_followed_to_a_project(home, tmp_path):
    """`init` would write there, and allow at once what it wrote."""
    (tmp_path / "demo/.lima").mkdir(parents=True)
    (tmp_path / "demo/.lima/config.yaml").touch()
    (tmp_path / "other/sub").mkdir(parents=True)
    (tmp_path / "demo/x").symlink_to(tmp_path / "other")
    (tmp_path / "mine").symlink_to(tmp_path / "demo")
    for option in ("x", "x/sub", "x/../other"):
        with pytest.raises(UsageError, match="is not followed") as refused:
            search.directory(str(tmp_path / "demo" / option), for_new=True)
        assert f"{tmp_path}/demo/x is a link" in refused.value.detail
    assert search.directory(str(tmp_path / "mine")) == tmp_path / "demo"


def test_the_project_is_what_was_looked_at_whatever_a_guest_makes_of_it_meanwhile(home, tmp_path, monkeypatch):
    (tmp_path / "demo/.lima").mkdir(parents=True)
    (tmp_path / "demo/.lima/config.yaml").touch()
    (tmp_path / "demo/x/sub").mkdir(parents=True)
    (tmp_path / "other/sub").mkdir(parents=True)
    links_passed = guest_writes.links_passed

    def exchanged(path):
        passed = links_passed(path)
        (tmp_path / "demo/x").rename(tmp_path / "demo/was")
        (tmp_path / "demo/x").symlink_to(tmp_path / "other")
        return passed

    monkeypatch.setattr(guest_writes, "links_passed", exchanged)
    assert search.directory(str(tmp_path / "demo/x/sub")) == tmp_path / "demo/x/sub"


@pytest.mark.parametrize("option", ["loop", "loop/sub", "loop/..", "one", "one/sub"])
def test_links_that_lead_in_a_circle_are_no_directory(home, tmp_path, option):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(UsageError, match="No such project directory"):
        search.directory(str(tmp_path / option))
