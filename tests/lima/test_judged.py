"""What limactl reads is what was judged: by the real limactl, which makes each VM here without a boot."""

import contextlib
import json
import shutil
import subprocess
import threading

import pytest

from sysinit_vm.config import document
from sysinit_vm.effective import prepare
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts, find_programs
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner
from tests.worlds import no_limactl

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture
def here(world, monkeypatch):
    """The world's environment, in this process; the VMs that the test makes go with it, and so do their host ports."""
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    before = set(world.lima_home.glob("*/lima.yaml"))
    yield Limactl(Runner(), find_programs.find_limactl())
    for made in set(world.lima_home.glob("*/lima.yaml")) - before:
        world.ok(world.place, "destroy", "--yes", "--name", made.parent.name)


def effective(project):
    root = Project(project.resolve())
    return prepare.prepared(committed_config.load(root), root, f"{project.name}-dev", facts.gather()).data


def create(lima, name, data, place):
    """Make an instance as `limactl create` does, whoever typed that."""
    path = place / f"{name}.yaml"
    path.write_text(data if isinstance(data, str) else document.dump(data))
    done = lima._change("create", "--tty=false", "--name", name, str(path))
    assert done.ok, done.err


def told(world, project, *words):
    return json.loads(world.ok(project, "trust", "--json", *words))


def lines(record):
    return [f"{danger['level']} {danger['where']} {danger['says']}" for danger in record["dangers"]]


MORE = {
    "mounts": "- {location: ./data, mountPoint: /data, writable: true}\n"
    "- {location: '{{.Home}}/.ssh', mountPoint: '/mnt/again'}\n- {location: /etc, mountPoint: /mnt/etc}\n",
    "portForwards": "- {guestSocket: '/run/user/{{.UID}}/x.sock', hostSocket: '{{.Param.PROJECT_NAME}}.sock'}\n"
    "- {guestPort: 4000, hostIP: 0.0.0.0}\n",
}


def test_a_vm_is_judged_as_its_config_was(world, here, tmp_path):
    """What Lima fills in adds nothing, and what it resolves is what we resolved: the same hash."""
    project = world.project("same")
    (project / "data").mkdir()
    world.ok(project, "init")
    config = project / ".lima/config.yaml"
    text = config.read_text()
    for key, entries in MORE.items():
        text = text.replace(f"{key}:\n", f"{key}:\n{entries}", 1)
    config.write_text(f"{text}\ncopyToHost: [{{guest: /etc/hostname, host: '{{{{.Dir}}}}/copied/x'}}]\n")
    committed = told(world, project)
    create(here, "same-dev", effective(project), tmp_path)
    own = told(world, project, "--name", "same-dev")
    assert lines(own) == lines(committed)
    assert own["hash"] == committed["hash"]
    assert {danger["level"] for danger in own["dangers"]} == {"DELETES", "WRITES", "READS", "OPENS"}


def test_a_vm_with_reverse_sshfs_is_asked_about_before_it_starts(world, here, tmp_path):
    project = world.project("sshfs")
    world.ok(project, "init")
    create(here, "sshfs-dev", {**effective(project), "mountType": "reverse-sshfs"}, tmp_path)
    done = world.run(project, "start", "--drift", "keep")
    assert done.returncode == 5
    assert "RUNS    mountType lets the guest read all your files" in done.stderr
    assert "sysinit-vm build.debian" in done.stderr
    assert "Stopped" in world.ok(project, "status")


def test_a_mount_whose_directory_became_a_link_is_not_mounted(world, here, tmp_path):
    """The guest replaced the directory, and took the mount out of the config."""
    project = world.project("swap")
    (project / "data").mkdir()
    world.ok(project, "init")
    config = project / ".lima/config.yaml"
    before = config.read_text()
    mount = "- {location: ./data, mountPoint: /data, writable: true}\n\nenv:\n"
    config.write_text(before.replace("\nenv:\n", mount))
    assert told(world, project)["allowed"]
    create(here, "swap-dev", effective(project), tmp_path)
    (project / "data").rmdir()
    (project / "data").symlink_to(world.env["HOME"])
    config.write_text(before)
    for words in (("start", "--drift", "keep"), ("start", "--name", "swap-dev", "--project", str(world.place))):
        done = world.run(project, *words)
        assert done.returncode == 5, done.stderr
        assert "RUNS" in done.stderr
        assert world.env["HOME"] in done.stderr
    assert "Stopped" in world.ok(project, "status")


