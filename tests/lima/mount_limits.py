"""Runs in a guest: what a directory can do, as JSON: "works", or the error's name, for each row of docs/mounts.md."""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile

PROBES = {}


def probe(row):
    return lambda function: PROBES.setdefault(row, function)


def make(name, text=""):
    with open(name, "w") as file:
        file.write(text)
    return name


def as_root(*words):
    done = subprocess.run(["sudo", *words], capture_output=True, text=True)
    if done.returncode:
        reasons = {os.strerror(number): number for number in errno.errorcode}
        raise OSError(reasons[done.stderr.strip().rsplit(": ", 1)[-1]], done.stderr)


@probe("a Unix socket")
def unix_socket():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")


@probe("a FIFO")
def fifo():
    os.mkfifo("fifo")


@probe("a device node")
def device():
    as_root("mknod", "device", "c", "1", "3")


@probe("a file without a name (`O_TMPFILE`)")
def without_name():
    os.close(os.open(".", os.O_TMPFILE | os.O_RDWR))


@probe("`ftruncate` of an open file that was deleted")
def truncate_deleted():
    with open("deleted", "w+b") as file:
        os.unlink("deleted")
        os.ftruncate(file.fileno(), 10)


@probe("`chown`, also by root")
def chown():
    as_root("chown", "nobody", make("owned"))


@probe("root reads a file of mode 000")
def mode_000():
    os.chmod(make("closed"), 0)
    as_root("cat", "closed")


@probe("two names exchanged (`RENAME_EXCHANGE`)")
def exchange():
    os.mkdir("one")
    os.mkdir("two")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, b"one", -100, b"two", 2):
        raise OSError(ctypes.get_errno(), "renameat2")


@probe("a time that is set to less than a second")
def nanoseconds():
    os.utime(make("timed"), ns=(1, 1234567891))
    if os.stat("timed").st_mtime_ns != 1234567891:
        raise OSError(errno.ERANGE, "whole seconds")


@probe("hard and symbolic links")
def links():
    os.link(make("first"), "second")
    os.symlink("nowhere", "link")
    assert (os.stat("first").st_nlink, os.readlink("link")) == (2, "nowhere")


@probe("modes and programs")
def program():
    os.chmod(make("program", "#!/bin/sh\nexit 0\n"), 0o751)
    assert os.stat("program").st_mode & 0o777 == 0o751
    subprocess.run(["./program"], check=True)


@probe("`flock` and `fcntl` locks")
def locks():
    with open(make("locked"), "w") as first, open("locked", "w") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            raise AssertionError("locked twice")
        except BlockingIOError:
            pass
    with open("locked", "w") as first:
        fcntl.lockf(first, fcntl.LOCK_EX)
        other = "import fcntl; fcntl.lockf(open('locked', 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        assert subprocess.run([sys.executable, "-c", other], capture_output=True).returncode


@probe("shared memory maps, `O_DIRECT`, `fallocate`")
def maps():
    with open("map", "w+b") as file:
        os.posix_fallocate(file.fileno(), 0, 4096)
        with mmap.mmap(file.fileno(), 4096) as shared:
            shared[0:1] = b"x"
    with open("map", "rb") as file:
        assert file.read(1) == b"x"
    direct = os.open("direct", os.O_CREAT | os.O_RDWR | os.O_DIRECT)
    assert os.write(direct, mmap.mmap(-1, 4096)) == 4096
    os.close(direct)


@probe("a file replaced while it is open")
def replaced():
    with open(make("old", "1")) as file:
        os.rename(make("new", "2"), "old")
        assert file.read() == "1"


@probe("`user.` attributes")
def attributes():
    os.setxattr(make("attributes"), "user.a", b"1")
    assert os.getxattr("attributes", "user.a") == b"1"


@probe("SQLite, also with a write-ahead log")
def sqlite():
    database = sqlite3.connect("database")
    assert database.execute("pragma journal_mode=wal").fetchone() == ("wal",)
    database.execute("create table t (x)")
    database.commit()
    database.close()


def outcome(function):
    try:
        function()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "works"


if __name__ == "__main__":
    room = tempfile.mkdtemp(dir=sys.argv[1])
    os.chdir(room)
    print(json.dumps({row: outcome(function) for row, function in PROBES.items()}))
    os.chdir("/")
    shutil.rmtree(room)
