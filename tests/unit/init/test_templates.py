import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.init import render, templates

VALUES = {"project_name": "demo", "project_dir": "/p/demo", "session": "demo", "vm_name": None, "ssh": None}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    place = templates.directory()
    place.mkdir(parents=True)
    return place


def made(template, size=None, **values):
    return document.parse(render.rendered_config(str(template), {**VALUES, **values}, size), templates.directory())


def test_each_of_ours_says_in_a_line_what_it_is_for(mine):
    for each in templates.available():
        assert each.trusted
        assert 10 < len(each.summary) < 80
        assert "Plain Lima" not in each.summary


def test_the_users_own_come_first_and_win(mine):
    (mine / "shop.yaml").write_text("# shop: what the shop needs. And more.\ncpus: 1\n")
    (mine / "dev.yaml").write_text("cpus: 7\n")
    (mine / "_part.yaml").write_text("")
    (mine / "notes.txt").write_text("")
    assert templates.available_names() == ["dev", "shop", "agent", "minimal", "project-template"]
    assert templates.resolve("shop").summary == "what the shop needs"
    assert made("dev") == {"cpus": 7}
    assert templates.resolve("dev").trusted


def test_one_that_cannot_be_read_leaves_the_others_to_be_listed(mine):
    (mine / "bytes.yaml").write_bytes(b"\xff\xfe")
    (mine / "folder.yaml").mkdir()
    (mine / "gone.yaml").symlink_to("/nowhere")
    shown = {each.name: each.record()["summary"] for each in templates.available()}
    assert all(shown[name].endswith(f"{name}.yaml cannot be read.") for name in ("bytes", "folder", "gone"))
    assert "cannot" not in shown["dev"]
    with pytest.raises(UsageError) as refused:
        made("bytes")
    assert refused.value.hint == f"ls -l {mine}/bytes.yaml"


def test_a_users_template_has_our_common_part(mine):
    (mine / "shop.yaml").write_text(
        '{% set cpus, memory, disk, ports, nixos = 1, "1GiB", "5GiB", [80], "dev" %}\n{% include "_common.yaml" %}\n'
    )
    assert (made("shop")["cpus"], made("shop", Size(cpus=3))["cpus"]) == (1, 3)
    assert made("shop", vm_name="x")["param"]["VM_NAME"] == "x"


@pytest.fixture
def guests(tmp_path):
    """A directory that a guest can write."""
    (tmp_path / "project" / ".lima").mkdir(parents=True)
    (tmp_path / "project" / ".lima" / "config.yaml").touch()
    return tmp_path / "project"


def test_one_that_a_guest_can_write_is_refused_and_can_be_given_by_its_path(mine, guests):
    (guests / "dev.yaml").write_text("# dev: mine\ncpus: 1\n")
    (mine / "dev.yaml").symlink_to(guests / "dev.yaml")
    shown = {template.name: template.record()["summary"] for template in templates.available()}
    assert shown["dev"] == f"The template {mine}/dev.yaml is not safe to use."
    assert "cannot" not in shown["minimal"]
    with pytest.raises(UsageError, match="not safe to use") as refused:
        made("dev")
    assert refused.value.hint == f"sysinit-vm init {guests}/dev.yaml"
    assert made(guests / "dev.yaml") == {"cpus": 1}
    assert not templates.resolve(str(guests / "dev.yaml")).trusted


@pytest.mark.parametrize("there", ["", "sub"])
def test_one_of_a_repository_is_not_read_through_a_directory_that_is_a_link(tmp_path, monkeypatch, there):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/config").write_text("token: SECRET\n")
    repository = tmp_path / "repository"
    (repository / "sub").mkdir(parents=True)
    (repository / ".git").mkdir()
    (repository / "tpl").symlink_to(tmp_path / "secret")
    monkeypatch.chdir(repository / there)
    with pytest.raises(UsageError, match="is a link"):
        made("../tpl/config" if there else "./tpl/config")
    (repository / "real").mkdir()
    (repository / "real/config").write_text("cpus: 3\n")
    assert made("../real/config" if there else "./real/config") == {"cpus": 3}


@pytest.mark.parametrize("repository", [".git", ".lima/config.yaml", "README"])
@pytest.mark.parametrize("secret", [".git", "config"])
@pytest.mark.parametrize("word", ["../tpl/c.yaml", "../link.yaml", "../tpl/sub/c.yaml"])
def test_one_given_by_its_path_is_read_through_no_link_that_may_be_somebody_elses(
    tmp_path, monkeypatch, repository, secret, word
):
    """A repository's, an unpacked archive's, or another project's, where its guest writes."""
    place, theirs = tmp_path / "secret", tmp_path / "theirs"
    (place / "sub").mkdir(parents=True)
    (place / secret).touch()
    for path in (place / "c.yaml", place / "sub/c.yaml"):
        path.write_text("token: SECRET\n")
    (theirs / "app").mkdir(parents=True)
    (theirs / repository).parent.mkdir(exist_ok=True)
    (theirs / repository).touch()
    (theirs / "tpl").symlink_to("../secret")
    (theirs / "link.yaml").symlink_to("../secret/c.yaml")
    monkeypatch.chdir(theirs / "app")
    with pytest.raises(UsageError, match="is a link") as refused:
        made(word)
    assert refused.value.hint.startswith(f"sysinit-vm init {place}/")
    assert made(refused.value.hint.removeprefix("sysinit-vm init ")) == {"token": "SECRET"}


