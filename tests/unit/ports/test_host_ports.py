import json
import os
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from sysinit_vm import files, lock
from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare
from sysinit_vm.errors import VmError
from sysinit_vm.lima.home import own_directory
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.lima.locks import ports_lock
from sysinit_vm.ports import allocation, host_ports, moves, sockets
from sysinit_vm.ports.forwards import Forward, declared
from tests.fakes import FakeLimactl

ROOT = Path("/work/demo")
FIRST = next(allocation.own_range(ROOT))
WEB = Forward(3000, 3000)


def add(lima, name, data, *, root="/work/other", agent=None):
    """A stopped VM of the config ``data``, whose host agent's process id is ``agent``."""
    instance = lima.add(name, root, config=data)
    if agent:
        (instance.dir / "ha.pid").write_text(f"{agent}\n")
    return instance


@pytest.fixture
def lima(home, monkeypatch):
    """No program of this machine is in the way but those that a test puts there."""
    monkeypatch.setattr(sockets, "taken", lambda *_: False)
    monkeypatch.setattr(sockets, "privileged", lambda port: port < 1024)
    return FakeLimactl(place=home / ".lima")


def forwarding(*host_ports, **more):
    return {"portForwards": [{"guestPort": port, "hostPort": port} for port in host_ports], **more}


def passed(instance, data):
    return JudgedConfig(instance.name, data)


def place(*wanted, kept=None):
    return host_ports.place("demo-dev", ROOT, wanted, kept or {})


def test_what_nobody_holds_is_given_without_a_word(lima):
    assert place(WEB) == host_ports.Placed({WEB.key: 3000}, ())


def test_what_another_vm_has_moves_and_is_said_although_that_vm_is_stopped(lima):
    add(lima, "other-dev", forwarding(3000))
    placed = place(WEB)
    assert placed.hosts == {WEB.key: FIRST}
    assert placed.words == (
        f"port 3000: 3000 is held by the VM other-dev of /work/other; this project uses http://localhost:{FIRST}",
    )


def test_its_own_instance_and_configs_that_cannot_be_read_hold_nothing(lima):
    add(lima, "demo-dev", forwarding(3000))
    add(lima, "corrupt", "{")
    add(lima, "odd", {"portForwards": [{"guestPort": "x"}, {"guestPort": 8080}]})
    assert place(WEB, Forward(8080, 8080)).hosts == {WEB.key: 3000, Forward(8080, 8080).key: FIRST}


def test_what_lima_does_not_list_holds_nothing(lima):
    add(lima, "demo-dev", forwarding(3000))
    add(lima, "copy of demo-dev", forwarding(3000))
    (lima.place / "alias").symlink_to("demo-dev")
    files.write(own_directory() / "lima.yaml", json.dumps(forwarding(3000)))  # a start of the VM `lima` left it
    assert place(WEB).hosts == {WEB.key: 3000}


def test_a_program_that_holds_it_is_named(lima, monkeypatch):
    monkeypatch.setattr(sockets, "taken", lambda port, *_: port == 3000)
    monkeypatch.setattr(sockets, "listener", lambda *_: sockets.Listener(123, "python3"))
    (word,) = place(WEB).words
    assert word == f"port 3000: 3000 is held by python3 (pid 123); this project uses http://localhost:{FIRST}"
    monkeypatch.setattr(sockets, "listener", lambda *_: None)
    assert "held by another program" in place(WEB).words[0]


def test_another_vms_automatic_forward_is_named_by_its_vm(lima, monkeypatch):
    add(lima, "other-dev", {}, agent=77)
    monkeypatch.setattr(sockets, "taken", lambda port, *_: port == 3000)
    monkeypatch.setattr(sockets, "listener", lambda *_: sockets.Listener(77, "limactl"))
    assert "held by the VM other-dev of /work/other;" in place(WEB).words[0]


def test_a_low_port_is_explained_and_moved(lima):
    low = Forward(80, 80)
    (word,) = place(low).words
    assert (
        word
        == f"port 80: 80 is reserved for root, like all ports below 1024; this project uses http://localhost:{FIRST}"
    )


def test_a_moved_one_that_stays_is_said_again(lima):
    placed = place(WEB, Forward(53, 53000, "udp"), kept={WEB.key: FIRST, ("127.0.0.1", 53, "udp"): FIRST + 1})
    assert placed.words == (
        f"port 3000: this project uses http://localhost:{FIRST}",
        f"port 53: this project uses {FIRST + 1}",
    )


def test_what_another_start_is_about_to_give_limactl_is_held_while_it_lives(lima):
    path = own_directory() / "other-dev.yaml"
    files.write(path, json.dumps(forwarding(3000)))
    assert place(WEB).hosts == {WEB.key: 3000}  # left by a start that was killed
    with lock.held(path.with_suffix(".lock"), "waiting"):
        placed = place(WEB)
    assert placed.hosts == {WEB.key: FIRST}
    assert "the VM other-dev, which starts now" in placed.words[0]


def test_a_start_that_ends_while_others_are_looked_at_is_not_missed(lima, monkeypatch):
    """Its instance was not there yet when the others were listed, and its file is gone by then."""
    path = own_directory() / "other-dev.yaml"
    files.write(path, json.dumps(forwarding(3000)))
    listed = host_ports.all_instance_files

    def list_before_it_ends():
        present = listed()
        if path.exists():
            path.unlink()
            add(lima, "other-dev", forwarding(3000))
        return present

    monkeypatch.setattr(host_ports, "all_instance_files", list_before_it_ends)
    with lock.held(path.with_suffix(".lock"), "waiting"):
        assert place(WEB).hosts == {WEB.key: FIRST}
    assert lima.by_name