def test_a_revoked_vm_starts_from_nowhere(world, here, tmp_path):
    project = world.project("revoked")
    world.ok(project, "init")
    create(here, "revoked-dev", effective(project), tmp_path)
    world.ok(project, "trust", "--revoke")
    done = world.run(world.place, "start", "--name", "revoked-dev")
    assert done.returncode == 5
    assert "trust --name revoked-dev --approve" in done.stderr


def test_a_param_of_an_approved_mount_that_changed_asks_again_and_a_comma_is_refused(world):
    project = world.project("param")
    (project / ".lima").mkdir()
    config = project / ".lima/config.yaml"
    config.write_text("param: {DATA: /srv}\nmounts: [{location: '{{.Param.DATA}}'}]\n")
    world.ok(project, "trust", "--approve", told(world, project)["hash"])
    config.write_text(config.read_text().replace("/srv", "/etc"))
    assert world.run(project, "start").returncode == 5
    odd = project / "x,path=" / "etc"
    odd.mkdir(parents=True)
    config.write_text("param: {DATA: './x,path=/etc'}\nmounts: [{location: '{{.Param.DATA}}'}]\n")
    done = world.run(project, "start")
    assert done.returncode == 1
    assert "begins another" in done.stderr
    assert not (world.lima_home / "param-dev").exists()


def test_a_script_that_flips_to_a_key_is_never_taken(world, here, tmp_path):
    project = world.project("flip")
    world.ok(project, "init")
    script, config = project / ".lima/setup.sh", project / ".lima/config.yaml"
    script.write_text("#!/bin/sh\n")
    config.write_text(config.read_text().replace("provision:\n", "provision:\n- {mode: system, file: ./setup.sh}\n"))
    create(here, "flip-dev", effective_whole(project), tmp_path)
    over = threading.Event()

    def flip():
        while not over.is_set():
            for make in (
                lambda path: path.symlink_to(f"{world.env['HOME']}/.ssh/id_ed25519"),
                lambda path: path.write_text("#!/bin/sh\n"),
            ):
                new = script.with_name("new")
                make(new)
                new.replace(script)

    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        codes = [world.run(project, "apply", "--yes").returncode for _ in range(12)]
    finally:
        over.set()
        flipping.join()
    assert set(codes) <= {0, 1}
    assert KEY not in (world.lima_home / "flip-dev/lima.yaml").read_text()
    assert not any(KEY in path.read_text() for path in world.place.glob("home/**/*taken*.json"))


def effective_whole(project):
    from sysinit_vm.vm.permission import Request

    root = Project(project.resolve())
    whole = Request(committed_config.load(root), root, f"{project.name}-dev", no_limactl).require()
    return prepare.prepared(whole, root, f"{project.name}-dev", facts.gather()).data


def test_limas_own_templates_are_put_together_from_what_was_approved(world, here):
    project = world.project("template")
    (project / ".lima").mkdir()
    (project / ".lima/config.yaml").write_text("base: template:debian-12\nmemory: 1GiB\ncpus: 1\n")
    hashes = []
    while not (record := told(world, project))["allowed"]:
        hashes.append(record["hash"])
        world.ok(project, "trust", "--approve", record["hash"])
    assert len(hashes) == 2
    whole = effective_whole(project)
    assert whole["images"]
    assert "base" not in whole
    assert whole["mountTypesUnsupported"] == ["9p"]
    done = world.run(project, "start")
    assert done.returncode == 1
    assert "cannot mount the project safely" in done.stderr
    assert "--ssh agent" in done.stderr


def test_the_machines_own_defaults_are_judged_too(world, here):
    project = world.project("machine")
    world.ok(project, "init")
    assert told(world, project)["allowed"]
    place = world.lima_home / "_config"
    place.mkdir(exist_ok=True)
    try:
        (place / "override.yaml").write_text("mounts: [{location: /srv, writable: true}]\n")
        record = told(world, project)
        assert not record["allowed"]
        assert any(line.startswith("WRITES") and line.endswith("/srv") for line in lines(record))
        assert world.run(project, "start").returncode == 5
    finally:
        (place / "override.yaml").unlink()


