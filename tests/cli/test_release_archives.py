"""setup and up where upstream's archives are on a mirror on this machine: well served, badly, and not at all."""

import hashlib
import json
import os
import re
import shutil
import socket

import pytest

from sysinit_vm.machine.pinned_versions import ARCHIVES
from tests.archive_server import archive, serving
from tests.lima.terminal import Terminal
from tests.worlds import SCRIPT

ASKED = r"Do all this\? \(no: end here\) \[y/N, s shows the commands\]"
CONTENTS = {
    "lima": archive(
        {
            "bin/limactl": "#!/bin/sh\necho limactl version 2.2.0\n",
            "share/lima/lima-guestagent.Linux-x86_64.gz": "",
            "share/lima/lima-guestagent.Linux-aarch64.gz": "",
        },
        size=3_000_000,
    ),
    "zellij": archive({"zellij": "#!/bin/sh\necho zellij 0.45.1\n"}, size=100_000),
}
PATHS = {name: f"/{ARCHIVES[name, 'Linux', 'x86_64'].path}" for name in CONTENTS}
FILES = {PATHS[name]: content for name, content in CONTENTS.items()}
WRONG = {path: content[:-9] + b"different" for path, content in FILES.items()}

# The table, with the digests of the archives of these tests, which are there for any machine that runs them.
STAND_INS = """\
import platform
from sysinit_vm.machine.pinned_versions import ARCHIVES, Archive

for (name, system, arch), known in dict(ARCHIVES).items():
    digest, length = {digests!r}[name]
    path = ARCHIVES[name, "Linux", "x86_64"].path
    ARCHIVES[name, system, arch] = Archive(path, digest, length, ("https://a.example", "https://b.example"))
"""


@pytest.fixture
def lacking(world):
    """A world in which all is there but limactl and Zellij; the go here compiles nothing and says so."""
    if shutil.which("limactl") or shutil.which("zellij"):
        pytest.skip("there is a limactl or a zellij on PATH")
    place = world.home.parent
    go = place / "tools" / "go"
    go.parent.mkdir()
    go.write_text(
        f"#!/bin/sh\ncase $1 in version) echo go version go1.26.8 linux/amd64 ;; *) touch {place}/compiled; exit 1 ;; esac\n"
    )
    go.chmod(0o755)
    digests = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in CONTENTS.items()}
    (place / "sitecustomize.py").write_text(STAND_INS.format(digests=digests))
    world.env |= {
        "PATH": f"{go.parent}{os.pathsep}{world.env['PATH']}",
        "PYTHONPATH": f"{place}{os.pathsep}{world.env.get('PYTHONPATH', '')}",
        "SYSINIT_VM_LIMACTL": "",
        "SYSINIT_VM_ZELLIJ": "",
    }
    world.data, world.cache = world.home / ".local/share/sysinit-vm", world.home / ".cache/sysinit-vm"
    world.programs = (world.data / "lima-2.2.0/bin/limactl", world.data / "zellij-0.45.1/bin/zellij")
    return world


def installed(world):
    """Which of the two are there, after it was seen that nothing was compiled, and nothing is left half done."""
    assert not (world.place / "compiled").exists()
    assert not list(world.data.glob(".*.partial"))
    return [program.name for program in world.programs if os.access(program, os.X_OK)]


def parts(world):
    """What is kept of downloads: for each archive by its digest, how many bytes."""
    folder = world.cache / "downloads"
    return {path.name: path.stat().st_size for path in folder.glob("*")} if folder.exists() else {}


def setup(world, served, *words, **env):
    location = served if isinstance(served, str) else served.url
    return world.run("setup", *(words or ("--yes",)), SYSINIT_VM_GITHUB_MIRROR=location, **env)


def test_both_come_from_the_mirror_and_nothing_is_compiled(lacking):
    with serving(FILES) as served:
        done = setup(lacking, served)
        assert done.returncode == 0, done.stderr
        assert installed(lacking) == ["limactl", "zellij"]
        assert parts(lacking) == {}
        assert f"  Download {served.url}{PATHS['lima']}\n" in done.stderr
        assert hashlib.sha256(CONTENTS["zellij"]).hexdigest() in done.stderr
        assert re.search(r"\] verified; unpacking", done.stderr)
        count = len(served.requests)
        again = setup(lacking, served)
    assert (again.returncode, len(served.requests)) == (0, count)
    assert "What this machine lacks" not in again.stderr


def test_up_takes_them_too_with_its_one_question(lacking):
    with serving(FILES) as served:
        done = lacking.run("up", SYSINIT_VM_GITHUB_MIRROR=served.url)
    assert done.returncode == 5
    assert done.stderr.count("Do all this?") == 1
    assert "Lima 2.2.0, from upstream's archive" in done.stderr
    assert served.ranges_asked == []
    assert installed(lacking) == []


