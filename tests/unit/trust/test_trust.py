"""What a config can do to this machine, and who allowed it."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import guest_writes
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare
from sysinit_vm.errors import NotConfirmedError, UsageError, VmError
from sysinit_vm.init.project_files import write_config
from sysinit_vm.lima.instance import Instance
from sysinit_vm.machine import facts as machine
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import console, prompts
from sysinit_vm.trust import approvals, gate, included, screen, table
from sysinit_vm.trust.context import here
from sysinit_vm.trust.danger import Context, Danger, Level, spelled
from sysinit_vm.trust.verdict import SHORT
from sysinit_vm.vm import permission
from sysinit_vm.vm.permission import Request
from tests.fakes import FakeLimactl, facts, vm
from tests.hostile import CORPUS, PROXY, proxies, surround
from tests.worlds import no_limactl


@pytest.fixture
def demo(home, tmp_path):
    root = (tmp_path / "demo").resolve()
    root.mkdir()
    surround(root, home)
    return Project(root)


@pytest.fixture(autouse=True)
def data(home, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local" / "share"))
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(machine, "gather", lambda: facts(home=home, lima_home=home / ".lima", ssh_dir=home / ".ssh"))


def commit(project, text):
    project.config.write_text(text)
    return committed_config.load(project)


def request(project, text=None, limactl=no_limactl):
    if text is not None:
        commit(project, text)
    return Request(committed_config.load(project), project, "demo-dev", limactl)


def pending(project, text=None):
    return request(project, text).pending()


def words(verdict):
    return [f"{danger.level.name} {danger.words}" for danger in verdict.dangers]


# --- the corpus ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_each_hostile_config_is_told_in_its_own_words_or_refused(demo, path, monkeypatch):
    for name, value in proxies(path).items():
        monkeypatch.setenv(name, value)
    text = path.read_bytes().decode().replace("/home/me", str(Path.home()))
    expected = text.splitlines()[0].removeprefix("# ")
    if expected.startswith("REFUSED "):
        with pytest.raises(VmError, match=re.escape(expected.removeprefix("REFUSED "))) as caught:
            pending(demo, text)
        assert caught.value.exit_code in {1, 2}
        assert caught.value.hint
        return
    verdict = pending(demo, text)
    level, _, says = expected.partition(" ")
    assert [line for line in words(verdict) if line.startswith(level) and says in line], words(verdict)
    with pytest.raises(NotConfirmedError) as refused:
        request(demo).require()
    assert refused.value.exit_code == 5
    assert verdict.hash in refused.value.hint


def test_the_corpus_has_a_config_for_each_level():
    named = {path.read_bytes().decode().split()[1] for path in CORPUS}
    assert named == {*(level.name for level in Level), "REFUSED"}


# --- what is harmless ------------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["dev", "minimal", "project-template"])
def test_what_init_wrote_is_trusted_and_nothing_but_the_keys_had_to_be(demo, template):
    written = write_config(demo, template, None)
    Request(written.config, demo, "demo-dev", no_limactl).trust()
    assert request(demo).require().data == document.load(demo.config).data
    assert [line.split(" ", 1)[0] for line in words(pending(demo))] == ["READS", "READS"]


def test_what_init_wrote_is_trusted_and_not_what_lies_there_by_then(demo):
    written = write_config(demo, "dev", None)
    commit(demo, "mountType: reverse-sshfs\n")
    Request(written.config, demo, "demo-dev", no_limactl).trust()
    with pytest.raises(NotConfirmedError):
        request(demo).require()


def test_keys_that_are_made_after_init_are_trusted_too(demo, monkeypatch, home):
    without = facts(home=home, lima_home=home / ".lima", ssh_dir=None)
    with monkeypatch.context() as patched:
        patched.setattr(machine, "gather", lambda: without)
        Request(write_config(demo, "dev", None).config, demo, "demo-dev", no_limactl).trust()
    request(demo).require()


def test_what_only_concerns_the_guest_needs_no_approval(demo):
    (demo.root / "src").mkdir()
    text = """
