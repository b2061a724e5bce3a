"""Templates that Lima would run for ever, at each `limactl list`."""

import pytest

from sysinit_vm.trust.refusals import may_never_end

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
