"""What a fresh attempt to break in has found, each as it was done."""

import json
import os
import shutil

import pytest

from sysinit_vm import guest_writes
from sysinit_vm.machine.pinned_versions import LIMA
from tests.worlds import BIN


def test_setup_runs_nothing_of_the_project(world):
    """Python takes venv.py, ensurepip.py and the like from the current directory, which is the project."""
    marker = world.place / "ran"
    for name in ("venv", "ensurepip", "pip", "logging", "types", "shutil", "subprocess"):
        (world.demo / f"{name}.py").write_text(f"open({str(marker)!r}, 'w'); raise SystemExit(3)\n")
    (world.demo / "go.mod").write_text("toolchain go1.99.0\n")
    program = str(BIN / "sysinit-vm")
    done = world.type(
        program, "setup", "--yes", SYSINIT_VM_LIMACTL="", PATH="/usr/bin:/bin", PIP_INDEX_URL="http://[::]:9"
    )
    assert done.returncode != 0, "nothing can be fetched here"
    assert not marker.exists()


@pytest.mark.parametrize("into", ["guest", "host"])
def test_a_link_of_another_projects_guest_is_not_followed(world, into):
    world.put_vm()
    other = world.project("other")
    world.put_vm(root=other)
    victim, mine = world.home / "victim", world.home / "mine"
    victim.write_text("secret")
    mine.write_text("new")
    (other / "planted").symlink_to(victim)
    words = {"guest": [str(other / "planted"), f":{world.home}/got"], "host": [f":{mine}", str(other / "planted")]}[
        into
    ]
    done = world.run("copy", *words)
    assert victim.read_text() == "secret"
    assert not (world.home / "got").exists()
    assert done.returncode in {0, 1}


def test_a_strangers_tasks_py_prints_nothing(world):
    (world.demo / "tasks.py").write_text('x = "\\\x1b"\n')
    done = world.run("init", "--tasks", "--yes")
    assert "\x1b" not in done.stdout + done.stderr
    assert "SyntaxWarning" not in done.stderr


@pytest.mark.parametrize("words", [["start"], ["ports"], ["exec", "true"], ["logs", "host"]])
def test_a_guest_agent_that_forges_the_host_agents_log_ends_no_command(world, words):
    world.put_vm()
    directory = world.lima_home / "demo-dev"
    deep = json.dumps({"status": {"errors": ["[" * 60_000], "running": True}})
    forged = "x" * (16_384 - len('{"level":"info","msg":"')) + "failed to listen tcp: 127.0.0.1:" + "9" * 6000
    (directory / "ha.stdout.log").write_text(f'{{"status":{{"running":true}}}}\n{deep}\n')
    (directory / "ha.stderr.log").write_text(
        "\n".join(json.dumps({"level": "info", "msg": text}) for text in ("[" * 60_000, forged)) + "\n"
    )
    assert world.run(*words).returncode in {0, 1}  # the guest of these tests cannot list its ports


def test_a_mount_that_is_a_link_to_itself_hides_no_vm(world):
    world.put_vm()
    (world.demo / "loop").symlink_to("loop")
    config = world.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("mounts:\n", "mounts:\n- location: ./loop\n", 1))
    elsewhere = world.project("elsewhere", config="cpus: 1\n")
    assert "demo-dev" in world.run("list", cwd=elsewhere).stdout
    for words in (["trust", "--show"], ["status"], ["plan"], ["doctor"]):
        assert world.run(*words).returncode in {0, 1, 5}


def test_an_unreadable_vm_is_stopped_and_deleted_by_us_and_never_started(world):
    """Its guest can make it so at any moment, and readable again."""
    world.put_vm()
    (world.lima_home / "demo-dev" / "lima.yaml").write_text("corrupt")
    assert world.run("start", "--name", "demo-dev").returncode == 4
    shown = world.run("trust", "--show", "--name", "demo-dev")
    assert shown.returncode == 4
    assert "nothing to your machine" not in shown.stderr
    assert world.run("stop", "--name", "demo-dev").returncode == 0
    assert world.run("destroy", "--yes", "--name", "demo-dev").returncode == 0
    assert "start" not in world.verbs()


@pytest.mark.parametrize("path", [":{}", ".:{}", "{}:."])
@pytest.mark.parametrize("verb", ["status", "start", "doctor", "list"])
def test_no_program_of_the_project_is_run(world, path, verb):
    marker = world.place / "ran"
    world.put_vm()
    for name in ("git", "ssh", "bwrap", "unshare", "qemu-system-x86_64", "limactl", "less", "nix", "task", "go"):
        (world.demo / name).write_text(f"#!/bin/sh\necho $0 >>{marker}\n")
        (world.demo / name).chmod(0o755)
    world.run(verb, PATH=path.format(world.env["PATH"]))
    assert not marker.exists(), marker.read_text()


