import base64
import functools
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysinit_vm import files
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.lima import silent
from sysinit_vm.lima.account import Account
from sysinit_vm.lima.events import has_booted, host_agent_ready
from sysinit_vm.lima.home import all_instance_files, lima_home
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.lima.judged import JudgedConfig, JudgedFile, JudgedInstance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.messages import message, reason
from sysinit_vm.projects import locate, project
from tests.fakes import RecordingRunner, captured, result

JSON = "--log-format=json"
WRAP = 'trap : INT QUIT TERM; "$@"; exit $?'


def wrapped(*answers, account=None, answer=None):
    recorder = RecordingRunner(*answers, answer=answer)
    return Limactl(recorder, Path("/b/limactl"), account or Account()), recorder


def words(recorder):
    assert all(argv[0] == "/b/limactl" for argv in recorder.argvs)
    return [list(argv[1:]) for argv in recorder.argvs]


@pytest.fixture(autouse=True)
def own_home(home):
    """What a start writes beside the instances goes into no home but the test's own."""


@pytest.fixture
def instances(home):
    def make(*names):
        for name in names:
            directory = home / ".lima" / name
            directory.mkdir(parents=True)
            (directory / "lima.yaml").write_text("cpus: 1\n")
        return home / ".lima"

    return make


@pytest.mark.parametrize(
    ("call", "argv"),
    [
        (lambda lima: lima.stop("a"), [JSON, "stop", "a"]),
        (lambda lima: lima.stop("a", force=True), [JSON, "stop", "--force", "a"]),
        (lambda lima: lima.delete("a"), [JSON, "delete", "--force", "a"]),
        (
            lambda lima: lima.start(JudgedInstance("a"), print, timeout=30),
            [JSON, "start", "--tty=false", "--timeout=30s", "a"],
        ),
        (
            lambda lima: lima.create(JudgedFile(Path("/c.yaml"), "a"), print),
            [JSON, "create", "--tty=false", "--name", "a", "/c.yaml"],
        ),
        (
            lambda lima: lima.run("a", ("ls", "-l"), workdir="/w", timeout=5),
            ["shell", "--tty=false", "--workdir", "/w", "a", "--", "sh", "-c", WRAP, "sh", "ls", "-l"],
        ),
        (
            lambda lima: lima.attach("a", ("ls",), "/w", marker="m"),
            ["shell", "--tty=false", "--workdir", "/w", "a", "--", "sh", "-c", WRAP, "m", "ls"],
        ),
    ],
)
def test_each_verb_gives_limactl_these_words(home, call, argv):
    lima, recorder = wrapped()
    call(lima)
    assert words(recorder) == [argv]


def test_an_instances_config_is_what_its_lima_yaml_holds(instances, home):
    place = instances("a")
    assert Instance("a", "Stopped", place / "a").config().data == {"cpus": 1}


def refusal(says, code=1):
    """Let limactl say something of a config, and return what we make of it with the file that limactl was given."""
    given = list[Path]()

    def answer(call):
        path = Path(call.argv[-1])
        given.append(path)
        assert json.loads(path.read_text()) == {"memory": "8GiB"}
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        return result(code, err=says.replace("/tmp/demo-dev.yaml", str(path)))

    lima, recorder = wrapped(answer=answer)
    why = lima.refusal(JudgedConfig("demo-dev", {"memory": "8GiB"}))
    assert words(recorder) == [[JSON, "validate", str(given[0])]]
    return why, given[0]


def test_limactl_is_asked_of_a_config_in_a_file_that_no_guest_sees(home):
    why, path = refusal(captured("validate-ok.err"), 0)
    assert (why, path.name) == ("", "demo-dev.yaml")
    assert path.is_relative_to(home / ".lima" / "_sysinit-vm")
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (
            captured("validate-mount.err"),
            "field `mounts[0].mountPoint` must not be a system path such as /etc or /usr",
        ),
        (
            captured("validate-param.err"),
            "field `param` key `UNUSED` is not used in any provision, probe, copyToHost, or portForward",
        ),
        ("", "limactl validate ended with 1."),
    ],
)
def test_why_limactl_refuses_a_config_does_not_name_our_file(home, says, why):
    assert refusal(says)[0] == why


