from sysinit_vm.lima import events
from sysinit_vm.ports import guest_listeners
from sysinit_vm.ports.guest_listeners import GuestListener
from tests.fakes import captured


def test_where_the_host_agent_forwards_each_port_to_as_its_events_say():
    assert events.forwarded(captured("ports-ha.stdout.log").splitlines()) == {
        ("tcp", 3000): ("127.0.0.1", 3000),
        ("tcp", 8080): ("127.0.0.1", 18080),
        ("tcp", 9000): ("127.0.0.1", 9000),
        ("tcp", 9100): ("127.0.0.1", 9100),
        ("tcp", 9200): ("127.0.0.1", 9200),
        ("udp", 5353): ("127.0.0.1", 5353),
        ("tcp", 80): ("127.0.0.1", 80),
    }


def test_a_forward_that_stopped_is_none():
    begun = [line for line in captured("ports-ha.stdout.log").splitlines() if '"guestAddr":"127.0.0.1:8080"' in line]
    assert [("stopping" in line) for line in begun] == [False, True]
    assert events.forwarded(begun) == {}
    assert list(events.forwarded(begun[:1])) == [("tcp", 8080)]


def test_lines_that_say_nothing_of_ports_are_passed_over():
    odd = [
        "",
        "x",
        "[]",
        '{"status":{}}',
        '{"status":{"portForward":null}}',
        '{"status":{"portForward":{"protocol":"tcp"}}}',
    ]
    socket = '{"status":{"portForward":{"type":"forwarding","protocol":"tcp","guestAddr":"/run/x","hostAddr":"/y"}}}'
    assert events.forwarded([*odd, socket]) == {}


def test_where_it_could_not_listen_as_its_log_says():
    found = events.failed(captured("ports-ha.stderr.log").splitlines())
    assert found == [("127.0.0.1", 18080), ("127.0.0.1", 80)]
    assert events.failed(["", "{}", '{"level":"warning","msg":"failed to listen tcp: [::1]:3000"}']) == [("::1", 3000)]


def test_what_listens_in_the_guest_with_its_process_and_without_ssh():
    found = guest_listeners.parse(captured("guest-listeners.out"))
    assert GuestListener("tcp", "127.0.0.1", 3000, "python3") in found
    assert GuestListener("tcp", "::1", 9100, "python3") in found
    assert GuestListener("udp", "127.0.0.1", 5353, "python3") in found
    assert 22 not in {each.port for each in found}
    assert len(found) == 8


def test_a_listener_whose_process_is_not_told():
    shown = "tcp LISTEN 0 128 *:3000 *:*\nnonsense\ntcp LISTEN 0 1 a:b c:d\n"
    assert guest_listeners.parse(shown) == [GuestListener("tcp", "*", 3000, "")]


def test_a_guest_that_answers_nonsense_gives_no_listener_and_no_long_name():
    ports = ("9" * 5000, "\N{ARABIC-INDIC DIGIT THREE}", "99999", "-1", "")
    assert guest_listeners.parse("\n".join(f"tcp LISTEN 0 1 *:{port} *:*" for port in ports)) == []
    name = "a\u2028" * 5000
    (found,) = guest_listeners.parse(f'tcp LISTEN 0 1 *:80 *:* users:(("{name}",pid=1,fd=3))')
    assert found.process == name[:60]