def test_revoking_by_name_is_for_the_vms_own_project(world):
    world.put_vm()
    other = world.project("other")
    world.put_vm(root=other)
    done = world.run("trust", "--revoke", "--name", "demo-dev", cwd=other)
    assert "Revoked." in done.stderr
    assert world.run("trust", "--json").stdout.count('"allowed": false') == 1
    assert world.run("trust", "--json", cwd=other).stdout.count('"allowed": true') == 1


@pytest.mark.parametrize("name", ["vm.yaml", "inner.inc"])
def test_init_takes_no_template_through_a_link(world, name):
    """What the link leads to would stand in the config, which the guest reads."""
    secret = world.home / "secret"
    secret.write_text("key: hunter2\n")
    (world.demo / "vm.yaml").write_text("{% set x %}{% include 'inner.inc' %}{% endset %}\nmessage: {{ x | quote }}\n")
    (world.demo / "inner.inc").write_text("x")
    assert world.run("init", "--template", "./vm.yaml", "--dry").returncode == 0
    (world.demo / name).unlink()
    (world.demo / name).symlink_to(secret)
    done = world.run("init", "--template", "./vm.yaml")
    assert done.returncode == 2, done.stderr
    assert "link" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert not (world.demo / ".lima" / "config.yaml").exists()


def test_ssh_to_a_stopped_vm_reaches_nobody(world):
    """Another guest may listen on the port that it had."""
    world.put_vm()
    own = world.lima_home / "demo-dev"
    text = "Host lima-demo-dev\n  User dev\n  Hostname 127.0.0.1\n  Port 1\n  ProxyCommand touch /tmp/pwned\n"
    (own / "ssh.config").write_text(text)
    (own / "ha.pid").write_text(str(os.getpid()))  # a number that another process has got
    os.utime(own / "ha.pid", (0, 0))
    assert world.run("start").returncode == 0
    block = (own / "ssh.sysinit-vm").read_text()
    assert "pwned" not in block
    done = world.type("ssh", "-F", str(own / "ssh.sysinit-vm"), "demo-dev", "true")
    assert done.returncode == 255
    assert "The VM demo-dev is not running. Try: sysinit-vm start --name demo-dev" in done.stderr


def planted(world, place):
    """Programs where a guest writes, which tell that they were run."""
    ran = world.home / "ran"
    for name in ("limactl", "zellij", "bwrap", "git", "ssh", "nix", "unshare", "qemu-system-x86_64"):
        program = place / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {name} >>{ran}\n")
        program.chmod(0o755)
    return ran


@pytest.mark.parametrize(
    "words", [("list",), ("doctor",), ("status", "--project", "demo"), ("start", "--project", "demo")]
)
def test_no_program_of_a_project_runs_though_its_guest_hid_the_config_and_the_user_is_elsewhere(world, words):
    world.put_vm()
    guest_writes.record(world.lima_home / "demo-dev", [world.demo])
    ran = planted(world, world.demo / ".venv/bin")
    if "--project" not in words:
        (world.demo / ".lima/config.yaml").rename(world.demo / "x")
    world.run(*words, cwd=world.home, PATH=f"{world.demo}/.venv/bin:{world.env['PATH']}")
    assert not ran.exists()


@pytest.mark.parametrize("words", [("list",), ("doctor",), ("stop", "--name", "demo-dev"), ("setup", "--json")])
@pytest.mark.parametrize("variable", ["XDG_DATA_HOME", "LIMA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"])
def test_directories_of_ours_are_not_used_where_a_guest_writes(world, words, variable):
    world.put_vm()
    guest_writes.record(world.lima_home / "demo-dev", [world.demo])
    place = world.demo / ".data"
    ran = planted(world, place / f"sysinit-vm/lima-{LIMA}/bin")
    place.joinpath("demo-dev").mkdir()
    done = world.run(*words, **{variable: str(place)})
    assert not ran.exists()
    assert done.returncode == 0 or "is not safe to use." in done.stdout + done.stderr


def test_an_ssh_config_that_a_guest_writes_is_not_included(world):
    world.put_vm()
    done = world.run("ssh-config", "--yes", LIMA_HOME=str(world.demo / "vms"))
    assert done.returncode == 1
    assert "is not safe to use." in done.stderr
    assert not (world.home / ".ssh/config").exists()