def test_an_edit_gives_the_whole_config_past_the_escapes_that_yq_does_not_know(home):
    lima, recorder = wrapped()
    data = {"env": {"A": 'back\\slash "é" \u2028'}}
    lima.edit(JudgedConfig("a", data))
    *flags, expression, name = words(recorder)[0]
    assert flags == [JSON, "edit", "--tty=false", "--set"]
    assert name == "a"
    encoded = re.fullmatch(r'\. = \("(.*)" \| @base64d \| from_json\)', expression)[1]
    assert json.loads(base64.b64decode(encoded)) == data
    assert recorder.options[0]["cwd"] not in {None, Path.cwd()}


def test_an_edit_that_lima_refuses_says_why(home):
    lima, _ = wrapped(result(1, err='{"level":"fatal","msg":"cannot edit a running instance"}'))
    with pytest.raises(VmError, match="cannot edit a running instance"):
        lima.edit(JudgedConfig("a", {}))


def test_what_changes_obeys_dry_and_what_looks_does_not(home, instances):
    instances("a")
    lima, recorder = wrapped(result(out='{"name": "a"}\n'))
    lima.instance("a"), lima.run("a", ("ls",))
    lima.stop("a")
    lima.start(JudgedInstance("a"), print, timeout=1)
    assert recorder.kinds == ["read", "read", "change", "stream"]


def test_the_account_stands_before_limactl_and_in_its_variables():
    lima, recorder = wrapped(account=Account(("bwrap", "--"), {"USER": "dev"}))
    lima.stop("a")
    lima.start(JudgedInstance("a"), print, timeout=1, env={"QEMU_SYSTEM_X86_64": "qemu"})
    assert recorder.argvs[0][:3] == ("bwrap", "--", "/b/limactl")
    assert recorder.options[0]["env"] == {"USER": "dev", "LIMA_HOME": str(lima_home())}
    started = recorder.options[1]["env"]
    assert (started["USER"], started["QEMU_SYSTEM_X86_64"]) == ("dev", "qemu")


def test_half_of_an_instance_is_one_that_cannot_be_read(home):
    (home / ".lima" / "a").mkdir(parents=True)
    lima, recorder = wrapped()
    assert lima.instance("a").unreadable
    assert recorder.argvs == []


def test_a_running_instance_is_read_as_lima_shows_it(instances):
    instances("demo-dev")
    lima, recorder = wrapped(result(out=captured("list-running.json")))
    found = lima.instance("demo-dev")
    assert words(recorder) == [["--log-format=json", "list", "--json", "demo-dev"]]
    assert found == Instance(
        "demo-dev",
        "Running",
        Path("/home/me/.lima/demo-dev"),
        arch="x86_64",
        cpus=2,
        memory=8 * 2**30,
        disk=50 * 2**30,
        ssh_port=39381,
        driver_pid=1235,
        param=found.param,
    )
    assert found.running
    assert found.project_dir == Path("/home/me/demo")


def test_stopped_broken_and_corrupt_ones_are_read_too(instances):
    instances("demo-dev", "bro", "corrupt")
    for name, status in (("stopped", "Stopped"), ("broken", ""), ("corrupt", "")):
        text = captured(f"list-{name}.json")
        lima, _ = wrapped(result(out=text))
        found = lima.instance(json.loads(text)["name"])
        assert (found.status, found.running) == (status, False)


def test_a_name_without_a_directory_is_not_asked_for(instances):
    instances("demo-dev")
    lima, recorder = wrapped()
    assert lima.instance("demo") is None
    assert recorder.argvs == []


def test_a_name_that_lima_does_not_match_is_none(instances):
    instances("demo-dev")
    lima, _ = wrapped(result(1, err=captured("list-unmatched.err")))
    assert lima.instance("demo-dev") is None


def test_an_instance_of_another_name_is_never_taken_for_it(instances):
    instances("demo")
    lima, _ = wrapped(result(out=captured("list-running.json")))
    with pytest.raises(VmError, match="does not list demo"):
        lima.instance("demo")


