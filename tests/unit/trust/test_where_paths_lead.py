"""Host paths count where they lead, at each look: a repository's links change with an update of it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm import guest_writes
from sysinit_vm.effective import prepare
from sysinit_vm.effective.host_paths import without_links
from sysinit_vm.errors import NotConfirmedError, StateError, VmError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.machine import facts as machine
from sysinit_vm.projects import committed_config, locate
from sysinit_vm.projects.project import Project
from sysinit_vm.tasks import start_options
from sysinit_vm.trust import approvals, gate, included
from sysinit_vm.vm import permission
from sysinit_vm.vm.permission import Request
from tests.fakes import facts, vm
from tests.worlds import no_limactl


@pytest.fixture
def repository(home, tmp_path, monkeypatch):
    """A repository with a project in a subdirectory, and the user's documents elsewhere."""
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local/share"))
    monkeypatch.setattr(machine, "gather", lambda: facts(home=home, lima_home=home / ".lima", ssh_dir=home / ".ssh"))
    root = (tmp_path / "mono").resolve()
    (root / "app/.lima").mkdir(parents=True)
    (root / "out").mkdir()
    (home / "Documents").mkdir()
    return root


def request(repository, text):
    project = Project(repository / "app")
    project.config.write_text(f"propagateProxyEnv: false\n{text}")
    return Request(committed_config.load(project), project, "app-dev", no_limactl)


def told(verdict):
    return [f"{danger.level.name} {danger.words}" for danger in verdict.dangers]


@pytest.mark.parametrize(
    "text",
    [
        "copyToHost: [{{guest: /etc/hostname, host: {0}/report.txt, deleteOnStop: true}}]",
        "portForwards: [{{guestSocket: /a, hostSocket: {0}/a.sock}}]",
        "portForwards: [{{guestSocket: /a, hostSocket: {0}/b.sock, reverse: true}}]",
    ],
)
def test_what_was_allowed_and_leads_elsewhere_after_an_update_is_asked_again(repository, home, text):
    out, text = repository / "out", text.format(repository / "out")
    wanted = request(repository, text)
    assert any(str(out) in line for line in told(wanted.pending()))
    wanted.approve(wanted.pending().hash)
    wanted.require()
    out.rmdir()
    out.symlink_to(home / "Documents")
    changed = request(repository, text)
    with pytest.raises(NotConfirmedError):
        changed.require()
    (stage,) = changed.stages()
    given = json.dumps([stage.data.get("copyToHost"), stage.data.get("portForwards")])
    assert f'"{home}/Documents/' in given
    assert str(out) not in given
    assert all(f"{home}/Documents/" in line for line in told(changed.pending()))


def test_a_socket_that_is_a_link_itself_is_shown_by_what_it_leads_to(repository, home):
    (repository / "out/b.sock").symlink_to("/run/docker.sock")
    (line,) = told(
        request(
            repository, f"portForwards: [{{guestSocket: /a, hostSocket: {repository}/out/b.sock, reverse: true}}]"
        ).pending()
    )
    assert line == "OPENS lets the guest reach this machine's /run/docker.sock"


@pytest.mark.parametrize("more", ["", ", reverse: true"])
def test_what_a_new_vm_is_given_is_what_is_judged_and_remembered(repository, home, more):
    """Another VM's guest leads a link elsewhere while the config is prepared, and back before that is judged."""
    link = repository / "link"
    link.symlink_to(repository / "out")
    wanted = request(repository, f"portForwards: [{{guestSocket: /a, hostSocket: {link}/keep.txt{more}}}]")
    wanted.approve(wanted.pending().hash)
    link.unlink()
    link.symlink_to(home / "Documents")
    data = prepare.prepared(wanted.committed, wanted.project, wanted.name, machine.gather()).data
    link.unlink()
    link.symlink_to(repository / "out")
    with pytest.raises(NotConfirmedError):
        permission.judged(wanted.committed, wanted.project, wanted.name, data)
    assert not approvals.load(lima_home() / wanted.name).items