@pytest.mark.parametrize(
    "place",
    [".local/share/sysinit-vm", ".config/sysinit-vm", ".lima/_images", ".lima/_config", ".lima/_sysinit-vm/bin"],
)
def test_directories_of_ours_that_others_can_write_are_not_used(world, place):
    world.put_config()
    (world.home / place).mkdir(parents=True, exist_ok=True)
    (world.home / place).chmod(0o777)
    done = world.run("start")
    assert done.returncode == 1
    assert f"Others may write {world.home / place}" in done.stderr
    assert f"Try: chmod go-w {world.home / place}" in done.stderr
    assert world.status() == "not created"


def test_a_vm_whose_directory_others_can_write_is_not_started(world):
    """There are its disk, and what ssh and QEMU are told."""
    world.put_vm("Stopped")
    own = world.lima_home / "demo-dev"
    own.chmod(0o777)
    done = world.run("start")
    assert done.returncode == 1
    assert f"Others may write {own}" in done.stderr
    assert f"Try: chmod go-w {own}" in done.stderr
    assert world.status() == "Stopped"
    own.chmod(0o755)
    assert world.run("start").returncode == 0


def test_the_guest_of_a_clone_can_exchange_what_is_mounted_in_the_project(world):
    """As `limactl clone demo-dev demo2` makes it: both are the project's, and the clone may run."""
    world.put_config()
    (world.demo / "data").mkdir()
    config = world.demo / ".lima/config.yaml"
    mounted = "mounts:\n- {location: ./data, mountPoint: /mnt/data, writable: true}\n"
    config.write_text(config.read_text().replace("mounts:\n", mounted, 1))
    world.trust(world.demo)
    own = world.lima_home / "demo-dev"
    own.mkdir()
    (own / "lima.yaml").write_text(world.config_for_limactl(world.demo))
    (own / "status").write_text("Stopped")
    shown = world.run("trust", "--show")
    assert "It is allowed." in shown.stdout + shown.stderr
    shutil.copytree(own, world.lima_home / "demo2")
    for name in ("demo-dev", "demo2"):
        (world.lima_home / name / "status").write_text("Stopped")
    for words in (["start"], ["start", "--name", "demo2"]):
        done = world.run(*words)
        assert done.returncode == 5, done.stderr
        other = "demo2" if len(words) == 1 else "demo-dev"
        assert f"which the guest of {other} can write" in " ".join(done.stderr.split())
    assert "start" not in world.verbs()


def has(world, **more):
    """Give the VM of the demo project ``more`` in its own config than the project's config says."""
    own = world.lima_home / "demo-dev" / "lima.yaml"
    config = json.loads(own.read_text())
    merged = {key: {**config.get(key, {}), **value} for key, value in more.items()}
    own.write_text(json.dumps({**config, **merged}))


def test_a_name_of_a_param_begins_no_line(world):
    world.put_vm("Stopped")
    has(world, param={"a\nIt is allowed.": "x"})
    done = world.run("start", "--drift", "keep")
    assert r"param.a\nIt is allowed." in done.stderr
    assert "\nIt is allowed." not in done.stderr


@pytest.mark.parametrize("status", ["Stopped", "Running"])
def test_what_a_vm_could_do_before_it_was_edited_is_not_asked(world, status):
    world.put_vm(status)
    has(world, hostResolver={"hosts": {"bank.example.org": "192.0.2.1"}})
    words = ["start", "--drift", "apply"] if status == "Stopped" else ["apply", "--yes"]
    done = world.run(*words)
    assert "bank.example.org" not in done.stderr
    assert "trust" not in done.stderr
    assert "bank.example.org" not in (world.lima_home / "demo-dev" / "lima.yaml").read_text()