STRANGE = [
    "{nonsense",
    '{"instances": []}',
    '{"name": "a", "status": ["Stopped"]}',
    '{"name": "a", "dir": 5}',
    '{"name": "a", "cpus": "two"}',
    '{"name": "a", "param": "x"}',
    '{"name": "a", "config": [1]}',
    '{"name": 5}',
    "[" * 100_000,
    "{" + '"a":{' * 100_000,
    "",
    "garbage",
    '{"name": "b"}',
]


@pytest.mark.parametrize("output", STRANGE)
def test_a_list_that_is_not_as_we_know_it_is_an_error_and_no_vm_is_called_gone(instances, output):
    instances("a")
    for ask in (lambda lima: lima.instances(), lambda lima: lima.instance("a")):
        with pytest.raises(VmError, match="limactl's instances cannot be read") as caught:
            ask(wrapped(result(out=f"{output}\n"))[0])
        assert len(caught.value.detail) < 200


def test_a_list_that_does_not_end_is_an_error(instances):
    instances("a")
    lima, recorder = wrapped(result(124), result(124))
    with pytest.raises(VmError, match="limactl does not answer"):
        lima.instances()
    assert [options["timeout"] for options in recorder.options] == [5, 60]


def test_a_list_that_only_takes_its_time_is_waited_for(instances):
    instances("a")
    lima, _ = wrapped(result(124), result(out='{"name": "a", "status": "Running"}'))
    assert [instance.name for instance in lima.instances()] == ["a"]


@pytest.fixture
def dead(instances, monkeypatch):
    """Of two VMs one mounts a directory that does not answer; limactl waits as long as it has to list that one."""
    lima_home = instances("a", "b")
    (lima_home / "b" / "lima.yaml").write_text("{param: {PROJECT_DIR: /p}, mounts: [{location: /dead/x}]}")
    monkeypatch.setattr(silent, "_answers", {})
    asked = []

    def read(runner, argv, *, timeout):
        asked.append(argv[4:])
        return result(124, "".join(f"{number}\n" for number, path in enumerate(argv[4:]) if "dead" not in path))

    monkeypatch.setattr(silent.Runner, "read", read)

    def list_(call):
        return result(124) if "b" in call.argv else result(out='{"name": "a", "status": "Running"}')

    lima, recorder = wrapped(answer=list_)
    return lima, recorder, asked


def test_a_mount_that_does_not_answer_stops_no_other_vm(dead, capsys):
    lima, recorder, asked = dead
    for _ in range(2):
        instances = lima.instances()
        mute = instances.get("b")
        assert [instance.name for instance in instances] == ["a", "b"]
        assert (mute.silent, mute.unreadable, mute.running) == (Path("/dead/x"), True, False)
        assert (mute.restorable, mute.lost, mute.intact, mute.no_directory) == (False, False, False, None)
        assert instances.guest_writes == ()
    assert asked == [("/p", "/dead/x")]
    assert [argv[4:] for argv in recorder.argvs] == [("a", "b"), ("a",), ("a",)]
    assert capsys.readouterr().err == "/dead/x does not answer. What VMs have there is left alone.\n"
    assert "/dead/x, which it mounts, does not answer" in str(locate.unreadable(lima.instance("b")))


def test_nobody_looks_at_a_directory_that_does_not_answer(dead, monkeypatch):
    dead[0].instances()
    monkeypatch.setattr(Path, "stat", lambda _: pytest.fail("it would wait"))
    monkeypatch.setattr(os, "stat", lambda *_, **__: pytest.fail("it would wait"))
    assert not project.gone(Path("/dead/x/y"))
    assert not project.same(Path("/dead/x"), Path("/q"))
    assert project.same(Path("/dead/x"), Path("/dead/x"))


def test_a_list_that_fails_is_an_error_with_limas_reason(instances):
    instances("a")
    lima, _ = wrapped(result(1, err='time="x" level=fatal msg="no disk"'))
    with pytest.raises(VmError, match="no disk"):
        lima.instance("a")


