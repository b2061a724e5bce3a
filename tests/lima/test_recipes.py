"""docs/recipes.md, its own blocks in one VM: programs, watchers, and this machine from the guest."""

import http.server
import json
import re
import shlex
import threading
from pathlib import Path

import pytest
import yaml

from tests.lima.conftest import inside

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
BLOCKS = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
# Ends with 0 when the kernel tells of a change of the file within some seconds; changes it itself.
WATCH = """\
import ctypes, select, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
open(sys.argv[1], "w").close()
assert libc.inotify_add_watch(fd, sys.argv[1].encode(), 0x2) > 0  # IN_MODIFY
open(sys.argv[1], "a").write("more")
sys.exit(not select.select([fd], [], [], 3)[0])
"""


@pytest.fixture(scope="module")
def recipes(world):
    project = world.project("recipes")
    world.ok(project, "init", "minimal", "--ssh", "none")
    config = project / ".lima/config.yaml"
    data = yaml.safe_load(config.read_text())
    for block in BLOCKS:
        for key, value in block.items():
            had = data.get(key)
            if key == "param" and "GUEST_DIRS" in had:
                value["GUEST_DIRS"] += f" {had['GUEST_DIRS']}"
            data[key] = [*had, *value] if isinstance(value, list) else had | value if isinstance(value, dict) else value
    # What this machine trusts beyond what is usual, such as a company's proxy, the guest has to trust too.
    authorities = [path.read_text() for path in sorted(Path("/usr/local/share/ca-certificates").glob("*.crt"))]
    if authorities:
        data["caCerts"] = {"certs": authorities}
        data["env"]["NODE_EXTRA_CA_CERTS"] = "/etc/ssl/certs/ca-certificates.crt"
    config.write_text(json.dumps(data))  # which is YAML, too
    world.ok(project, "start", timeout=1800)
    yield project
    world.run(project, "destroy", "--yes")


def test_programs_of_the_project_are_there(world, recipes):
    assert inside(world, recipes, "sqlite3 :memory: 'select 6*7'") == "42\n"


def test_a_python_project_has_its_packages(world, recipes):
    (recipes / "requirements.txt").write_text("iniconfig\n")
    commands = re.search(r"^## Python\n.*?^Then `(.+?)`", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert world.ok(recipes, *shlex.split(commands)[1:])
    assert inside(world, recipes, ".venv/bin/python -c 'import iniconfig; print(6*7)'") == "42\n"
    assert list((recipes / ".venv").iterdir()) == []


def test_a_node_project_has_its_packages(world, recipes):
    (recipes / "package.json").write_text('{"dependencies": {"isarray": "2"}, "scripts": {"test": "node test.js"}}')
    (recipes / "test.js").write_text("if (!require('isarray')([])) process.exit(3); console.log('42')")
    commands = re.search(r"^## Node\n.*?^Then `(.+?)` and `(.+?)`", PAGE, re.MULTILINE | re.DOTALL)
    outputs = [world.ok(recipes, *shlex.split(command)[1:]) for command in commands.groups()]
    assert outputs[1].endswith("42\n")
    assert list((recipes / "node_modules").iterdir()) == []


def test_a_watcher_is_told_nothing_on_a_mount_so_programs_are_told_to_look_for_themselves(world, recipes):
    (recipes / "watch.py").write_text(WATCH)
    assert world.run(recipes, "exec", "python3", "watch.py", "on-the-mount").returncode == 1
    assert world.run(recipes, "exec", "python3", "watch.py", "/tmp/on-the-disk").returncode == 0
    assert inside(world, recipes, "printenv CHOKIDAR_USEPOLLING WATCHPACK_POLLING") == "true\ntrue\n"


def test_the_guest_reaches_what_listens_on_this_machine(world, recipes):
    assert "host.lima.internal" in world.ok(recipes, "exec", "getent", "hosts", "host.lima.internal")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        line = f"curl -sI http://host.lima.internal:{server.server_port}/ | head -1"
        assert "200 OK" in inside(world, recipes, line)
    finally:
        server.shutdown()
