import json
from pathlib import Path

import pytest

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.lima.instance import Instance
from sysinit_vm.ports import portlist, sockets
from sysinit_vm.ports.forwards import Forward
from sysinit_vm.ports.sockets import Listener
from sysinit_vm.projects.locate import Located
from tests.fakes import FakeLimactl, captured, result, vm

AGENT = 42
OURS = Listener(AGENT, "limactl")
DECLARED = {"portForwards": [{"guestPort": 3000, "hostPort": 3000}, {"guestPort": 8080, "hostPort": 18080}]}


def limactl(instance, guest=None):
    """A limactl whose guest says what listens in it, or ``guest``."""

    def says(words):
        assert words == ("sudo", "ss", "-Htulnp")
        return guest or result(out=captured("guest-listeners.out"))

    return FakeLimactl(instance, guest=says)


@pytest.fixture
def host(monkeypatch):
    """Who listens on the host, by protocol, port and whether on IPv6."""
    known = {("tcp", port, False): OURS for port in (3000, 9000, 9100, 9200)} | {("udp", 5353, False): OURS}
    monkeypatch.setattr(sockets, "listener", lambda port, proto, *, ipv6: known.get((proto, port, ipv6)))
    monkeypatch.setattr(sockets, "answers", lambda ip, port: port != 9100)
    monkeypatch.setattr(sockets, "privileged", lambda port: port < 1024)
    return known


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A running VM; beside it there is another."""
    monkeypatch.setenv("LIMA_HOME", str(tmp_path))
    directory = tmp_path / "demo-dev"
    directory.mkdir()
    other = vm("other-dev", "/o", "Running", tmp_path)
    other.dir.mkdir()
    (other.dir / "ha.pid").write_text("77")
    other.files.lima_yaml.write_text(json.dumps({"param": other.param}))
    (directory / "ha.pid").write_text(str(AGENT))
    (directory / "lima.yaml").write_text(json.dumps(DECLARED))
    for name in ("ha.stdout.log", "ha.stderr.log"):
        (directory / name).write_text(captured(f"ports-{name}"))
    return Instance("demo-dev", "Running", directory)


def shown(instance, **how):
    lima = limactl(instance)
    found = portlist.of_vm(lima, Located("demo-dev", instance), how.get("committed"))
    assert {(name, timeout) for name, _, timeout in lima.asked} <= {("demo-dev", 60)}
    return {(each.guest, each.proto): each for each in found}


def states(instance):
    return {key: each.state for key, each in shown(instance).items()}


def test_declared_ports_come_first_then_what_lima_forwards_by_itself(demo, host):
    found = shown(demo)
    assert list(found) == [
        *((3000, "any"), (8080, "any")),
        *((80, "tcp"), (5353, "udp"), (9000, "tcp"), (9100, "tcp"), (9200, "tcp")),
    ]
    assert [each.declared for each in found.values()] == [True, True, *[False] * 5]
    assert found[3000, "any"].cells() == ("3000", "3000", "http://localhost:3000", "python3", "open", "declared")
    assert found[5353, "udp"].cells() == ("5353/udp", "5353", "-", "python3", "open", "automatic")
    assert found[8080, "any"].data() == {
        "guest_port": 8080,
        "protocol": "any",
        "host_ip": "127.0.0.1",
        "host_port": 18080,
        "url": None,
        "process": "python3",
        "state": "not forwarded",
        "declared": True,
    }


def test_the_state_is_what_is_so_and_not_what_was_announced(demo, host):
    assert states(demo) == {
        (3000, "any"): "open",
        (8080, "any"): "not forwarded",
        (80, "tcp"): "not forwarded: below 1024 only root may listen",
        (5353, "udp"): "open",
        (9000, "tcp"): "open",
        (9100, "tcp"): "no answer",
        (9200, "tcp"): "open",
    }


def test_another_program_that_answers_there_is_no_forward(demo, host):
    host["tcp", 3000, False] = Listener(7, "nginx")
    host["tcp", 18080, False] = Listener(77, "limactl")
    host["tcp", 9000, False] = Listener(None, "another user's program")
    found = shown(demo)
    assert (found[3000, "any"].state, found[3000, "any"].url) == ("held by nginx (pid 7)", None)
    assert found[8080, "any"].state == "held by the VM other-dev of /o"
    assert found[9000, "tcp"].state == "held by another user's program"


def test_localhost_may_be_another_programs_on_ipv6(demo, host):
    host["tcp", 3000, True] = Listener(7, "nginx")
    found = shown(demo)[3000, "any"]
    assert (found.state, found.url) == ("open; localhost is nginx (pid 7)'s on IPv6", "http://127.0.0.1:3000")


def test_a_declared_port_on_which_nothing_listens_says_so(demo, host):
    lima = limactl(demo, result(out=""))
    host.clear()
    found = portlist.of_vm(lima, Located("demo-dev", demo), None)
    assert [(each.state, each.process) for each in found] == [("nothing listens in the guest", "")] * 2


def test_a_listener_that_no_rule_forwards_is_shown_as_such(demo, host):
    (demo.dir / "ha.stdout.log").write_text('{"status":{"running":true}}')
    found = shown(demo)
    assert (5353, "udp") not in found
    assert found[9000, "tcp"].cells() == ("9000", "-", "-", "python3", "not forwarded", "automatic")


@pytest.mark.parametrize("status", ["Stopped", "Broken"])
def test_a_vm_that_does_not_run_shows_what_it_will_have(demo, status):
    stopped = Instance("demo-dev", status, demo.dir)
    found = shown(stopped)
    assert [(each.host, each.state) for each in found.values()] == [(3000, status), (18080, status)]


def test_a_vm_that_boots_is_not_asked(demo):
    (demo.dir / "ha.stdout.log").write_text("")
    lima = limactl(demo)
    lima.run = lambda *_, **__: pytest.fail("asked")
    found = portlist.of_vm(lima, Located("demo-dev", demo), None)
    assert [each.state for each in found] == ["still booting"] * 2


def test_without_a_vm_the_committed_config_says_what_is_declared(demo):
    committed = Config(Path("/p/.lima/config.yaml"), {"portForwards": [{"guestPort": 3000}]})
    found = portlist.of_vm(limactl(demo), Located("demo-dev"), committed)
    assert [each.cells() for each in found] == [
        ("3000", "3000", "http://localhost:3000", "-", "not created", "declared")
    ]
    assert portlist.of_vm(limactl(demo), Located("demo-dev"), None) == []


def test_a_guest_that_does_not_say_is_an_error(demo, host):
    lima = limactl(demo, result(1, err="sudo: ss: command not found"))
    with pytest.raises(VmError, match="ss: command not found"):
        portlist.of_vm(lima, Located("demo-dev", demo), None)
    lima.guest = result(124)
    with pytest.raises(VmError, match="did not answer within 60 seconds"):
        portlist.of_vm(lima, Located("demo-dev", demo), None)
    lima.guest = result(255)
    with pytest.raises(VmError) as refused:
        portlist.of_vm(lima, Located("demo-dev", demo), None)
    assert ("60 seconds" in refused.value.detail, "255" in refused.value.detail) == (False, True)


def test_a_guest_that_lists_sockets_without_end_is_an_error(demo, host):
    line = 'tcp LISTEN 0 128 0.0.0.0:{} 0.0.0.0:* users:(("x",pid=1,fd=3))\n'
    lima = limactl(demo, result(out="".join(line.format(port) for port in range(1, 60_000)) * 4))
    with pytest.raises(VmError, match="more than 10000"):
        portlist.of_vm(lima, Located("demo-dev", demo), None)


def test_a_declared_port_that_somebody_took_before_the_host_agent_is_told_with_the_command(demo, host):
    assert portlist.lost(demo) == []  # nobody holds it any more
    host["tcp", 18080, False] = Listener(7, "nginx")
    host["tcp", 3000, False] = Listener(7, "nginx")  # not a port that failed
    assert portlist.lost(demo) == ["port 8080: 18080 is now held by nginx (pid 7). Move it: sysinit-vm restart"]
    host["tcp", 18080, False] = OURS
    assert portlist.lost(demo) == []
    (demo.dir / "ha.stderr.log").unlink()
    assert portlist.lost(demo) == []


def test_a_udp_forward_at_rest_has_no_url():
    assert portlist._at_rest(Forward(53, 53, "udp"), "Stopped").url is None
