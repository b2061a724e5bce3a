"""Servers in a guest, and what the host gets from them."""

import random
import time
import urllib.error
import urllib.request

from sysinit_vm.ports import sockets
from tests.lima.conftest import inside

SERVER = """\
import socket, sys, threading
def serve(port):
    server = socket.create_server(("127.0.0.1", port))
    while True:
        one, _ = server.accept()
        one.recv(9999)
        one.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nguest %d" % port)
        one.close()
for port in map(int, sys.argv[1:]):
    threading.Thread(target=serve, args=(port,)).start()
"""


def free_port():
    """A host port that is free, and that the system gives to no client meanwhile."""
    while sockets.taken(port := random.randint(12000, 19999)):  # noqa: S311
        pass
    return port


def serve(world, project, *ports):
    """Let the guest listen on ``ports``, until it stops."""
    (project / "serve.py").write_text(SERVER)
    inside(
        world, project, f"setsid python3 serve.py {' '.join(map(str, ports))} >/dev/null 2>&1 </dev/null & sleep 0.1"
    )


def fetched(url, seconds=90):
    """What a program on the host gets from ``url``; Lima looks for new listeners every few seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
