from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.ports.forwards import Forward, claims, declared, rules

PATH = Path("/p/demo/.lima/config.yaml")


def config(*entries):
    return Config(PATH, {"portForwards": list(entries)})


def pairs(*entries):
    return [(each.guest, each.host) for each in declared(config(*entries))]


def test_a_config_without_ports_declares_none():
    assert declared(Config(PATH, {})) == declared(config()) == declared(Config(PATH, {"portForwards": None})) == []


def test_a_host_port_of_zero_or_none_is_the_guest_port():
    assert pairs({"guestPort": 3000}, {"guestPort": 8080, "hostPort": 0}, {"guestPort": 80, "hostPort": 8000}) == [
        (3000, 3000),
        (8080, 8080),
        (80, 8000),
    ]


def test_a_range_is_single_forwards_so_that_each_can_move():
    assert pairs({"guestPortRange": [3000, 3002], "hostPortRange": [4000, 4002]}) == [
        (3000, 4000),
        (3001, 4001),
        (3002, 4002),
    ]
    assert pairs({"guestPortRange": [5000, 5001]}) == [(5000, 5000), (5001, 5001)]
    assert pairs({"guestPort": 7, "guestPortRange": [7, 8], "hostPort": 17, "hostPortRange": [17, 18]}) == [
        (7, 17),
        (8, 18),
    ]


def test_what_else_the_entry_says_stays():
    entry = {"guestPort": 53, "proto": "udp", "guestIP": "0.0.0.0", "hostIP": "::1", "static": True}
    found = declared(config(entry))[0]
    assert found == Forward(53, 53, "udp", "0.0.0.0", "::1")
    assert found.entry(20001) == {**entry, "hostPort": 20001}
    assert found.probed == "udp"


UNTOUCHED = [
    {"guestSocket": "/run/docker.sock", "hostSocket": "docker.sock"},
    {"guestPort": 2375, "hostSocket": "docker.sock"},
    {"guestSocket": "/run/x.sock", "hostPort": 2375},
    {"guestSocket": "/run/x.sock", "hostSocket": "x.sock", "reverse": True},
    {"guestPort": 111, "ignore": True},
    {"guestPortRange": [1, 65535], "hostIP": "0.0.0.0"},
    {"hostIP": "0.0.0.0"},
    {"guestPortRange": [1000, 1100]},
]


@pytest.mark.parametrize("entry", UNTOUCHED)
def test_sockets_ignored_ports_and_wide_ranges_are_limas_own_affair(entry):
    assert rules(config(entry)) == [entry]