@pytest.mark.parametrize("more", ["", ", reverse: true"])
def test_a_moved_port_lets_no_socket_be_remembered_that_was_not_judged(repository, home, more, monkeypatch):
    """The link is led elsewhere between the judgement and the one that says where the ports have moved."""
    link = repository / "link"
    link.symlink_to(repository / "out")
    socket = f"{{guestSocket: /a, hostSocket: {link}/a.sock{more}}}"
    wanted = request(repository, f"portForwards: [{socket}, {{guestPort: 80, hostPort: 8080, hostIP: 0.0.0.0}}]")
    wanted.approve(wanted.pending().hash)
    ports = {("127.0.0.1", 80, "any"): 20101}
    data = dict(prepare.prepared(wanted.committed, wanted.project, wanted.name, machine.gather(), ports).data)
    judge = gate.judge

    def judge_and_lead_elsewhere(*args):
        verdict = judge(*args)
        if not (repository / "out").is_symlink():
            (repository / "out").rmdir()
            (repository / "out").symlink_to(home / "Documents")
        return verdict

    monkeypatch.setattr(gate, "judge", judge_and_lead_elsewhere)
    permission.judged(wanted.committed, wanted.project, wanted.name, data)
    remembered = " ".join(approvals.load(lima_home() / wanted.name).items)
    assert "[20101, 20101]" in remembered
    assert f"{repository}/out/a.sock" in remembered
    assert "Documents" not in remembered


LINKS = ("app/d/b", "app/d/../../out")


def lead_through_the_project(repository, link):
    """Make ``a`` of the repository a link that leads through the project, where the guest can write, and out again."""
    (repository / "app/d").mkdir()
    (repository / "app/d/b").symlink_to("../../out")
    (repository / "a").symlink_to(link)
    (repository / "out/x").touch()


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "text",
    [
        "copyToHost: [{{guest: /etc/hostname, host: {0}/x}}]",
        "portForwards: [{{guestSocket: /a, hostSocket: {0}/x, reverse: true}}]",
        "portForwards: [{{guestSocket: /a, hostSocket: {0}/x}}]",
    ],
)
def test_limactl_gets_no_path_through_where_the_guest_can_write(repository, text, link):
    lead_through_the_project(repository, link)
    (stage,) = request(repository, text.format(repository / "a")).stages()
    given = json.dumps([stage.data.get("copyToHost"), stage.data.get("portForwards")])
    assert f'"{repository}/out/x"' in given
    assert f"{repository}/a" not in given


@pytest.mark.parametrize(
    "text",
    [
        "provision: [{{mode: ansible, playbook: {0}/x}}]",
        "provision: [{{mode: system, file: {0}/x}}]",
        "base: {0}/x",
        "networks: [{{socket: {0}/x}}]",
    ],
)
@pytest.mark.parametrize("link", LINKS)
def test_no_path_goes_through_where_the_guest_can_write_and_out_again(repository, text, link):
    lead_through_the_project(repository, link)
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(repository / "a")).pending()
    assert "The guest can write there" in refused.value.detail


@pytest.mark.parametrize("path", ["/proc/self/cwd/x", "/dev/fd/3/x"])
@pytest.mark.parametrize("text", ["provision: [{{mode: ansible, playbook: {0}}}]", "networks: [{{socket: {0}}}]"])
def test_no_path_means_something_else_to_each_process(repository, text, path):
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(path)).pending()
    assert "/proc" in refused.value.detail


PLACED = [
    "provision: [{{mode: ansible, playbook: {0}/x}}]",
    "networks: [{{socket: {0}/x}}]",
    "copyToHost: [{{guest: /etc/hostname, host: {0}/x}}]",
    "portForwards: [{{guestSocket: /a, hostSocket: {0}/x}}]",
    "images: [{{location: {0}/x}}]",
]
INCLUDED = ["provision: [{{mode: system, file: {0}/x}}]", "base: {0}/x"]


@pytest.fixture
def shared(repository):
    """A directory outside the project, with a file that a config may name."""
    (repository / "shared").mkdir()
    (repository / "shared/x").write_text("cpus: 1\n")
    return repository / "shared"


def made(name, project, writable):
    """Make an instance of ``project`` as one that was started, and recorded as one whose guest writes ``writable``."""
    instance = lima_home() / name
    instance.mkdir(parents=True)
    (instance / "lima.yaml").write_text(json.dumps({"param": {"PROJECT_DIR": str(project)}}))
    guest_writes.record(instance, writable)
    return instance


