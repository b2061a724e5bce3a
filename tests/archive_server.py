"""A web server on this machine that serves files as a mirror does, well or badly, and what a test puts there."""

import gzip
import hashlib
import io
import tarfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sysinit_vm.machine.pinned_versions import Archive


def archive(files, *, size=0):
    """Return a gzipped tar of executable ``files`` (name: text or bytes), with ``size`` bytes more that do not compress."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in {**files, **({"filler": "x" * size} if size else {})}.items():
            member = tarfile.TarInfo(f"./{name}")
            content = text if isinstance(text, bytes) else text.encode()
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), compresslevel=0, mtime=0)


def pinned(path, content, *, longest=None, sources=("https://a.example", "https://b.example")):
    """Return the table's entry for ``content``."""
    return Archive(path, hashlib.sha256(content).hexdigest(), longest or len(content), sources)


@dataclass
class Served:
    """What a server has (``files``, by path) and how it behaves; ``requests`` are those that came.

    The first ``well`` requests are answered as they should be. After that it closes each connection after ``cut``
    bytes, sends ``slow`` bytes at a time, knows no ``ranges``, or redirects to ``elsewhere``.
    """

    files: dict = field(default_factory=dict)
    url: str = ""
    well: int = 0
    cut: int = 0
    slow: int = 0
    ranges: bool = True
    elsewhere: str = ""
    requests: list = field(default_factory=list)

    @property
    def ranges_asked(self):
        """The ranges of all requests but those that only ask whether a file is there."""
        return [asked["Range"] for _, asked in self.requests if asked["Range"] != "bytes=0-0"]


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        served = self.server.served
        served.requests.append((self.path, dict(self.headers)))
        badly = len(served.requests) > served.well
        content = served.files.get(self.path)
        if badly and served.elsewhere:
            self.send_response(302)
            self.send_header("Location", served.elsewhere + self.path)
            self.end_headers()
            return
        if content is None:
            self.send_error(404)
            return
        start, _, end = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        if int(start) >= len(content) and served.ranges:
            self.send_error(416)
            return
        body = content[int(start) : int(end) + 1 if end else None] if served.ranges else content
        self.send_response(206 if served.ranges else 200)
        if served.ranges:
            self.send_header("Content-Range", f"bytes {start}-{int(start) + len(body) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send(body, served if badly else Served())

    def _send(self, body, served):
        if served.cut and len(body) > served.cut:
            body = body[: served.cut]
            self.close_connection = True
        for at in range(0, len(body), served.slow or len(body)):
            self.wfile.write(body[at : at + (served.slow or len(body))])
            if served.slow:
                time.sleep(0.05)


@contextmanager
def serving(files=None, host="127.0.0.1", **behaviour):
    """Serve ``files`` until the block ends."""
    server = ThreadingHTTPServer((host, 0), _Handler)
    server.daemon_threads = True
    server.served = Served(dict(files or {}), f"http://{host}:{server.server_port}", **behaviour)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.served
    finally:
        server.shutdown()
        server.server_close()