def test_a_line_break_in_the_users_name_reaches_no_file_of_limas(world):
    project = world.project("user")
    (project / ".lima").mkdir()
    (project / ".lima/config.yaml").write_text('user: {name: "a\\n  ProxyCommand touch /tmp/pwned"}\n')
    done = world.run(project, "start")
    assert done.returncode == 1
    assert "line break" in done.stderr
    assert not (world.lima_home / "user-dev").exists()


def test_a_config_that_is_as_long_as_we_allow_can_still_be_listed(world, here, tmp_path):
    project = world.project("long")
    world.ok(project, "init")
    config = project / ".lima/config.yaml"
    short = config.read_text()
    for size in (40_000, 30_000, 20_000, 15_000, 10_000):
        config.write_text(f"{short}\nmessage: {'x' * size}\n")
        if world.run(project, "trust", "--show").returncode == 0:
            break
    assert size > 10_000
    create(here, "long-dev", effective(project), tmp_path)
    assert "long-dev" in world.ok(project, "list")


@pytest.mark.parametrize("point", ["/mnt/{{.Name}}", "*"])
def test_no_second_mount_makes_the_first_writable(world, point):
    """Lima gives what is mounted at one place the location of the first entry, and `writable` of the last (2.2.0)."""
    project = world.project(f"twice{len(point)}")
    (project / "sub").mkdir()
    world.ok(project, "init")
    config = project / ".lima/config.yaml"
    text = config.read_text()
    if "{{" in point:
        text = text.replace("/mnt/host-ssh", f"/mnt/{project.name}-dev")
    if point == "*":
        text = text.replace("  writable: false\n", "")
    mount = f"- {{location: ./sub, mountPoint: '{point}', writable: true}}\n\nenv:\n"
    config.write_text(text.replace("\nenv:\n", mount))
    done = world.run(project, "start")
    assert done.returncode == 1, done.stderr
    assert "RUNS" in done.stderr
    assert f"{world.env['HOME']}/.ssh" in done.stderr
    assert "Lima makes more of" in done.stderr
    assert not (world.lima_home / f"{project.name}-dev").exists()


def test_a_vm_whose_config_leaves_the_mount_type_to_lima_is_judged_by_what_lima_takes(world, here, tmp_path):
    project = world.project("adopted")
    world.ok(project, "init")
    made = {key: value for key, value in effective(project).items() if key != "mountType"}
    mounts = [{"location": str(project.resolve()), "writable": True}]
    by_hand = {**made, "mountTypesUnsupported": ["9p"], "param": {}, "provision": [], "mounts": mounts}
    create(here, "by-hand", by_hand, tmp_path)
    assert any(line.startswith("RUNS mountType") for line in lines(told(world, project, "--name", "by-hand")))
    done = world.run(project, "adopt", "--name", "by-hand", "--yes")
    assert done.returncode == 5
    assert "reverse-sshfs" in done.stderr


def test_certificates_are_read_once_and_handed_over_as_text(world, here):
    project = world.project("certs")
    (project / ".lima").mkdir()
    (project / ".lima/ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (project / ".lima/config.yaml").write_text("caCerts: {files: [./ca.pem]}\npropagateProxyEnv: false\n")
    assert effective_whole(project)["caCerts"] == {"certs": ["-----BEGIN CERTIFICATE-----\n"]}
    (project / ".lima/ca.pem").unlink()
    (project / ".lima/ca.pem").symlink_to(f"{world.env['HOME']}/.ssh/id_ed25519")
    done = world.run(project, "start")
    assert done.returncode == 1
    assert "It is a link" in done.stderr


def test_an_image_that_keeps_its_data_in_another_file_is_refused(world, tmp_path):
    project, secret = world.project("data"), tmp_path / "secret"
    evil = tmp_path / "evil.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-f", "qcow2", "-o", f"data_file={secret},data_file_raw=on", str(evil), "1M"], check=True
    )
    (project / ".lima").mkdir()
    text = f"images: [{{location: {evil}}}]\nmountType: 9p\ndisk: 1GiB\n"
    (project / ".lima/config.yaml").write_text(text)
    world.ok(project, "trust", "--approve", told(world, project)["hash"])
    done = world.run(project, "start")
    assert done.returncode == 1
    assert "external data file" in done.stderr
    assert not (world.lima_home / "data-dev").exists()