@pytest.mark.parametrize("text", [*PLACED, *INCLUDED])
def test_what_the_own_vm_could_write_at_its_last_start_counts_until_the_next(repository, shared, text):
    instance = made("app-dev", repository / "app", [repository / "app", shared])
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(shared)).pending()
    assert "guest could write there when it was last started" in refused.value.detail
    guest_writes.record(instance, [repository / "app"])
    assert request(repository, text.format(shared)).pending().dangers


@pytest.mark.parametrize("name", ["other", "app-dev"])
@pytest.mark.parametrize("text", [*PLACED, *INCLUDED])
def test_a_directory_that_a_guest_can_write_is_known_wherever_it_was_moved(repository, shared, text, name):
    made(name, repository / ("app" if name == "app-dev" else name), [shared])
    moved = shared.rename(repository / "moved")
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(moved)).pending()
    assert "write there" in refused.value.detail


@pytest.mark.parametrize("text", PLACED)
def test_another_project_counts_before_it_has_a_vm(repository, shared, text):
    (shared / ".lima").mkdir()
    (shared / ".lima/config.yaml").touch()
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(shared)).pending()
    assert "The guest can write there" in refused.value.detail


READ = [PLACED[0], PLACED[4], *INCLUDED]


@pytest.mark.parametrize("text", READ)
@pytest.mark.parametrize("host", ["x", ""])
def test_nothing_is_read_that_the_guest_is_to_be_copied_to(repository, shared, text, host):
    copied = f"copyToHost: [{{guest: /etc/x, host: {shared / host}}}]\n"
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, copied + text.format(shared)).pending()
    assert "The guest can write there" in refused.value.detail
    place = repository / "out" if "playbook" in text else shared  # Ansible reads more from beside it
    assert request(repository, f"copyToHost: [{{guest: /etc/x, host: {place}/y}}]\n{text.format(shared)}").pending()


@pytest.mark.parametrize("name", ["other", "app-dev"])
@pytest.mark.parametrize("text", READ)
def test_nothing_is_read_that_the_guest_of_a_vm_is_copied_to(repository, shared, text, name):
    """The project's own VM is one, too, that has had another config so far."""
    project = repository / ("app" if name == "app-dev" else name)
    copies = [{"guest": "/etc/x", "host": f"{shared}/x"}]
    vm = made(name, project, [])
    (vm / "lima.yaml").write_text(json.dumps({"param": {"PROJECT_DIR": str(project)}, "copyToHost": copies}))
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(shared)).pending()
    assert "The guest can write there" in refused.value.detail
    place = repository / "out" if "playbook" in text else shared  # Ansible reads more from beside it
    (place / "y").write_text("cpus: 1\n")
    assert request(repository, text.format(place).replace("/x", "/y")).pending().dangers


@pytest.mark.parametrize("text", READ)
def test_nothing_is_read_from_the_directory_of_a_vm(repository, home, text):
    """Its logs are what its guest says."""
    instance = made("other", repository / "other", [])
    (instance / "x").write_text("cpus: 1\n")
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text.format(instance)).pending()
    assert "The guest can write there" in refused.value.detail
    instance.rename(instance.with_name("_templates"))
    assert request(repository, text.format(instance.with_name("_templates"))).pending().dangers


@pytest.mark.parametrize("text", INCLUDED)
def test_a_file_of_another_project_without_a_vm_is_asked_for_as_every_byte_of_it_counts(repository, shared, text):
    (shared / ".lima").mkdir()
    (shared / ".lima/config.yaml").touch()
    assert "outside the project" in told(request(repository, text.format(shared)).pending())[0]


def test_a_network_socket_that_leads_elsewhere_after_an_update_is_asked_again(repository, home):
    text = f"networks: [{{socket: {repository}/out/n.sock}}]"
    wanted = request(repository, text)
    (line,) = told(wanted.pending())
    assert line.startswith(f"RUNS lets the guest talk to whatever listens at {repository}/out/n.sock, as you can: ")
    wanted.approve(wanted.pending().hash)
    wanted.require()
    (repository / "out/n.sock").symlink_to(home / "agent.sock")
    changed = request(repository, text)
    with pytest.raises(NotConfirmedError):
        changed.require()
    (stage,) = changed.stages()
    assert stage.data["networks"] == [{"socket": f"{home}/agent.sock"}]
    assert f"{home}/agent.sock" in told(changed.pending())[0]


