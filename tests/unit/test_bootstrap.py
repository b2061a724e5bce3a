"""bootstrap.sh, run by the real sh with a PATH on which everything that it could change is a recording stub."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bsd_tools import SHELLS, BsdTools
from tests.lima.terminal import Terminal

TOP = Path(__file__).parents[2]
TOOLS = (
    "sh",
    "env",
    "dirname",
    "cat",
    "find",
    "sort",
    "cksum",
    "rm",
    "mkdir",
    "ln",
    "readlink",
    "id",
    "chmod",
    "cp",
    "grep",
    "stty",
)

PYTHON = """#!/bin/sh
echo "python $*" >>"$LOG"
case $* in "-I -m venv "*)
    for place in "$@"; do :; done
    mkdir -p "$place/bin"
    cp "$0" "$place/bin/python"
    cp "$STUBS/pip" "$place/bin/pip" ;;
esac
"""
PIP = """#!/bin/sh
echo "pip $*" >>"$LOG"
case $* in *--require-hashes*)
    echo "Collecting invoke==3.0.3 (from -r lock)"
    echo "  Downloading invoke-3.0.3-py3-none-any.whl"
    echo "Collecting rich==15.0.0 (from -r lock)" ;;
esac
[ ! -e "$STUBS/pip-fails" ] || { echo "ERROR: no network" >&2; exit 1; }
case $* in *--no-deps*) cp "$STUBS/program" "$(dirname "$0")/sysinit-vm" ;; esac
"""
PROGRAM = """#!/bin/sh
for word in "$@"; do echo "<$word>"; done
"""
APT = """#!/bin/sh
echo "apt-get $*" >>"$LOG"
[ "$1" = update ] || cp "$STUBS/python" "$SYSINIT_VM_PYTHON"
"""
SUDO = """#!/bin/sh
echo "sudo" >>"$LOG"
exec "$@"
"""


class Fresh:
    """A fresh account: a home, a checkout whose path has a space, and stubs."""

    def __init__(self, tmp):
        self.home, self.checkout = tmp / "home", tmp / "check out"
        self.bin, self.stubs, self.log = tmp / "bin", tmp / "stubs", tmp / "log"
        parts = [self.checkout / name for name in ("sysinit_vm", "templates", "locks")]
        for folder in (self.home, *parts, self.bin, self.stubs):
            folder.mkdir(parents=True)
        files = ("sysinit_vm/a.py", "templates/t.yaml", "locks/sysinit-vm.txt")
        for name in ("pyproject.toml", "README.md", "Taskfile.yml", *files):
            (self.checkout / name).write_text(name)
        (self.checkout / "locks/sysinit-vm.txt").write_text("invoke==3.0.3\nrich==15.0.0\n")
        shutil.copy(TOP / "bootstrap.sh", self.checkout)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.python = tmp / "python3"
        for name, text in (("python", PYTHON), ("pip", PIP), ("program", PROGRAM)):
            self.put(self.stubs / name, text)
        self.put(self.python, PYTHON)
        self.put(self.bin / "apt-get", APT)

    def put(self, path, text):
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def argv(self, *words):
        return [shutil.which("sh"), str(self.checkout / "bootstrap.sh"), *words]

    def env(self, **more):
        own = {"HOME": self.home, "PATH": self.bin, "LOG": self.log, "STUBS": self.stubs}
        return {**{name: str(path) for name, path in own.items()}, "SYSINIT_VM_PYTHON": str(self.python), **more}

    def run(self, *words, **env):
        return subprocess.run(
            self.argv(*words),
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )

    @property
    def link(self):
        return self.home / ".local/bin/sysinit-vm"

    @property
    def program(self):
        return self.home / ".local/share/sysinit-vm/venv/bin/sysinit-vm"

    def logged(self, word):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line.startswith(word)]


@pytest.fixture
def fresh(tmp_path):
    return Fresh(tmp_path)


def test_it_installs_the_checkout_links_it_and_runs_the_exact_words(fresh):
    done = fresh.run("exec", "--", "a b", "", "$c", "*")
    assert done.stdout.splitlines() == ["<exec>", "<-->", "<a b>", "<>", "<$c>", "<*>"]
    assert done.returncode == 0
    assert fresh.logged("pip") == [installs(fresh, words) for words in (LOCKED, OURSELVES)]
    assert fresh.link.readlink() == fresh.program


SAYS_WHAT_TO_TYPE = 'sysinit-vm is not on PATH in this shell. Type: export PATH="{}:$PATH"'


def test_what_the_program_tells_to_type_is_not_on_path_and_that_is_said_last_each_time(fresh):
    fresh.put(fresh.stubs / "program", "#!/bin/sh\necho 'Try: sysinit-vm up --yes' >&2\nexit 5\n")
    for _ in range(2):
        done = fresh.run("up")
        assert done.returncode == 5
        hint, last = done.stderr.splitlines()[-2:]
        assert hint == "Try: sysinit-vm up --yes"
        assert last == SAYS_WHAT_TO_TYPE.format(fresh.link.parent)


def test_that_is_said_after_success_too(fresh):
    for _ in range(2):
        assert fresh.run("up").stderr.splitlines()[-1] == SAYS_WHAT_TO_TYPE.format(fresh.link.parent)


@pytest.mark.parametrize("yes", ["--yes", "-y"])
def test_yes_before_the_verb_means_the_same_as_after_it(fresh, yes):
    assert fresh.run(yes, "up", "minimal").stdout.splitlines() == ["<up>", f"<{yes}>", "<minimal>"]
    assert fresh.run(yes, "exec", "--", "a").stdout.splitlines() == ["<exec>", f"<{yes}>", "<-->", "<a>"]
    assert fresh.run(yes).stdout == f"<{yes}>\n"


# As Python does it: a long text, and an exit of its own.
SLOW = """#!/bin/sh
echo "python $*" >>"$LOG"
case $* in {what})
    trap 'echo "Traceback (most recent call last):" >&2; exit 1' INT
    echo begun >>"$LOG"
    {sleep} 20 & wait