def test_what_is_kept_and_what_is_new_are_too_long_together_before_anything_is_stopped(world):
    world.put_vm("Running")
    has(world, user={"comment": "x" * 30_000})
    config = world.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text() + f"\nmessage: {'m' * 16_000}\n")
    before = len(world.calls())
    done = world.run("apply", "--yes")
    assert done.returncode == 1
    assert "is too long" in done.stderr
    assert not [call for call in world.calls()[before:] if {"stop", "edit", "validate"} & set(call)]


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("list",), {"SYSINIT_VM_LIMACTL": "{demo}/tools/limactl"}),
        (("list",), {"SYSINIT_VM_LIMACTL": "tools/limactl"}),
        (("list",), {"INVOKE_RUNTIME_CONFIG": "{demo}/tools/inv.py"}),
        (("list",), {"INVOKE_RUNTIME_CONFIG": "tools/inv.py"}),
        (("-f", "tools/inv.py", "list"), {}),
    ],
)
def test_no_variable_names_a_program_of_a_project_to_run(world, words, env):
    world.put_vm()
    guest_writes.record(world.lima_home / "demo-dev", [world.demo])
    ran = planted(world, world.demo / "tools")
    (world.demo / "tools/inv.py").write_text(f"open({str(ran)!r}, 'w')\n")
    done = world.run(*words, **{name: value.format(demo=world.demo) for name, value in env.items()})
    assert not ran.exists()
    assert done.returncode in {2, 6}
    assert "not safe to" in done.stderr


def test_a_link_on_path_to_a_program_of_a_project_runs_nothing(world):
    world.put_vm()
    guest_writes.record(world.lima_home / "demo-dev", [world.demo])
    ran, links = planted(world, world.demo / "tools"), world.home / "links"
    links.mkdir()
    for program in (world.demo / "tools").iterdir():
        (links / program.name).symlink_to(program)
    world.run("doctor", PATH=f"{links}:{world.env['PATH']}")
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize("words", [("ssh-config", "--yes"), ("ssh-config", "--remove", "--yes")])
def test_ssh_does_not_read_a_config_that_a_guest_writes_for_us(world, words):
    """`ssh -G` runs the commands of `Match exec`."""
    world.put_vm()
    guest_writes.record(world.lima_home / "demo-dev", [world.demo])
    config, text = world.home / ".ssh/config", f'Match exec "touch {world.home}/ran"\n'
    config.parent.mkdir(exist_ok=True)
    (world.demo / "config").write_text(text)
    config.symlink_to(world.demo / "config")
    done = world.run(*words)
    assert (done.returncode, "not safe to use" in done.stderr) == (1, True)
    assert (config.read_text(), (world.home / "ran").exists()) == (text, False)


@pytest.mark.parametrize("common", ["dl", "dl/.git"])
def test_init_does_not_allow_the_directory_that_an_archive_with_a_git_file_was_unpacked_in(world, common):
    """Both sides of what makes it a worktree are the archive's; what is called .git holds hooks of the archive alone."""
    outer, app = world.projects / common, world.projects / "dl" / "app"
    for place in (outer / "objects", outer / "refs", outer / "worktrees" / "y", app):
        place.mkdir(parents=True)
    (outer / "HEAD").touch()
    (outer / "worktrees/y/gitdir").write_text(f"{app}/.git\n")
    (outer / "worktrees/y/commondir").write_text("../..\n")
    (app / ".git").write_text(f"gitdir: {outer}/worktrees/y\n")
    assert world.run("init", cwd=app).returncode == 0
    verdict = json.loads(world.run("trust", "--json", cwd=app).stdout)
    assert verdict["allowed"] is (common == "dl/.git")
    assert world.run("start", cwd=app).returncode == (0 if common == "dl/.git" else 5)


def test_init_takes_no_template_of_the_users_that_a_guest_can_write(world):
    dotfiles = world.project("dotfiles", config="cpus: 1\n")
    (dotfiles / "dev.yaml").write_text('mounts: [{location: "~", writable: true}]\n')
    own = world.home / ".config/sysinit-vm/templates"
    own.mkdir(parents=True)
    (own / "dev.yaml").symlink_to(dotfiles / "dev.yaml")
    done = world.run("init")
    assert done.returncode == 2
    assert f"Try: sysinit-vm init {dotfiles}/dev.yaml" in done.stderr
    assert not (world.demo / ".lima" / "config.yaml").exists()
    assert "is not safe to use" in world.run("init", "--list").stdout
    assert world.run("init", f"{dotfiles}/dev.yaml").returncode == 0
    assert json.loads(world.run("trust", "--json").stdout)["allowed"] is False


def test_links_on_path_into_a_project_are_told(world):
    world.put_vm()
    planted(world, world.demo / "out")
    programs = world.home / "programs"
    programs.mkdir()
    (programs / "qemu-img").symlink_to(world.demo / "out" / "git")
    done = world.run("trust", "--show", PATH=f"{programs}:{world.env['PATH']}")
    assert "your settings or programs are links to" in done.stderr
    assert f"{world.demo}/out/git" in "".join(line.strip() for line in done.stderr.splitlines())