def instance_of(repository, home, filled):
    return vm("app-dev", repository / "app", place=home / ".lima", filled=filled)


def test_a_vm_whose_network_socket_leads_elsewhere_is_asked_again_at_its_start(repository, home):
    own = instance_of(repository, home, {"networks": [{"socket": f"{repository}/out/n.sock"}]})
    verdict = gate.judge_instance(own)
    gate.approve(verdict, verdict.hash)
    assert gate.judge_instance(own).allowed
    (repository / "out").rmdir()
    (repository / "out").symlink_to(home)
    now = gate.judge_instance(own)
    assert not now.allowed
    assert f"{home}/n.sock" in told(now)[0]


def test_a_vm_that_lima_cannot_read_is_a_sentence_whatever_its_own_config_says(repository, home):
    own = replace(instance_of(repository, home, {"mounts": [{"location": 5, "writable": True}]}), status="")
    with pytest.raises(StateError):
        gate.passed_instance(own)


@pytest.mark.parametrize("path", ["/a\ud800", "/a\0b"])
def test_a_path_that_is_none_is_left_as_it_is(path):
    assert without_links({"socket": path}, "socket") == {"socket": path}


@pytest.fixture
def playbook(home):
    """A playbook outside every repository, which an approval may name."""
    (home / "plays").mkdir()
    path = (home / "plays/site.yml").resolve()
    path.write_text("- hosts: all\n")
    return path


PLAYING = "provision: [{{mode: ansible, playbook: {0}}}]"


def test_a_playbook_with_another_text_is_asked_again(repository, home, playbook):
    wanted = request(repository, PLAYING.format(playbook))
    (line,) = told(wanted.pending())
    assert line == f"RUNS runs the Ansible playbook {playbook} on this machine, and what it includes, which is not read"
    wanted.approve(wanted.pending().hash)
    wanted.require()
    own = instance_of(repository, home, {"provision": [{"mode": "ansible", "playbook": str(playbook)}]})
    assert gate.judge_instance(own).allowed
    playbook.write_text("- hosts: localhost\n")
    with pytest.raises(NotConfirmedError):
        request(repository, PLAYING.format(playbook)).require()
    assert not gate.judge_instance(own).allowed


def test_a_playbook_that_became_a_link_is_asked_again_and_given_to_limactl_by_where_it_leads(
    repository, home, playbook
):
    text = PLAYING.format(playbook)
    wanted = request(repository, text)
    wanted.approve(wanted.pending().hash)
    own = instance_of(repository, home, {"provision": [{"mode": "ansible", "playbook": str(playbook)}]})
    other = playbook.rename(playbook.with_name("other.yml"))
    playbook.symlink_to(other)
    changed = request(repository, text)
    assert not changed.pending().allowed
    (stage,) = changed.stages()
    assert stage.data["provision"][-1]["playbook"] == str(other)
    (line,) = told(gate.judge_instance(own))
    assert f"{playbook}, which leads to {other}, on" in line


def test_a_playbook_that_is_missing_is_asked_again_once_it_is_there(repository, playbook):
    playbook.unlink()
    wanted = request(repository, PLAYING.format(playbook))
    wanted.approve(wanted.pending().hash)
    assert "which does not exist" in told(wanted.pending())[0]
    playbook.touch()
    assert not request(repository, PLAYING.format(playbook)).pending().allowed


@pytest.mark.parametrize("name", ["play.yml", "roles/play.yml", "missing.yml"])
def test_a_playbook_in_a_git_repository_is_refused(repository, home, name):
    """Whoever commits to it could exchange it, or what it includes, while the VM boots."""
    (repository / ".git").mkdir()
    (repository / "roles").mkdir()
    for play in ("play.yml", "roles/play.yml"):
        (repository / play).touch()
    (home / "link.yml").symlink_to(repository / name)
    for path in (repository / name, home / "link.yml"):
        with pytest.raises(VmError, match="is refused") as refused:
            request(repository, PLAYING.format(path)).pending()
        assert f"{repository} is a git repository" in refused.value.detail
        own = instance_of(repository, home, {"provision": [{"mode": "ansible", "playbook": str(path)}]})
        with pytest.raises(VmError, match="is refused"):
            gate.judge_instance(own)


