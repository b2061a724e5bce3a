import hashlib
import os
import subprocess
from dataclasses import replace

import pytest

from sysinit_vm import lock
from sysinit_vm.errors import MissingError
from sysinit_vm.guest import install_zellij, scripts
from sysinit_vm.guest.install_zellij import install
from sysinit_vm.machine import find_programs
from sysinit_vm.machine.compile_record import CompileRecord, Outcome
from sysinit_vm.machine.compile_state import CompileFiles
from sysinit_vm.machine.host import Host
from tests.fakes import FakeLimactl, RecordingProgress, guest_words, result, vm

PROGRAM = b"\x7fELF and the rest"
DIGEST = hashlib.sha256(PROGRAM).hexdigest()
DEMO = vm(status="Running", arch="x86_64")


@pytest.fixture
def lima(tmp_path, monkeypatch):
    """Its machine has a Zellij for each guest."""
    program = tmp_path / "zellij"
    program.write_bytes(PROGRAM)
    monkeypatch.setattr(find_programs, "find_zellij_for", lambda _: program)
    return FakeLimactl(DEMO)


def test_the_program_alone_is_sent_with_its_digest(lima):
    progress = RecordingProgress()
    assert install(lima, DEMO, progress) == ""
    assert lima.runner.sent == [PROGRAM]
    assert guest_words(lima.runner.argvs[0])[1] == ["sh", "-c", scripts.read("install-zellij.sh"), "sh", DIGEST]
    assert lima.runner.options[0]["timeout"] == 300
    assert progress.stages == ["installing Zellij in the guest"]


@pytest.fixture
def compiling(lima, tmp_path, monkeypatch):
    """A machine of the guest's architecture that has no Zellij, and a record of its compile."""
    host = replace(Host.read(), arch="x86_64", data=tmp_path, cache=tmp_path)
    monkeypatch.setattr(install_zellij.Host, "read", lambda: host)
    monkeypatch.setattr(find_programs, "find_zellij_for", lambda _: None)
    monkeypatch.setattr(find_programs, "find_zellij", lambda **_: None)
    places, record = CompileFiles.of(host), CompileRecord(0.0, 1, "compiling Zellij", "3 of 9 steps")
    record.write(places.record)
    return places, record


def test_a_zellij_that_is_being_compiled_is_told_of_with_how_far_it_is(lima, compiling):
    places, record = compiling
    with lock.held_if_free(places.lock):
        why = install(lima, DEMO)
        assert why.endswith(": compiling Zellij: 3 of 9 steps; once that is done, `shell` brings it")
        other = vm(status="Running", arch="aarch64")
        assert install(lima, other) == "this machine has none for aarch64: sysinit-vm setup"
    record.at_end(Outcome.FAILED, "no linker.").write(places.record)
    assert install(lima, DEMO).endswith(": no linker: sysinit-vm setup")
    assert lima.runner.sent == []


def test_what_has_come_so_far_is_shown(lima, monkeypatch):
    told = []

    class Told(RecordingProgress):
        def tell(self, note, *, share=None):
            told.append((note, share))

    class AtTheEnd:
        """In place of a second: what is repeated, once the block has ended."""

        def __init__(self, seconds, act):
            self.act = act

        def __enter__(self):
            self.act()

        def __exit__(self, *_):
            self.act()

    monkeypatch.setattr(install_zellij, "repeat_every", AtTheEnd)
    install(lima, DEMO, Told())
    assert [share for _, share in told] == [0, 1]
    assert told[0][0] == "0.0 of 0.0 MB"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (result(1, err="warning: x\nit did not arrive whole\n"), "it did not arrive whole"),
        (result(1, err="\x1b[2Jnonsense\n"), r"\x1b[2Jnonsense"),
        (result(255), "exit status 255"),
        (result(124, err="mktemp\n"), "it took more than 300 seconds"),
    ],
)
def test_what_goes_wrong_is_a_reason_and_no_error(lima, answer, why):
    lima.runner.answers = [answer]
    assert install(lima, DEMO, RecordingProgress()) == why


