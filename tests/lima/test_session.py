"""The session: every key typed on a terminal and the screen read, and which logins open it."""

import re
import subprocess
import time

import pytest

from tests.lima.conftest import inside
from tests.lima.terminal import Terminal
from tests.worlds import ENTRANCES

PROMPT = r"(?m)\$ *(│|$)"
STATUS_LINE = r"Ctrl\+A, then: d detach, v s split, t tab, w close, f full screen, \? help [^\n]*\Z"
# Zellij 0.45 ends a session, and may say that there is none to delete before its server has gone: look until it is.
END_SESSION = """
for _ in $(seq 20); do
    zellij delete-session --force demo >/dev/null 2>&1
    sleep 0.5
    zellij list-sessions --short 2>/dev/null | grep -qx demo || exit 0
done
exit 1"""


@pytest.fixture
def fresh(world, demo):
    """No session of the project runs, before and after."""
    inside(world, demo, END_SESSION)
    yield demo
    inside(world, demo, f"rm -f .lima/layout.kdl; {END_SESSION}")


class Session:
    """The project's session on a terminal; ``key`` types the prefix and one of its keys."""

    def __init__(self, terminal):
        self.terminal, self._words = terminal, 0
        terminal.wait_for(r"Zellij \(demo\)")
        terminal.wait_for(PROMPT)
        terminal.wait_for(STATUS_LINE)

    def key(self, key):
        self.terminal.chord("\x01", key)

    def type(self, line):
        """Run a line in the focused pane; return where its unique answer stands on the screen: (row, column)."""
        self._words += 1
        self.terminal.press(f" {line}; echo 'at'-$P-{self._words}.\r")
        answer = re.compile(rf"at-\w*-{self._words}\.")
        self.terminal.wait_for(answer.pattern)
        rows = enumerate(self.terminal.text.splitlines())
        return [(y, shown.start()) for y, row in rows for shown in answer.finditer(row)][-1]

    def has_panes(self, number):
        """Wait until so many panes have a frame; the status line is the last."""
        self.terminal.wait_for(rf"(?s)\A[^┌]*(?:┌[^┌]*){{{number + 1}}}\Z")

    def where(self):
        """Return the name of the focused pane."""
        y, x = self.type("clear")
        return self.terminal.text.splitlines()[y][x:].split("-")[1]


def test_every_key_does_its_work_in_a_real_session(world, fresh):
    terminal = world.terminal(fresh, "shell", rows=30, columns=110)
    session = Session(terminal)
    shown = [line for line in terminal.text.splitlines() if line.strip(" │")]
    assert len(shown) == 5, "the first screen is the tabs, one pane with a prompt, and the keys, without tips or news"

    session.type("P=a PS1='$ '; clear")
    session.key("v")
    row, column = session.type("P=b PS1='$ '; clear")
    assert column > 50, "v opens a pane to the right"
    session.key("s")
    lower, column = session.type("P=c PS1='$ '; clear")
    assert (column > 50, lower > row + 5) == (True, True), "s opens a pane below"

    for key, expected in (("k", "b"), ("j", "c"), ("h", "a")):
        session.key(key)
        assert session.where() == expected
    session.key("l")
    assert session.where() in {"b", "c"}

    session.key("f")
    terminal.wait_for("FULLSCREEN")
    session.key("f")
    terminal.wait_until_gone("FULLSCREEN")

    terminal.press("cat\r")
    session.key("\x01")
    terminal.wait_for(r"\^A")
    terminal.press("\x03")

    session.key("w")
    if session.where() == "a":
        session.key("l")
    session.key("w")
    assert session.where() == "a", "w closes a pane"
    session.has_panes(1)

    for tab in "23456":
        session.key("t")
        session.type(f"P={tab} PS1='$ '; clear")
    session.key("1")
    assert session.where() == "a"
    for tab in "23456":
        session.key(tab)
        assert session.where() == tab

    terminal.chord("\x01", "D")
    assert terminal.exit_status() == 0
    assert "The VM demo-dev runs on. Come back: sysinit-vm shell. Stop the VM: sysinit-vm stop" in terminal.text
    again = world.terminal(fresh, "sh", rows=30, columns=110)
    assert Session(again).where() == "6", "the session keeps its place"
    again.chord("\x01", "d")
    assert again.exit_status() == 0


