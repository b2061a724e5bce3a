import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysinit_vm import ssh_config
from sysinit_vm.errors import NotConfirmedError, VmError
from tests.fakes import RecordingRunner, captured, result, vm


def made(place, name="demo-dev", *, project=True, started=True):
    directory = place / name
    directory.mkdir(exist_ok=True, parents=True)
    if started:
        (directory / "ssh.config").write_text(captured("ssh.config").replace("demo-dev", name))
    return vm(name, "/p" if project else None, "Running", place)


def test_a_host_is_limas_own_without_what_changes_at_each_start(tmp_path):
    text = ssh_config.host_block(made(tmp_path / "a b%"))
    lines = text.splitlines()
    assert lines[0] == "Host demo-dev"
    assert "  User dev" in lines
    assert '  ControlPath "/home/me/.lima/demo-dev/ssh.sock"' in lines
    assert "37003" not in text
    assert "ControlPersist" not in text
    assert lines[-1].startswith("  ProxyCommand sh -c ")
    assert lines[-1].endswith(
        f" demo-dev '{tmp_path}/a b%%/demo-dev/ha.pid'"
        f" ssh -F '{tmp_path}/a b%%/demo-dev/ssh.config' -o ControlMaster=no -W 127.0.0.1:22 lima-demo-dev"
    )


def test_only_project_vms_that_have_started_are_hosts(tmp_path):
    known = [made(tmp_path, "a"), made(tmp_path, "b", project=False), made(tmp_path, "c", started=False)]
    assert ssh_config.write_hosts(known) == ["a"]
    assert [path.parent.name for path in tmp_path.glob("*/ssh.sysinit-vm")] == ["a"]


def test_a_host_that_is_current_is_not_written_again(tmp_path):
    ssh_config.write_hosts([made(tmp_path)])
    before = (tmp_path / "demo-dev" / "ssh.sysinit-vm").stat().st_ino
    ssh_config.write_hosts([made(tmp_path)])
    assert (tmp_path / "demo-dev" / "ssh.sysinit-vm").stat().st_ino == before


@pytest.mark.parametrize(("part", "written"), [("a b", "a b"), ("a[b]*", "a[[]b][*]"), ('q"\\', 'q\\"\\\\')])
def test_the_include_names_the_lima_home_whatever_its_name(home, monkeypatch, part, written):
    monkeypatch.setenv("LIMA_HOME", str(home / part))
    assert ssh_config.include_line() == f'Include "{home}/{written}/*/ssh.sysinit-vm"'


LINES = st.lists(
    st.sampled_from(["", "Host a", "  User b", "Include other", "# ünï", "\tPort 22 ", "Match all"])
    | st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=10)
)


@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]), last=st.booleans(), noise=st.binary(max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_added_is_taken_away_again_to_the_byte(home, lines, end, last, noise):
    content = end.join(lines).encode() + (end.encode() if last else b"") + noise
    config = ssh_config.path()
    config.parent.mkdir(exist_ok=True)
    config.write_bytes(content)
    added = ssh_config.with_include()
    assert added.after.endswith(content)
    config.write_bytes(added.after)
    assert ssh_config.with_include() is None
    assert (ssh_config.without_include().after or b"") == content
    config.write_bytes(content)
    assert ssh_config.without_include() is None


def test_an_include_that_was_moved_is_found_and_taken_away(home):
    ssh_config.path().parent.mkdir()
    ssh_config.path().write_text(f"Host a\n  User b\n  {ssh_config.include_line()}\nHost c\n")
    assert ssh_config.with_include() is None
    assert ssh_config.without_include().after == b"Host a\n  User b\nHost c\n"


def test_a_file_in_which_ssh_does_not_find_the_vm_is_put_back(home):
    ssh_config.path().parent.mkdir()
    ssh_config.path().write_text("Host a\n")
    ssh = RecordingRunner(answer=lambda call: result(out=f"hostname {call.argv[-1]}\n"))
    with pytest.raises(VmError, match=r"ssh does not know the VM demo-dev[\s\S]*Try: ssh -G demo-dev"):
        ssh_config.ensure(ssh, [made(home / ".lima")], yes=True)
    assert ssh_config.path().read_text() == "Host a\n"
    assert set(ssh.argvs) == {("ssh", "-G", "demo-dev")}


@pytest.mark.parametrize("before", ["Host a\n", None])
def test_what_another_program_wrote_meanwhile_outlives_the_undo(home, before):
    ssh_config.path().parent.mkdir()
    if before:
        ssh_config.path().write_text(before)

    def ssh(call):
        config = ssh_config.path()
        if config.exists() and ssh_config.include_line() in config.read_text() and "mine" not in config.read_text():
            config.write_text(f"{config.read_text()}Host mine\n")
        return result(out=f"hostname {call.argv[-1]}\n")

    with pytest.raises(VmError, match=r"ssh does not know the VM demo-dev[\s\S]*has changed meanwhile") as caught:
        ssh_config.ensure(RecordingRunner(answer=ssh), [made(home / ".lima")], yes=True)
    assert "Host mine" in ssh_config.path().read_text()
    assert caught.value.hint == "ssh -G demo-dev; sysinit-vm ssh-config --remove"


def test_a_refusal_leaves_no_directory_that_was_not_there(home):
    with pytest.raises(NotConfirmedError):
        ssh_config.ensure(RecordingRunner(answer=lambda _: result()), [made(home / ".lima")], yes=False)
    assert not ssh_config.path().parent.exists()


@pytest.mark.parametrize(("said", "told"), [("big-dev", False), ("server.example.org", True)])
def test_only_a_host_that_is_another_machine_is_told_of_whatever_case_ssh_prints(home, capsys, said, told):
    ssh_config.path().parent.mkdir()
    ssh_config.path().write_text("# mine\n")

    def ssh(_):
        ours = ssh_config.include_line() in ssh_config.path().read_text()
        return result(out="hostname 127.0.0.1\nproxycommand ssh lima-Big-dev\n" if ours else f"hostname {said}\n")

    assert ssh_config.ensure(RecordingRunner(answer=ssh), [made(home / ".lima", "Big-dev")], yes=True) == ["Big-dev"]
    assert ("has a host Big-dev" in capsys.readouterr().err) == told
