"""Templates that Lima would run for ever, at each `limactl list`."""

from pathlib import Path

import pytest

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.trust import length
from sysinit_vm.trust.go_templates import may_never_end
from sysinit_vm.trust.refusals import check

ENDLESS = "{{range 9223372036854775807}}{{end}}"


@pytest.mark.parametrize(
    "text",
    [
        ENDLESS,
        "{{- range $i := 9 -}}{{end}}",
        '{{define "a"}}{{template "b"}}{{template "b"}}{{end}}',
        '{{block "a" .}}{{end}}',
        '{{with printf "%1000000d" 1}}{{.}}{{end}}',
        '{{"}}" | printf "%s"}}',
        '{{$x := "a"}}',
        '{{"a" | js}}',
        '{{print "a" "b"}}',
        "{{.}}",
        "{{with .Param}}{{end}}",
        "{{.Param}}",
        "{{$}}",
        "{{(.).Config}}",
        '{{/* " */}}' + ENDLESS,
        "{{- /* ` */ -}}" + ENDLESS,
        '{{`"`}}' + ENDLESS,
        "{{'\"'}}" + ENDLESS,
        '{{"\\""}}' + ENDLESS,
        '{{"' + ENDLESS,
    ],
)
def test_whatmay_never_end_is_known(text):
    assert may_never_end(f"#!/bin/sh\n{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        'printf "%s\\n" {{.User}}; for x in range; do :; done',
        "docker ps --format '{{.Names}} {{.Ports}}'",
        'echo {{"{{"}}range 9}}',
        "{{if .Param.X}}template{{end}}",
        "{{ item.name }}",
        "{{ .Home }} define {{/* range */}}",
    ],
)
def test_what_ends_is_no_danger(text):
    assert not may_never_end(text)


def test_a_shared_memory_directory_elsewhere_in_the_guest_is_no_danger():
    check(Config(Path("/p"), {"mounts": [{"location": "/dev/shm/x", "mountPoint": "/srv/x"}]}))


@pytest.mark.parametrize("text", [r'{{"\ufffe"}}', r'{{"a" | print "\x00"}}', r'{{if "x"}}{{"\n"}}{{end}}', r"{{`\`}}"])
def test_a_backslash_in_the_text_of_a_template_is_refused(text):
    assert may_never_end(text)


LONG = [
    {"user": {"home": f"/h{'o' * 3000}"}, "provision": [{"script": "{{.Home}}\n" * 25}]},
    {"user": {"name": "o" * 3000}, "provision": [{"script": "{{.User}}\n" * 25}]},
    {"mounts": [{"location": "/home/me/shop/.lima", "mountPoint": f"/a{number}"} for number in range(260)]},
    {"mounts": [{"location": "/" + "p" * 3000} for number in range(11)]},
    {"portForwards": [{"guestPort": number} for number in range(3000, 3400)]},
    {"user": {"comment": "x" * 30_000}, "message": "m" * 16_000},
]


@pytest.mark.parametrize("data", LONG)
def test_what_lima_fills_in_counts_in_the_length_of_its_list(data):
    with pytest.raises(VmError, match="too long"):
        length.check(Config(Path("/p/.lima/config.yaml"), data))


def test_an_ordinary_config_is_not_too_long():
    forwards = [{"guestPort": number} for number in range(3000, 3200)]
    length.check(Config(Path("/p/.lima/config.yaml"), {"portForwards": forwards, "message": "m" * 5000}))


def test_thousands_of_open_templates_take_no_time():
    assert not may_never_end("{{ a" * 50_000)


@pytest.mark.parametrize(
    "field", [".Config.Message", ".Message", ".AdditionalDisks", ".Networks", ".Instance.Config", ".Instance.Networks"]
)
def test_a_message_holds_no_field_that_may_be_long(field):
    assert may_never_end(f"{{{{{field}}}}}", message=True)


def test_what_messages_of_lima_hold_is_let_through():
    assert not may_never_end(
        "{{.Dir}} {{.Param.X}} {{if .Instance.Config.VMOpts.vz.rosetta.enabled}}{{end}}", message=True
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("mounts:\n- location: /srv\n  9p:\n    msize: lots\n", r"mounts\[0\]\.9p\.msize in line 4 of"),
        ("ssh:\n  localPort: many\n", r"ssh\.localPort in line 2 of"),
        (
            "mounts:\n- location: /srv\n  mountPoint: /dev/shm/x\n",
            r"mounts\[0\]\.mountPoint in line 3 of [^ ]* .*RemoveIPC",
        ),
        ("mounts:\n- location: /dev/shm/x\n", r"mounts\[0\]\.location in line 2 of [^ ]* .*RemoveIPC"),
    ],
)
def test_what_is_refused_is_told_with_its_line(text, where):
    path = Path("/p/.lima/config.yaml")
    with pytest.raises(VmError, match=f"(?s){where}"):
        check(Config(path, document.parse(text, path), text=text))