cpus: 2
memory: 4GiB
env: {A: b}
mounts:
- {location: "{{.Param.PROJECT_DIR}}", writable: true, 9p: {securityModel: none, cache: mmap}}
- {location: ./src, mountPoint: /src}
portForwards:
- {guestPort: 3000, hostPort: 3000}
- {guestIP: 0.0.0.0, guestPortRange: [1, 65535], proto: any, ignore: true}
provision:
- {mode: system, script: "rm -rf /"}
images:
- {location: "https://a.example/x.qcow2", digest: "sha256:%s"}
cpuType: {x86_64: host}
audio: {device: none}
message: plain words
""" % ("0" * 64)
    assert pending(demo, text).dangers == ()
    assert request(demo).require().data == document.load(demo.config).data


def test_every_key_that_lima_has_is_decided():
    """The keys of lima_yaml.go, 2.2.0, by hand: none is left to the rule for unknown ones but osOpts."""
    keys = [
        "base",
        "minimumLimaVersion",
        "vmType",
        "vmOpts",
        "os",
        "arch",
        "images",
        "cpuType",
        "cpus",
        "memory",
        "disk",
        "additionalDisks",
        "mounts",
        "mountTypesUnsupported",
        "mountType",
        "mountInotify",
        "ssh",
        "firmware",
        "audio",
        "video",
        "provision",
        "upgradePackages",
        "containerd",
        "guestInstallPrefix",
        "probes",
        "portForwards",
        "copyToHost",
        "message",
        "networks",
        "env",
        "param",
        "dns",
        "hostResolver",
        "propagateProxyEnv",
        "caCerts",
        "rosetta",
        "plain",
        "timezone",
        "nestedVirtualization",
        "user",
        "tpm",
        "osOpts",
    ]
    told = [danger for key in keys for danger in table.CONFIG((), {key: None}, PLACE)]
    assert told == []
    assert [danger.level for danger in table.CONFIG((), {"nonesuch": None}, PLACE)] == [Level.UNKNOWN]


# --- approvals -------------------------------------------------------------------------------------

AGENT = "ssh: {forwardAgent: true}\n"


def test_an_approval_covers_what_was_shown_and_asks_again_after_a_change(demo, capsys):
    wanted = request(demo, AGENT)
    wanted.approve(wanted.pending().hash)
    assert wanted.require() is wanted.committed
    changed = request(demo, AGENT + "mounts: [{location: /srv, writable: true}]\n")
    with pytest.raises(NotConfirmedError):
        changed.require()
    output = capsys.readouterr().err
    assert " + WRITES" in output
    assert "   LENDS" in output
    assert "1 new (+), 0 gone" in output
    assert output.index("LENDS") < output.index("WRITES"), "the worst comes last, where it stays on the screen"


def test_a_change_that_is_the_guests_own_or_that_takes_something_away_does_not_ask_again(demo):
    first = request(demo, AGENT + "mounts: [{location: /srv}]\n")
    first.approve(first.pending().hash)
    (demo.root / "src").mkdir()
    moved = "# a comment\ncpus: 3\nmounts: [{location: ./src}, {location: /srv, mountPoint: /x}]\n"
    for text in (moved + AGENT, AGENT, "cpus: 1\n"):
        request(demo, text).require()


@pytest.mark.parametrize(
    "text",
    [
        "mounts: [{location: /srv, writable: true}]",
        "mounts: [{location: /srv, 9p: 1}]",
        'mounts: []\n"mounts[0]": {location: /srv}',
        "mounts: [{location: /srv}]\nmountType: virtiofs",
        "mounts: [{location: /etc}]",
    ],
)
def test_anything_more_than_what_was_allowed_asks_again(demo, text):
    first = request(demo, "mounts: [{location: /srv}]\n")
    first.approve(first.pending().hash)
    with pytest.raises((NotConfirmedError, VmError)) as caught:
        request(demo, text).require()
    assert caught.value.exit_code == 5 or "9p" in str(caught.value)


@pytest.mark.parametrize("typed", ["", "0" * 64, "short"])
def test_a_hash_that_was_not_shown_allows_nothing(demo, typed):
    wanted = request(demo, AGENT)
    with pytest.raises(UsageError):
        wanted.approve(typed)
    with pytest.raises(UsageError):
        wanted.approve(wanted.pending().hash[:8])
    assert not wanted.pending().allowed


def test_revoking_forgets_what_the_project_and_its_vm_may_do(demo):
    wanted = request(demo, AGENT)
    wanted.approve(wanted.pending().hash)
    gate.remember("demo-dev", wanted.pending(), wanted.pending())
    own = vm("demo-dev", demo.root, place=Path.home() / ".lima", filled={"ssh": {"forwardAgent": True}})
    gate.passed_instance(own)
    assert approvals.revoke(demo.root)
    assert not wanted.pending().allowed
    with pytest.raises(NotConfirmedError, match="trust --name demo-dev --approve"):
        gate.passed_instance(own)
    assert not approvals.revoke(demo.root)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"directory": 1}', "\x00", "[" * 100_000])
def test_a_damaged_approval_allows_nothing(demo, damage):
    wanted = request(demo, AGENT)
    wanted.approve(wanted.pending().hash)
    (path,) = approvals.directory().iterdir()
    path.write_text(damage)
    assert not wanted.pending().allowed


def test_the_approval_of_another_directory_allows_nothing_here(demo, tmp_path):
    other = Project((tmp_path / "other").resolve())
    (other.root / ".lima").mkdir()
    wanted = request(other, AGENT)
    wanted.approve(wanted.pending().hash)
    (path,) = approvals.directory().iterdir()
    path.rename(approvals._file(demo.root))
    assert not pending(demo, AGENT).allowed


def test_an_approval_of_an_earlier_version_does_not_count_and_that_is_said(demo, capsys):
    wanted = request(demo, AGENT)
    record = {"directory": str(demo.root), "hashes": [approvals.digest(wanted.pending().items)], "items": ["x"]}
    path = approvals._file(demo.root)
    path.write_text(json.dumps(record))
    with pytest.raises(NotConfirmedError):
        wanted.require()
    assert "An earlier version of sysinit-vm" in capsys.readouterr().err
    wanted.approve(wanted.pending().hash)
    wanted.require()


def test_a_data_directory_that_cannot_be_written_is_a_sentence(demo):
    approvals.directory().rmdir()
    approvals.directory().write_text("")
    wanted = request(demo, AGENT)
    with pytest.raises(VmError, match="is not a directory"):
        wanted.approve(wanted.pending().hash)


def test_on_a_terminal_yes_allows_and_no_does_not(demo, monkeypatch):
    wanted = request(demo, AGENT)
    answers = [False, True]
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda _: answers.pop(0))
    with pytest.raises(NotConfirmedError):
        wanted.require()
    wanted.require()
    wanted.require()
    assert answers == []


def test_repeats_are_folded_and_shown_whole_in_a_pager(demo, monkeypatch, capsys):
    forwards = "".join(f"- {{guestPort: {n}, hostPort: {n}, hostIP: 0.0.0.0}}\n" for n in range(3000, 3140))
    wanted = request(demo, f"portForwards:\n{forwards}mountType: reverse-sshfs\n")
    questions, shown = [], []
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda question: questions.append(question) or True)
    monkeypatch.setattr(console, "page", shown.append)
    wanted.require()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) < 30
    assert "and 120 more like these" in lines[21]
    assert "RUNS    mountType" in lines[22]
    assert questions == ["Show all of it in a pager?", "Allow this?"]
    assert len(shown[0].splitlines()) >= 141


def test_what_is_folded_cannot_be_allowed_by_a_yes_without_the_pager(demo, monkeypatch):
    forwards = "".join(f"- {{guestPort: {n}, hostPort: {n}, hostIP: 0.0.0.0}}\n" for n in range(3000, 3030))
    wanted, questions = request(demo, f"portForwards:\n{forwards}"), []
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda question: questions.append(question) or "pager" not in question)
    with pytest.raises(NotConfirmedError, match="Not all of what it can do was shown") as refused:
        wanted.require()
    assert questions == ["Show all of it in a pager?"]
    assert refused.value.hint == "sysinit-vm trust, and y for the pager"


def test_a_long_value_is_shown_with_its_end_and_hashed_whole(demo):
    long, other = "/srv/" + "x" * 3000 + "/end", "/srv/" + "x" * 2999 + "y/end"
    one = pending(demo, f"copyToHost: [{{guest: /a, host: {long}}}]\n")
    assert one.dangers[0].words.endswith("x/end")
    assert one.hash != pending(demo, f"copyToHost: [{{guest: /a, host: {other}}}]\n").hash


class Filling:
    """A limactl that fills a config in with ``defaults``."""

    def __init__(self, **defaults):
        self.defaults = defaults

    def filled(self, judged):
        return {**judged.data, **self.defaults}


# --- what is judged is what limactl reads ----------------------------------------------------------


def test_a_param_that_an_approved_mount_uses_asks_again_when_it_changes(demo):
    text = "param: {DATA: /srv}\nmounts: [{location: '{{.Param.DATA}}'}]\n"
    wanted = request(demo, text)
    wanted.approve(wanted.pending().hash)
    with pytest.raises(NotConfirmedError):
        request(demo, text.replace("/srv", "/etc")).require()


def test_a_directory_of_the_project_that_became_a_link_is_judged_at_each_start(demo, home):
    (demo.root / "data").mkdir()
    wanted = request(demo, "mounts: [{location: ./data, writable: true}]\n")
    mounts = [{"location": str(demo.root / "data"), "writable": True}]
    own = vm("demo-dev", demo.root, place=home / ".lima", filled={"mounts": mounts})
    wanted.require()
    gate.passed_instance(own)
    (demo.root / "data").rmdir()
    (demo.root / "data").symlink_to(home)
    with pytest.raises(NotConfirmedError):
        gate.passed_instance(own)
    with pytest.raises(NotConfirmedError):
        wanted.require()


def test_a_project_directory_that_became_a_link_is_no_project(demo, home, tmp_path):
    root = tmp_path / "was"
    root.symlink_to(home)
    mounts = [{"location": str(root), "writable": True}]
    own = vm("was-dev", root, place=home / ".lima", filled={"mounts": mounts})
    with pytest.raises(NotConfirmedError):
        gate.passed_instance(own)


def test_a_vm_that_calls_the_home_its_project_is_judged_like_any_other(home):
    mounts = [{"location": str(home), "writable": True}]
    own = vm("x-dev", home, place=home / ".lima", filled={"mounts": mounts})
    assert words(gate.judge_instance(own)) == [f"RUNS lets the guest write {home}, and so approve whatever it likes"]


def test_a_vm_that_mounts_where_its_guest_deletes_files_is_not_started(home):
    own = vm("x-dev", place=home / ".lima", filled={"mounts": [{"location": "/srv", "mountPoint": "/dev/shm/x"}]})
    with pytest.raises(VmError, match="RemoveIPC"):
        gate.passed_instance(own)


def test_a_socket_in_the_vms_own_directory_is_refused_to_no_vm(home):
    own = vm("docker", place=home / ".lima")
    forward = {"guestSocket": "/run/docker.sock", "hostSocket": str(own.dir / "sock" / "docker.sock")}
    told = words(gate.judge_instance(replace(own, filled={"portForwards": [forward]})))
    assert [line.split()[0] for line in told] == ["DELETES"]


def test_a_vm_keeps_what_it_was_made_with_when_the_config_asks_for_something_else(demo, home):
    mounts = [{"location": "/srv", "writable": False}]
    first = request(demo, "mounts: [{location: /srv}]\n")
    first.approve(first.pending().hash)
    gate.remember("demo-dev", first.pending(), first.pending())
    second = request(demo, "mounts: [{location: /etc}]\n")
    second.approve(second.pending().hash)
    gate.passed_instance(vm("demo-dev", demo.root, place=home / ".lima", filled={"mounts": mounts}))
    with pytest.raises(NotConfirmedError):
        gate.passed_instance(vm("other", demo.root, place=home / ".lima", filled={"mounts": mounts}))


def test_what_a_worktree_shares_is_told(demo, monkeypatch):
    from sysinit_vm.projects import worktree

    monkeypatch.setattr(worktree, "shared", lambda _: worktree.Shared(Path("/srv/main/.git")))
    (line,) = words(pending(demo, "cpus: 1\n"))
    assert line == "RUNS lets the guest write /srv/main/.git, whose hooks git runs as you"


@pytest.mark.parametrize(("common", "allowed"), [("main/.git", True), ("main.git", False), ("Downloads", False)])
def test_init_allows_the_git_directory_of_a_clone_and_no_other(demo, monkeypatch, common, allowed):
    """Any directory with HEAD, objects and refs looks like a bare repository: what an archive was unpacked in, too."""
    from sysinit_vm.projects import worktree

    monkeypatch.setattr(worktree, "shared", lambda _: worktree.Shared(Path("/srv") / common))
    Request(write_config(demo, "minimal", None).config, demo, "demo-dev", no_limactl).trust()
    assert pending(demo).allowed is allowed


def test_the_config_of_another_account_is_told(demo):
    committed = commit(demo, "cpus: 1\n")
    foreign = Config(committed.path, committed.data, "mallory")
    verdict = Request(foreign, demo, "demo-dev", no_limactl).pending()
    assert words(verdict) == ["FETCHES was written by the account mallory, not by you"]
    assert not verdict.allowed


def test_the_proxys_password_is_asked_about_and_never_shown_or_kept(demo, monkeypatch, capsys):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    wanted = request(demo, "cpus: 1\n")
    with pytest.raises(NotConfirmedError) as refused:
        wanted.require()
    wanted.approve(wanted.pending().hash)
    (path,) = approvals.directory().iterdir()
    for text in (
        str(refused.value),
        capsys.readouterr().err,
        path.read_text(),
        json.dumps(screen.record(pending(demo))),
    ):
        assert "hunter2" not in text
    monkeypatch.setenv("HTTPS_PROXY", PROXY.replace("hunter2", "another"))
    with pytest.raises(NotConfirmedError):
        wanted.require()
    request(demo, "propagateProxyEnv: false\n").require()
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    request(demo, "cpus: 1\n").require()


def test_what_is_given_to_limactl_is_judged_once_more_as_it_is(demo):
    wanted = request(demo, "cpus: 1\n")
    data = {"mounts": [{"location": "/etc"}]}
    with pytest.raises(NotConfirmedError):
        permission.judged(wanted.require(), demo, "demo-dev", data)
    passed = permission.judged(wanted.committed, demo, "demo-dev", {"cpus": 1})
    assert (passed.name, passed.data, passed.instance.name) == ("demo-dev", {"cpus": 1}, "demo-dev")


def test_a_host_port_that_had_to_move_asks_nothing(demo):
    text = "portForwards: [{guestPort: 3000, hostPort: 3000, hostIP: 0.0.0.0}]\n"
    wanted = request(demo, text)
    wanted.approve(wanted.pending().hash)
    moved = {"portForwards": [{"guestPort": 3000, "hostPort": 20001, "hostIP": "0.0.0.0"}]}
    passed = permission.judged(wanted.require(), demo, "demo-dev", moved)
    assert passed.data == moved


def test_a_vm_of_which_lima_makes_more_than_was_allowed_is_deleted_unstarted(demo, home, capsys):
    """Two mounts at one place: Lima keeps the first location and the last `writable` (2.2.0)."""
    lima = FakeLimactl(place=home / ".lima")
    lima.add("demo-dev", demo.root, filled={"mounts": [{"location": "/srv", "writable": True}]})
    with pytest.raises(VmError, match="Lima makes more of"):
        permission.created(lima, "demo-dev", demo.config)
    assert "WRITES  mounts[0] lets the guest write /srv" in capsys.readouterr().err
    assert lima.calls == [("delete", "demo-dev")]
    lima.add("demo-dev", demo.root, filled={"mounts": []})
    assert permission.created(lima, "demo-dev", demo.config).name == "demo-dev"


def edited_vm(home, demo, filled, own):
    instance = vm("demo-dev", demo.root, place=home / ".lima", filled=filled)
    instance.dir.mkdir(parents=True)
    instance.files.lima_yaml.write_text(json.dumps(own))
    return instance


def test_what_stays_in_a_vms_config_is_judged_as_lima_fills_it_in(demo, home):
    own = {"cpus": 1, "mounts": [{"location": "{{.Home}}/x"}], "param": {"PROJECT_DIR": str(demo.root)}}
    filled = {**own, "mounts": [{"location": str(home / "x")}], "mountType": "reverse-sshfs"}
    instance = edited_vm(home, demo, filled, own)
    told = words(gate.judge_edited(instance, {**own, "cpus": 2}))
    assert [line.split()[0] for line in told] == ["READS", "RUNS"]
    assert str(home / "x") in told[0]
    with pytest.raises(NotConfirmedError):
        permission.edited(instance, {**own, "cpus": 2})
    changed = gate.judge_edited(instance, {**own, "mounts": [{"location": "/etc"}]})
    assert words(changed)[0] == "READS lets the guest read /etc"


def test_the_users_own_defaults_are_judged_where_they_do_more(demo, home):
    (home / ".lima" / "_config").mkdir(parents=True)
    (home / ".lima" / "_config" / "default.yaml").write_text("mounts: [{location: /etc}]\n")
    wanted = request(demo, "cpus: 1\n", limactl=lambda: Filling(mounts=[{"location": "/etc"}]))
    with pytest.raises(NotConfirmedError):
        wanted.require()
    assert words(wanted.pending()) == ["READS lets the guest read /etc"]
    wanted.approve(wanted.pending().hash)
    wanted.require()


# --- other files -----------------------------------------------------------------------------------

BASE = "base: https://a.example/base.yaml\n"


class Fetch:
    """A limactl that has files from elsewhere, by locator, and puts configs together in its own simple way."""

    def __init__(self, **texts):
        self.texts, self.fetched = texts, []

    def __call__(self):
        return self

    def fetch(self, locator):
        self.fetched.append(locator)
        return self.texts[locator.rpartition("/")[2].partition(".")[0]]

    def put_together(self, path):
        data = document.load(path).data
        for base in data.pop("base", []):
            data = {**json.loads(self.put_together(path.parent / base)), **data}
        return json.dumps(data)


def test_a_remote_base_is_fetched_after_its_approval_and_then_judged_itself(demo):
    fetch = Fetch(base="cpus: 1\ncopyToHost: [{guest: /a, host: /b}]\n")
    wanted = request(demo, BASE, fetch)
    with pytest.raises(NotConfirmedError) as first:
        wanted.require()
    assert fetch.fetched == []
    wanted.approve(first.value.hint.split()[-1])
    with pytest.raises(NotConfirmedError) as second:
        wanted.require()
    assert fetch.fetched == ["https://a.example/base.yaml"]
    assert first.value.hint != second.value.hint
    wanted.approve(second.value.hint.split()[-1])
    assert wanted.require().data["copyToHost"] == [{"guest": "/a", "host": "/b"}]
    fetch.texts["base"] = "cpus: 9\n"
    assert wanted.require().data["cpus"] == 1
    assert len(fetch.fetched) == 1, "what was approved is kept: nothing new is taken from the far end"
    approvals.revoke(demo.root)
    with pytest.raises(NotConfirmedError):
        wanted.require()


def test_what_a_remote_base_names_needs_an_approval_of_its_own(demo):
    fetch = Fetch(base="base: more.yaml\n", more="cpus: 3\n")
    wanted = request(demo, BASE, fetch)
    for _ in range(3):
        with pytest.raises(NotConfirmedError) as refused:
            wanted.require()
        wanted.approve(refused.value.hint.split()[-1])
    assert fetch.fetched == ["https://a.example/base.yaml", "https://a.example/more.yaml"]
    assert wanted.require().data["cpus"] == 3


@pytest.mark.parametrize("inner", ["/etc/shadow", "~/.ssh/id", "evil:x", "file:///etc/shadow", "../x", "%zz/k"])
def test_a_file_from_elsewhere_names_no_file_of_this_machine_and_runs_nothing(demo, inner):
    fetch = Fetch(base=f"provision: [{{mode: system, file: '{inner}'}}]\n")
    wanted = request(demo, BASE, fetch)
    wanted.approve(wanted.pending().hash)
    with pytest.raises(VmError, match="Cannot use") as refused:
        wanted.require()
    assert refused.value.exit_code == 1


def test_limas_own_templates_may_include_one_another(demo):
    fetch = Fetch(debian="base: ['template:_images/debian-12']\n")
    fetch.texts["debian-12"] = "cpus: 2\n"
    fetch.fetch = lambda locator: fetch.texts[locator.removeprefix("template:").removeprefix("_images/")]
    wanted = request(demo, "base: template:debian\n", fetch)
    for _ in range(2):
        with pytest.raises(NotConfirmedError) as refused:
            wanted.require()
        wanted.approve(refused.value.hint.split()[-1])
    assert wanted.require().data["cpus"] == 2


def test_a_base_in_the_project_is_looked_into_and_asks_again_when_it_changes(demo):
    shared = demo.config.with_name("shared.yaml")
    shared.write_text("cpus: 1\n")
    assert request(demo, "base: ./shared.yaml\n", Fetch()).require().data == {"cpus": 1}
    for text in ("base: https://evil.example/x\n", AGENT):
        shared.write_text(text)
        with pytest.raises(NotConfirmedError):
            request(demo, None, Fetch()).require()


def test_a_script_file_is_read_once_and_put_into_its_entry(demo):
    script = demo.config.with_name("setup.sh")
    script.write_text("echo hi\n")
    text = "provision: [{mode: system, file: ./setup.sh}, {mode: data, path: /x, file: {url: setup.sh}}]\n"
    wanted = request(demo, text)
    whole = wanted.require().data["provision"]
    assert whole == [{"mode": "system", "script": "echo hi\n"}, {"mode": "data", "path": "/x", "content": "echo hi\n"}]
    script.unlink()
    script.symlink_to(Path.home() / ".ssh")
    with pytest.raises(VmError, match="a link"):
        request(demo).require()


def test_a_file_outside_the_project_is_read_after_its_approval(demo, tmp_path):
    outside = tmp_path / "outside.sh"
    outside.write_text("echo one\n")
    wanted = request(demo, f"provision: [{{mode: system, file: {outside}}}]\n")
    with pytest.raises(NotConfirmedError) as first:
        wanted.require()
    wanted.approve(first.value.hint.split()[-1])
    with pytest.raises(NotConfirmedError) as second:
        wanted.require()
    wanted.approve(second.value.hint.split()[-1])
    assert wanted.require().data["provision"] == [{"mode": "system", "script": "echo one\n"}]


# --- for any config --------------------------------------------------------------------------------

KEYS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PLACE = Context(Path("/p/demo"), Path("/home/me"), Path("/home/me/.lima"), (Path("/home/me/.local/share"),))


@given(key=KEYS, value=JSON)
def test_a_key_that_nobody_knows_is_always_a_danger(key, value):
    dangers = list(table.CONFIG((), {f"x{key}": value}, PLACE))
    assert [danger.level for danger in dangers] == [Level.UNKNOWN]


@given(st.dictionaries(st.sampled_from(["mounts", "ssh", "portForwards", "images", "vmOpts", "networks", "x"]), JSON))
def test_any_config_is_judged_without_failing_and_told_in_plain_characters(data):
    for danger in table.CONFIG((), data, PLACE):
        assert (danger.key + danger.words).isprintable()
        json.loads(danger.item)


@given(st.dictionaries(KEYS, JSON, max_size=4), st.dictionaries(KEYS, JSON, max_size=4))
def test_the_approval_of_one_config_never_covers_another(one, other):
    def digest(data):
        data = {f"x{key}": value for key, value in data.items()}
        return approvals.digest(approvals.items(list(table.CONFIG((), data, PLACE))))

    assert (digest(one) == digest(other)) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


@given(st.permutations([("ssh", {"forwardAgent": True}), ("cpus", 1), ("mountType", "reverse-sshfs")]))
def test_the_order_of_keys_changes_nothing(order):
    dangers = list(table.CONFIG((), dict(order), PLACE))
    same = list(table.CONFIG((), dict(sorted(order)), PLACE))
    assert approvals.digest(approvals.items(dangers)) == approvals.digest(approvals.items(same))


WHERE = st.lists(st.integers(0, 3) | st.text("ab[]0.'\\\n", max_size=4), min_size=1, max_size=3).map(tuple)


@given(WHERE, WHERE)
def test_two_places_in_a_config_are_never_one_for_an_approval(one, other):
    items = [Danger(Level.RUNS, where, "", 1).item for where in (one, other)]
    alike = [[0 if isinstance(key, int) else key for key in where] for where in (one, other)]
    assert (items[0] == items[1]) == (alike[0] == alike[1])
    assert spelled(one).isprintable()


# --- what later attempts to break in have found ----------------------------------------------------

HOME = "/tmp/adv1/home"
MADE_TO_SHARE_THEIR_HEADS = (
    [
        '["FETCHES", ["images", 0], {"digest": "", "location": "https://images.example.org/linux'
        + "a" * 40
        + '/557f16e14360b9e1.qcow2"}]'
    ],
    [
        f'["RUNS", ["mounts", 0], {{"means": "{HOME}", "writable": true}}]',
        '["UNKNOWN", ["zz' + "a" * 36 + '"], "0d18a9cfbd938610"]',
    ],
)


def test_two_configs_that_were_made_to_share_the_head_of_their_hashes_are_told_apart():
    """A few minutes of work find two that share 16 digits: 40 cost 2^80."""
    first, second = map(approvals.digest, MADE_TO_SHARE_THEIR_HEADS)
    assert first[:16] == second[:16]
    assert first[:SHORT] != second[:SHORT]
    assert SHORT >= 40


def test_the_head_of_a_hash_allows_nothing(demo):
    wanted = request(demo, "mounts: [{location: /srv}]\n")
    with pytest.raises(UsageError):
        wanted.approve(wanted.pending().hash[:-1])


@pytest.mark.parametrize("filled", [{}, {"mounts": []}])
def test_an_instance_that_lima_cannot_read_now_is_never_allowed(demo, home, filled):
    """Its guest can make its VM unreadable, and readable again when it likes."""
    own = vm("demo-dev", demo.root, "", place=home / ".lima", filled=filled)
    own.dir.mkdir(parents=True)
    own.files.lima_yaml.write_text("{}")
    for use in (gate.judge_instance, gate.passed_instance):
        with pytest.raises(VmError, match="cannot be used"):
            use(own)


def test_text_that_a_guest_has_hidden_is_made_plain_before_dangers_are_shown(demo, monkeypatch):
    sent = []
    monkeypatch.setattr(console, "control", sent.append)
    with pytest.raises(NotConfirmedError):
        request(demo, "mounts: [{location: /srv}]\n").require()
    assert "\x1b[m\x1b(B\x0f" in sent[0]


def test_where_nobody_is_to_be_asked_nobody_is(demo, home, monkeypatch):
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda _: pytest.fail("asked"))
    filled = {"mounts": [{"location": "/srv", "writable": True}]}
    own = vm("demo-dev", demo.root, "Stopped", place=home / ".lima", filled=filled)
    with pytest.raises(NotConfirmedError):
        gate.passed_instance(own, ask=False)


@pytest.mark.parametrize(
    "text",
    [
        "copyToHost: [{{guest: /a, host: '/bin/..{root}/sub/x'}}]",
        "portForwards: [{{guestSocket: /a, hostSocket: '/bin/..{root}/sub/x'}}]",
        "images: [{{location: '{root}/disk.img'}}]",
        "containerd: {{archives: [{{location: '{root}/x.tgz'}}]}}",
        "mountType: virtiofs\nmounts: [{{location: /etc}}]\ncopyToHost: [{{guest: /a, host: /etc/x}}]",
    ],
)
def test_no_file_is_named_where_the_guest_can_put_links(demo, text):
    with pytest.raises(VmError, match="The guest can write there"):
        pending(demo, text.format(root=demo.root))


def test_a_location_below_the_home_is_absolute_by_the_time_lima_reads_it(demo, home):
    text = "containerd: {archives: [{location: '~/.lima/_images/x.tgz'}]}\nfirmware: {images: [{location: '~/fw'}]}\n"
    committed = commit(demo, text)
    data = prepare.prepared(committed, demo, "demo-dev", machine.gather()).data
    assert data["containerd"]["archives"] == [{"location": f"{home}/.lima/_images/x.tgz"}]
    assert data["firmware"]["images"] == [{"location": f"{home}/fw"}]


def test_a_name_on_the_disk_that_is_a_template_reaches_no_argument_of_qemu(demo):
    odd = demo.root / '{{ fd_connect "x" }}'
    odd.mkdir()
    (demo.root / "plain").symlink_to(odd)
    with pytest.raises(VmError, match="as a template in an argument of QEMU"):
        pending(demo, "mounts: [{location: ./plain}]\n")


def other_vm(home, config, name="outer-dev"):
    own = home / ".lima" / name
    own.mkdir(parents=True)
    (own / "lima.yaml").write_text(config if isinstance(config, str) else json.dumps(config))


def exchangeable(verdict):
    return [line for line in words(verdict) if line.startswith("RUNS") and "can write: that guest" in line]


def writing(directory):
    """Configs of VMs whose guests can write ``directory``, in the ways that there are."""
    mount = {"location": str(directory)}
    return [
        {"mounts": [{**mount, "writable": True}]},
        {"mounts": [mount], "mountType": "virtiofs", "vmType": "qemu"},
        {"mounts": [mount], "mountType": "reverse-sshfs"},
        {"mounts": [{"location": "/p/{{.Param.D}}", "writable": True}], "mountType": "9p"},
        f"mounts:\n- &m {{location: {directory}, writable: true}}\n- *m\n",
    ]


@pytest.mark.parametrize("number", range(5))
def test_a_project_below_what_another_guest_can_write_is_told(demo, home, number):
    other_vm(home, writing(demo.root.parent)[number])
    assert exchangeable(pending(demo, "cpus: 2\n"))


def test_a_mount_of_the_project_below_what_another_guest_can_write_is_told(demo, home):
    (demo.root / "b" / "sub").mkdir(parents=True)
    other_vm(home, {"mounts": [{"location": str(demo.root / "b"), "writable": True}]})
    assert exchangeable(pending(demo, "mounts: [{location: ./b/sub, writable: true}]\n"))


@pytest.mark.parametrize(("unsupported", "told"), [([], False), (["9p"], True)])
def test_an_ordinary_vm_of_limas_that_only_reads_the_home_is_no_danger(demo, home, unsupported, told):
    """Unless its image has no 9p: Lima then serves it the whole file system (2.2.0)."""
    config = {"mounts": [{"location": str(demo.root.parent)}], "mountTypesUnsupported": unsupported}
    other_vm(home, config, "default")
    assert bool(exchangeable(pending(demo, "cpus: 2\n"))) is told


def test_the_projects_own_vm_is_no_other_guest(demo, home):
    (demo.root / "b").mkdir()
    mounts = [{"location": str(demo.root), "writable": True}]
    other_vm(home, {"param": {"PROJECT_DIR": str(demo.root)}, "mounts": mounts}, "demo-dev")
    other_vm(home, {"mounts": [{"location": str(demo.root), "writable": False}], "mountType": "9p"}, "reads-dev")
    assert not exchangeable(pending(demo, "mounts: [{location: ./b, writable: true}]\n"))


@pytest.mark.parametrize("recorded", [True, False])
def test_another_vm_of_the_same_project_is_another_guest(demo, home, recorded):
    """As `limactl clone` makes one: its guest may run while this VM is judged and started."""
    (demo.root / "b").mkdir()
    mounts = [{"location": str(demo.root), "writable": True}]
    for name in ("demo-dev", "demo2"):
        other_vm(home, {"param": {"PROJECT_DIR": str(demo.root)}, **({} if recorded else {"mounts": mounts})}, name)
        if recorded:
            guest_writes.record(home / ".lima" / name, [demo.root])
    (line,) = exchangeable(pending(demo, "mounts: [{location: ./b, writable: true}]\n"))
    assert "the guest of demo2 can write" in line
    filled = {"mounts": [{"location": str(demo.root / "b"), "writable": True}]}
    second = vm("demo2", demo.root, place=home / ".lima", filled=filled)
    (line,) = exchangeable(gate.judge_instance(second))
    assert "the guest of demo-dev can write" in line


def test_the_only_vm_of_a_project_is_its_own_whatever_its_name(demo, home):
    (demo.root / "b").mkdir()
    guest = {"param": {"PROJECT_DIR": str(demo.root)}, "mounts": [{"location": str(demo.root), "writable": True}]}
    other_vm(home, guest, "former")
    assert not exchangeable(pending(demo, "mounts: [{location: ./b, writable: true}]\n"))


def test_the_vm_of_another_project_that_has_the_wanted_name_is_another_guest(demo, home):
    other_vm(home, {"mounts": [{"location": str(demo.root.parent), "writable": True}]}, "demo-dev")
    assert exchangeable(pending(demo, "cpus: 2\n"))


def test_a_directory_that_was_moved_while_another_guest_writes_it_is_told(demo, home):
    """QEMU holds it open, and the other VM's config names a place that is gone."""
    (demo.root / "b").mkdir()
    other_vm(home, {"mounts": [{"location": "/gone", "writable": True}]})
    instance = next((home / ".lima").glob("*/lima.yaml")).parent
    moved = demo.root.with_name("before")
    demo.root.rename(moved)
    guest_writes.record(instance, [moved])
    moved.rename(demo.root)
    assert exchangeable(pending(demo, "mounts: [{location: ./b, writable: true}]\n"))


