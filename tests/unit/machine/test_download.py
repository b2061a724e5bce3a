"""Files over HTTP from a server on this machine, and from a directory."""

import hashlib
import socket
import threading

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.machine import download
from sysinit_vm.machine.download import RefusedFileError
from tests.archive_server import serving

CONTENT = bytes(range(256)) * 400  # 100 KB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def part(tmp_path):
    return tmp_path / "downloads" / "a.part"


def fetch(location, part, *, longest=102_400, sha256=SHA256):
    """Fetch, and return how far it was, each time that it was told."""
    told = []
    download.fetch(location, part, sha256, longest, lambda done, length: told.append((done, length)))
    return told


def test_a_file_is_fetched_whole_and_told_as_it_comes(part):
    with serving({"/a": CONTENT}) as served:
        told = fetch(f"{served.url}/a", part)
    assert part.read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_slow_server_is_waited_for(part):
    with serving({"/a": CONTENT}, slow=20_000) as served:
        told = fetch(f"{served.url}/a", part)
    assert part.read_bytes() == CONTENT
    assert len(told) > 3


def test_a_cut_download_goes_on_where_it_was(part):
    with serving({"/a": CONTENT}, cut=40_000) as served:
        fetch(f"{served.url}/a", part)
    assert part.read_bytes() == CONTENT
    assert served.ranges_asked == ["bytes=0-", "bytes=40000-", "bytes=80000-"]


def test_what_came_is_kept_for_the_next_time_when_the_server_goes(part):
    part.parent.mkdir()
    part.write_bytes(CONTENT[:70_000])
    with serving({"/a": CONTENT}) as served:
        pass
    with pytest.raises(VmError) as error:
        fetch(f"{served.url}/a", part)
    assert "Connection refused" in error.value.detail
    assert error.value.hint == "sysinit-vm setup, or sysinit-vm setup --compile"
    assert "is kept" in error.value.detail
    assert part.read_bytes() == CONTENT[:70_000]
    with serving({"/a": CONTENT}) as served:
        assert fetch(f"{served.url}/a", part)[0] == (70_000, len(CONTENT))
    assert served.ranges_asked == ["bytes=70000-"]
    assert part.read_bytes() == CONTENT


def test_what_is_there_already_is_only_verified(part):
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    with serving({"/a": CONTENT}) as served:
        assert fetch(f"{served.url}/a", part) == []
    assert part.read_bytes() == CONTENT


def test_a_server_without_ranges_begins_again(part):
    part.parent.mkdir()
    part.write_bytes(b"old" * 9)
    with serving({"/a": CONTENT}, ranges=False) as served:
        fetch(f"{served.url}/a", part)
    assert part.read_bytes() == CONTENT


def test_a_wrong_digest_is_told_with_the_right_one_and_the_file_is_gone(part):
    wrong = CONTENT[:-1] + b"!"
    with serving({"/a": wrong}) as served, pytest.raises(RefusedFileError) as error:
        fetch(f"{served.url}/a", part)
    assert SHA256 in error.value.detail
    assert hashlib.sha256(wrong).hexdigest() in error.value.detail
    assert error.value.hint == "sysinit-vm setup --compile"
    assert not part.exists()


@pytest.mark.parametrize("ranges", [True, False])
def test_nothing_longer_than_expected_is_read(part, ranges):
    with serving({"/a": CONTENT}, ranges=ranges) as served, pytest.raises(RefusedFileError, match="at most 1000"):
        fetch(f"{served.url}/a", part, longest=1000)
    assert not part.exists()


def test_an_endless_answer_that_does_not_say_its_length_is_bounded(part):
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        one, _ = listener.accept()
        one.recv(9999)
        one.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        try:
            while True:
                one.sendall(b"x" * 10_000)
        except OSError:
            one.close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with pytest.raises(RefusedFileError, match="more than 100000"):
        fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/a", part, longest=100_000)
    thread.join(10)
    listener.close()
    assert not part.exists()


def test_a_redirect_to_the_same_host_is_followed(part):
    with serving({"/a": CONTENT}) as target, serving(elsewhere=target.url) as served:
        fetch(f"{served.url}/a", part)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("elsewhere", ["http://localhost:9", "https://localhost:9", "file://", "ftp://127.0.0.1"])