def test_the_keys_can_be_looked_up_and_the_output_scrolled_back(world, fresh):
    terminal = world.terminal(fresh, "shell", rows=30, columns=110)
    session = Session(terminal)
    session.key("?")
    terminal.wait_for("send Ctrl\\+A to the program")
    terminal.press("\r")
    terminal.wait_until_gone("Enter closes this")
    session.type("true")

    terminal.press("seq 300 | sed s/^/line-/\r")
    terminal.wait_for("line-300")
    session.key("[")
    terminal.press("g")
    terminal.wait_for("line-2 ")
    terminal.press("q")
    terminal.wait_for("line-300")
    session.type("true")
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0


CONTROL_KEYS = bytes(range(2, 27)).decode()  # Ctrl+B to Ctrl+Z
WITH_ALT = "\x1bn\x1bf\x1bh\x1b[1;3D"


def test_all_keys_but_ctrl_a_are_the_programs(world, fresh):
    """Ctrl+Q, Ctrl+P and the others of Zellij's own among them."""
    terminal = world.terminal(fresh, "shell", rows=30, columns=110)
    session = Session(terminal)
    keys = CONTROL_KEYS + WITH_ALT
    terminal.press(f"stty raw -echo; head -c {len(keys)} | od -An -v -tx1 -w99; stty sane\r")
    terminal.read(2)
    for key in CONTROL_KEYS:
        terminal.press(key)
        terminal.read(0.2)
    terminal.press(WITH_ALT)
    terminal.wait_for(keys.encode().hex(" ")[:60])
    session.type("echo still-$ZELLIJ_SESSION_NAME")
    terminal.wait_for("still-demo")
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0


def test_a_session_whose_last_pane_was_closed_comes_back(world, fresh):
    terminal = world.terminal(fresh, "shell")
    session = Session(terminal)
    session.key("v")
    session.has_panes(2)
    session.type("true")
    terminal.read(12)  # Zellij saves its panes every five seconds
    session.key("w")
    terminal.chord("\x01", "w")
    assert terminal.exit_status() == 0
    again = world.terminal(fresh, "shell")
    Session(again).has_panes(2)
    again.chord("\x01", "d")
    assert again.exit_status() == 0


OLD_KEYS = 'show_startup_tips false; show_release_notes false; keybinds { shared_except "tmux" { bind "Ctrl a" { SwitchToMode "Tmux"; }; }; }'


def test_a_session_of_an_earlier_version_gets_the_keys_with_the_next_shell(world, fresh, ssh):
    etc = "/etc/sysinit-vm"
    inside(world, fresh, f"echo '{OLD_KEYS}' | sudo tee {etc}/zellij.kdl; sudo rm {etc}/layout.kdl {etc}/keys")
    old = Terminal(ssh, world.place, world.env)
    old.wait_for(r"Zellij \(demo\)")
    old.wait_for(r"(?m)^\s*Ctrl \+[^\n]*\Z")  # Zellij's own bar, with QUIT
    old.wait_for(PROMPT)
    old.press("kept=here\r")
    old.wait_for(r"kept=here[^\n]*\n[^\n]*\$")  # what is typed ahead of the shell may be lost
    old.chord("\x01", "d")
    assert old.exit_status() == 0
    terminal = world.terminal(fresh, "shell")
    terminal.wait_for(r"kept=here")
    deadline = time.monotonic() + 60
    while "All other keys go to the program" not in terminal.text:  # Zellij reads the keys again a moment later
        assert time.monotonic() < deadline, terminal.text
        terminal.chord("\x01", "?")
        terminal.read(2)
    terminal.press("\r")
    terminal.wait_until_gone("All other keys go to the program")
    terminal.press("\x15")  # a ? that came before Zellij had read the keys
    terminal.wait_for(PROMPT)
    terminal.press("\x11\x10\x0e\x03")  # Ctrl+Q, Ctrl+P, Ctrl+N would have ended the session or changed the mode
    terminal.press("\x15echo is-$kept\r")
    terminal.wait_for("is-here")
    terminal.chord("\x01", "d")
    assert terminal.exit_status() == 0


def ctrl_a_is_the_programs(world, demo):
    """As it is not while our own config is in use."""
    terminal = world.terminal(demo, "shell")
    terminal.wait_for(PROMPT)
    terminal.press("echo 'rea'dy; cat\r")
    terminal.wait_for("ready")
    terminal.chord("\x01")
    terminal.wait_for(r"\^A")
    terminal.close()


