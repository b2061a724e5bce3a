from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.ports import allocation
from sysinit_vm.ports.forwards import Forward, claims, declared

PATH = Path("/p/demo/.lima/config.yaml")
WEB, API = Forward(3000, 3000), Forward(8080, 8080)


def config(*entries, **data):
    return Config(PATH, {"portForwards": list(entries), **data})


def free(_forward, _port):
    return ""


def held(*taken):
    return lambda _forward, port: "held" if port in taken else ""


def test_a_declared_port_that_nobody_holds_is_given_as_declared():
    assert allocation.assign([WEB, API], {}, free, [20000]) == {WEB.key: 3000, API.key: 8080}


def test_a_held_one_moves_to_the_next_free_one_of_its_own():
    assert allocation.assign([WEB, API], {}, held(3000, 20000), range(20000, 20020)) == {WEB.key: 20001, API.key: 8080}


def test_what_it_has_it_keeps_although_the_declared_one_is_free_again():
    assert allocation.assign([WEB], {WEB.key: 20007}, free, range(20000, 20020)) == {WEB.key: 20007}


def test_what_it_had_and_is_held_now_goes_back_to_the_declared_one():
    assert allocation.assign([WEB], {WEB.key: 20007}, held(20007), range(20000, 20020)) == {WEB.key: 3000}


def test_a_moved_one_never_takes_what_another_of_the_config_declares_or_has():
    other, third = Forward(9000, 20000), Forward(9001, 9001)
    found = allocation.assign([WEB, other, third], {third.key: 20001}, held(3000), range(20000, 20020))
    assert found == {WEB.key: 20002, other.key: 20000, third.key: 20001}


def test_tcp_and_udp_share_a_number_and_any_takes_both():
    tcp, udp = Forward(53, 5300, "tcp"), Forward(53, 5300, "udp")
    assert set(allocation.assign([tcp, udp], {}, free, []).values()) == {5300}
    both = Forward(54, 5300, guest_ip="10.0.0.1")
    assert allocation.assign([tcp, both], {}, free, [20000]) == {tcp.key: 5300, both.key: 20000}


def test_without_any_free_port_it_says_so():
    with pytest.raises(VmError, match="guest port 3000") as caught:
        allocation.assign([WEB], {}, lambda *_: "held", range(20000, 20020))
    assert caught.value.detail
    assert caught.value.hint


def test_the_own_range_is_stable_and_lies_below_what_systems_give_to_clients():
    first = list(allocation.own_range(Path("/work/demo")))
    assert first == list(allocation.own_range(Path("/work/demo")))
    assert first[:20] == list(range(first[0], first[0] + 20))
    assert sorted(first) == list(range(20000, 32000))
    assert len({next(allocation.own_range(Path(f"/work/{number}"))) for number in range(30)}) > 20


project = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(1, 65535), st.sampled_from(["tcp", "udp", "any"])),
    max_size=6,
    unique_by=(lambda each: each[0], lambda each: each[1]),
).map(lambda found: [Forward(*each) for each in found if each[0] != 22])
narrow = st.lists(
    st.tuples(st.sampled_from([80, 3000, 5173, 8080, 20000, 20020]), st.sampled_from([3000, 8080, 20000, 20001])),
    max_size=4,
    unique_by=(lambda each: each[0], lambda each: each[1]),
).map(lambda found: [Forward(*each) for each in found])


@settings(max_examples=60)
@given(
    st.lists(st.one_of(narrow, narrow, project), min_size=2, max_size=30),
    st.sets(st.integers(1, 65535) | st.sampled_from([3000, 8080, 20000]), max_size=8),
    st.randoms(use_true_random=False),
)
def test_thirty_projects_get_distinct_ports_that_stay_in_whatever_order_they_start(projects, programs, shuffle):
    """Each start sees what all others have, and what programs hold; programs come and go."""
    have = {}
    roots = [Path(f"/work/{number}") for number in range(len(projects))]

    def start(number, programs):
        others = {
            spot
            for who, theirs in have.items()
            if who != number
            for each in projects[who]
            for spot in each.spots(theirs[each.key])
        }

        def holder(forward, port):
            return "held" if forward.spots(port) & others or port in programs else ""

        before = have.get(number, {})
        found = allocation.assign(projects[number], before, holder, allocation.own_range(roots[number]))
        for each in projects[number]:
            want = before.get(each.key, each.host)
            if not holder(each, want):
                assert found[each.key] == want
            assert (
                found[each.key] == each.host
                or found[each.key] == before.get(each.key)
                or 20000 <= found[each.key] < 32000
            )
            assert not holder(each, found[each.key])
        have[number] = found

    for now in (programs, set(), programs):
        order = list(range(len(projects)))
        shuffle.shuffle(order)
        for number in order:
            start(number, now)
        spots = [spot for who in have for each in projects[who] for spot in each.spots(have[who][each.key])]
        assert len(spots) == len(set(spots))
    settled = {who: dict(theirs) for who, theirs in have.items()}
    for number in range(len(projects)):
        start(number, programs)
    assert have == settled


