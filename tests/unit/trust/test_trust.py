"""What a config can do to this machine, and who allowed it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import NotConfirmedError, UsageError, VmError
from sysinit_vm.init.project_files import write_config
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.trust import approvals, gate, rules, table
from sysinit_vm.trust.danger import Context, Level

HOSTILE = sorted((Path(__file__).parents[2] / "data" / "hostile").glob("*.yaml"))


@pytest.fixture
def demo(home, tmp_path):
    root = (tmp_path / "demo").resolve()
    root.mkdir()
    (root / "link-out").symlink_to("/srv")
    return Project(root)


@pytest.fixture(autouse=True)
def data(home, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local" / "share"))


def commit(project, text):
    project.config.parent.mkdir(exist_ok=True)
    project.config.write_text(text)
    return document.load(project.config)


def never(_committed):
    raise AssertionError("nothing may be fetched")


def judged(project, text):
    return gate.judge(commit(project, text), project)


def words(verdict):
    return [f"{danger.level.name} {danger.words}" for danger in verdict.dangers]


# --- the corpus ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.stem)
def test_each_hostile_config_is_told_in_its_own_words_or_refused(demo, path):
    expected = path.read_bytes().decode().splitlines()[0].removeprefix("# ")
    (demo.root / ".lima").mkdir()
    (demo.root / ".lima" / "hostile.yaml").write_text("base: ./hostile.yaml\n")
    text = path.read_bytes().decode().replace("/home/me", str(Path.home()))
    expected = expected.replace("/home/me", str(Path.home()))
    if expected.startswith("REFUSED "):
        with pytest.raises(VmError, match=re.escape(expected.removeprefix("REFUSED "))) as caught:
            judged(demo, text)
        assert caught.value.exit_code == 1
        assert caught.value.hint
        return
    verdict = judged(demo, text)
    level, _, says = expected.partition(" ")
    assert [line for line in words(verdict) if line.startswith(level) and says in line], words(verdict)
    with pytest.raises(NotConfirmedError) as refused:
        gate.require(verdict.config, demo, never)
    assert refused.value.exit_code == 5
    assert verdict.hash in refused.value.hint


def test_the_corpus_has_a_config_for_each_level():
    named = {path.read_bytes().decode().split()[1] for path in HOSTILE}
    assert named == {*(level.name for level in Level), "REFUSED"}


# --- what is harmless ------------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["dev", "minimal", "project-template"])
def test_what_init_wrote_is_trusted_and_nothing_but_the_keys_had_to_be(demo, template):
    (Path.home() / ".ssh").mkdir(parents=True, exist_ok=True)
    write_config(demo, template, None)
    gate.trust_own_config(demo)
    committed = document.load(demo.config)
    assert gate.require(committed, demo, never) is committed
    assert [line.split()[0] for line in words(gate.judge(committed, demo))] == ["READS"]


def test_what_only_concerns_the_guest_needs_no_approval(demo):
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
    verdict = judged(demo, text)
    assert verdict.dangers == ()
    assert gate.require(verdict.config, demo, never) is verdict.config


def test_every_key_that_lima_has_is_decided(demo):
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
    place = gate._context(Config(demo.config, {}), demo)
    told = [danger for key in keys for danger in table.CONFIG("", {key: None}, place)]
    assert told == []
    assert [danger.level for danger in table.CONFIG("", {"nonesuch": None}, place)] == [Level.UNKNOWN]


# --- approvals -------------------------------------------------------------------------------------

AGENT = "ssh: {forwardAgent: true}\n"


def test_an_approval_covers_what_was_shown_and_asks_again_after_a_change(demo, capsys):
    verdict = judged(demo, AGENT)
    gate.approve(verdict, demo, verdict.hash, never)
    assert gate.require(verdict.config, demo, never) is verdict.config
    committed = commit(demo, AGENT + "mounts: [{location: /srv, writable: true}]\n")
    with pytest.raises(NotConfirmedError):
        gate.require(committed, demo, never)
    output = capsys.readouterr().err
    assert " + WRITES" in output
    assert "   LENDS" in output
    assert "1 new (+), 0 gone" in output


def test_a_change_that_is_the_guests_own_does_not_ask_again(demo):
    verdict = judged(demo, AGENT)
    gate.approve(verdict, demo, verdict.hash, never)
    committed = commit(demo, "# a comment\ncpus: 3\nmounts:\n- {location: ./src}\n" + AGENT)
    assert gate.require(committed, demo, never) is committed


@pytest.mark.parametrize("typed", ["", "0" * 64, "short"])
def test_a_hash_that_was_not_shown_allows_nothing(demo, typed):
    verdict = judged(demo, AGENT)
    with pytest.raises(UsageError):
        gate.approve(verdict, demo, typed, never)
    with pytest.raises(UsageError):
        gate.approve(verdict, demo, verdict.hash[:8], never)
    assert not gate.allowed(verdict, demo)


def test_revoking_forgets(demo):
    verdict = judged(demo, AGENT)
    gate.approve(verdict, demo, verdict.hash, never)
    assert approvals.revoke(demo.root)
    assert not gate.allowed(verdict, demo)
    assert not approvals.revoke(demo.root)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"directory": 1}', "\x00"])
def test_a_damaged_approval_allows_nothing(demo, damage):
    verdict = judged(demo, AGENT)
    gate.approve(verdict, demo, verdict.hash, never)
    (path,) = approvals.directory().iterdir()
    path.write_text(damage)
    assert not gate.allowed(verdict, demo)


def test_the_approval_of_another_directory_allows_nothing_here(demo, tmp_path):
    other = Project((tmp_path / "other").resolve())
    other.root.mkdir()
    verdict = judged(other, AGENT)
    gate.approve(verdict, other, verdict.hash, never)
    (path,) = approvals.directory().iterdir()
    path.rename(approvals._file(demo.root))
    assert not gate.allowed(judged(demo, AGENT), demo)


def test_a_data_directory_that_cannot_be_written_is_a_sentence(demo):
    approvals.directory().parent.mkdir(parents=True)
    approvals.directory().write_text("")
    verdict = judged(demo, AGENT)
    with pytest.raises(VmError, match="Cannot write"):
        gate.approve(verdict, demo, verdict.hash, never)


def test_on_a_terminal_yes_allows_and_no_does_not(demo, monkeypatch):
    committed = commit(demo, AGENT)
    answers = [False, True]
    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", lambda _: answers.pop(0))
    with pytest.raises(NotConfirmedError):
        gate.require(committed, demo, never)
    assert gate.require(committed, demo, never) is committed
    assert gate.require(committed, demo, never) is committed
    assert answers == []


# --- other files -----------------------------------------------------------------------------------

BASE = "base: https://a.example/base.yaml\n"


class Fetch:
    def __init__(self, text):
        self.text, self.calls = text, 0

    def __call__(self, _committed):
        self.calls += 1
        return self.text


def test_a_remote_base_is_fetched_after_its_approval_and_then_judged_itself(demo):
    fetch, committed = Fetch("cpus: 1\ncopyToHost: [{guest: /a, host: /b}]\n"), commit(demo, BASE)
    with pytest.raises(NotConfirmedError) as first:
        gate.require(committed, demo, fetch)
    assert fetch.calls == 0
    gate.approve(gate.judge(committed, demo), demo, first.value.hint.split()[-1], fetch)
    with pytest.raises(NotConfirmedError) as second:
        gate.require(committed, demo, fetch)
    assert fetch.calls == 1
    assert first.value.hint != second.value.hint
    gate.approve(gate.judge(committed, demo), demo, second.value.hint.split()[-1], fetch)
    assert gate.require(committed, demo, fetch).data["copyToHost"] == [{"guest": "/a", "host": "/b"}]
    fetch.text = "cpus: 9\n"
    assert gate.require(committed, demo, fetch).data["cpus"] == 1
    assert fetch.calls == 1, "what was approved is kept: nothing new is taken from the far end"


def test_a_base_in_the_project_is_looked_into_and_asks_again_when_it_changes(demo):
    demo.config.parent.mkdir()
    shared = demo.config.with_name("shared.yaml")
    shared.write_text("cpus: 1\n")
    committed = commit(demo, "base: ./shared.yaml\n")
    assert gate.require(committed, demo, lambda _: shared.read_text()).data == {"cpus": 1}
    shared.write_text("base: https://evil.example/x\n")
    with pytest.raises(NotConfirmedError):
        gate.require(committed, demo, never)
    shared.write_text(AGENT)
    with pytest.raises(NotConfirmedError):
        gate.require(committed, demo, lambda _: shared.read_text())


# --- for any config --------------------------------------------------------------------------------

KEYS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PLACE = Context(Path("/p/demo"), Path("/home/me"), Path("/home/me/.lima"), (Path("/home/me/.local/share"),))


@given(
    key=KEYS.filter(lambda key: key not in {"base", "os", "env", "dns", "cpus", "disk", "user", "tpm", "arch"}),
    value=JSON,
)
def test_a_key_that_nobody_knows_is_always_a_danger(key, value):
    dangers = list(table.CONFIG("", {f"x{key}": value}, PLACE))
    assert [danger.level for danger in dangers] == [Level.UNKNOWN]


@given(st.dictionaries(st.sampled_from(["mounts", "ssh", "portForwards", "images", "vmOpts", "networks", "x"]), JSON))
def test_any_config_is_judged_without_failing_and_told_in_plain_characters(data):
    for danger in table.CONFIG("", data, PLACE):
        assert (rules.display(danger.where) + danger.words).isprintable()
        json.loads(danger.item)


@given(st.dictionaries(KEYS, JSON, max_size=4), st.dictionaries(KEYS, JSON, max_size=4))
def test_the_approval_of_one_config_never_covers_another(one, other):
    def digest(data):
        data = {f"x{key}": value for key, value in data.items()}
        return approvals.digest(approvals.items(list(table.CONFIG("", data, PLACE))))

    assert (digest(one) == digest(other)) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations([("ssh", {"forwardAgent": True}), ("cpus", 1), ("propagateProxyEnv", True)]))
def test_the_order_of_keys_changes_nothing(order):
    dangers = list(table.CONFIG("", dict(order), PLACE))
    same = list(table.CONFIG("", dict(sorted(order)), PLACE))
    assert approvals.digest(approvals.items(dangers)) == approvals.digest(approvals.items(same))