def test_the_plan_is_one_screen_and_nothing_is_downloaded_before_the_answer(lacking):
    with serving(FILES) as served:
        terminal = at(lacking, served)
        for words in ("Lima 2.2.0, from upstream's archive", r"4 MB to download", "for limactl, guest agent"):
            terminal.wait_for(words, seconds=1)
        assert served.url not in terminal.text
        terminal.press("s\r")
        terminal.wait_for(rf"Download {served.url}[\s\S]*SHA-256 is [\s\S]*Do all this\?", seconds=20)
        terminal.press("n\r")
        assert terminal.exit_status() == 5
        assert served.ranges_asked == []
    assert installed(lacking) == []


def at(world, served):
    env = {**world.env, "SYSINIT_VM_GITHUB_MIRROR": served.url}
    terminal = Terminal([*SCRIPT, "setup"], world.demo, env, rows=60, columns=140)
    terminal.wait_for(ASKED, seconds=60)
    return terminal


def test_a_slow_download_shows_a_bar_with_bytes_and_rate(lacking):
    with serving(FILES, slow=40_000, well=2) as served:
        terminal = at(lacking, served)
        terminal.press("y\r")
        terminal.wait_for(r"━+ +\[ *\d+s\] downloading … [\d.]+ of 3\.0 MB, [\d.]+ MB/s", seconds=60)
        assert terminal.exit_status() == 0
    assert installed(lacking) == ["limactl", "zellij"]


def test_a_download_that_is_cut_goes_on(lacking):
    with serving(FILES, cut=1_000_000) as served:
        done = setup(lacking, served)
    assert done.returncode == 0, done.stderr
    assert served.ranges_asked[:4] == ["bytes=0-", "bytes=1000000-", "bytes=2000000-", "bytes=3000000-"]
    assert installed(lacking) == ["limactl", "zellij"]


def test_ctrl_c_keeps_what_came_and_the_same_command_goes_on(lacking):
    with serving(FILES, slow=40_000, well=2) as served:
        terminal = at(lacking, served)
        terminal.press("y\r")
        terminal.wait_for(r"downloading … [\d.]+ of 3\.0 MB, ", seconds=60)
        terminal.press("\x03")
        assert terminal.exit_status() == 130
        assert installed(lacking) == []
        ((name, size),) = parts(lacking).items()
        assert name == f"{hashlib.sha256(CONTENTS['lima']).hexdigest()}.part"
        assert 0 < size < len(CONTENTS["lima"])
    with serving(FILES) as served:
        assert setup(lacking, served).returncode == 0
    assert served.ranges_asked[0] == f"bytes={size}-"
    assert installed(lacking) == ["limactl", "zellij"]


@pytest.mark.parametrize("verb", ["setup", "up"])
def test_a_wrong_digest_stops_with_both_and_names_the_way_to_compile(lacking, verb):
    with serving({**FILES, PATHS["zellij"]: WRONG[PATHS["zellij"]]}) as served:
        done = lacking.run(verb, "--yes", SYSINIT_VM_GITHUB_MIRROR=served.url)
    assert done.returncode == 1
    for content in (CONTENTS["zellij"], WRONG[PATHS["zellij"]]):
        assert hashlib.sha256(content).hexdigest() in done.stderr.rpartition("This is not the archive")[2]
    assert done.stderr.splitlines()[-1] == "Try: sysinit-vm setup --compile"
    assert installed(lacking) == ["limactl"]
    assert parts(lacking) == {}


def test_what_has_more_bytes_than_it_may_stops(lacking):
    with serving({path: content + b"more" for path, content in FILES.items()}) as served:
        done = setup(lacking, served)
    assert done.returncode == 1
    assert f"should have at most {len(CONTENTS['lima'])}" in done.stderr
    assert "Try: sysinit-vm setup --compile" in done.stderr
    assert (installed(lacking), parts(lacking)) == ([], {})


def test_a_redirect_to_another_host_is_seen_before_the_question(lacking):
    with serving(FILES) as target, serving(elsewhere=target.url.replace("127.0.0.1", "localhost")) as served:
        done = setup(lacking, served, "--extras")
    assert done.returncode == 5
    assert re.search(r"redirects to http://localhost, which is not followed\): compiling\s+instead", done.stderr)
    assert target.requests == []


def test_a_redirect_after_the_question_stops_and_nothing_else_is_tried(lacking):
    with serving(FILES) as target:
        elsewhere = target.url.replace("127.0.0.1", "localhost")
        with serving(FILES, elsewhere=elsewhere, well=2) as served:
            done = setup(lacking, served)
    assert done.returncode == 1
    assert "not followed" in done.stderr
    assert installed(lacking) == []
    assert target.requests == []


def test_a_redirect_to_the_mirrors_own_host_is_followed(lacking):
    with serving(FILES) as target, serving(elsewhere=target.url) as served:
        assert setup(lacking, served).returncode == 0
    assert installed(lacking) == ["limactl", "zellij"]


def test_what_the_mirror_lacks_is_compiled_as_the_plan_says(lacking):
    with serving({PATHS["zellij"]: CONTENTS["zellij"]}) as served:
        done = setup(lacking, served, "--extras")
    assert done.returncode == 5
    text = " ".join(done.stderr.split())
    assert f"{served.url}{PATHS['lima']}: HTTP 404 Not Found: compiling instead, about 1 to " in text
    assert "Zellij 0.45.1 for the guest, from upstream's archive" in text
    assert "\n  $ env GOROOT= " in done.stderr