def test_instances_are_asked_for_by_name_past_stray_directories(instances):
    lima_home = instances("b", "a")
    for stray in ("_config", "_images", ".hidden", "empty"):
        (lima_home / stray).mkdir()
    (lima_home / "file").write_text("")
    lima, recorder = wrapped(result(out='{"name": "a"}\n{"name": "b"}\n'))
    found = lima.instances()
    assert ([each.name for each in found], [half.name for half in found.unlisted]) == (["a", "b"], ["empty"])
    assert words(recorder) == [["--log-format=json", "list", "--json", "a", "b"]]


@pytest.mark.parametrize("invalid", ["a--b", "x_", "x.yaml", "with space", "é"])
def test_a_directory_with_an_invalid_name_does_not_hide_the_others(instances, invalid):
    instances("demo-dev", invalid)

    def like_lima(call):
        bad = captured("list-invalid-name.err")
        return result(1, err=bad) if invalid in call.argv else result(out=captured("list-running.json"))

    lima, _ = wrapped(answer=like_lima)
    assert [each.name for each in lima.instances()] == ["demo-dev"]


def test_one_that_vanishes_meanwhile_does_not_hide_the_others(instances):
    instances("demo-dev", "nonesuch")
    lima, _ = wrapped(result(1, captured("list-running.json"), captured("list-unmatched.err")))
    assert [each.name for each in lima.instances()] == ["demo-dev"]


def test_where_lima_keeps_its_instances_is_checked_as_often_for_many_as_for_one(instances, monkeypatch):
    checks, require_no_guest = [], files.require_no_guest
    monkeypatch.setattr(files, "require_no_guest", lambda *words: checks.append(1) or require_no_guest(*words))
    for names in (["a"], [f"b{number}" for number in range(20)]):
        instances(*names)
        lima, _ = wrapped(answer=lambda call: result(out="".join(f'{{"name":"{n}"}}\n' for n in call.argv[4:])))
        checks.append("asked")
        assert lima.instances()
    one, many = "".join(map(str, checks)).split("asked")[1:]
    assert one == many


def test_one_that_is_deleted_while_lima_lists_does_not_hide_the_others(instances):
    lima_home = instances("demo-dev", "other-dev")

    def like_lima(call):
        if "other-dev" not in call.argv:
            return result(out=captured("list-running.json"))
        (lima_home / "other-dev" / "lima.yaml").unlink()
        return result(1, err='time="x" level=fatal msg="unable to load instance other-dev: open lima.yaml"')

    lima, _ = wrapped(answer=like_lima)
    found = lima.instances()
    assert ([each.name for each in found], [each.name for each in found.unlisted]) == (["demo-dev"], ["other-dev"])


def test_a_list_of_all_that_fails_is_an_error_too(instances):
    instances("demo-dev")
    lima, _ = wrapped(result(1, err='time="x" level=fatal msg="no disk"'))
    with pytest.raises(VmError, match="no disk"):
        lima.instances()


FATAL = '{"level":"fatal","msg":"bufio.Scanner: token too long"}'
NONE = '{"level":"fatal","msg":"unmatched instances"}'


def unable(*offending, fatal=FATAL):
    """A limactl 2.2.0 that ends at the first of the instances that it cannot list."""

    def answer(call):
        wanted = call.argv[4:]
        known = list(itertools.takewhile(lambda name: name not in offending, wanted))
        lines = [json.dumps({"name": name, "status": "Running"}) for name in known if name != "_sysinit-vm"]
        err = fatal if len(known) < len(wanted) else NONE if "_sysinit-vm" in wanted else ""
        return result(1 if err else 0, "\n".join(lines), err)

    return answer


@pytest.mark.parametrize("offending", [["b"], ["a", "b", "c"], ["c"], ["a", "c"]])
def test_one_that_lima_cannot_list_does_not_hide_the_others(instances, offending):
    directory = instances("a", "b", "c")
    lima, recorder = wrapped(answer=unable(*offending))
    listed = list(lima.instances())
    assert {instance.name: instance.unreadable for instance in listed} == {name: name in offending for name in "abc"}
    assert [instance.dir for instance in listed if instance.unreadable] == [directory / name for name in offending]
    assert len(recorder.argvs) <= 1 + 3 + len(offending)
    assert lima.instance(offending[0]).unreadable