def test_the_order_is_kept_for_lima_takes_the_first_that_matches():
    ignored, wide = {"guestPort": 111, "ignore": True}, {"guestPortRange": [1, 65535]}
    found = rules(config({"guestPort": 3000}, ignored, {"guestPort": 80}, wide))
    assert [each if isinstance(each, dict) else each.guest for each in found] == [3000, ignored, 80, wide]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (["3000:3000"], r"portForwards\[0\]"),
        ([{"guestPort": "3000"}], r"portForwards\[0\].guestPort: '3000'[\s\S]*whole number from 1 to 65535"),
        ([{"guestPort": 3000}, {"guestPort": 3000.5}], r"portForwards\[1\].guestPort"),
        ([{"guestPort": True}], "guestPort: True"),
        ([{"guestPort": 3000, "hostPort": 65536}], "hostPort: 65536"),
        ([{"guestPort": 3000, "hostPort": -1}], "hostPort: -1"),
        ([{"guestPort": 3000, "hostPort": [1]}], "hostPort"),
        ([{"guestPortRange": [1, 2, 3]}], "first and the last"),
        ([{"guestPortRange": "3000-3010"}], "first and the last"),
        ([{"guestPortRange": [3010, 3000]}], "above its last"),
        ([{"guestPortRange": [0, 10]}], "above its last"),
        ([{"guestPort": 5, "guestPortRange": [6, 7]}], "differs from the single port"),
        ([{"guestPortRange": [1, 3], "hostPortRange": [1, 2]}], "differ in length"),
        ([{"guestPort": 3000, "hostPortRange": [1, 2]}], "differ in length"),
        ([{"hostPort": 3000}], "no guest port"),
        ([{"guestPort": 3000, "proto": "sctp"}], "tcp, udp or any"),
        ([{"guestPort": 3000, "proto": ["tcp"]}], "tcp, udp or any"),
        ([{"guestPort": 3000, "hostIP": "localhost"}], "IP address"),
        ([{"guestPort": 3000, "guestIP": 7}], "IP address"),
        ([{"guestPort": 22, "hostPort": 2222}], "for ssh"),
        ([{"guestPort": 3000}, {"guestPort": 3000, "hostPort": 4000}], "forwarded twice"),
        ([{"guestPort": 3000, "proto": "tcp"}, {"guestPort": 3000, "hostPort": 4000}], "forwarded twice"),
        ([{"guestPortRange": [3000, 3005]}, {"guestPortRange": [3005, 3010]}], "forwarded twice"),
        ([{"guestPort": 3000}, {"guestPort": 4000, "hostPort": 3000}], "cannot share"),
        ([{"guestSocket": "/x", "hostPort": 3000}, {"guestPort": 3000}], "cannot share"),
        ([{"guestPortRange": [1, 65535]}, {"guestPort": 3000}], "hides it"),
        ([{"guestPort": 3000, "ignore": True}, {"guestPort": 3000}], "hides it"),
        (
            [
                {"guestIP": "0.0.0.0", "guestIPMustBeZero": False, "proto": "any", "ignore": True},
                {"guestPort": 3000, "guestIP": "10.0.0.1"},
            ],
            "hides it",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_entry_the_reason_and_the_command(entries, says):
    with pytest.raises(VmError, match=says) as caught:
        declared(config(*entries))
    assert caught.value.detail
    assert caught.value.hint == f"nano {PATH}"


@pytest.mark.parametrize(
    "entries",
    [
        [{"guestPort": 53, "proto": "tcp"}, {"guestPort": 53, "proto": "udp"}],
        [{"guestPort": 3000}, {"guestPort": 3000, "guestIP": "10.0.0.1", "hostPort": 3001}],
        [{"guestPort": 3000}, {"guestPort": 3001, "hostPort": 3000, "hostIP": "127.0.0.2"}],
        [{"guestSocket": "/x", "hostSocket": "y"}, {"guestPort": 3000}],
        [{"guestPort": 111, "ignore": True}, {"guestPort": 3000}],
    ],
)
def test_what_looks_alike_and_is_not_is_taken(entries):
    assert len(rules(config(*entries))) == 2


def test_a_port_list_that_is_none_is_refused():
    with pytest.raises(VmError, match="list of mappings"):
        declared(Config(PATH, {"portForwards": {"guestPort": 3000}}))


def test_a_config_claims_its_host_ports_by_protocol_and_what_cannot_be_read_claims_nothing():
    entries = [
        {"guestPort": 3000},
        {"guestPort": 53, "hostPort": 5300, "proto": "udp"},
        {"guestSocket": "/run/x.sock", "hostPort": 2375},
        {"guestPort": 3001, "ignore": True},
        {"guestPort": "nonsense"},
        {"guestPortRange": [1, 65535]},
    ]
    taken = {("tcp", 3000), ("udp", 3000), ("udp", 5300), ("tcp", 2375)}
    assert claims({"portForwards": entries}) == taken
    assert claims({"ssh": {"localPort": 60022}}) == {("tcp", 60022)}
    assert claims({"ssh": {"localPort": 0}, "portForwards": "x"}) == claims({"ssh": 1}) == set()


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 70000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    ["guestPort", "hostPort", "guestPortRange", "hostPortRange", "proto", "guestIP", "hostIP", "ignore", "guestSocket"]
)


@given(st.lists(anything | st.dictionaries(keys, anything)))
def test_whatever_stands_there_is_read_or_refused_and_claims_never_fail(entries):
    claims({"portForwards": entries})
    with suppress(VmError):
        assert all(isinstance(each, Forward | dict) for each in rules(config(*entries)))


def test_an_invalid_forward_is_told_with_its_line():
    text = "portForwards:\n- guestPort: 80\n- hostPort: 1\n  guestPortRange: [3010, 3000]\n"
    config = Config(PATH, document.parse(text, PATH), text=text)
    with pytest.raises(VmError, match=rf"portForwards\[1\].guestPortRange: \[3010, 3000\] in line 4 of {PATH}"):
        rules(config)


@pytest.mark.parametrize("key", ["guestport", "guest_port", "GuestPort"])
def test_a_misspelled_key_is_named(key):
    with pytest.raises(VmError, match=rf"{key}: did you mean guestPort\?"):
        declared(Config(PATH, {"portForwards": [{key: 3000, "hostPort": 3000}]}))
