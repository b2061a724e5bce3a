"""Faults of a guest that runs. These rows share one VM, in this order: those that need another boot come last."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import psutil

from tests.faults.case import Case
from tests.faults.registry import row
from tests.worlds import ENTRANCES

BOOT = 1800  # seconds: emulated, on a busy machine
CUT = """\
sleep 1
set -- $(ip -o link | grep -v LOOPBACK)
ip link set "${2%:}" down
sleep 15
ip link set "${2%:}" up
"""
BIG = 60 * 2**20  # bytes, more than a moment's copying


def works(case: Case) -> None:
    """A command runs in the guest, and sees the project."""
    case.run("exec", "cat", "notes.txt", ends=0, says="not to be lost")
    case.survived.append("the session's guest")


def starts(case: Case) -> None:
    """The next start repairs it, and what the guest had written is there."""
    case.run("start", ends=0, limit=BOOT)
    case.run("exec", "cat /var/kept", ends=0, says="kept")
    case.survived.append("the guest's disk")
    works(case)


def keep_something(case: Case) -> None:
    case.world.ok(case.root, "exec", "echo kept | sudo tee /var/kept >/dev/null; sync")


def ssh_masters(case: Case) -> list[psutil.Process]:
    """ssh's master, and what else holds a connection to the guest."""
    wanted = str(case.directory / "ssh.sock")
    return [each for each in psutil.process_iter(["cmdline"]) if wanted in " ".join(each.info["cmdline"] or [])]


@row("exec", guest=True)
def ssh_master_killed(case: Case) -> None:
    """SIGKILL of ssh's master"""
    masters = ssh_masters(case)
    assert masters
    for master in masters:
        with contextlib.suppress(psutil.Error):
            master.kill()
    works(case)


@row("exec", guest=True)
def ssh_socket_dead_while_it_runs(case: Case) -> None:
    """Nobody listens on ssh.sock of a running VM"""
    for master in ssh_masters(case):
        with contextlib.suppress(psutil.Error):
            master.kill()
            master.wait(30)
    path = case.directory / "ssh.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(path))
    works(case)


@row("status, ports, exec", guest=True)
def host_agent_socket_missing(case: Case) -> None:
    """ha.sock of a running VM was deleted"""
    path = case.directory / "ha.sock"
    kept = path.with_name("ha.kept")
    path.rename(kept)
    case.undo(kept.rename, path)
    for words in (("status",), ("ports",), ("doctor",), ("list",)):
        case.run(*words)
    case.run("exec", "true")


@row("exec", guest=True)
def machine_sleeps(case: Case) -> None:
    """SIGSTOP and SIGCONT of all the VM's processes while a command runs, as when the host sleeps"""
    process = case.begin("exec", "sleep 2; cat notes.txt")
    time.sleep(1)
    theirs = [psutil.Process(case.pid("ha")), psutil.Process(case.pid("qemu")), *ssh_masters(case)]
    for each in theirs:
        with contextlib.suppress(psutil.Error):
            each.suspend()
    time.sleep(10)
    for each in theirs:
        with contextlib.suppress(psutil.Error):
            each.resume()
    assert process.wait(120) == 0
    works(case)


@row("doctor", guest=True)
def guest_stands_still(case: Case) -> None:
    """SIGSTOP of QEMU while the guest runs"""
    qemu = psutil.Process(case.pid("qemu"))
    qemu.suspend()
    case.undo(qemu.resume)
    for words in (("status",), ("list",), ("doctor",)):
        case.run(*words)
    qemu.resume()
    works(case)


def copy_cut(case: Case, number: int, *, out: bool) -> None:
    """End `copy` in the middle: where it copies to, there is the whole file or none."""
    source = case.aside / "big"
    with source.open("wb") as stream:
        stream.truncate(BIG)
    if out:
        case.world.ok(case.root, "exec", f"truncate -s {BIG} /tmp/big")
    words = ("copy", ":/tmp/big", str(case.aside / "back")) if out else ("copy", str(source), ":/tmp/here")
    process = case.begin(*words)
    time.sleep(3)
    if process.poll() is None:
        case.kill(process, number)
    if out:
        left = [path.name for path in case.aside.iterdir() if path.stat().st_size != BIG and "back" in path.name]
        assert not left, left
    else:
        size = case.world.ok(case.root, "exec", "stat -c %s /tmp/here 2>/dev/null || echo none").strip()
        assert size in {"none", str(BIG)}, f"half a file: {size}"
    case.run(*words, ends=0)
    case.world.ok(case.root, "exec", "rm -rf /tmp/here /tmp/big")
    case.survived.append("no half file")