def test_what_a_config_says_is_not_taken_for_limas_own_answer(instances):
    """Else its VM, and all that come after it, would not be there."""
    instances("a", "b")
    fatal = json.dumps({"level": "fatal", "msg": 'bad file: msg="unmatched instances"'})
    lima, _ = wrapped(answer=unable("a", fatal=fatal))
    assert [(instance.name, instance.unreadable) for instance in lima.instances()] == [("a", True), ("b", False)]


def test_one_that_may_not_be_looked_at_does_not_hide_the_others(instances):
    lima_home, refused = instances("demo-dev"), "x" * 300  # the system refuses to look for so long a name, root too
    (lima_home / "link").symlink_to(refused)
    (lima_home / "closed").mkdir()
    (lima_home / "closed" / "lima.yaml").symlink_to(refused)
    lima, _ = wrapped(result(out=captured("list-running.json")))
    found = lima.instances()
    assert ([each.name for each in found], [each.name for each in found.unlisted]) == (["demo-dev"], ["closed"])
    assert [files.name for files in all_instance_files()] == ["demo-dev"]


def test_without_lima_home_there_are_none(home):
    lima, recorder = wrapped()
    assert (lima.instances(), recorder.argvs) == (Instances(), [])


@pytest.mark.parametrize(
    ("call", "output", "kind", "says"),
    [
        (
            lambda lima: lima.stop("demo-dev"),
            "stop-stopped.err",
            StateError,
            "expected status `Running`, got `Stopped`",
        ),
        (lambda lima: lima.stop("nonesuch"), "stop-missing.err", VmError, "no such file or directory"),
        (lambda lima: lima.delete("demo-dev"), "delete-protected.err", StateError, "limactl unprotect demo-dev"),
        (lambda lima: lima.delete("demo-dev"), "delete-no-yaml.err", VmError, "remove it manually"),
    ],
)
def test_a_refusal_is_told_in_limas_own_words(instances, call, output, kind, says):
    instances("demo-dev")
    lima, _ = wrapped(result(1, err=captured(output)))
    with pytest.raises(kind) as caught:
        call(lima)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert "level" not in str(caught.value)


def test_deleting_what_is_gone_is_fine(home):
    lima, recorder = wrapped(result(1, err=captured("delete-missing.err")))
    lima.delete("nonesuch")
    assert len(recorder.argvs) == 1


def test_a_delete_that_leaves_the_instance_is_an_error(instances):
    instances("demo-dev")
    with pytest.raises(VmError, match="demo-dev is still there"):
        wrapped()[0].delete("demo-dev")


def test_what_lima_made_and_does_not_delete_without_its_config_is_removed(home):
    directory = home / ".lima/half"
    directory.mkdir(parents=True)
    (directory / "mine").touch()
    lima, _ = wrapped(*(result(1, err=captured("delete-no-yaml.err")),) * 2)
    with pytest.raises(VmError, match="remove it manually"):
        lima.delete("half")
    assert (directory / "mine").exists()
    (directory / "lima-version").write_text("2.2.0")
    lima.delete("half")
    assert not directory.exists()


def test_each_line_of_a_start_is_handed_on_as_level_and_text():
    lima, recorder = wrapped()
    recorder.lines = captured("start-no-image.err").splitlines()
    seen = []
    lima.start(JudgedInstance("half"), seen.append, timeout=1)
    assert (
        recorder.options[-1]["env"]["LIMA_TEMPLATES_PATH"] == "/dev/null"
    )  # from which Lima would make a VM that is gone
    assert seen[0] == ("info", "Terminal is not available, proceeding without opening an editor")
    assert seen[-1][0] == "fatal"
    assert seen[-1][1].startswith("failed to download")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('{"level":"info","msg":"[hostagent] Starting QEMU"}', ("info", "Starting QEMU")),
        ('{"level":"error","msg":"a","error":"b"}', ("error", "a: b")),
        ("panic: oh", ("info", "panic: oh")),
        ("[1]", ("info", "[1]")),
        ('{"msg":"no level"}', ("info", '{"msg":"no level"}')),
        ("7", ("info", "7")),
        ("", ("info", "")),
    ],
)
def test_a_log_line_is_a_level_and_a_text(line, meant):
    assert message(line) == meant


