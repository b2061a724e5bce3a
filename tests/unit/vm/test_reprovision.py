import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.drift import plan
from sysinit_vm.errors import VmError
from sysinit_vm.guest import checks
from sysinit_vm.vm import rebuild, reprovision
from tests.fakes import FakeLimactl, result, vm

VALUES = {"User": "me", "Param.A": "a b", "Home": "/home/me.guest"}


def steps(*entries):
    return list(reprovision._steps(list(entries), VALUES))


def test_the_order_is_a_boots_whatever_the_configs_is(capsys):
    modes = ["user", "system", "data", "ansible", "dependency", "boot", "user"]
    found = steps(*({"mode": mode, "script": ""} for mode in modes))
    assert [(each.mode, each.where) for each in found] == [
        ("boot", "provision[5]"),
        ("dependency", "provision[4]"),
        ("data", "provision[2]"),
        ("system", "provision[1]"),
        ("user", "provision[0]"),
        ("user", "provision[6]"),
    ]
    assert "provision[3] (ansible) is left to the next boot" in capsys.readouterr().err


def test_a_script_without_a_mode_is_the_systems():
    assert steps({"script": "x"})[0].mode == "system"


def test_limas_defaults_of_a_data_file():
    (found,) = steps({"mode": "data", "content": "x", "path": "{{.Home}}/f", "overwrite": False})
    assert found.words == ("x", "/home/me.guest/f", "root:root", "644", "false")


@pytest.mark.parametrize("text", ["{{if .User}}", "{{.Param.B}}", "{{- .User}}", "{{", "{{.Nonsense}} {{.User}}"])
def test_what_only_go_can_fill_in_is_refused(text):
    with pytest.raises(VmError, match=r"provision\[0\] has a template"):
        steps({"script": text})


@given(st.text().filter(lambda text: "{{" not in text), st.text().filter(lambda text: "{" not in text[:1]))
def test_all_but_the_templates_stays_as_it_is(before, after):
    before = before.rstrip("{")
    assert reprovision._fill(before + "{{ .Param.A }}" + after, VALUES, "w") == f"{before}a b{after}" or "{{" in after


OURS = {"mode": "system", "script": "# Put into the guest by sysinit-vm $PARAM_PROJECT_DIR PARAM_GUEST_DIRS"}


def test_only_the_projects_own_scripts_and_values_are_taken_up():
    has = {"cpus": 1, "provision": [OURS, {"script": "old"}], "param": {"PROJECT_DIR": "/p", "OLD": "1"}}
    wished = {
        "cpus": 2,
        "provision": [{**OURS, "script": OURS["script"] + " newer"}, {"script": "new"}],
        "param": {"PROJECT_DIR": "/q", "NEW": "2", "GUEST_DIRS": "x"},
    }
    assert plan.with_scripts(has, wished) == {
        "cpus": 1,
        "provision": [OURS, {"script": "new"}],
        "param": {"PROJECT_DIR": "/p", "NEW": "2"},
    }


@pytest.mark.parametrize(("has", "nix"), [((), False), (("nix",), True), (("nixos-rebuild",), True)])
def test_a_guest_has_nix_where_any_of_its_programs_is(has, nix):
    lima = FakeLimactl(guest=lambda words: result(out="".join(f"{word}\n" for word in words[4:] if word in has)))
    assert rebuild.has_nix(lima, vm()) is nix


def test_a_guest_that_does_not_answer_is_no_guest_without_nix():
    with pytest.raises(VmError, match="does not answer"):
        checks.programs(FakeLimactl(guest=result(255, err="ssh: gone")), "demo-dev", ("nix",))
