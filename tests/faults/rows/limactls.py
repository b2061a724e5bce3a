"""A limactl that is not as we know it."""

from tests.faults.case import Case
from tests.faults.registry import row

LISTING = (("list",), ("status",), ("doctor",), ("stop",), ("start", "--timeout", "1"), ("destroy", "--yes"))


def strange_list(case: Case, script: str, says: str = "") -> None:
    """Let `limactl list` do something else: each command says so, and the VM stays."""
    directory = case.stopped()
    before = case.state(directory / "disk")
    case.limactl(f'[ "$verb" != list ] || {{ {script}\n }}')
    for words in LISTING:
        done = case.run(*words)
        if words[0] != "doctor":
            assert done.returncode in {1, 3}, f"{words[0]} ended with {done.returncode}"
            assert "limactl" in done.stderr, f"{words[0]} does not name limactl: {done.stderr}"
    case.kept(directory / "disk", before, "the disk")
    case.real_limactl()
    case.run("status", ends=0, says="Stopped")


@row("list, start, stop, destroy")
def limactl_prints_garbage(case: Case) -> None:
    """limactl list prints garbage and ends with 0"""
    strange_list(case, r"printf '\033]0;x\007\000garbage\n{nonsense\n'; exit 0")


@row("list, start, stop, destroy")
def limactl_prints_nothing(case: Case) -> None:
    """limactl list prints nothing and ends with 0"""
    strange_list(case, "exit 0")


@row("list, start, stop, destroy")
def limactl_prints_other_json(case: Case) -> None:
    """limactl list prints JSON of another form"""
    strange_list(case, """printf '%s\n' '{"instances": [{"id": 1}]}'; exit 0""")


@row("list, start, stop, destroy")
def limactl_changes_types(case: Case) -> None:
    """limactl list has other types in its JSON"""
    row_ = f'{{"name": "{case.name}", "status": ["Stopped"], "dir": 5, "config": [], "param": "x", "cpus": "two"}}'
    strange_list(case, f"printf '%s\\n' '{row_}'; exit 0")


@row("list, start, stop, destroy")
def limactl_crashes(case: Case) -> None:
    """limactl list is ended by a signal"""
    strange_list(case, "kill -SEGV $$")


@row("list, start, stop, destroy")
def limactl_fails(case: Case) -> None:
    """limactl list fails with an error that nobody knows"""
    strange_list(case, "echo 'fatal: something new' >&2; exit 7")


@row("list")
def limactl_prints_without_end(case: Case) -> None:
    """limactl list prints without end"""
    case.stopped()
    case.limactl('[ "$verb" != list ] || exec yes')
    case.run("list", ends=1, says="limactl")
    case.survived.append("the disk")


@row("list")
def limactl_hangs(case: Case) -> None:
    """limactl list never ends"""
    case.stopped()
    case.limactl('[ "$verb" != list ] || exec sleep 3000')
    case.run("list", ends=1, says="limactl")
    case.survived.append("the disk")


@row("start")
def limactl_cannot_be_run(case: Case) -> None:
    """limactl is no program"""
    case.stopped()
    case.limactl("")
    (case.aside / "bin/limactl").write_bytes(b"\x7fELF\0garbage")
    for words in LISTING:
        done = case.run(*words)
        assert done.returncode
    case.real_limactl()
    case.run("status", ends=0, says="Stopped")
    case.survived.append("the disk")


@row("start")
def limactl_is_newer(case: Case) -> None:
    """limactl was replaced by a newer one, whose JSON has more"""
    case.stopped()
    case.limactl(
        'case "$*" in *--version*) echo "limactl version 9.1.0"; exit 0 ;; esac\n'
        """[ "$verb" != list ] || { "$real" "$@" | sed 's/^{/{"newKey":{"a":[1]},/'; exit 0; }"""
    )
    case.run("status", ends=0, says="Stopped")
    case.run("doctor", says="9.1.0")
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start")
def limactl_create_fails_half_way(case: Case) -> None:
    """limactl create fails when it has made half of the VM"""
    case.limactl(
        f'[ "$verb" != create ] || {{ "$real" "$@"; rm -f "$LIMA_HOME/{case.name}/disk"; '
        """echo '{"level":"fatal","msg":"something broke"}' >&2; exit 1; }"""
    )
    case.run("start", ends=1, says="something broke")
    case.gone()
    case.real_limactl()
    case.booting()


@row("start")
def limactl_start_lies(case: Case) -> None:
    """limactl start ends with 0 and has started nothing"""
    case.stopped()
    case.limactl('[ "$verb" != start ] || exit 0')
    done = case.run("start", limit=100)
    assert done.returncode
    case.survived.append("the disk")


@row("destroy")
def limactl_delete_lies(case: Case) -> None:
    """limactl delete ends with 0 and has deleted nothing"""
    case.stopped()
    case.limactl('[ "$verb" != delete ] || exit 0')
    done = case.run("destroy", "--yes")
    assert done.returncode, "it calls the VM destroyed"
    case.real_limactl()
    case.run("destroy", "--yes", ends=0)
    case.gone()