def test_what_limactl_said_are_its_fatal_lines_once_or_its_last_ones():
    fatal = '{"level":"fatal","msg":"no"}'
    assert reason(f'{{"level":"info","msg":"a"}}\n{fatal}\n{fatal}') == "no"
    assert reason("\n".join("abcdefg")) == "c\nd\ne\nf\ng"
    assert reason("only out") == "only out"
    assert reason("") == ""


SHELLS = ["bash", "zsh", "fish"]
NASTY = ["a b", "c$d", "e'f", 'g"h', "*", "", "x=1", "a\nb", "--", "-n", "\\", "a\\\\b", "it\\'s", "`id`", "é", "!"]
NASTY_DIRECTORY = "it\\'s a 'place"


def limactl_shell(shell, argv, home):
    """Run in place of a guest what limactl 2.2.0 (shell.go) gives to its sshd: one line for the login shell, twice."""
    workdir, words = argv[argv.index("--workdir") + 1], argv[argv.index("--") + 1 :]
    line = f'cd {shlex.quote(workdir)} || exit 1 ; exec "$SHELL" -l -c {shlex.quote(shlex.join(words))}'
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "SHELL": shutil.which(shell), "line": "kept"}
    return subprocess.run([env["SHELL"], "-c", line], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("nasty", [[word] for word in NASTY] + [NASTY])
@pytest.mark.parametrize("shell", SHELLS)
def test_the_guest_gets_exact_words_whatever_its_login_shell(tmp_path, shell, nasty):
    lima, _ = wrapped()
    done = limactl_shell(shell, lima.shell_argv("a", ("printf", "<%s>", *nasty), "/"), tmp_path)
    assert (done.returncode, done.stdout) == (0, "".join(f"<{word}>" for word in nasty)), done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_guests_directory_is_exact_and_one_that_is_gone_is_a_failure(tmp_path, shell):
    lima, _ = wrapped()
    room = tmp_path / NASTY_DIRECTORY
    gone = limactl_shell(shell, lima.shell_argv("a", ("pwd",), str(room)), tmp_path)
    assert (gone.returncode, gone.stdout) == (1, "")
    room.mkdir()
    assert limactl_shell(shell, lima.shell_argv("a", ("pwd",), str(room)), tmp_path).stdout == f"{room}\n"


def test_a_guest_that_cannot_decode_the_words_says_so(tmp_path):
    lima, _ = wrapped()
    argv = lima.shell_argv("a", ("printf", "\\n"), "/")
    guest = argv[argv.index("--") + 1 :]
    done = subprocess.run(["/bin/sh", *guest[1:]], env={"PATH": str(tmp_path)}, capture_output=True, check=False)
    assert done.returncode == 127


@pytest.mark.parametrize(("line", "code"), [("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("true", 0)])
@pytest.mark.parametrize("backslash", ["", " # \\"])
def test_the_guests_shell_gives_the_commands_own_status(line, code, backslash):
    lima, _ = wrapped()
    argv = lima.shell_argv("a", ("sh", "-c", line + backslash), "/")
    assert subprocess.run(argv[argv.index("--") + 1 :], check=False).returncode == code


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_leading_words_with_an_equals_sign_never_stand_first(some):
    lima, _ = wrapped()
    argv = lima.shell_argv("a", some, "/w")
    after = argv[argv.index("--") + 1 :]
    assert "=" not in after[0]
    assert list(after[4:]) == some or any("\\" in word for word in some)


def agent(tmp_path, *lines):
    (tmp_path / "ha.stdout.log").write_text("".join(f"{line}\n" for line in lines))
    return host_agent_ready(Instance("a", "Running", tmp_path))


PORT = '{"time":"2026-11-23T08:01:45.694114028Z","status":{"sshLocalPort":39381}}'
UP = '{"time":"2026-11-23T08:03:45Z","status":{"running":true,"sshLocalPort":39381}}'


@pytest.mark.parametrize(
    ("lines", "ready"),
    [
        ([], None),
        ([PORT], None),
        ([PORT, UP], True),
        ([PORT, UP, '{"status":{"portForward":{"type":"forwarding"}}}'], True),
        ([PORT, '{"status":{"running":true,"degraded":true,"errors":["x"]}}'], False),
        ([PORT, UP, '{"status":{"exiting":true}}'], False),
        ([PORT, UP, '{"status":{"run'], True),
        (["not json", "[]", "{}", "7"], None),
    ],
)
def test_the_host_agent_says_whether_the_vm_is_ready(tmp_path, lines, ready):
    assert agent(tmp_path, *lines) is ready


def test_a_vm_without_a_host_agents_log_is_still_booting(tmp_path):
    assert host_agent_ready(Instance("a", "Running", tmp_path)) is None


@pytest.mark.parametrize("lines", [None, [], ["\0" * 80 + '{"status":{"portForward":{"type":"forwarding"}}}']])
def test_a_vm_that_has_run_a_while_and_whose_logs_were_emptied_is_not_called_booting(tmp_path, lines):
    pid_file = tmp_path / "ha.pid"
    pid_file.touch()
    booted = functools.partial(has_booted, Instance("a", "Running", tmp_path))
    assert not booted()  # it may just begin
    os.utime(pid_file, (0, 0))
    if lines is not None:
        assert agent(tmp_path, *lines)
    assert booted()
    assert not agent(tmp_path, PORT)


@settings(max_examples=50)
@given(st.text())
def test_any_log_line_can_be_read(line):
    assert len(message(line)) == 2


def test_a_guest_writes_the_project_and_the_writable_mounts(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    mounts = [
        {"location": "/data", "writable": True},
        {"location": "~/x", "writable": True},
        {"location": "/read", "writable": False},
        {"writable": True},
        {"location": "/default"},
    ]
    instance = Instance("a", "Running", Path("/l/a"), param={"PROJECT_DIR": "/p"}, filled={"mounts": mounts})
    assert instance.guest_writes == (Path("/p"), Path("/data"), Path("/home/me/x"))
    assert Instance("a", "Running", Path("/l/a")).guest_writes == ()


@pytest.mark.parametrize("exists", [True, False])
def test_limactl_never_runs_in_a_project(home, exists):
    """It, and the host agent that it leaves, take a relative path from the directory that they run in."""
    own = home / ".lima" / "_sysinit-vm"
    if exists:
        own.mkdir(parents=True)
    lima, recorder = wrapped(result())
    lima.stop("a")
    lima.delete("a")
    if exists:
        lima.start(JudgedInstance("a"), print, timeout=30)
        lima.create(JudgedFile(Path("/c.yaml"), "a"), print)
    assert {call.options["cwd"] for call in recorder.calls} == {own.resolve() if exists else Path("/")}


def test_of_an_instance_that_lima_refuses_we_know_what_its_config_says(home):
    """A guest can make its VM so: whose it is, and what it can write, stays known."""
    directory = home / ".lima" / "x-dev"
    directory.mkdir(parents=True)
    mounts = [{"location": "/p/demo", "writable": True}, {"location": "/etc"}]
    text = json.dumps({"param": {"PROJECT_DIR": "/p/demo"}, "mounts": mounts})
    (directory / "lima.yaml").write_text(text)
    row = json.dumps({"name": "x-dev", "status": "", "dir": str(directory)})
    (instance,) = wrapped(result(out=row))[0].instances()
    assert instance.unreadable
    assert instance.project_dir == Path("/p/demo")
    assert instance.guest_writes == (Path("/p/demo"), Path("/p/demo"))
    (directory / "lima.yaml").write_text("mounts: 7\nparam: [")
    (instance,) = wrapped(result(out=row))[0].instances()
    assert (instance.project_dir, instance.guest_writes) == (None, ())