def test_a_home_that_is_under_git_itself_makes_no_repository_of_all_in_it(repository, home, playbook):
    (home / ".git").mkdir()
    assert "RUNS runs the Ansible playbook" in told(request(repository, PLAYING.format(playbook)).pending())[0]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.truncate(os.open(path, 0o101), 2**30)])
def test_a_playbook_that_cannot_be_read_whole_is_refused(repository, playbook, make):
    playbook.unlink()
    make(playbook)
    with pytest.raises(VmError, match=rf"Cannot use {playbook}"):
        request(repository, PLAYING.format(playbook)).pending()


@pytest.mark.parametrize("value", ["false", "0", '"/a\\0b"', "x"])
def test_a_playbook_is_an_absolute_path(repository, value):
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, PLAYING.format(value)).pending()
    assert "absolute path" in refused.value.detail


@pytest.fixture
def tool(home):
    """A script outside the project that its config includes, and a key that it is exchanged for."""
    (home / "tools").mkdir()
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh/id").write_text("PRIVATE")
    (home / "tools/setup.sh").write_text("echo fine\n")
    return home / "tools/setup.sh"


TAKING = "provision: [{mode: system, file: ~/tools/setup.sh}]"


def test_a_file_that_becomes_a_link_between_question_and_answer_is_not_taken(repository, home, tool):
    wanted = request(repository, TAKING)
    stages = wanted.stages()
    shown = next(stages)
    assert not shown.verdict.allowed
    tool.unlink()
    tool.symlink_to(home / ".ssh/id")
    with pytest.raises(VmError, match=r"Cannot use .*setup\.sh"):
        next(stages)
    assert approvals.taken(wanted.project.root) == {}


def test_a_file_is_not_read_through_a_directory_that_became_a_link_since_it_was_looked_at(home, tool, monkeypatch):
    for directory, text in (("tools", "echo fine"), (".ssh", "PRIVATE")):
        (home / directory / "inner").mkdir()
        (home / directory / "inner/x").write_text(text)
    monkeypatch.setattr(included, "resolved", Path)  # as it was a moment ago
    (home / "tools").rename(home / "was")
    (home / "tools").symlink_to(".ssh")
    with pytest.raises(VmError) as refused:
        included.read_outside(home / "tools/inner/x")
    assert "link" in refused.value.detail


def test_what_was_taken_from_where_a_link_led_then_is_not_what_it_means_now(repository, home, tool):
    tool.unlink()
    tool.symlink_to(home / ".ssh/id")
    wanted = request(repository, TAKING)
    stages = wanted.stages()
    assert "which leads to" in told(next(stages).verdict)[0]
    next(stages)
    assert approvals.taken(wanted.project.root) == {str(home / ".ssh/id"): "PRIVATE"}
    tool.unlink()
    tool.write_text("echo fine\n")
    others = included.collect(wanted.committed, wanted.project.root, approvals.taken(wanted.project.root))
    assert others.missing == [str(tool)]


def test_the_name_of_a_vm_is_that_of_the_reading_that_is_judged(repository, home, monkeypatch):
    """The guest exchanges the config between the reading that names the VM and the one that is judged."""
    project = Project(repository / "app")
    project.config.write_text("param: {VM_NAME: github.com}\n")
    monkeypatch.chdir(project.root)
    target = locate.target(None, None)
    assert target.name == "github.com"
    project.config.write_text("cpus: 1\n")
    with pytest.raises(VmError, match="has changed while it was read"):
        start_options.request(None, target)
    project.config.write_text("param: {VM_NAME: github.com}\n")
    assert start_options.request(None, target).name == "github.com"


USED = [
    {"portForwards": [{"guestSocket": "/a", "hostSocket": "{0}/x", "reverse": True}]},
    {"portForwards": [5, {"guestSocket": "/a", "hostSocket": "{0}/x"}]},
    {"copyToHost": [{"guest": "/a", "host": "{0}/x", "deleteOnStop": True}]},
    {"provision": [{"mode": "ansible", "playbook": "{0}/x"}]},
    {"networks": [{"socket": "{0}/x"}]},
]