def test_without_a_program_for_the_guest_nothing_is_sent(lima, monkeypatch, capsys):
    monkeypatch.setattr(find_programs, "find_zellij_for", lambda _: None)
    assert install(lima, DEMO) == "this machine has none for x86_64: sysinit-vm setup"

    def unusable(_):
        raise MissingError("SYSINIT_VM_ZELLIJ names no file.", hint="unset SYSINIT_VM_ZELLIJ")

    monkeypatch.setattr(find_programs, "find_zellij_for", unusable)
    assert install(lima, DEMO) == "SYSINIT_VM_ZELLIJ names no file: unset SYSINIT_VM_ZELLIJ"
    assert lima.runner.calls == []
    assert capsys.readouterr().err == ""


def test_a_program_that_is_gone_by_then_is_a_reason(lima, tmp_path):
    (tmp_path / "zellij").unlink()
    assert install(lima, DEMO, RecordingProgress()).endswith("zellij cannot be read: No such file or directory")


@pytest.fixture
def guest(tmp_path):
    """Run the guest's script where its directories are these, and its root is this account."""
    place, tools = tmp_path / "local", tmp_path / "tools"
    for directory in (place, tools):
        directory.mkdir()
    (tools / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift\nexec "$@"\n')
    (tools / "sudo").chmod(0o755)
    script = scripts.read("install-zellij.sh").replace("/usr/local/bin", str(place)).replace("/run/", f"{tmp_path}/")

    def run(program, path=True):
        sent = tmp_path / "sent"
        sent.write_text(program)
        with sent.open("rb", buffering=0) as file:
            search = [str(tools), *([str(place)] if path else []), "/usr/bin", "/bin"]
            done = subprocess.run(
                ["sh", "-c", script, "sh", hashlib.sha256(program.encode()).hexdigest()],
                stdin=file,
                env={"PATH": os.pathsep.join(search)},
                capture_output=True,
                text=True,
                check=False,
            )
            return done, file.tell()

    run.place = place
    return run


RUNS, DOES_NOT = "#!/bin/sh\necho zellij 9\n", "#!/bin/sh\nexit 1\n"


def test_a_program_that_runs_takes_its_place(guest):
    done, read = guest(RUNS)
    assert (done.returncode, done.stderr, read) == (0, "", len(RUNS))
    assert [file.name for file in guest.place.iterdir()] == ["zellij"]
    assert guest(RUNS)[1] == 0, "it is there"


def test_what_does_not_run_is_read_once_until_the_next_boot(guest):
    for expected in (len(DOES_NOT), 0):
        done, read = guest(DOES_NOT)
        assert (done.returncode, read) == (1, expected)
        assert done.stderr == "this machine's does not run there\n"
        assert list(guest.place.iterdir()) == []
    assert guest(RUNS)[0].returncode == 0, "another one is tried"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_is_in_its_place_stays(guest, kind):
    own = guest.place / "zellij"
    own.mkdir() if kind == "directory" else own.write_text("own")
    done, read = guest(RUNS)
    assert (done.returncode, read) == (1, 0)
    assert "zellij is there, but a login does not find it" in done.stderr
    assert [file.name for file in guest.place.iterdir()] == ["zellij"]
    assert own.is_dir() or own.read_text() == "own"


def test_one_that_came_meanwhile_stays(guest):
    meanwhile = f"#!/bin/sh\ntest -e {guest.place}/zellij || cp /bin/true {guest.place}/zellij\n"
    assert guest(meanwhile)[0].returncode == 0
    assert (guest.place / "zellij").read_bytes().startswith(b"\x7fELF")
    assert [file.name for file in guest.place.iterdir()] == ["zellij"]


def test_a_place_where_no_login_looks_is_a_reason(guest):
    done, _ = guest(RUNS, path=False)
    assert done.returncode == 1
    assert done.stderr.endswith(f"a login there does not find {guest.place}/zellij\n")