def test_its_own_file_holds_nothing(lima):
    files.write(own_directory() / "demo-dev.yaml", json.dumps(forwarding(3000)))
    with lock.held(own_directory() / "demo-dev.lock", "waiting"):
        assert place(WEB).hosts == {WEB.key: 3000}


COMMITTED = Config(Path("/work/demo/.lima/config.yaml"), forwarding(3000, 8080))


def test_a_stopped_vm_whose_port_is_held_now_is_moved_in_its_own_config_and_stays(lima, monkeypatch):
    demo = add(lima, "demo-dev", forwarding(3000, 8080, env={"A": "1"}), root=str(ROOT))
    assert host_ports.replace_held(lima, demo, COMMITTED, passed) == ()
    assert lima.calls == []
    monkeypatch.setattr(sockets, "taken", lambda port, *_: port == 3000)
    assert f"localhost:{FIRST}" in host_ports.replace_held(lima, demo, COMMITTED, passed)[0]
    assert lima.calls == [("edit", "demo-dev")]
    data = lima.data("demo-dev")
    assert data["portForwards"] == [{"guestPort": 3000, "hostPort": FIRST}, {"guestPort": 8080, "hostPort": 8080}]
    assert data["env"] == {"A": "1", "HOST_PORT_3000": str(FIRST), "HOST_PORT_8080": "8080"}
    monkeypatch.setattr(sockets, "taken", lambda *_: False)
    assert host_ports.replace_held(lima, demo, COMMITTED, passed) == (
        f"port 3000: this project uses http://localhost:{FIRST}",
    )
    assert lima.calls == [("edit", "demo-dev")]


def test_a_move_is_remembered_with_the_port_that_the_config_declared(lima):
    committed = Config(COMMITTED.path, {"portForwards": [{"guestPort": 3000, "hostPort": 80}]})
    demo = add(lima, "demo-dev", committed.data, root=str(ROOT))
    host_ports.replace_held(lima, demo, committed, passed)
    assert moves.remembered(demo.dir) == {WEB.key: 80}
    host_ports.replace_held(lima, demo, COMMITTED, passed)  # it stays: what it was moved from is as before
    assert moves.remembered(demo.dir) == {WEB.key: 80}
    (demo.dir / "sysinit-vm-moved-ports.json").write_text("[]")
    assert moves.remembered(demo.dir) == {}


def test_what_a_changed_declaration_cannot_have_is_told_before_it_is_applied(lima):
    add(lima, "other-dev", forwarding(8080))
    before = {"portForwards": [{"guestPort": 3000, "hostPort": 3000}, {"guestPort": 9, "hostPort": 8080}]}
    after = {"portForwards": [{"guestPort": 3000, "hostPort": 80}, {"guestPort": 9, "hostPort": 8080}]}
    assert host_ports.unavailable("demo-dev", Config(COMMITTED.path, before), Config(COMMITTED.path, after)) == [
        "port 3000: 80 is reserved for root, like all ports below 1024; this project gets another."
    ]


def test_one_that_is_held_where_it_moved_goes_back_to_the_declared_port(lima, monkeypatch):
    data = {"portForwards": [{"guestPort": 3000, "hostPort": FIRST}]}
    demo = add(lima, "demo-dev", data, root=str(ROOT))
    monkeypatch.setattr(sockets, "taken", lambda port, *_: port == FIRST)
    host_ports.replace_held(lima, demo, COMMITTED, passed)
    assert lima.data("demo-dev")["portForwards"] == [{"guestPort": 3000, "hostPort": 3000}]


def test_a_vm_without_declared_ports_asks_nothing(lima, monkeypatch):
    demo = add(lima, "demo-dev", {"cpus": 1}, root=str(ROOT))
    lima.instances = lambda: pytest.fail("asked")
    monkeypatch.setattr(host_ports, "all_instance_files", lima.instances)
    assert host_ports.replace_held(lima, demo, None, passed) == ()


def test_a_damaged_config_is_told_and_left(lima):
    demo = add(lima, "demo-dev", {"portForwards": [{"guestPort": 99999}]}, root=str(ROOT))
    with pytest.raises(VmError, match="99999"):
        host_ports.replace_held(lima, demo, COMMITTED, passed)
    assert lima.calls == []


def test_the_host_agent_is_known_by_its_pid(lima):
    assert add(lima, "a", {}, agent=12).files.host_agent_pid() == 12
    assert add(lima, "b", {}).files.host_agent_pid() is None
    (add(lima, "c", {}).dir / "ha.pid").write_text("x")
    assert host_ports.agents() == {12: "the VM a of /work/other"}


def test_many_starts_at_once_race_for_one_port_and_each_gets_its_own(lima):
    """As `start` does: the file that other starts see stands before the lock for ports is let go."""
    ready, got, release = threading.Barrier(8), {}, threading.Event()

    def start(number):
        name, root = f"p{number}", Path(f"/work/p{number}")
        committed = Config(root / ".lima/config.yaml", forwarding(3000))
        with lock.held(own_directory() / f"{name}.lock", "waiting"), ExitStack() as file:
            ready.wait(10)
            with ports_lock():
                hosts = host_ports.place(name, root, declared(committed), {}).hosts
                wanted = JudgedConfig(name, {"portForwards": allocation.entries(committed, hosts)})
                file.enter_context(prepare.config_file(wanted))
            got[name] = next(iter(hosts.values()))
            release.wait(10)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(got) < 8 and any(thread.is_alive() for thread in threads):
        threads[0].join(0.05)
    release.set()
    for thread in threads:
        thread.join(10)
    assert len(got) == len(set(got.values())) == 8
    assert 3000 in got.values()


def test_a_real_program_on_ipv6_alone_is_in_the_way(home):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        holder = host_ports.holders("demo-dev")
        assert holder(Forward(3000, port), port).endswith(f"(pid {os.getpid()})")