esac
"""


@pytest.mark.parametrize(
    ("place", "what"),
    [("python", '"-I -m venv "*'), ("stubs/pip", "*--require-hashes*"), ("bin/apt-get", "update*")],
)
def test_ctrl_c_ends_in_one_line_and_not_in_anothers_traceback(fresh, place, what):
    """Whatever runs at that moment."""
    if place == "bin/apt-get":
        fresh.python.unlink()
        fresh.put(fresh.bin / "id", "#!/bin/sh\necho 0\n")
    path = fresh.python if place == "python" else fresh.bin.parent / place
    fresh.put(path, SLOW.format(what=what, sleep=shutil.which("sleep")))
    program, *rest = fresh.argv("up", "--yes")
    terminal = Terminal([program, *rest], fresh.home, fresh.env(), columns=250)
    deadline = time.monotonic() + 20
    while not fresh.logged("begun") and time.monotonic() < deadline:
        terminal.read(0.1)
    terminal.press("\x03")
    assert terminal.exit_status() == 130
    assert terminal.text.rstrip().splitlines()[-1].strip() == "Interrupted. The same command continues from here."
    assert "Traceback" not in terminal.text or place == "bin/apt-get"


def test_ctrl_c_at_the_question_ends_so_too(fresh, asked):
    terminal = asked()
    terminal.press("\x03")
    assert terminal.exit_status() == 130
    assert "Interrupted." in terminal.text


def test_after_ctrl_c_in_the_program_the_last_line_is_what_to_type(fresh):
    sleep = shutil.which("sleep")
    fresh.put(fresh.stubs / "program", f"#!/bin/sh\ntrap 'exit 130' INT\necho begun\n{sleep} 20 & wait\n")
    program, *rest = fresh.argv("up")
    terminal = Terminal([program, *rest], fresh.home, fresh.env(), columns=250)
    terminal.wait_for("begun", seconds=20)
    terminal.press("\x03")
    assert terminal.exit_status() == 130
    assert "Type: export PATH=" in terminal.text.rstrip().splitlines()[-1]


LOCKED = "--require-hashes --only-binary=:all: -r {}/locks/sysinit-vm.txt"
OURSELVES = "--no-index --no-deps --no-build-isolation {}"


def installs(fresh, words):
    return f"pip install --disable-pip-version-check {words.format(fresh.checkout)}"


def test_the_command_that_it_suggests_after_a_failure_takes_hashes_too(fresh):
    (fresh.stubs / "pip-fails").touch()
    hint = fresh.run().stderr.splitlines()[-1]
    pip = fresh.program.with_name("pip")
    assert hint == f"Try: '{pip}' install --require-hashes -r '{fresh.checkout}/locks/sysinit-vm.txt'"


@pytest.mark.parametrize("name", ["bootstrap.sh", "test.sh"])
def test_pip_fetches_nothing_without_a_hash(name):
    installs = [line for line in (TOP / name).read_text().splitlines() if re.search(r"pip['\"]? install", line)]
    assert installs
    for line in installs:
        offline = "--no-index --no-deps --no-build-isolation" in line
        assert offline or "--require-hashes" in line, line


def test_nothing_of_the_directory_that_it_is_started_in_is_run_or_used(fresh, tmp_path):
    stranger = tmp_path / "stranger"
    (stranger / "bin").mkdir(parents=True)
    for name in ("dirname", "bin/cksum"):
        fresh.put(stranger / name, f"#!/bin/sh\ntouch {tmp_path}/run\n")
    fresh.put(fresh.stubs / "pip", PIP.replace("#!/bin/sh", '#!/bin/sh\necho "at ${TMPDIR-/tmp}" >>"$LOG"'))
    env = fresh.env(PATH=f":bin:.:{fresh.bin}::bin:", TMPDIR=str(stranger))
    done = subprocess.run(
        fresh.argv(), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=stranger, check=False
    )
    assert done.stdout == "<help>\n", done.stderr
    assert not (tmp_path / "run").exists()
    assert set(fresh.logged("at")) == {"at /tmp"}


@pytest.fixture
def project(tmp_path):
    """A project, in which a guest writes."""
    (tmp_path / "demo/.lima").mkdir(parents=True)
    (tmp_path / "demo/.lima/config.yaml").touch()
    return tmp_path / "demo"


@pytest.mark.parametrize("spelled", ["demo/.venv/bin", "demo/.venv/bin/", "demo/link", "into"])
def test_no_program_of_a_project_is_run(fresh, project, tmp_path, spelled):
    (project / ".venv/bin").mkdir(parents=True)
    for name in ("dirname", "cksum", "find", "python3"):
        fresh.put(project / ".venv/bin" / name, f"#!/bin/sh\necho {name} >>{tmp_path}/run\n")
    (project / "link").symlink_to(fresh.bin)
    (tmp_path / "into").symlink_to(project / ".venv/bin")
    fresh.put(fresh.stubs / "program", "#!/bin/sh\necho $PATH\n")
    done = fresh.run(PATH=f"{tmp_path}/{spelled}:{fresh.bin}")
    assert done.stdout == f"{fresh.bin}\n", done.stderr
    assert not (tmp_path / "run").exists()


def test_programs_of_a_home_that_is_a_project_are_run(fresh):
    """Whoever may write the home runs anything as the user anyway."""
    for name in (".lima/config.yaml", "bin/x"):
        (fresh.home / name).parent.mkdir(parents=True)
        (fresh.home / name).touch()
    fresh.put(fresh.stubs / "program", "#!/bin/sh\necho $PATH\n")
    path = f"{fresh.home}/bin:{fresh.bin}"
    assert fresh.run(PATH=path).stdout == f"{path}\n"


@pytest.mark.parametrize("spelled", ["demo/.data", "into/new", "demo/link", ".data"])
@pytest.mark.parametrize("there", [True, False])
def test_a_data_directory_in_a_project_is_refused_and_nothing_in_it_is_run(fresh, project, tmp_path, spelled, there):
    (tmp_path / "into").symlink_to(project)
    (project / "link").symlink_to(tmp_path)
    place = tmp_path / spelled if "/" in spelled else project / spelled
    if there:
        programs = place / "sysinit-vm/venv/bin"
        programs.mkdir(parents=True)
        for name in ("python", "pip", "sysinit-vm"):
            fresh.put(programs / name, f"#!/bin/sh\necho {name} >>{tmp_path}/run\n")
    data = str(place) if "/" in spelled else spelled
    env = fresh.env(XDG_DATA_HOME=data)
    done = subprocess.run(
        fresh.argv("list"), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=project, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{data}/sysinit-vm/venv is not safe to use.",
        "It is in a project, whose guest can write there, or depends on the current directory.",
        "Try: unset XDG_DATA_HOME",
    ]
    assert not (tmp_path / "run").exists()
    assert not (place / "sysinit-vm").exists() or there


def test_no_words_mean_help(fresh):
    assert fresh.run().stdout == "<help>\n"


def test_it_installs_again_only_when_the_checkout_has_changed(fresh):
    fresh.run()
    assert "Installing" not in fresh.run().stderr
    assert len(fresh.logged("pip")) == 2
    for number, name in enumerate(("templates/t.yaml", "locks/sysinit-vm.txt"), 2):
        (fresh.checkout / name).write_text("another")
        fresh.run()
        assert len(fresh.logged("pip")) == 2 * number


def test_a_failed_install_is_told_and_done_again(fresh):
    fresh.run()
    (fresh.checkout / "templates/t.yaml").write_text("another")
    (fresh.stubs / "pip-fails").touch()
    done = fresh.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "ERROR: no network\nsysinit-vm could not be installed." in done.stderr
    assert "Try: " in done.stderr
    (fresh.stubs / "pip-fails").unlink()
    assert fresh.run().stdout == "<help>\n"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_strict_shell_and_tools_that_are_not_gnus_do(fresh, tmp_path, shell):
    """macOS has such ones."""
    bsd = BsdTools(tmp_path, tuple(tool for tool in TOOLS if tool != "sh"))
    for tool in bsd.bin.iterdir():
        (fresh.bin / tool.name).unlink()
        tool.rename(fresh.bin / tool.name)
    words = [shutil.which(shell[0]), *shell[1:], *fresh.argv("help", "a b")[1:]]
    for installs_again in (True, False):
        done = subprocess.run(words, env=fresh.env(), capture_output=True, text=True, cwd="/", check=False)
        assert (done.stdout.splitlines(), done.returncode) == (["<help>", "<a b>"], 0), done.stderr
        assert ("Installing sysinit-vm" in done.stderr) is installs_again
    assert fresh.link.readlink() == fresh.program
    fresh.put(fresh.stubs / "pip-fails", "")
    (fresh.checkout / "README.md").write_text("changed")
    done = subprocess.run(words, env=fresh.env(), capture_output=True, text=True, cwd="/", check=False)
    assert (done.returncode, "could not be installed" in done.stderr) == (1, True)
    assert bsd.refused == []


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_strict_shell_asks_before_it_installs_python(fresh, tmp_path, shell):
    fresh.python.unlink()
    words = [shutil.which(shell[0]), *shell[1:], *fresh.argv("help")[1:]]
    terminal = Terminal(words, Path("/"), fresh.env())
    terminal.wait_for("Run these commands")
    terminal.press("y\r")
    terminal.wait_for("<help>")
    assert terminal.exit_status() == 0


def test_something_else_of_that_name_is_never_overwritten(fresh):
    fresh.link.parent.mkdir(parents=True)
    fresh.link.write_text("mine")
    done = fresh.run()
    assert fresh.link.read_text() == "mine"
    assert f"{fresh.link} is something else and stays as it is" in done.stderr
    assert done.stdout == "<help>\n"


def test_a_bin_on_path_is_not_talked_about(fresh):
    done = fresh.run(PATH=f"{fresh.bin}:{fresh.home}/.local/bin")
    assert "not on PATH" not in done.stderr


def test_the_data_directory_can_be_elsewhere(fresh, tmp_path):
    fresh.run(XDG_DATA_HOME=str(tmp_path / "my data"))
    assert (tmp_path / "my data/sysinit-vm/venv/bin/sysinit-vm").exists()


@pytest.mark.parametrize("words", [("up",), ("exec", "--", "apt", "--yes")])
@pytest.mark.parametrize("user", [0, 1000])
def test_without_python_terminal_and_yes_it_refuses(fresh, words, user):
    fresh.python.unlink()
    fresh.put(fresh.bin / "id", f"#!/bin/sh\necho {user}\n")
    fresh.put(fresh.bin / "sudo", SUDO)
    done = fresh.run(*words)
    assert done.returncode == 5
    assert "There is no terminal to ask on." in done.stderr
    assert "apt-get install -y --no-install-recommends python3 python3-venv" in done.stderr
    assert fresh.logged("apt-get") == []


@pytest.mark.parametrize("yes", ["--yes", "-y"])
@pytest.mark.parametrize("root", [True, False])
def test_yes_installs_python(fresh, yes, root):
    fresh.python.unlink()
    fresh.put(fresh.bin / "id", f"#!/bin/sh\necho {0 if root else 1000}\n")
    fresh.put(fresh.bin / "sudo", SUDO)
    done = fresh.run("up", yes)
    assert done.stdout.splitlines() == ["<up>", f"<{yes}>"]
    install = "apt-get install -qy --no-install-recommends python3 python3-venv"
    assert fresh.logged("apt-get") == ["apt-get update -q", install]
    assert len(fresh.logged("sudo")) == (0 if root else 2)


@pytest.fixture
def asked(fresh):
    """A bare machine's bootstrap on a terminal, at its question; ``typed`` is typed while apt's lists are read."""
    fresh.python.unlink()

    def begin(typed="", words=("up",)):
        fresh.put(fresh.bin / "id", f"#!/bin/sh\n{shutil.which('sleep')} 1\necho 0\n")
        program, *rest = fresh.argv(*words)
        terminal = Terminal([program, *rest], fresh.home, fresh.env(), columns=250)
        terminal.press(typed)
        terminal.wait_for(r"Run these commands\? \[y/N\]", seconds=20)
        return terminal

    return begin


def test_the_question_waits_for_y_and_enter(fresh, asked):
    terminal = asked()
    terminal.press("maybe\r")
    terminal.wait_for("Type y or n, then Enter.", seconds=20)
    terminal.press("y")
    terminal.read(1)
    assert fresh.logged("apt-get") == []
    terminal.press("\r")
    terminal.wait_for("<up>", seconds=20)
    assert terminal.exit_status() == 0
    assert len(fresh.logged("apt-get")) == 2


@pytest.mark.parametrize("answer", ["\r", "n\r"])
def test_a_refusal_ends_with_what_to_type(fresh, asked, answer):
    terminal = asked()
    terminal.press(answer)
    terminal.wait_for(r"Try: .*bootstrap\.sh up", seconds=20)
    assert terminal.exit_status() == 5
    assert "--yes" not in terminal.text  # it would agree to the plan that comes later, unseen
    assert fresh.logged("apt-get") == []


@pytest.mark.parametrize("typed", ["\r", "y\r", "y"])
def test_what_was_typed_before_the_question_does_not_answer_it(fresh, asked, typed):
    terminal = asked(typed)
    terminal.read(1)
    terminal.press("\r")
    assert terminal.exit_status() == 5
    assert fresh.logged("apt-get") == []


def test_where_there_is_a_python_nothing_is_asked_and_progress_is_shown(fresh):
    fresh.put(
        fresh.stubs / "pip", PIP.replace('echo "Collecting rich', f'{shutil.which("sleep")} 1; echo "Collecting rich')
    )
    program, *rest = fresh.argv("up")
    terminal = Terminal([program, *rest], fresh.home, fresh.env(), columns=250)
    terminal.wait_for(r"2 Python packages into", seconds=20)
    terminal.wait_for("1 of 2 packages: invoke", seconds=20)
    terminal.wait_for("<up>", seconds=20)
    assert terminal.exit_status() == 0
    assert "[y/N]" not in terminal.text


@pytest.mark.parametrize("lacking", ["apt-get", "sudo"])
def test_where_python_cannot_be_installed_it_says_what_to_do(fresh, lacking):
    fresh.python.unlink()
    fresh.put(fresh.bin / "id", "#!/bin/sh\necho 1000\n")
    (fresh.bin / lacking).unlink(missing_ok=True)
    done = fresh.run("up", "--yes")
    assert done.returncode == 6
    assert "Python 3.11 or newer with venv was not found." in done.stderr
    assert "Try: " in done.stderr


def test_python_only_prints_it_and_installs_nothing(fresh):
    assert fresh.run(SYSINIT_VM_PYTHON_ONLY="1").stdout == f"{fresh.python}\n"
    assert not fresh.program.exists()


def test_the_scripts_name_no_machine_and_no_registry():
    for name in ("bootstrap.sh", "test.sh", "requirements.lock"):
        text = (TOP / name).read_text()
        assert "://" not in text
        assert "/root" not in text


@pytest.mark.parametrize("words", [["--help"], ["--only", "x", "-h"]])
def test_the_help_of_the_tests_is_printed_and_nothing_is_installed_for_it(tmp_path, words):
    from tasks import test as task

    shutil.copy(TOP / "test.sh", tmp_path)
    done = subprocess.run(
        [shutil.which("sh"), str(tmp_path / "test.sh"), *words],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["test.sh"]
    assert task.__doc__ in done.stdout
    for flag, text in task.help.items():
        assert re.search(rf"--{flag.replace('_', '-')}\S* +{re.escape(text)}", done.stdout)


def test_what_python_runs_of_the_current_directory_is_nothing(tmp_path):
    """The current directory is the project: the real Python, with the words of bootstrap.sh."""
    for name in ("venv", "ensurepip", "pip", "logging", "types", "shutil"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    text = (TOP / "bootstrap.sh").read_text()
    words = re.findall(r'python" (-[^|&;)\n]*)', text)
    checks = [line for line in words if not line.startswith("--version")]
    assert len(checks) == 4
    assert all(line.startswith("-I ") for line in checks)
    for line in ('-I -c "import ensurepip, venv, pip"', "-I -m venv --without-pip made"):
        subprocess.run(f"{sys.executable} {line}", shell=True, cwd=tmp_path, check=False)
    assert not (tmp_path / "ran").exists()


class Mac(Fresh):
    """A Mac without Apple's developer tools, Homebrew and uv; the system's Python of this machine is Apple's stub."""

    def __init__(self, tmp):
        super().__init__(tmp)
        self.put(self.bin / "uname", "#!/bin/sh\necho Darwin\n")
        (self.bin / "apt-get").unlink()

    def env(self, **more):
        env = {**super().env(), **more}
        del env["SYSINIT_VM_PYTHON"]
        return env


