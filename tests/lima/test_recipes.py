"""docs/recipes.md, its own blocks in one VM: programs, containers, the host's edits, and this machine from the guest."""

import http.server
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml

from tests.lima.conftest import ENTRANCES, inside

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
BLOCKS = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
# Ends with 0 when the file changes as Node's watchers see it; says that it waits by a file beside it.
WATCH = """\
import ctypes, os, select, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
assert libc.inotify_add_watch(fd, sys.argv[1].encode(), 0x4 | 0x2) > 0  # IN_ATTRIB, IN_MODIFY
open("waiting", "w").close()
sys.exit(not select.select([fd], [], [], 60)[0])
"""


@pytest.fixture(scope="module")
def recipes(world):
    project = world.project("recipes")
    world.ok(project, "init", "minimal", "--ssh", "none")
    config = project / ".lima/config.yaml"
    data = yaml.safe_load(config.read_text())
    for block in BLOCKS:
        for key, value in block.items():
            data[key] = [*data[key], *value] if isinstance(value, list) else value
    config.write_text(yaml.safe_dump(data))
    world.ok(project, "start", timeout=1800)
    yield project
    world.run(project, "destroy", "--yes")


def test_programs_of_the_project_are_there(world, recipes):
    assert inside(world, recipes, "sqlite3 :memory: 'select 6*7'") == "42\n"


def test_a_container_runs_as_the_user(world, recipes):
    line = (
        "mkdir -p ~/root/bin && cp /bin/busybox ~/root/bin && podman run --rm --rootfs ~/root /bin/busybox echo inside"
    )
    assert inside(world, recipes, line) == "inside\n"


def test_a_watcher_in_the_guest_notices_an_edit_on_the_host(world, recipes):
    (recipes / "watch.py").write_text(WATCH)
    (recipes / "edited").write_text("before")
    words = ENTRANCES["sysinit-vm"]("exec", "python3", "watch.py", "edited")
    watcher = subprocess.Popen(words, cwd=recipes, env=world.env, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (recipes / "waiting").exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (recipes / "edited").write_text("after")
    assert watcher.wait(timeout=120) == 0


def test_the_guest_reaches_what_listens_on_this_machine(world, recipes):
    assert "host.lima.internal" in world.ok(recipes, "exec", "getent", "hosts", "host.lima.internal")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        line = f"curl -sI http://host.lima.internal:{server.server_port}/ | head -1"
        assert "200 OK" in inside(world, recipes, line)
    finally:
        server.shutdown()