def test_a_users_own_zellij_config_wins_and_stays(world, fresh):
    own = 'default_mode "locked"; show_startup_tips false; show_release_notes false'
    inside(world, fresh, f"mkdir -p ~/.config/zellij && echo '{own}' > ~/.config/zellij/config.kdl")
    try:
        ctrl_a_is_the_programs(world, fresh)
        moved = "mv ~/.config/zellij ~/dots && echo 'export ZELLIJ_CONFIG_DIR=~/dots' >> ~/.profile"
        inside(world, fresh, END_SESSION)
        inside(world, fresh, moved)
        ctrl_a_is_the_programs(world, fresh)
        assert inside(world, fresh, "cat ~/dots/config.kdl") == f"{own}\n"
    finally:
        inside(world, fresh, "sed -i /ZELLIJ_CONFIG_DIR/d ~/.profile; rm -rf ~/dots ~/.config/zellij")


@pytest.fixture
def ssh(world, demo):
    """The words of a login from elsewhere: plain ssh with the config that Lima keeps for its VMs."""
    return ["ssh", "-F", str(world.lima_home / "demo-dev/ssh.config"), "lima-demo-dev"]


def plainly(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, **options)
    print(argv, done)
    assert "\x1b" not in done.stdout, "nothing of a session"
    return done


def test_a_login_by_ssh_opens_the_session_and_ends_with_it(world, fresh, ssh):
    login = Terminal(ssh, world.place, world.env)
    Session(login)
    login.press('echo "$PWD,$PROJECT_NAME,$ZELLIJ_SESSION,$ZELLIJ_SESSION_NAME"\r')
    login.wait_for(f"{fresh},demo,demo,demo")
    # What is started in the session is no new login, even if it looks like one.
    login.press("clear; exec -a -bash bash\r")
    login.press("echo 'still'-here\r")
    login.wait_for("still-here")
    login.chord("\x01", "d")
    assert login.exit_status() == 0


@pytest.mark.parametrize("command", [[], ["-t"]])
def test_a_command_by_ssh_runs_as_it_is_and_knows_its_project(ssh, fresh, command):
    assert plainly([*ssh[:-1], *command, ssh[-1], "echo $PROJECT_NAME $ZELLIJ_SESSION; exit 7"]).stdout.split() == [
        "demo",
        "demo",
    ]
    assert plainly([*ssh[:-1], *command, ssh[-1], "exit 7"]).returncode == 7


def test_a_command_on_a_terminal_is_no_login(world, ssh, fresh):
    shell = Terminal([ssh[0], "-t", *ssh[1:], "bash -l"], world.place, world.env)
    shell.wait_for(PROMPT)
    shell.press("echo pro-$PROJECT_NAME; exit 5\r")
    shell.wait_for("pro-demo")
    assert "Zellij" not in shell.text
    assert shell.exit_status() == 5


def test_copying_goes_past_the_session(world, ssh, fresh, tmp_path):
    config, host = ssh[1:3], ssh[3]
    (tmp_path / "a file").write_text("x")
    assert plainly(["scp", *config, str(tmp_path / "a file"), f"{host}:/tmp/scp-ed"]).returncode == 0
    got = plainly(["sftp", *config, "-b", "-", host], input="ls -1 /tmp/scp-ed\n")
    assert (got.returncode, "/tmp/scp-ed" in got.stdout) == (0, True)
    inside(world, fresh, "rsync --version >/dev/null && command -v rsync")
    assert inside(world, fresh, "cat /tmp/scp-ed; rm /tmp/scp-ed") == "x"


@pytest.mark.parametrize("words", [[], ["bash"], ["sh", "-s"]])
def test_what_an_editor_starts_is_left_alone(ssh, fresh, words):
    """VS Code pipes a script into `bash`, others into a login without a terminal."""
    done = plainly([ssh[0], "-T", *ssh[1:], *words], input="echo editor-$PROJECT_NAME\nexit 3\n")
    assert "editor-demo" in done.stdout
    assert done.returncode == 3


@pytest.mark.parametrize(
    "variables", [{"SYSINIT_VM_NO_SESSION": "1"}, {"TERM": "dumb"}], ids=["the opt-out", "a terminal for text alone"]
)
def test_a_login_that_wants_no_session_gets_a_shell(world, ssh, fresh, variables):
    # Past Lima's shared connection, whose own settings say which variables may travel.
    words = [ssh[0], "-oControlPath=none", *[f"-oSendEnv={name}" for name in variables], *ssh[1:]]
    login = Terminal(["env", *[f"{name}={value}" for name, value in variables.items()], *words], world.place, world.env)
    login.wait_for(PROMPT)
    login.press("echo $0 $PROJECT_NAME; exit 4\r")
    login.wait_for("bash demo")
    assert login.exit_status() == 4