def test_a_redirect_anywhere_else_is_not(part, elsewhere):
    with serving(elsewhere=elsewhere) as served, pytest.raises(VmError) as error:
        fetch(f"{served.url}/a", part)
    assert not isinstance(error.value, RefusedFileError)
    assert "redirect" in error.value.detail.lower()
    assert not part.exists()


@pytest.mark.parametrize(
    ("old", "new", "followed"),
    [
        ("https://a.example/x", "https://b.example/x", True),
        ("https://a.example/x", "http://a.example/x", False),
        ("http://a.example/x", "https://a.example/x", True),
        ("http://a.example/x", "https://b.example/x", False),
    ],
)
def test_a_redirect_never_leaves_https(old, new, followed):
    request = download.urllib.request.Request(old)
    redirects = download._Redirects()
    if followed:
        assert redirects.redirect_request(request, None, 302, "", {}, new).full_url == new
    else:
        with pytest.raises(OSError, match="not followed"):
            redirects.redirect_request(request, None, 302, "", {}, new)


def test_a_login_goes_to_the_mirror_alone_and_into_no_message(part):
    with serving({"/a": CONTENT}) as target, serving({"/a": CONTENT}, elsewhere=target.url, well=1) as served:
        location = served.url.replace("http://", "http://me:hunter2@") + "/a"
        assert download.ask(location).obstacle == ""
        fetch(location, part)
        with pytest.raises(VmError) as error:
            fetch(location.replace("/a", "/b"), part.with_name("b"))
    assert [asked["Authorization"] for _, asked in served.requests] == ["Basic bWU6aHVudGVyMg=="] * 3
    assert not any("Authorization" in asked for _, asked in target.requests)
    assert "hunter2" not in str(error.value)


def test_a_host_that_has_the_file_is_asked_for_its_length_alone():
    with serving({"/a": CONTENT}) as served:
        assert download.ask(f"{served.url}/a") == download.Answer(length=len(CONTENT))
    assert served.ranges_asked == []


def test_what_a_host_lacks_is_told_with_its_address():
    with serving() as served:
        answer = download.ask(f"{served.url}/a")
    assert answer == download.Answer(f"{served.url}/a: HTTP 404 Not Found")


def test_a_host_that_cannot_be_reached_is_silent():
    with serving() as served:
        pass
    answer = download.ask(f"{served.url}/a")
    assert answer.silent
    assert answer.obstacle == "127.0.0.1 cannot be reached (Connection refused)"


def test_a_host_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(download, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer = download.ask(f"http://127.0.0.1:{listener.getsockname()[1]}/a")
    assert answer.silent
    assert "127.0.0.1" in answer.obstacle


def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(download, "_PATIENCE", 0.1)
    monkeypatch.setattr(download, "_ask_host", lambda _: never.wait(30))
    assert download.ask("https://a.example/a").obstacle == "a.example does not answer within 0 seconds"
    never.set()


def test_a_directory_serves_too(tmp_path, part):
    (tmp_path / "a").write_bytes(CONTENT)
    assert download.ask(f"{tmp_path}/a") == download.Answer(length=len(CONTENT))
    fetch(f"{tmp_path}/a", part)
    assert part.read_bytes() == CONTENT


def test_a_directorys_own_file_stays_whatever_is_wrong_with_it(tmp_path, part):
    (tmp_path / "a").write_bytes(b"other")
    for longest in (len(CONTENT), 2):
        with pytest.raises(RefusedFileError):
            fetch(f"{tmp_path}/a", part, longest=longest)
        assert not part.exists()
    assert (tmp_path / "a").read_bytes() == b"other"


def test_a_file_that_a_directory_lacks_is_told(tmp_path):
    assert download.ask(f"{tmp_path}/a") == download.Answer(f"there is no file {tmp_path}/a")


def test_a_proxy_of_the_environment_is_used(part, monkeypatch):
    with serving({"http://a.example/a": CONTENT}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        fetch("http://a.example/a", part)
    assert part.read_bytes() == CONTENT