def test_links_on_the_way_to_the_home_and_those_in_it_are_the_users_own(home, tmp_path, monkeypatch):
    (home / "c.yaml").write_text("cpus: 3\n")
    (tmp_path / "home").symlink_to(home)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (home / "work").symlink_to("real")
    (home / "real").mkdir()
    (home / "real/c.yaml").write_text("cpus: 4\n")
    assert made(tmp_path / "home/c.yaml") == made("~/c.yaml") == {"cpus": 3}
    assert made("~/work/c.yaml") == {"cpus": 4}


def test_one_is_read_from_where_it_was_looked_up(tmp_path):
    """A directory on the way is exchanged for a link after it was looked at."""
    (tmp_path / "x/tpl").mkdir(parents=True)
    (tmp_path / "x/tpl/c.yaml").write_text("cpus: 3\n")
    template = templates.resolve(str(tmp_path / "x/tpl/c.yaml"))
    (tmp_path / "x").rename(tmp_path / "y")
    (tmp_path / "x").symlink_to("y")
    with pytest.raises(UsageError, match="It is a link"):
        template.text  # noqa: B018  # read here


def test_one_that_includes_what_a_guest_can_write_is_refused(mine, guests):
    (mine / "shop.yaml").write_text('{% include "_part.yaml" %}\n')
    (mine / "_part.yaml").write_text("cpus: 1\n")
    assert made("shop") == {"cpus": 1}
    (mine / "_part.yaml").rename(guests / "_part.yaml")
    (mine / "_part.yaml").symlink_to(guests / "_part.yaml")
    with pytest.raises(UsageError, match=r"_part\.yaml is not safe to use"):
        made("shop")


def test_the_users_own_are_not_taken_from_a_directory_that_a_guest_can_write(mine, guests):
    mine.rmdir()
    mine.symlink_to(guests)
    with pytest.raises(VmError, match="is not safe to use"):
        templates.available()


def test_what_is_asked_for_wins_over_the_template(mine):
    for template in ("agent", "dev", "minimal", "project-template"):
        data = made(template, Size(3, "5GiB", "9GiB", (81, 82)))
        assert (data["cpus"], data["memory"], data["disk"]) == (3, "5GiB", "9GiB")
        assert [each["guestPort"] for each in data["portForwards"]] == [81, 82]
        assert "portForwards" not in made(template, Size(ports=()))


def test_the_agents_template_gives_the_project_alone(mine):
    data = made("agent")
    assert [mount["location"] for mount in data["mounts"]] == ["{{.Param.PROJECT_DIR}}"]
    assert data["ssh"] == {"localPort": 0, "loadDotSSHPubKeys": False}
    assert data["param"]["STRICT_PORTS"] == "true"
    assert "portForwards" not in data


def test_a_file_of_plain_yaml_is_taken_as_it_stands(tmp_path):
    file = tmp_path / "a file.yaml"
    file.write_text("cpus: 1\nmounts: [{location: '{{.Param.X}}'}]  # mine\n")
    assert render.rendered_config(str(file), VALUES) == file.read_text()
    assert not templates.resolve(str(file)).trusted
    for more in ({"vm_name": "x"}, {"ssh": "none"}):
        with pytest.raises(UsageError, match="plain YAML"):
            made(file, **more)
    with pytest.raises(UsageError, match="plain YAML"):
        made(file, Size(cpus=1))


def test_a_locator_becomes_the_base_of_a_config_without_images():
    data = made("template:debian-12", Size(memory="3GiB"))
    assert (data["base"], data["memory"]) == ("template:debian-12", "3GiB")
    assert not {"images", "cpus", "disk"} & set(data)
    assert not templates.resolve("template:debian-12").trusted


@pytest.mark.parametrize("word", ["nope", "./nope.yaml", "/", "", "_common", "../dev", "template:", "template:a b"])
def test_what_is_no_template_is_a_usage_error(word):
    with pytest.raises(UsageError, match="init --list"):
        templates.resolve(word)


@pytest.mark.parametrize(
    "text",
    [
        "{% set x = %}",
        "{% if x %}{{ nothing }}",
        "{% set a = nothing.b %}",
        '{% include "/etc/passwd" %}',
        '{% include "../secret" %}',
        "{% set a = ''.__class__.__mro__ %}{{ a[1] }}",
        "{% set a = 1 // 0 %}",
    ],
)
def test_a_template_that_cannot_be_used_says_so_and_can_do_nothing(tmp_path, text):
    (tmp_path / "deep").mkdir()
    (tmp_path / "secret").write_text("x: 1")
    file = tmp_path / "deep" / "t.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match="cannot be used"):
        made(file)


@given(st.text(max_size=40))
def test_any_word_is_a_template_or_a_usage_error(word):
    try:
        found = templates.resolve(word)
    except UsageError:
        return
    assert found.origin in {templates.OURS, templates.YOURS, templates.FILE, templates.LOCATOR}