def test_what_a_guest_got_at_its_start_counts_whatever_its_config_says_now(demo, home):
    other_vm(home, {"cpus": 2})
    guest_writes.record(next((home / ".lima").glob("*/lima.yaml")).parent, [demo.root.parent])
    assert exchangeable(pending(demo, "cpus: 2\n"))


LINKS = [
    ".bashrc",
    ".config/fish",
    "bin",
    ".local/bin/mine",
    ".ssh/config",
    ".vim/vimrc",
    ".cargo/config.toml",
    ".oh-my-zsh/custom/plugin.zsh",
    ".config/sysinit-vm/templates/dev.yaml",
    ".config/fish/functions/ls.fish",
    ".config/systemd/user/x.service",
    ".config/systemd/user/default.target.wants/x.service",
    "elsewhere/fish",
    "elsewhere/sysinit-vm/templates/dev.yaml",
    "programs/git",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_project_that_files_of_the_home_are_links_into_can_run_anything(demo, home, monkeypatch, link):
    if link.startswith("elsewhere"):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    monkeypatch.setenv("PATH", f"{home}/programs:{os.environ['PATH']}")
    target = demo.root / "dots" / link
    target.parent.mkdir(parents=True)
    target.touch()
    (home / link).parent.mkdir(parents=True, exist_ok=True)
    (home / link).symlink_to(target)
    config = "mounts: [{location: '{{.Param.PROJECT_DIR}}', writable: true}]\n"
    told = [line for line in words(pending(demo, config)) if "links to, and so run anything as you" in line]
    assert told
    assert str(target) in told[0]
    Request(write_config(demo, "minimal", "none").config, demo, "demo-dev", no_limactl).trust()
    with pytest.raises(NotConfirmedError):
        request(demo).require()


@pytest.mark.parametrize("inner", ["dots/zshrc", "dots/sub/zshrc"])
def test_a_link_of_the_home_that_leads_out_of_the_project_again_can_be_led_elsewhere(demo, home, inner):
    (home / "real").mkdir()
    (home / "real/zshrc").touch()
    place = demo.root / inner
    place.parent.parent.mkdir(exist_ok=True)
    if inner == "dots/zshrc":
        place.parent.mkdir()
        place.symlink_to(home / "real/zshrc")
    else:
        place.parent.symlink_to(home / "real")
    (home / ".zshrc").symlink_to(place)
    told = words(pending(demo, "mounts: [{location: '{{.Param.PROJECT_DIR}}', writable: true}]\n"))
    shown = place if inner == "dots/zshrc" else place.parent
    assert [line for line in told if line.endswith(f"links to, and so run anything as you: {shown}")]


@pytest.mark.parametrize("link", [".emacs.d", ".config/emacs"])
def test_links_in_a_directory_of_settings_that_is_a_link_itself_count(demo, home, link):
    """As stow and others make them."""
    (home / "dot/emacs").mkdir(parents=True)
    (home / "dot/emacs/init.el").symlink_to(demo.root / "init.el")
    (home / link).parent.mkdir(exist_ok=True)
    (home / link).symlink_to(home / "dot/emacs")
    told = words(pending(demo, "mounts: [{location: '{{.Param.PROJECT_DIR}}', writable: true}]\n"))
    assert [line for line in told if line.endswith(f"so run anything as you: {demo.root}/init.el")]


def test_a_link_to_what_holds_the_home_makes_no_settings_of_what_is_there(demo, home):
    """Wine makes one to `/`."""
    (home / ".wine").mkdir()
    (home / ".wine/z:").symlink_to(home.parent)
    (home / ".all").symlink_to(home)
    (home / "work").symlink_to(demo.root)
    told = words(pending(demo, "mounts: [{location: '{{.Param.PROJECT_DIR}}', writable: true}]\n"))
    assert not [line for line in told if "links to" in line]


def test_a_directory_of_the_project_that_a_link_of_the_home_leaves_again_can_be_exchanged(demo, home):
    (demo.root / "sub").mkdir()
    (home / ".toolrc").symlink_to(f"{demo.root}/sub/../../rc")
    told = words(pending(demo, "mounts: [{location: '{{.Param.PROJECT_DIR}}', writable: true}]\n"))
    assert [line for line in told if line.endswith(f"so run anything as you: {demo.root}/sub")]


def test_a_directory_on_path_is_one_of_programs_though_it_is_a_project(demo, home, monkeypatch):
    """A clone on PATH whose next version has a config: the user's shell goes on running what is there."""
    (home / "programs/.lima").mkdir(parents=True)
    (home / "programs/.lima/config.yaml").touch()
    monkeypatch.setenv("PATH", f"{home}/programs:{os.environ['PATH']}")
    (told,) = words(pending(demo, f"mounts: [{{location: {home}/programs, writable: true}}]\n"))
    assert "and so run anything as you" in told


@pytest.mark.parametrize("place", [".ssh", ".vim/pack/x", "bin", ".config/nvim", "programs", "dots/sub"])
def test_a_project_that_is_a_place_of_settings_or_programs_can_run_anything(home, monkeypatch, place):
    monkeypatch.setenv("PATH", f"{home}/programs:{os.environ['PATH']}")
    root = home / place
    root.mkdir(parents=True, exist_ok=True)
    (home / ".dots").symlink_to(home / "dots")
    root = root.resolve()
    if place == "programs":
        root = root / "sub"
        root.mkdir()
    (root / ".lima").mkdir()
    project = Project(root)
    Request(write_config(project, "minimal", None).config, project, "x-dev", no_limactl).trust()
    verdict = request(project).pending()
    missing = [danger for danger in verdict.dangers if danger.item not in approvals.load(root).items]
    assert [danger.level for danger in missing] == [Level.RUNS]
    assert missing[0].words == f"lets the guest write {root}, and so run anything as you"


def test_a_link_to_the_home_or_to_all_files_says_nothing_of_a_project(demo, home):
    """Wine makes one in each of its prefixes."""
    (home / ".wine" / "dosdevices").mkdir(parents=True)
    (home / ".wine" / "dosdevices" / "z:").symlink_to("/")
    (home / ".me").symlink_to(home)
    (home / ".loop").symlink_to(".loop")
    assert pending(demo, "mounts: [{location: '{{.Param.PROJECT_DIR}}', writable: true}]\n").dangers == ()


@pytest.mark.parametrize(
    "text",
    [
        "provision: [{mode: ansible, playbook: ROOT/site.yml}]",
        "networks: [{socket: ROOT/net.sock}]",
    ],
)
def test_what_limactl_would_read_in_the_project_later_is_refused(demo, text):
    with pytest.raises(VmError, match="could lead it anywhere by a link"):
        pending(demo, text.replace("ROOT", str(demo.root)))


def test_an_instance_whose_sockets_ssh_would_read_is_not_started(demo):
    forwards = [{"guestSocket": "/tmp/${X}", "hostPort": 8099}]
    instance = Instance("demo-dev", "Stopped", demo.root, filled={"portForwards": forwards})
    with pytest.raises(VmError, match="ssh reads it"):
        gate.judge_instance(instance)


def test_what_the_user_mounts_in_all_vms_counts_as_another_guests(demo, home):
    place = home / ".lima" / "_config"
    place.mkdir(parents=True)
    (place / "override.yaml").write_text(f"mounts: [{{location: {demo.root.parent}, writable: true}}]\n")
    root, context = demo.root, here({}, demo.root, None)
    assert ("another VM", root.parent) in context.guests


def test_init_does_not_allow_what_another_guest_can_do(demo, home):
    other_vm(home, {"mounts": [{"location": str(demo.root.parent), "writable": True}]})
    written = write_config(demo, "minimal", None)
    Request(written.config, demo, "demo-dev", no_limactl).trust()
    with pytest.raises(NotConfirmedError):
        request(demo).require()


@pytest.mark.parametrize("link", ["data", "sub"])
def test_init_does_not_allow_where_a_link_leads_that_another_guest_can_make(demo, home, link):
    other = home / "code/pa"
    (other / ".lima").mkdir(parents=True)
    (other / ".lima/config.yaml").touch()
    for name in (".gnupg/data", "code/own"):
        (home / name).mkdir(parents=True)
    (other / link).symlink_to(home / ".gnupg")
    (home / "mine").symlink_to(home / "code/own")
    place = other / "data" if link == "data" else other / "sub/data"
    demo.config.write_text(f"mounts: [{{location: {place}}}, {{location: {home}/mine}}]\npropagateProxyEnv: false\n")
    request(demo).trust()
    verdict = request(demo).pending()
    allowed = approvals.load(demo.root).items
    new, known = str(place.resolve()), str(home.resolve() / "code/own")
    assert {danger.value["means"]: danger.item in allowed for danger in verdict.dangers} == {new: False, known: True}


@pytest.mark.parametrize(
    "text", ["copyToHost: [{{guest: /a, host: {0}/x}}]", "portForwards: [{{guestSocket: /a, hostSocket: {0}/x}}]"]
)
def test_no_file_is_written_where_another_guest_can_put_links(demo, home, tmp_path, text):
    (tmp_path / "theirs").mkdir()
    other_vm(home, {"mounts": [{"location": str(tmp_path / "theirs"), "writable": True}]})
    with pytest.raises(VmError, match="The guest can write there"):
        pending(demo, text.format(tmp_path / "theirs"))


def test_a_copy_to_where_programs_are_runs_as_the_user(demo, home):
    (home / "repo" / ".git" / "hooks").mkdir(parents=True)
    for host in (f"{home}/repo/.git/hooks/post-checkout", "/usr/bin/x", f"{home}/bin/x"):
        (line,) = words(pending(demo, f"copyToHost: [{{guest: /a, host: {host}}}]\n"))
        assert line.startswith("RUNS"), line


def test_no_danger_can_be_made_to_look_like_another_or_pushed_away(demo, monkeypatch, capsys):
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    fake = " " * 60 + "   READS   mounts[7] lets the guest read /usr/share/doc"
    verdict = pending(demo, f"video: {{display: {json.dumps(fake * 20)}}}\nmountType: reverse-sshfs\n")
    screen.tell(verdict)
    shown = capsys.readouterr().err.splitlines()
    levels = "|".join(level.name for level in Level)
    assert [line for line in shown if re.match(rf" [ +] ({levels})\b", line)] == [
        line for line in shown if re.match(r" [ +] (RUNS +mountType|\w+ +video)", line)
    ]
    assert all(len(line) < 80 for line in shown[1:-1])
    assert not screen.fits(verdict)


def test_a_repository_and_what_settings_are_links_to_run_as_the_user(demo, home):
    for name in ("work/.git/hooks", "work/src", "bin/x"):
        (home / name).mkdir(parents=True)
    (home / "dotfiles" / "zsh").mkdir(parents=True)
    (home / ".zshrc").symlink_to(home / "dotfiles" / "zsh" / "rc")
    bare = home / "bare"
    for name in ("HEAD", "objects", "refs"):
        (bare / name).mkdir(parents=True)
    for location in (home / "work", home / "work/.git/hooks", home / "bin/x", home / "dotfiles", bare):
        (line,) = words(pending(demo, f"mounts: [{{location: {location}, writable: true}}]\n"))
        assert line.startswith("RUNS"), line
    (line,) = words(pending(demo, f"mounts: [{{location: {home}/work/src, writable: true}}]\n"))
    assert line.startswith("WRITES")


def test_what_matters_is_never_folded_away(demo, home, monkeypatch, capsys):
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    for number in range(30):
        (home / "shared" / str(number)).mkdir(parents=True)
    (home / "Documents").mkdir()
    mounts = "".join(f"- {{location: {home}/shared/{number}, writable: true}}\n" for number in range(30))
    copies = "".join(f"- {{guest: /a, host: '{{{{.Dir}}}}/d/{number}'}}\n" for number in range(30))
    text = f"mounts:\n{mounts}- {{location: {home}/Documents, writable: true}}\ncopyToHost:\n{copies}"
    screen.tell(pending(demo, f"{text}- {{guest: /a, host: {home}/.bashrc}}\n"))
    shown = capsys.readouterr().err
    assert f"{home}/Documents" in shown
    assert f"{home}/.bashrc" in "".join(line.strip() for line in shown.splitlines())


def test_what_was_folded_cannot_be_allowed_by_copying_the_hash(demo, monkeypatch, capsys):
    forwards = "".join(f"- {{guestPort: {n}, hostPort: {n}, hostIP: 0.0.0.0}}\n" for n in range(3000, 3100))
    wanted = pending(demo, f"portForwards:\n{forwards}")
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    screen.tell(wanted)
    assert wanted.hash not in capsys.readouterr().err
    monkeypatch.setattr(prompts, "can_ask", lambda: False)
    screen.tell(wanted)
    told = capsys.readouterr().err
    assert wanted.hash in told
    assert len(told.splitlines()) > 100


def test_only_what_was_checked_is_remembered_for_an_instance(demo, home, monkeypatch):
    """Another guest may exchange a directory between two judgements: the second one is never stored."""
    committed = commit(demo, "mounts: [{location: /srv}]\nportForwards: [{guestPort: 80, hostIP: 0.0.0.0}]\n")
    wanted = Request(committed, demo, "demo-dev", no_limactl)
    wanted.approve(wanted.pending().hash)
    judge, verdicts = gate.judge, []

    def judged(*arguments):
        verdict = judge(*arguments)
        verdicts.append(verdict)
        worse = Danger(Level.RUNS, ("mounts", 0), "swapped", {"means": str(home), "writable": True})
        return verdict if len(verdicts) == 1 else verdict.with_dangers([worse])

    monkeypatch.setattr(gate, "judge", judged)
    data = prepare.prepared(committed, demo, "demo-dev", machine.gather()).data
    permission.judged(committed, demo, "demo-dev", data)
    assert len(verdicts) == 2
    assert approvals.load(home / ".lima" / "demo-dev").items == set(verdicts[0].items)


def test_limactl_gets_no_config_that_names_more_files(demo):
    verdict = pending(demo, "cpus: 2\n")
    assert verdict.allowed
    for more in ({"base": "x"}, {"provision": [{"file": "x"}]}, {"caCerts": {"files": ["x"]}}):
        with pytest.raises(VmError, match="not judged"):
            gate.passed("demo-dev", more, verdict)


def test_approvals_that_another_account_could_forge_do_not_count(demo, home):
    wanted = request(demo, "mounts: [{location: /srv}]\n")
    wanted.approve(wanted.pending().hash)
    approvals.directory().chmod(0o777)
    with pytest.raises(VmError, match="Others may write"):
        request(demo).require()


def test_an_approval_that_another_account_wrote_does_not_count(demo, monkeypatch):
    wanted = request(demo, "mounts: [{location: /srv}]\n")
    wanted.approve(wanted.pending().hash)
    assert approvals.load(demo.root).items
    real = os.fstat

    def of_another(handle):
        status = list(real(handle))
        status[4] = os.getuid() + 4711
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", of_another)
    assert not approvals.load(demo.root).items


@pytest.mark.parametrize("place", [".", ".lima", ".lima/more"])
def test_a_file_that_others_can_exchange_is_not_taken(demo, place):
    shared = demo.config.parent / "more/shared.yaml"
    shared.parent.mkdir()
    shared.write_text("cpus: 1\n")
    committed = commit(demo, "base: ./more/shared.yaml\n")
    assert included.collect(committed, demo.root, {}).texts
    (demo.root / place).chmod(0o777)
    with pytest.raises(VmError, match="Another account may write it"):
        included.collect(committed, demo.root, {})


def test_revoking_is_for_a_project_however_its_path_is_spelled(demo, tmp_path):
    wanted = request(demo, "mounts: [{location: /srv}]\n")
    wanted.approve(wanted.pending().hash)
    alias = tmp_path / "alias"
    alias.symlink_to(demo.root)
    assert approvals.revoke(alias)
    assert not pending(demo).allowed


def test_what_init_allows_does_not_depend_on_links_in_the_project(demo, home):
    """A guest may have put them there before; what the template says of the project's own directories is harmless."""
    (home / ".ssh").mkdir(exist_ok=True)
    (demo.root / "data").symlink_to(home / ".ssh")
    committed = commit(demo, "mounts: [{location: ./data, writable: true}, {location: ~/.ssh}]\n")
    Request(committed, demo, "demo-dev", no_limactl).trust()
    verdict = pending(demo)
    assert not verdict.allowed
    missing = [danger for danger in verdict.dangers if danger.item not in approvals.load(demo.root).items]
    assert [danger.level.name for danger in missing] == ["RUNS"]


def test_a_file_outside_is_shown_with_where_it_leads_and_refused_where_a_guest_writes(demo, home, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "setup.sh").symlink_to(home / ".ssh" / "id")
    text = f"provision: [{{mode: system, file: {tmp_path}/theirs/setup.sh}}]\n"
    (line,) = words(pending(demo, text))
    assert f"which leads to {home}/.ssh/id" in line
    other_vm(home, {"mounts": [{"location": str(tmp_path / "theirs"), "writable": True}]})
    with pytest.raises(VmError, match="The guest can write there"):
        pending(demo, text)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("cpus: 1\ncpu: 2\n", "cpu", "did you mean cpus? Its value: 2 (line 2)"),
        ("cpus: 1\nmount: [a, {b: true}]\n", "mount", 'did you mean mounts? Its value: ["a", {"b": true}] (line 2)'),
        (
            "portForwards:\n- guestPort: 80\n  hostport: 81\n",
            "portForwards[0].hostport",
            "did you mean hostPort? Its value: 81 (line 3)",
        ),
        (
            "mounts:\n- location: .\n  writeable: true\n",
            "writeable",
            "did you mean writable? Its value: true",
        ),
        ("fromTheFuture: null\n", "fromTheFuture", "is not known to sysinit-vm: null"),
    ],
)
def test_a_typo_of_a_key_names_the_key_and_the_line_and_can_still_be_allowed(demo, text, key, says):
    verdict = request(demo, text).pending()
    danger = next(danger for danger in verdict.dangers if danger.level is Level.UNKNOWN)
    assert danger.key.endswith(key)
    assert says in danger.words
    assert not verdict.allowed
    request(demo).approve(verdict.hash)
    assert request(demo).pending().allowed


def test_the_line_is_no_part_of_what_is_allowed(demo):
    verdict = request(demo, "cpu: 2\n").pending()
    request(demo).approve(verdict.hash)
    assert request(demo, "# moved\n\ncpu: 2\n").pending().allowed


def test_the_lines_of_many_unknown_keys_are_looked_up_in_one_reading(demo, monkeypatch):
    committed = commit(demo, "".join(f"key{number}: 1\n" for number in range(30)))
    readings = []
    lines = document._lines
    monkeypatch.setattr(document, "_lines", lambda node, where: readings.append(where) or lines(node, where))
    verdict = Request(committed, demo, "demo-dev", no_limactl).pending()
    assert "key29 is not known to sysinit-vm: 1 (line 30)" in "\n".join(
        f"{danger.key} {danger.words}" for danger in verdict.dangers
    )
    assert readings.count("") == 1