@pytest.fixture
def mac(tmp_path):
    return Mac(tmp_path)


def test_on_a_mac_apples_python_is_not_run_without_the_developer_tools(mac):
    mac.put(mac.bin / "python3.12", PYTHON)
    assert mac.run(SYSINIT_VM_PYTHON_ONLY="1").stdout == f"{mac.bin}/python3.12\n"


def test_on_a_mac_a_python_that_uv_has_installed_will_do(mac):
    python = mac.home / ".local/share/uv/python/cpython-3.13.1-macos-aarch64-none/bin/python3"
    python.parent.mkdir(parents=True)
    mac.put(python, PYTHON)
    assert mac.run(SYSINIT_VM_PYTHON_ONLY="1").stdout == f"{python}\n"


def test_a_python_of_uv_in_a_project_is_not_run(mac, project, tmp_path):
    python = project / "python/cpython-3.13/bin/python3"
    python.parent.mkdir(parents=True)
    mac.put(python, f"#!/bin/sh\necho run >>{tmp_path}/run\n")
    (mac.home / ".local/share/uv").mkdir(parents=True)
    (mac.home / ".local/share/uv/python").symlink_to(project / "python")
    assert mac.run(SYSINIT_VM_PYTHON_ONLY="1").returncode == 6
    assert not (tmp_path / "run").exists()