def nowhere():
    """A URL of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_host_that_cannot_be_reached_is_said_before_the_question(lacking):
    done = setup(lacking, nowhere(), "--extras")
    assert done.returncode == 5
    text = " ".join(done.stderr.split())
    assert "127.0.0.1 cannot be reached (Connection refused): compiling instead, about 1 to " in text
    assert text.count("127.0.0.1 cannot be reached (Connection refused): compiling instead, about ") == 2
    assert text.index("compiling instead") < text.index("Do all this?")


def test_with_yes_it_then_compiles_as_it_said(lacking):
    done = setup(lacking, nowhere())
    assert done.returncode == 1
    assert (lacking.place / "compiled").exists()
    assert "go list" in done.stderr


def test_who_wants_to_compile_asks_no_host(lacking):
    with serving(FILES) as served:
        done = setup(lacking, served, "--compile")
    assert done.returncode == 5
    assert "Try: sysinit-vm setup --compile --yes" in done.stderr
    assert "built from its Go module" in done.stderr
    assert "compiling instead" not in done.stderr
    assert served.requests == []


@pytest.mark.parametrize("files", [FILES, WRONG])
def test_a_directory_serves_as_a_mirror_does(lacking, files):
    folder = lacking.home.parent / "an archive's place"
    for path, content in files.items():
        (folder / path[1:]).parent.mkdir(parents=True)
        (folder / path[1:]).write_bytes(content)
    done = setup(lacking, str(folder))
    assert done.returncode == (0 if files is FILES else 1), done.stderr
    assert installed(lacking) == (["limactl", "zellij"] if files is FILES else [])
    assert all((folder / path[1:]).read_bytes() == content for path, content in files.items())


@pytest.mark.parametrize("words", [("setup", "--json"), ("setup", "--dry"), ("doctor", "--json"), ("setup", "--yes")])
def test_no_command_shows_the_login_of_the_mirror(lacking, words):
    with serving(FILES) as served:
        location = served.url.replace("http://", "http://me:hunter2@")
        done = lacking.run(*words, SYSINIT_VM_GITHUB_MIRROR=location)
    assert "hunter2" not in done.stdout + done.stderr
    assert all(headers["Authorization"] == "Basic bWU6aHVudGVyMg==" for _, headers in served.requests)
    assert bool(served.requests) is (words[0] == "setup")


def test_json_tells_the_archive_and_changes_nothing(lacking):
    with serving(FILES) as served:
        done = setup(lacking, served, "--json")
    found = {part["name"]: part for part in json.loads(done.stdout)["prerequisites"]}
    assert found["zellij"]["route"]["archive"] == {
        "location": f"{served.url}{PATHS['zellij']}",
        "sha256": hashlib.sha256(CONTENTS["zellij"]).hexdigest(),
        "length": len(CONTENTS["zellij"]),
        "directory": str(lacking.data / "zellij-0.45.1"),
    }
    assert served.ranges_asked == []
    assert installed(lacking) == []


@pytest.mark.parametrize("verb", ["setup", "up"])
def test_a_mirror_that_is_none_is_refused_with_its_source(lacking, verb):
    done = lacking.run(verb, "--yes", SYSINIT_VM_GITHUB_MIRROR="ftp://me:hunter2@a.example")
    assert done.returncode == 2
    assert done.stderr.startswith("SYSINIT_VM_GITHUB_MIRROR is not a mirror: ftp://a.example.\n")
    assert done.stderr.splitlines()[-1] == "Try: unset SYSINIT_VM_GITHUB_MIRROR"


def test_a_text_from_the_host_obeys_nothing_on_the_terminal(lacking):
    with serving(elsewhere="http://\x9b31mevil") as served:
        done = setup(lacking, served, "--extras")
    assert done.returncode == 5
    assert not re.search(r"[\x1b\x80-\x9f]", done.stderr)


MAC = """
platform.system = lambda: "Darwin"
import sysinit_vm.machine.host
sysinit_vm.machine.host._ON_MACOS = ()
"""


def test_a_mac_without_homebrew_and_nix_compiles_nothing_either(lacking):
    stand_ins = lacking.place / "sitecustomize.py"
    stand_ins.write_text(stand_ins.read_text() + MAC)
    with serving(FILES) as served:
        done = setup(lacking, served)
    assert done.returncode == 0, done.stderr
    assert installed(lacking) == ["limactl", "zellij"]
    assert "System packages" not in done.stderr


def test_a_mac_that_reaches_nothing_is_told_what_to_install(lacking):
    stand_ins = lacking.place / "sitecustomize.py"
    stand_ins.write_text(stand_ins.read_text() + MAC)
    done = setup(lacking, nowhere())
    assert done.returncode == 6
    assert "127.0.0.1 cannot be reached (Connection refused); install Homebrew or nix first" in done.stderr
    assert installed(lacking) == []