def test_a_vm_that_its_guest_made_unreadable_is_not_started_and_is_still_the_projects(world, here, tmp_path):
    """A file in place of a directory that is mounted is enough for Lima to refuse it, and to lose its processes."""
    project = world.project("unread")
    (project / "data").mkdir()
    world.ok(project, "init")
    config = project / ".lima/config.yaml"
    mount = "- {location: ./data, mountPoint: /data, writable: true}\n\nenv:\n"
    config.write_text(config.read_text().replace("\nenv:\n", mount))
    create(here, "unread-dev", effective(project), tmp_path)
    (project / "data").rmdir()
    (project / "data").touch()
    for words in (("start", "--name", "unread-dev"), ("start",), ("trust", "--show", "--name", "unread-dev")):
        done = world.run(project, *words)
        assert done.returncode == 4
        assert f"{project}/data is mounted in it, and is no directory" in done.stderr
    (row,) = [vm for vm in json.loads(world.ok(project, "list", "--json"))["vms"] if vm["name"] == "unread-dev"]
    assert row["project"] == str(project)
    with here_sleeps(world.lima_home / "unread-dev") as process:
        world.ok(project, "stop")
        assert process.wait(30) != 0
    with here_sleeps(world.lima_home / "unread-dev") as process:
        world.ok(project, "destroy", "--yes")
        assert process.wait(30) != 0
    assert not (world.lima_home / "unread-dev").exists()


LONG = {
    "message": {"message": '{{"\\ufffe"}}'},
    "home": {
        "user": {"home": f"/h{'o' * 3000}"},
        "provision": [{"mode": "system", "script": "#!/bin/sh\n" + "{{.Home}}\n" * 25}],
    },
    "mounts": {"mounts": [{"location": "{project}/.lima", "mountPoint": f"/a{number}"} for number in range(260)]},
    "ports": {"portForwards": [{"guestPort": number} for number in range(3000, 3400)]},
    "merged": {"user": {"comment": "x" * 30_000}, "message": "m" * 16_000},
}


@pytest.mark.parametrize("kind", LONG)
def test_a_vm_that_limactl_cannot_list_hides_no_other_and_can_be_ended(world, here, tmp_path, kind):
    other, project = world.project(f"ok{kind}"), world.project(f"by{kind}")
    for root in (other, project):
        world.ok(root, "init")
        create(here, f"{root.name}-dev", effective(root), tmp_path)
    directory = world.lima_home / f"{project.name}-dev"
    given = json.loads(json.dumps(LONG[kind]).replace("{project}", str(project.resolve())))
    own = effective(project)
    create(here, "away", {**own, **given, "provision": [*own["provision"], *given.get("provision", [])]}, tmp_path)
    shutil.copy(world.lima_home / "away/lima.yaml", directory / "lima.yaml")
    shutil.rmtree(world.lima_home / "away")
    assert not here._read("list", "--json", f"{other.name}-dev", directory.name).ok
    states = {vm["name"]: vm["status"] for vm in json.loads(world.ok(project, "list", "--json"))["vms"]}
    assert (states[directory.name], states[f"{other.name}-dev"]) == ("Broken", "Stopped")
    assert "Stopped" in world.ok(other, "status")
    done = world.run(project, "start")
    assert done.returncode == 4
    assert "limactl cannot list" in done.stderr
    for words in (("stop",), ("destroy", "--yes")):
        with here_sleeps(directory) as process:
            world.ok(project, *words)
            assert process.wait(30) != 0
    assert not directory.exists()


@contextlib.contextmanager
def here_sleeps(directory):
    """A process that stands for the QEMU of an instance: a program of that name with the instance's directory."""
    program = shutil.copy("/bin/cat", directory / "qemu-system-x86_64")
    with subprocess.Popen([program, "-", f"{directory}/qmp.sock"], stdin=subprocess.PIPE) as process:
        (directory / "qemu.pid").write_text(str(process.pid))
        yield process
        process.kill()
