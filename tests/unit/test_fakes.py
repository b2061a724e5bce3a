"""The fakes are held to what they stand for: no other methods, and the same parameters."""

import inspect

import pytest

from sysinit_vm.lima.judged import JudgedConfig, JudgedFile, JudgedInstance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.progress import Progress
from tests.fakes import FakeLimactl, RecordingProgress, RecordingRunner, result, vm

PAIRS = [(FakeLimactl, Limactl), (RecordingRunner, Runner), (RecordingProgress, Progress)]


def public(kind):
    return [name for name, value in vars(kind).items() if inspect.isfunction(value) and not name.startswith("_")]


def parameters(function):
    found = inspect.signature(function).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]


METHODS = [(fake, real, name) for fake, real in PAIRS for name in public(fake)]


@pytest.mark.parametrize(
    ("fake", "real", "name"), METHODS, ids=[f"{fake.__name__}.{name}" for fake, _, name in METHODS]
)
def test_a_fakes_method_is_the_real_ones_with_its_parameters(fake, real, name):
    assert parameters(getattr(fake, name)) == parameters(getattr(real, name))


@pytest.mark.parametrize(("fake", "real"), PAIRS)
def test_a_fake_is_of_the_real_type(fake, real):
    assert issubclass(fake, real)


def test_no_method_of_the_real_runner_starts_a_process_in_the_fake():
    assert set(public(Runner)) == set(public(RecordingRunner))


def test_what_limactl_does_not_have_is_refused():
    lima = FakeLimactl()
    with pytest.raises(AttributeError):
        _ = lima.listed
    with pytest.raises(AttributeError):
        lima.listed = []


def test_what_the_fake_does_not_keep_is_asked_by_the_real_limactl(tmp_path):
    lima = FakeLimactl(runner=RecordingRunner(result(1, err='{"level":"fatal","msg":"no"}')))
    assert lima.attach("a", ("ls",), "/w") == 1
    assert lima.runner.kinds == ["attach"]
    assert lima.runner.argvs[0][0] == "/b/limactl"


def test_an_instance_lives_through_its_verbs(tmp_path):
    lima = FakeLimactl(place=tmp_path)
    (tmp_path / "given.yaml").write_text("cpus: 1\nparam: {PROJECT_DIR: /p}\n")
    lima.create(JudgedFile(tmp_path / "given.yaml", "a"), lambda _: None, env={})
    lima.start(JudgedInstance("a"), lambda _: None, timeout=1)
    assert (lima.instance("a").running, str(lima.instance("a").project_dir)) == (True, "/p")
    lima.stop("a")
    lima.edit(JudgedConfig("a", {"cpus": 2, "param": {}}))
    assert (lima.data("a")["cpus"], lima.instance("a").project_dir) == (2, None)
    lima.start(JudgedInstance("a"), lambda _: None, timeout=1)
    lima.delete("a")
    assert lima.verbs == ["create", "start", "stop", "edit", "start", "delete"]
    assert not (tmp_path / "a").exists()
    assert list(lima.instances()) == []


def test_a_guest_answers_as_it_is_told():
    lima = FakeLimactl(vm("a"), guest=lambda words: result(out=" ".join(words)))
    assert lima.run("a", ("x", "y"), timeout=7).out == "x y"
    assert lima.asked == [("a", ("x", "y"), 7)]


def test_a_runners_answers_come_from_the_function_then_in_turn_then_by_program():
    runner = RecordingRunner(
        result(3), answer=lambda call: result(7) if "seven" in call.argv else None, programs={"zellij": "zellij 1"}
    )
    assert [runner.read(["seven"]).code, runner.read(["x"]).code] == [7, 3]
    assert runner.read(["/bin/zellij", "--version"]).out == "zellij 1"
    assert runner.read(["other"]).out == ""


def test_a_change_that_fails_says_its_lines():
    runner, lines = RecordingRunner(fails="install", lines=("a", "b")), []
    assert runner.stream(["apt-get", "install"], lines.append).err == "a\nb"
    assert (runner.stream(["apt-get", "update"], lines.append).code, lines) == (0, ["a", "b"] * 2)
    assert runner.kinds == ["stream", "stream"]


def test_a_dry_runner_notes_and_prints_and_answers_nothing(capsys):
    runner = RecordingRunner(result(3), dry=True)
    assert runner.change(["rm", "x"]).code == 0
    assert (runner.ran, capsys.readouterr().err) == ([("rm", "x")], "rm x\n")