def test_the_users_profile_may_say_that_no_login_gets_one(world, ssh, fresh):
    inside(world, fresh, "echo 'export SYSINIT_VM_NO_SESSION=yes' >> ~/.profile")
    try:
        login = Terminal(ssh, world.place, world.env)
        login.wait_for(PROMPT)
        login.press("echo $PROJECT_NAME; exit 4\r")
        login.wait_for("(?m)^demo$")
        assert login.exit_status() == 4
    finally:
        inside(world, fresh, "sed -i /SYSINIT_VM_NO_SESSION/d ~/.profile")


def test_a_session_that_cannot_be_opened_locks_nobody_out(world, ssh, fresh):
    (fresh / ".lima/layout.kdl").write_text("layout {")
    login = Terminal(ssh, world.place, world.env)
    login.wait_for("here is a login shell instead")
    login.wait_for(PROMPT)
    login.press("exit 6\r")
    assert login.exit_status() == 6


LAYOUT = 'layout {{\n  pane name="{0}"\n  pane name="{0}-too"\n}}\n'


def test_a_new_session_has_the_projects_layout_or_the_one_asked_for(world, fresh):
    (fresh / ".lima/layout.kdl").write_text(LAYOUT.format("ours"))
    (fresh / "other layout.kdl").write_text(LAYOUT.format("theirs"))
    for words, seen in (
        (["shell"], "ours-too"),
        (["shell", "--layout", "other layout.kdl"], "theirs-too"),
        (["shell", "--layout", "compact"], r"Zellij \(demo\)"),
    ):
        terminal = world.terminal(fresh, *words)
        terminal.wait_for(seen)
        terminal.close()
        inside(world, fresh, END_SESSION)
    assert not re.search("ours|theirs", terminal.text)


def test_a_layout_that_is_nowhere_is_refused_before_anything_starts(world, fresh):
    refused = world.run(fresh, "shell", "--layout", "nonesuch")
    assert refused.returncode == 2
    assert "Try: " in refused.stderr
    assert "demo" not in inside(world, fresh, "zellij list-sessions --short 2>/dev/null || true")


def test_a_terminal_that_nobody_reads_stops_no_other_command(world, fresh):
    """It did in the ssh connection that Lima shares: within 40 seconds of output, each `exec` hung."""
    terminal = world.terminal(fresh, "shell")
    Session(terminal)
    terminal.press("while :; do seq 100000; done\r")
    time.sleep(40)
    assert world.run(fresh, "exec", "true", timeout=60).returncode == 0
    terminal.close()


TAKEN_BACK = "\x1b[?1049l\x1b[?7h\x1b[?25h"


def test_a_killed_terminal_leaves_a_session_that_is_attached_to_at_once(world, fresh):
    Session(world.terminal(fresh, "shell")).terminal.close()
    for _ in range(3):
        terminal = world.terminal(fresh, "shell")
        Session(terminal)
        terminal.wait_until_gone("Loading", seconds=20)
        terminal.close()


def test_a_terminal_whose_vm_restarts_is_whole_again_and_its_panes_come_back(world, fresh):
    terminal = world.terminal(fresh, "shell", columns=110)
    session = Session(terminal)
    session.key("v")
    session.key("s")
    session.has_panes(3)
    session.type("true")
    terminal.read(12)  # Zellij saves its panes every five seconds
    words, no = ENTRANCES["sysinit-vm"]("restart"), subprocess.DEVNULL
    restart = subprocess.Popen(words, cwd=fresh, env=world.env, stdin=no, stdout=no, stderr=no)
    assert terminal.exit_status(120) == 4, terminal.output[-500:]  # meanwhile it is read, as a person's is
    assert restart.wait(600) == 0
    assert re.search("was stopped while this terminal was in it|is being stopped, restarted or", terminal.output)
    assert re.search("Try: sysinit-vm (shell|status)", terminal.output)
    assert TAKEN_BACK in terminal.output
    again = world.terminal(fresh, "shell", columns=110)
    Session(again).has_panes(3)
    again.chord("\x01", "d")
    assert again.exit_status() == 0
