import pytest

from sysinit_vm.errors import NotConfirmedError
from sysinit_vm.init import namesakes, project_files
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from tests.fakes import instances, vm


@pytest.fixture
def demo(home, tmp_path, monkeypatch):
    (tmp_path / "work" / "demo").mkdir(parents=True)
    (tmp_path / "you" / "demo").mkdir(parents=True)
    monkeypatch.setenv("LIMA_HOME", "/nowhere/.lima")  # short: its length limits the names
    return Project(tmp_path / "work" / "demo")


@pytest.fixture
def other(demo):
    return demo.root.parents[1] / "you" / "demo"


@pytest.fixture
def typed(monkeypatch):
    """A terminal on which these answers are typed; ``None`` is Enter."""
    answers, asked = [], []

    def text(_question, default):
        asked.append(default)
        return answers.pop(0) or default

    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "text", text)
    return answers, asked


def test_a_terminal_is_offered_a_free_name(demo, other, typed, capsys):
    answers, asked = typed
    answers.append(None)
    assert namesakes.settle(instances(vm("demo-dev", other)), demo, None) == "work-demo-dev"
    assert asked == ["work-demo-dev"]
    said = capsys.readouterr().err
    assert str(other) in said
    assert str(demo.root) in said


def test_it_asks_until_a_name_is_legal_and_free(demo, other, typed, capsys):
    answers, asked = typed
    answers += ["a--b", "taken", "demo-x"]
    present = instances(vm("demo-dev", other), vm("taken", other), vm("work-demo-dev", other))
    assert namesakes.settle(present, demo, None) == "demo-x"
    assert asked == ["demo-2-dev"] * 3
    assert "The name is not a name" in capsys.readouterr().err


def test_a_name_that_is_said_is_asked_about_only_where_it_is_taken(demo, other, typed):
    answers, asked = typed
    answers.append(None)
    present = instances(vm("mine", other))
    assert namesakes.settle(present, demo, "free") == "free"
    assert namesakes.settle(present, demo, None) is None
    assert asked == []
    assert namesakes.settle(present, demo, "mine") == "work-demo-dev"


def test_nobody_is_asked_without_a_terminal_or_about_ones_own(demo, other, typed, monkeypatch):
    _, asked = typed
    for present in (
        None,
        instances(vm("x", demo.root), vm("demo-dev", other)),
        instances(vm("demo-dev", "/gone/demo")),
    ):
        assert namesakes.settle(present, demo, None) is None
    monkeypatch.setattr(prompts, "can_ask", lambda: False)
    assert namesakes.settle(instances(vm("demo-dev", other)), demo, "demo-dev") == "demo-dev"
    assert asked == []


def test_the_name_that_was_typed_is_kept_for_good(demo, other, typed):
    typed[0].append("demo-x")
    present = instances(vm("demo-dev", other))
    written = project_files.init_project("minimal", directory=str(demo.root), name=None, yes=False, instances=present)
    assert written.vm_name == "demo-x"
    assert 'VM_NAME: "demo-x"' in demo.config.read_text()


def test_a_namesake_is_warned_of(demo, other, capsys):
    namesakes.tell(instances(vm("demo-dev", other)), demo, "demo-dev")
    said = capsys.readouterr().err
    assert str(other) in said
    assert str(demo.root) in said
    assert "needs another name" in said


def test_the_next_steps_are_ones_that_work_although_the_name_is_taken(demo, other):
    for present in (None, instances(), instances(vm("x", demo.root), vm("demo-dev", other))):
        assert namesakes.first_commands(present, demo, "demo-dev") == ("sysinit-vm start", "sysinit-vm shell")
    free = ("sysinit-vm start --name work-demo-dev", "sysinit-vm shell --name work-demo-dev")
    assert namesakes.first_commands(instances(vm("demo-dev", other)), demo, "demo-dev") == free
    left = instances(vm("demo-dev", "/gone/demo"))
    assert namesakes.first_commands(left, demo, "demo-dev")[0] == "sysinit-vm adopt, then sysinit-vm start"


def test_one_that_was_left_behind_is_told_with_what_to_type(demo, capsys):
    namesakes.tell(instances(vm("demo-dev", "/gone/demo")), demo, "demo-dev")
    assert "sysinit-vm adopt" in capsys.readouterr().err


def test_a_vm_of_its_own_under_another_name_is_told(demo, capsys):
    namesakes.tell(instances(vm("demo-dev", demo.root)), demo, "new-name")
    said = capsys.readouterr().err
    assert "demo-dev, and keeps it" in said
    assert "new-name" in said


def test_a_project_above_is_told(demo, capsys):
    above = demo.root.parent
    (above / ".lima").mkdir()
    (above / ".lima/config.yaml").write_text("")
    namesakes.tell(None, demo, "demo-dev")
    assert f"{above} is a project too" in capsys.readouterr().err


def test_nothing_is_said_where_there_is_nothing_to_say(demo, capsys):
    for present in (None, instances(), instances(vm("demo-dev", demo.root))):
        namesakes.tell(present, demo, "demo-dev")
    assert capsys.readouterr().err == ""


def test_a_config_above_where_no_project_may_be_is_no_error_of_a_new_project(demo, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(demo.root.parent))
    (demo.root.parent / ".lima").mkdir()
    (demo.root.parent / ".lima" / "config.yaml").write_text("cpus: 1\n")
    namesakes.tell(None, demo, "demo-dev")
    assert "commands mean this one" in capsys.readouterr().err


@pytest.fixture
def inner(demo):
    """A project in the directory of ``demo``."""
    config = demo.root / "shop" / ".lima" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("cpus: 1\n")
    (demo.root / "file").touch()
    return demo.root / "shop"


def test_who_stands_above_a_project_is_asked_and_led_into_it(demo, inner, monkeypatch):
    questions = []
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda question: bool(questions.append(question)))
    with pytest.raises(NotConfirmedError) as refused:
        namesakes.require_meant(demo, yes=False)
    assert questions == [f"The project shop is in {demo.root}. Make a VM for all of {demo.root}?"]
    assert refused.value.hint == f"cd {inner} && sysinit-vm up"
    namesakes.require_meant(demo, yes=True)
    namesakes.require_meant(Project(inner), yes=False)
    assert len(questions) == 1


def test_without_a_terminal_a_project_inside_is_only_told(demo, inner, monkeypatch, capsys):
    monkeypatch.setattr(prompts, "can_ask", lambda: False)
    namesakes.require_meant(demo, yes=False)
    namesakes.tell(None, demo, "demo-dev")
    told, as_init_does = capsys.readouterr().err.splitlines()
    assert told == f"The project shop is in {demo.root}."
    assert as_init_does.startswith(f"{inner} is a project too; in it, commands mean that one.")