def uses(name, project, config, directory):
    """Make an instance of ``project`` whose ``config`` names a file in ``directory``."""
    instance = made(name, project, [])
    data = {"param": {"PROJECT_DIR": str(project)}, **config}
    (instance / "lima.yaml").write_text(json.dumps(data).replace("{0}", str(directory)))


def leads_others(verdict):
    return [danger for danger in verdict.dangers if "which the VM other uses" in danger.words]


@pytest.mark.parametrize("config", USED)
@pytest.mark.parametrize("place", ["shared/sub", "link", "app/sub"])
def test_a_guest_that_could_lead_elsewhere_what_another_vm_uses_is_told(repository, home, shared, config, place):
    """That VM may run: whichever was started first, its socket and copies would be led anywhere by the second guest."""
    (repository / "link").symlink_to("shared/inner")
    (shared / "inner").symlink_to(repository / "out")
    uses("other", repository / "other", config, repository / place)
    wanted = request(repository, f"mounts: [{{location: {shared}, writable: true}}]")
    (danger,) = leads_others(wanted.pending())
    assert (danger.level.name, danger.of_this_machine) == ("RUNS", True)
    assert f"{repository / place}/x" in danger.words
    filled = {"mounts": [{"location": str(path), "writable": True} for path in (repository / "app", shared)]}
    own = instance_of(repository, home, filled)
    assert leads_others(gate.judge_instance(own))
    wanted.approve(wanted.pending().hash)
    wanted.require()
    uses("other2", repository / "other", config, repository / place)
    with pytest.raises(NotConfirmedError):
        wanted.require()


@pytest.mark.parametrize("config", USED)
def test_what_no_guest_could_lead_elsewhere_is_not_told(repository, shared, config):
    """Its own VM's, what lies elsewhere or in LIMA_HOME, and what the guest may only read."""
    uses("app-dev", repository / "app", config, shared)
    uses("other", repository / "other", config, repository / "shared2")
    uses("other1", repository / "other", config, "{{.Dir}}/sock")
    text = f"mounts: [{{location: {shared}, writable: true}}, {{location: {lima_home()}, writable: true}}]"
    assert not [line for line in told(request(repository, text).pending()) if "which the VM" in line]
    uses("other2", repository / "other", config, repository / "out")
    text = f"mounts: [{{location: {repository}/out}}]"
    assert not [line for line in told(request(repository, text).pending()) if "which the VM" in line]


COPY = [{"guest": "/a", "host": "{0}/infra/roles/main.yml"}]


@pytest.mark.parametrize("by", ["project", "mount", "copy", "another VM", "another VM's copy", "before"])
def test_a_playbook_beside_which_a_guest_writes_is_refused(repository, home, by):
    """Ansible takes roles and variables from beside it, which have no text that was allowed."""
    play = repository / "infra/site.yml"
    (repository / "infra/roles").mkdir(parents=True)
    play.touch()
    text, other = PLAYING.format(play), {}
    if by == "project":
        (repository / "site.yml").touch()
        text = PLAYING.format(repository / "site.yml")
    elif by == "mount":
        text += f"\nmounts: [{{location: {repository}/infra/roles, writable: true}}]"
    elif by == "copy":
        text += f"\ncopyToHost: [{{guest: /a, host: {repository}/infra/roles/main.yml}}]"
    elif by == "another VM":
        other = {"mounts": [{"location": "{0}/infra/roles", "writable": True}]}
    elif by == "another VM's copy":
        other = {"copyToHost": COPY}
    else:
        made("app-dev", repository / "app", [repository / "infra/roles"])
    if other:
        uses("other", repository / "other", other, repository)
    with pytest.raises(VmError, match="is refused") as refused:
        request(repository, text).pending()
    assert "write" in refused.value.detail


def test_a_playbook_in_the_home_itself_is_asked_though_guests_write_below_it(repository, home):
    (home / "site.yml").touch()
    uses("other", repository / "other", {"mounts": [{"location": "{0}/code", "writable": True}]}, home)
    assert "RUNS runs the Ansible playbook" in told(request(repository, PLAYING.format(home / "site.yml")).pending())[0]