@row("copy", guest=True)
def copy_in_killed(case: Case) -> None:
    """SIGKILL of copy to the guest"""
    copy_cut(case, signal.SIGKILL, out=False)


@row("copy", guest=True)
def copy_in_interrupted(case: Case) -> None:
    """Ctrl-C in copy to the guest"""
    copy_cut(case, signal.SIGINT, out=False)


@row("copy", guest=True)
def copy_out_killed(case: Case) -> None:
    """SIGKILL of copy from the guest"""
    copy_cut(case, signal.SIGKILL, out=True)


@row("copy", guest=True)
def copy_out_interrupted(case: Case) -> None:
    """Ctrl-C in copy from the guest"""
    copy_cut(case, signal.SIGINT, out=True)


@row("copy", guest=True)
def disk_full_in_the_guest(case: Case) -> None:
    """The disk of the guest is full at copy"""
    small = "sudo mkdir -p /mnt/small; sudo mount -t tmpfs -o size=1m,mode=777 tmpfs /mnt/small"
    case.world.ok(case.root, "exec", small)
    source = case.aside / "much"
    source.write_bytes(bytes(3 * 2**20))
    case.run("copy", str(source), ":/mnt/small/much", ends=1, says="[Nn]o space|full|room")
    assert case.world.ok(case.root, "exec", "ls -A /mnt/small").strip() == ""
    case.world.ok(case.root, "exec", "sudo umount /mnt/small")
    case.survived.append("no half file")
    works(case)


@row("copy", guest=True)
def disk_full_at_copy_out(case: Case) -> None:
    """The disk of the host is full at copy"""
    small = case.small_disk("1m", case.aside / "small")
    case.world.ok(case.root, "exec", "truncate -s 3M /tmp/much")
    case.run("copy", ":/tmp/much", str(small / "much"), ends=1, says="[Nn]o space")
    assert list(small.iterdir()) == []
    case.survived.append("no half file")


@row("exec", guest=True)
def network_cut(case: Case) -> None:
    """The guest's network is cut for 15 seconds"""
    (case.aside / "cut.sh").write_text(CUT)
    case.world.ok(case.root, "copy", str(case.aside / "cut.sh"), ":/tmp/cut.sh")
    case.world.ok(case.root, "exec", "sudo setsid sh /tmp/cut.sh >/dev/null 2>&1 </dev/null & sleep 0.1")
    time.sleep(2)
    case.run("exec", "true", limit=120)
    case.wait_for(lambda: case.world.run(case.root, "exec", "true", timeout=120).returncode == 0)
    works(case)


def with_script(case: Case, script: str) -> None:
    """Add a script to the project's config; when the row is over, the VM is as it was."""
    case.undo(case.world.run, case.root, "sync")
    lines = "".join(f"    {line}\n" for line in script.splitlines())
    case.config.write_text(f"{case.config.read_text().rstrip()}\n- mode: system\n  script: |\n    #!/bin/sh\n{lines}")


@row("sync", guest=True)
def script_fails(case: Case) -> None:
    """A provision script fails"""
    with_script(case, "echo about to fail; exit 3")
    case.run("sync", ends=1, says="about to fail")
    works(case)


