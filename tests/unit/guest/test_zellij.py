import os
import re
import shutil
import socket
import subprocess

import pytest

from sysinit_vm.guest import scripts, setup, zellij


def run(argv, path, **env):
    return subprocess.run(
        argv,
        env={"PATH": str(path), "SHELL": "/bin/echo", "HOME": str(path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tools(tmp_path):
    """What the guest has: no Zellij yet."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("sh", "cat", "echo", "grep", "ln", "mkdir", "mv", "sleep", "id", "tail"):
        (place / name).symlink_to(shutil.which(name))
    return place


@pytest.fixture
def guest(tools, tmp_path):
    """A guest whose Zellij knows the session called `there`, and prints how it is called."""
    program = tools / "zellij"
    listed = '[ "$1" != list-sessions ] || { echo "there"; exit; }'
    program.write_text(f'#!/bin/sh\n{listed}\nprintf "<%s>" "$@"\necho " $PWD $SSH_AUTH_SOCK"\n')
    program.chmod(0o755)
    root = tmp_path / "a 'root' $x"
    (root / ".lima").mkdir(parents=True)
    return tools, root


def attached(guest, session="my-app", layout="", **env):
    tools, root = guest
    done = run(zellij.attach_argv(session, str(root), "/", layout), tools, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f" {os.path.realpath(root)} ")[0], done


def test_the_session_is_attached_to_or_made_at_the_projects_root(guest):
    assert attached(guest)[0] == "<attach><--create><my-app>"


def test_without_zellij_an_attach_ends_at_once_with_a_status_of_its_own(tools, tmp_path):
    place = etc(tmp_path, tools)
    done = run(elsewhere(zellij.attach_argv("my-app", "/", "/"), place), tools)
    assert (done.returncode, done.stdout, done.stderr) == (zellij.MISSING, "", "")
    assert [file.name for file in place.iterdir()] == ["zellij.kdl"]


def test_a_login_without_zellij_gets_a_word_and_a_login_shell_in_the_directory(tools, tmp_path):
    room = tmp_path / "a 'b' $c"
    room.mkdir()
    shell = tools / "shell"
    shell.write_text('#!/bin/sh\necho "$1 $PWD"\n')
    shell.chmod(0o755)
    session = ("sh", "-c", scripts.read("session.sh"), "sh", "my-app", "/")
    for argv in ((*session, str(room)), zellij.login_shell_argv(str(room))):
        done = run(argv, tools, SHELL=str(shell))
        assert done.stdout == f"-l {os.path.realpath(room)}\n"
    assert "Zellij is not installed" in run((*session, "/"), tools).stderr


def test_a_directory_that_is_gone_gives_no_shell_elsewhere(tools, tmp_path):
    gone = str(tmp_path / "gone")
    assert run(zellij.login_shell_argv(gone), tools).returncode != 0
    assert run(("sh", "-c", scripts.read("session.sh"), "sh", "a", "/", gone), tools).returncode != 0


def test_the_projects_own_layout_is_for_a_new_session(guest):
    (guest[1] / ".lima/layout.kdl").write_text("layout")
    assert attached(guest)[0] == f"<--layout><{guest[1]}/.lima/layout.kdl><attach><--create><my-app>"
    output, done = attached(guest, "there")
    assert (output, done.stderr) == ("<attach><--create><there>", "")


def test_a_layout_that_was_asked_for_wins_and_is_no_secret_where_it_comes_too_late(guest):
    (guest[1] / ".lima/layout.kdl").write_text("layout")
    assert attached(guest, layout="compact")[0] == "<--layout><compact><attach><--create><my-app>"
    output, done = attached(guest, "there", "/a b/$x.kdl")
    assert output == "<attach><--create><there>"
    assert "keeps its layout" in done.stderr


def test_panes_reach_the_agent_by_a_name_that_stays(guest, tmp_path):
    path = str(tmp_path / "agent.1")
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(path)
        for given in (path, str(guest[0] / ".ssh/sysinit-vm-agent")):
            output = attached(guest, SSH_AUTH_SOCK=given)[1].stdout
            assert output.endswith(f"{guest[0]}/.ssh/sysinit-vm-agent\n")
            assert str((guest[0] / ".ssh/sysinit-vm-agent").readlink()) == path


def test_an_agent_that_is_gone_is_not_linked(guest, tmp_path):
    attached(guest, SSH_AUTH_SOCK=str(tmp_path / "gone"))
    assert not (guest[0] / ".ssh").exists()


def etc(tmp_path, tools=None):
    """The directory of our files in a guest, as an earlier version left it; ``tools`` get a sudo that needs no rights."""
    place = tmp_path / "etc"
    place.mkdir()
    (place / "zellij.kdl").write_text("old")
    if tools:
        (tools / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift\n"$@"\n')
        (tools / "sudo").chmod(0o755)
    return place


def elsewhere(argv, place):
    """The same words for a guest that has our files at ``place``."""
    return [word.replace("/etc/sysinit-vm", str(place)) for word in argv]


@pytest.mark.parametrize(
    "own", [None, "ZELLIJ_CONFIG_FILE", "ZELLIJ_CONFIG_DIR", "XDG_CONFIG_HOME/zellij", ".config/zellij"]
)
def test_our_keys_are_only_for_who_has_no_config(guest, tmp_path, monkeypatch, own):
    ours = etc(tmp_path) / "zellij.kdl"
    argv = elsewhere(zellij.attach_argv("s", str(guest[1]), "/"), ours.parent)
    env = {own: "/mine"} if own and "/" not in own else {}
    if own and "/" in own:
        place = guest[0] / own.replace("XDG_CONFIG_HOME", "xdg")
        place.mkdir(parents=True)
        (place / "config.kdl").write_text("")
        env = {"XDG_CONFIG_HOME": str(guest[0] / "xdg")} if own.startswith("XDG") else {}
    output = run(argv, guest[0], **env).stdout
    assert output.startswith("<attach>" if own else f"<--config><{ours}><attach>")


def test_an_attach_brings_the_files_of_an_earlier_version_up_to_date(guest, tmp_path):
    place = etc(tmp_path, guest[0])
    done = run(elsewhere(zellij.attach_argv("there", str(guest[1]), "/"), place), guest[0])
    assert done.stdout.startswith(f"<--config><{place}/zellij.kdl><attach><--create><there>")
    assert done.stderr == ""
    for path, name in setup.session_files().items():
        written = place / path.rsplit("/", 1)[1]
        assert written.read_text() == scripts.read(name).replace("/etc/sysinit-vm", str(place))
    assert {file.name for file in place.iterdir()} == {path.rsplit("/", 1)[1] for path in setup.session_files()}


def test_a_guest_whose_files_cannot_be_written_is_entered_with_those_it_has(guest, tmp_path):
    place = etc(tmp_path, guest[0])
    (guest[0] / "sudo").write_text("#!/bin/sh\nexit 1\n")
    done = run(elsewhere(zellij.attach_argv("there", str(guest[1]), "/"), place), guest[0])
    assert done.stdout.startswith(f"<--config><{place}/zellij.kdl><attach>")
    assert (place / "zellij.kdl").read_text() == "old"


def test_a_default_layout_of_the_users_own_wins_over_ours(guest, tmp_path):
    place = etc(tmp_path)
    own = guest[0] / ".config/zellij/layouts/default.kdl"
    own.parent.mkdir(parents=True)
    own.write_text("layout")
    output = run(elsewhere(zellij.attach_argv("s", str(guest[1]), "/"), place), guest[0]).stdout
    assert output.startswith(
        f"<--config><{place}/zellij.kdl><attach><--create><s><options><--default-layout><default> "
    )


def modes():
    """The keys that our config binds, by mode, each with its actions."""
    text = re.sub(r"^\s*//.*$", "", scripts.read("zellij.kdl"), flags=re.MULTILINE)
    assert "keybinds clear-defaults=true {" in text
    blocks = re.findall(r"^    (\w+) \{\n(.*?)^    \}", text, flags=re.MULTILINE | re.DOTALL)
    binds = {mode: re.findall(r'bind((?: "[^"]+")+) \{(.*)', block) for mode, block in blocks}
    return {
        mode: {key: actions for keys, actions in pairs for key in re.findall('"([^"]+)"', keys)}
        for mode, pairs in binds.items()
    }


def test_every_key_but_one_is_the_programs():
    assert list(modes()["normal"]) == ["Ctrl a"]
    assert 'SwitchToMode "Tmux"' in modes()["normal"]["Ctrl a"]
    assert "Write 1;" in modes()["tmux"]["Ctrl a"]


def test_no_key_ends_the_session():
    assert "Quit" not in scripts.read("zellij.kdl")
    assert {key for key, actions in modes()["tmux"].items() if "Detach" in actions} == {"d", "D"}


def test_the_status_line_and_the_help_list_the_keys_that_there_are():
    line = re.search(r'name="Ctrl\+A, then: (.*)"', scripts.read("layout.kdl"))[1]
    assert len(f"Ctrl+A, then: {line}") <= 74, "it fits a terminal of 80 columns"
    assert set("dvstwf?") == {key for part in line.split(", ") for key in part.split() if len(key) == 1}
    listed = set(re.findall(r"^  (\S+)", scripts.read("keys.txt"), flags=re.MULTILINE)) - {"t,"}
    assert listed == {"d,", "v,", "h", "+", "f", "w", "[", "Ctrl+A", "Esc"}
    assert set("dDvsthjklwf?[+-123456") <= set(modes()["tmux"])


LOG = """\
INFO   |zellij_client            | 2026-11-26 22:47:08.343 [main      ] /src/lib.rs:953: Starting Zellij client!
INFO   |zellij_client            | 2026-11-26 22:47:08.359 [main      ] /src/lib.rs:1620: {text}
"""
LOST = """
Your zellij client lost connection to the zellij server.

As a safety measure, you have been disconnected from the current zellij session."""
BYE = "Bye from Zellij!"


@pytest.fixture
def comings(guest, tmp_path):
    """Attach where Zellij logs these words as its clients leave, one after the other: what came of it, how many came."""

    def called(*texts, layout="", status=0):
        place = tmp_path / f"zellij-{os.getuid()}/zellij-log"
        place.mkdir(parents=True)
        for number, words in enumerate(texts, start=1):
            (tmp_path / f"log.{number}").write_text(LOG.format(text=words))
        program = guest[0] / "zellij"
        count = f"cd '{tmp_path}'; echo x >>calls; n=$(grep -c x calls)"
        log = f"while read -r line; do echo \"$line\"; done <log.$n >>'{place}/zellij.log'"
        program.write_text(f'#!/bin/sh\nprintf "<%s>" "$@"\n{count}\n{log}\nexit {status}\n')
        done = run(zellij.attach_argv("demo", str(guest[1]), "/", layout), guest[0], TMPDIR=str(tmp_path))
        return done, len((tmp_path / "calls").read_text().split())

    return called


def test_who_left_is_not_attached_again(comings):
    done, calls = comings(BYE)
    assert (done.returncode, calls, done.stderr) == (0, 1, "")


def test_who_was_turned_away_attaches_again(comings):
    done, calls = comings(LOST, BYE)
    assert (done.returncode, calls) == (0, 2)
    assert "attaching again" in done.stderr


def test_a_layout_is_for_the_first_attempt_alone(comings):
    done, _ = comings("", LOST, BYE, layout="/a b/$x.kdl")
    assert done.stdout.count("</a b/$x.kdl>") == 1
    assert done.stdout.endswith("<attach><--create><demo>")


def test_who_is_turned_away_each_time_gets_an_error(comings):
    done, calls = comings(LOST, LOST, LOST)
    assert (done.returncode, calls) == (1, 3)


def test_an_old_goodbye_says_nothing_of_a_session_that_failed(comings):
    done, calls = comings(LOST, status=3)
    assert (done.returncode, calls) == (3, 1)