BREW = """#!/bin/sh
echo "{name} $*" >>"$LOG"
mkdir -p "{place}"
cp "$STUBS/python" "{place}/python3"
"""


@pytest.mark.parametrize(
    ("name", "install", "place"),
    [
        ("brew", "brew install python", "bin"),
        ("uv", "uv python install", "home/.local/share/uv/python/cpython-3.14/bin"),
    ],
)
def test_on_a_mac_homebrew_or_uv_installs_python_after_a_question(mac, tmp_path, name, install, place):
    mac.put(mac.bin / name, BREW.format(name=name, place=tmp_path / place))
    refused = mac.run("up")
    assert (refused.returncode, mac.logged(name)) == (5, [])
    assert f"  $ {install}\n" in refused.stderr
    done = mac.run("up", "--yes")
    assert done.stdout.splitlines() == ["<up>", "<--yes>"], done.stderr
    assert mac.logged(name) == [install]


def test_on_a_mac_with_neither_it_says_what_to_install_there(mac):
    done = mac.run("up", "--yes")
    assert (done.returncode, done.stderr.splitlines()) == (
        6,
        [
            "Python 3.11 or newer was not found.",
            "The one in Apple's developer tools is older.",
            "Try: install Homebrew (brew.sh) or uv, then run the same command again",
        ],
    )


def test_on_a_mac_homebrews_programs_are_found_though_its_directory_is_not_on_path(mac):
    mac.put(mac.bin / "python3.12", PYTHON)
    mac.put(mac.stubs / "program", "#!/bin/sh\necho $PATH\n")
    assert mac.run().stdout == f"{mac.bin}:/opt/homebrew/bin:/usr/local/bin\n"