@row("sync", guest=True)
def script_hangs(case: Case) -> None:
    """A provision script hangs, and Ctrl-C ends it"""
    with_script(case, "sleep 4321")
    process = case.begin("sync")
    listing = "ps -eo args | grep -c '[s]leep 4321' || :"
    case.wait_for(lambda: case.world.ok(case.root, "exec", listing).strip() != "0", process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    case.wait_for(lambda: case.world.ok(case.root, "exec", listing).strip() == "0", limit=30)
    works(case)


@row("sync", guest=True)
def script_prints_a_megabyte(case: Case) -> None:
    """A provision script prints a megabyte"""
    with_script(case, "head -c 1000000 /dev/zero | tr '\\0' x | fold -w 100")
    done = case.world.run(case.root, "sync", timeout=300)
    assert done.returncode == 0
    case.outcome = f"sync [0] {len(done.stdout + done.stderr) // 1000} kB"
    case.run("doctor", ends=0, says="checks passed")
    works(case)


@row("sync", guest=True)
def sync_killed(case: Case) -> None:
    """SIGKILL of sync while its script runs in the guest"""
    with_script(case, "sleep 20")
    process = case.begin("sync")
    listing = "ps -eo args | grep -c '[s]leep 20' || :"
    case.wait_for(lambda: case.world.ok(case.root, "exec", listing).strip() != "0", process)
    process.kill()
    process.wait()
    case.config.write_text(case.config.read_text().replace("sleep 20", "true"))
    case.run("sync", ends=0)
    works(case)


@row("exec", guest=True)
def project_moved_while_it_runs(case: Case) -> None:
    """The project's directory is moved while its VM runs, and moved back"""
    away = case.root.with_name("away")
    case.root.rename(away)
    try:
        for words in (("list",), ("status", "--name", case.name), ("doctor", "--name", case.name)):
            done = case.world.run(case.world.place, *words, timeout=120)
            case.outcome = f"{' '.join(words)} [{done.returncode}]"
    finally:
        away.rename(case.root)
    works(case)


@row("stop", guest=True)
def stop_interrupted(case: Case) -> None:
    """Ctrl-C in stop while the guest shuts down"""
    keep_something(case)
    process = subprocess.Popen(
        ENTRANCES["sysinit-vm"]("stop"),
        cwd=case.root,
        env=case.world.env,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process.stderr.readline()
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in {130, 0}
    case.run("status", ends=0)
    case.run("stop", ends=0, limit=300)
    case.run("status", ends=0, says="Stopped")
    starts(case)


@row("status, start", guest=True)
def guest_shuts_down_from_inside(case: Case) -> None:
    """The guest is shut down from inside"""
    keep_something(case)
    case.world.run(case.root, "exec", "sudo systemctl poweroff")
    case.wait_for(lambda: "Running" not in case.world.ok(case.root, "status"))
    case.run("status", ends=0, says="Stopped")
    case.run("exec", "true", ends=4, says="sysinit-vm start")
    starts(case)


@row("start", guest=True)
def qemu_killed_with_a_guest(case: Case) -> None:
    """SIGKILL of QEMU while the guest runs"""
    keep_something(case)
    case.end("qemu")
    case.run("doctor")
    case.run("exec", "true")
    starts(case)


@row("start", guest=True)
def host_agent_killed_with_a_guest(case: Case) -> None:
    """SIGKILL of the host agent while the guest runs"""
    keep_something(case)
    case.end("ha")
    case.run("doctor")
    starts(case)


UNWRITTEN = "echo kept | sudo tee /var/kept >/dev/null"  # without sync: the guest has to be shut down


@row("stop", guest=True)
def stop_without_a_host_agent(case: Case) -> None:
    """SIGKILL of the host agent, then stop, while the guest has not written all"""
    case.world.ok(case.root, "exec", UNWRITTEN)
    case.end("ha")
    case.run("stop", ends=0, says="shutting down the guest")
    starts(case)


@row("stop", guest=True)
def defaults_of_all_vms_damaged(case: Case) -> None:
    """LIMA_HOME/_config/override.yaml is damaged while the guest runs"""
    case.world.ok(case.root, "exec", UNWRITTEN)
    override = case.world.lima_home / "_config/override.yaml"
    case.undo(override.unlink, True)
    override.write_text("{{{ : ]")
    before = (case.directory / "lima.yaml").read_bytes()
    for words in (("status",), ("doctor",), ("exec", "true"), ("doctor", "--fix"), ("start", "--name", case.name)):
        done = case.run(*words, says="_config")
        assert "destroy" not in done.stderr
    case.run("stop", ends=0, says="shutting down the guest")
    assert (case.directory / "lima.yaml").read_bytes() == before
    override.unlink()
    starts(case)


@row("start", guest=True)
def lima_yaml_missing_with_a_guest(case: Case) -> None:
    """lima.yaml disappears while the guest runs"""
    case.world.ok(case.root, "exec", UNWRITTEN)
    lima_yaml = case.directory / "lima.yaml"
    lima_yaml.unlink()
    case.run("exec", "true", ends=4, says="sysinit-vm start")
    assert not lima_yaml.exists()
    starts(case)


@row("doctor, start", guest=True)
def lima_yaml_corrupt_with_a_guest(case: Case) -> None:
    """lima.yaml is damaged while the guest runs, and doctor --fix restores it"""
    case.world.ok(case.root, "exec", "echo kept | sudo tee /var/kept >/dev/null")
    (case.directory / "lima.yaml").write_text("{{{")
    case.run("doctor", ends=1, says="sysinit-vm start")
    case.run("doctor", "--fix", says="the disk was kept")
    case.run("status", ends=0, says="Stopped")
    starts(case)