def test_limactl_is_given_the_assigned_ports_and_everything_else_as_it_stands():
    socket = {"guestSocket": "/x", "hostSocket": "y"}
    one = config({"guestPort": 3000, "hostIP": "0.0.0.0"}, socket, {"guestPortRange": [1, 2]})
    moved = declared(one)[0].key
    assert allocation.entries(one, {moved: 20001}) == [
        {"hostIP": "0.0.0.0", "guestPort": 3000, "hostPort": 20001},
        socket,
        {"guestPort": 1, "hostPort": 1},
        {"guestPort": 2, "hostPort": 2},
    ]


def test_strict_ends_with_the_rule_that_ignores_the_rest_once():
    rule = {
        "guestIP": "0.0.0.0",
        "guestIPMustBeZero": False,
        "guestPortRange": [1, 65535],
        "proto": "any",
        "ignore": True,
    }
    once = allocation.entries(config({"guestPort": 3000}), {}, strict=True)
    assert once == [{"guestPort": 3000, "hostPort": 3000}, rule]
    assert allocation.entries(config(*once), {}, strict=True) == once
    assert allocation.entries(config(), {}, strict=True) == [rule]


def test_what_is_given_is_what_is_read_again():
    one = config({"guestPortRange": [3000, 3003], "hostPort": 0}, {"guestPort": 80, "hostPort": 8000, "proto": "tcp"})
    assigned = dict(zip([each.key for each in declared(one)], range(20000, 20010), strict=False))
    again = config(*allocation.entries(one, assigned))
    assert allocation.hosts(again) == assigned
    assert {port for _, port in claims(again.data)} == set(range(20000, 20005))


def test_the_guests_environment_says_where_each_port_is_reached():
    one = config(
        {"guestPort": 3000}, {"guestPort": 53, "proto": "tcp"}, {"guestPort": 53, "proto": "udp", "hostPort": 54}
    )
    keys = [each.key for each in declared(one)]
    assert allocation.env(one, {keys[0]: 20101}) == {"HOST_PORT_3000": "20101", "HOST_PORT_53": "53"}


def test_an_instances_config_is_moved_with_its_env_and_nothing_else():
    one = config({"guestPort": 3000}, env={"A": "1", "HOST_PORT_3000": "3000"}, cpus=2)
    moved = allocation.moved(one, {declared(one)[0].key: 20101})
    assert moved.data == {
        "portForwards": [{"guestPort": 3000, "hostPort": 20101}],
        "env": {"A": "1", "HOST_PORT_3000": "20101"},
        "cpus": 2,
    }
    assert one.data["env"] == {"A": "1", "HOST_PORT_3000": "3000"}


def test_a_vm_keeps_what_moved_and_follows_a_new_declaration():
    web, api, old = ({"guestPort": 3000}, {"guestPort": 8080}, {"guestPort": 1})
    own = config({**web, "hostPort": 20101}, {**api, "hostPort": 8080}, old)
    same = config(web, api)
    keys = [each.key for each in declared(same)]
    assert allocation.kept(own, same) == {keys[0]: 20101, keys[1]: 8080}
    edited = config({**web, "hostPort": 4000}, {**api, "hostPort": 4001})
    assert allocation.kept(own, edited) == {keys[0]: 20101}
    assert allocation.kept(own, edited, {keys[0]: 4000}) == {keys[0]: 20101}


def test_an_edit_of_the_host_port_drops_the_move_that_the_former_one_led_to():
    own, edited = config({"guestPort": 3000, "hostPort": 20101}), config({"guestPort": 3000})
    (web,) = declared(edited)
    assert allocation.kept(own, edited, {web.key: 80}) == {}


@pytest.mark.parametrize(
    ("ip", "url"),
    [
        ("127.0.0.1", "http://localhost:3000"),
        ("0.0.0.0", "http://localhost:3000"),
        ("::1", "http://[::1]:3000"),
        ("192.168.1.5", "http://192.168.1.5:3000"),
    ],
)
def test_where_a_browser_finds_it(ip, url):
    assert allocation.url(ip, 3000) == url


def test_the_range_is_asked_no_further_than_needed():
    asked = []
    allocation.assign(
        [WEB],
        {},
        lambda _, port: asked.append(port) or ("held" if port == 3000 else ""),
        islice(allocation.own_range(PATH), 40),
    )
    assert len(asked) == 2
