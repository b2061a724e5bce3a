"""Reading a Debian mirror from apt's sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.machine import apt_sources
from sysinit_vm.machine.apt_sources import AptArchive

DEB822 = """\
# made by the installer
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main
  contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
ONE_LINE = """\
# deb http://commented.example/debian trixie main
deb cdrom:[Debian 13]/ trixie main
deb-src http://mirror.example/debian trixie main
deb [arch=amd64 signed-by=/etc/apt/vendor.gpg] https://vendor.example/debian trixie main
deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://mirror.example/debian trixie main # ours
deb http://mirror.example/debian trixie-updates main
deb http://sec.example/debian-security trixie-security main contrib
"""
MAIN = ["deb http://mirror.example/debian bookworm main", "deb http://mirror.example/debian bookworm-updates main"]


def apt_lines(suite, mirror, etc):
    return list(apt_sources.read(suite, mirror or "", etc=etc).lines)


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="trixie"\n')
    return tmp_path


def test_deb822(etc):
    (etc / "apt/sources.list.d/debian.sources").write_text(DEB822)
    security = "deb http://mirror.example/debian-security bookworm-security main"
    assert apt_lines("bookworm", None, etc=etc) == [*MAIN, security]


def test_one_line(etc):
    (etc / "apt/sources.list").write_text(ONE_LINE)
    security = "deb http://sec.example/debian-security bookworm-security main"
    assert apt_lines("bookworm", None, etc=etc) == [*MAIN, security]


def test_a_vendor_with_debian_s_suite_and_component_is_not_debian(etc):
    vendor = "Types: deb\nURIs: https://vendor.example/deb\nSuites: trixie\nComponents: main\nSigned-By: /v.gpg\n\n"
    (etc / "apt/sources.list.d/a.sources").write_text(vendor + DEB822)
    assert apt_lines("bookworm", None, etc=etc)[:2] == MAIN


def test_a_disabled_stanza_is_not_read():
    assert apt_sources.deb822(f"Enabled: no\n{DEB822.partition(chr(10))[2].partition(chr(10) * 2)[0]}") == []


def test_old_security_suites_are_known(etc):
    (etc / "apt/sources.list").write_text(
        "deb http://m.example/debian stable main\ndeb http://s.example/sec stable/updates main\n"
    )
    assert apt_lines("bookworm", None, etc=etc)[-1] == "deb http://s.example/sec bookworm-security main"


@pytest.mark.parametrize("release", ["ID=ubuntu\nID_LIKE=debian\n", ""])
def test_other_hosts_leave_it_to_mmdebstrap(etc, release):
    (etc / "os-release").write_text(release)
    (etc / "apt/sources.list").write_text("deb http://ubuntu.example/ubuntu stable main\n")
    assert apt_lines("bookworm", None, etc=etc) == []


def test_nothing_to_read(tmp_path):
    assert apt_lines("bookworm", None, etc=tmp_path) == []


def test_a_given_mirror_comes_first_and_keeps_the_host_s_security(etc):
    (etc / "apt/sources.list.d/debian.sources").write_text(DEB822)
    assert apt_lines("bookworm", "https://given.example/d", etc=etc) == [
        "deb https://given.example/d bookworm main",
        "deb https://given.example/d bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_whole_apt_lines(tmp_path):
    lines = "deb [check-valid-until=no] file:/srv bookworm main\n\ndeb http://x.example bookworm main\n"
    assert apt_lines("bookworm", lines, etc=tmp_path) == [line for line in lines.splitlines() if line]


TRUSTED = """\
deb [trusted=yes allow-insecure=yes] http://mirror.example/debian trixie main
deb [trusted=yes] http://mirror.example/debian trixie-updates main
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.list", TRUSTED), ("a.sources", DEB822.partition("\n\n")[0] + "\nTrusted: yes\nAllow-Insecure: yes\n")],
)
def test_a_host_that_trusts_an_archive_without_a_signature_does_not_make_the_build_trust_it(etc, name, text):
    (etc / "apt/sources.list.d" / name).write_text(text)
    assert apt_lines("bookworm", None, etc=etc) == MAIN


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.list", "deb https://me:s%2Fcret@mirror.example:8443/debian trixie main\n"),
        (
            "a.sources",
            "Types: deb\nURIs: https://me:s%2Fcret@mirror.example:8443/debian\nSuites: trixie\nComponents: main\n",
        ),
    ],
)
def test_a_login_in_the_hosts_sources_is_apart_from_the_lines(etc, name, text):
    (etc / "apt/sources.list.d" / name).write_text(text)
    sources = apt_sources.read("bookworm", "", etc=etc)
    place = "https://mirror.example:8443/debian"
    assert sources.lines == (f"deb {place} bookworm main", f"deb {place} bookworm-updates main")
    assert sources.logins == f"machine {place} login me password s/cret\n"
    assert "cret" not in repr(sources)


@pytest.mark.parametrize("form", ["https://me:secret@x.example", "deb https://me:secret@x.example bookworm main"])
def test_a_login_in_the_setting_is_apart_from_the_lines(tmp_path, form):
    sources = apt_sources.read("bookworm", form, etc=tmp_path)
    assert "secret" not in str(sources.lines)
    assert sources.logins == "machine https://x.example login me password secret\n"


words = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#[]="), min_size=1)


@given(uri=words, suite=words, components=st.lists(words, max_size=3), key=words, spaced=st.booleans())
def test_any_one_line(uri, suite, components, key, spaced):
    options = f"[ signed-by={key} arch=amd64 ]" if spaced else f"[signed-by={key}]"
    line = " ".join(["deb", options, uri, suite, *components])
    assert apt_sources.one_line(line) == [AptArchive(uri, (suite,), tuple(components), key)]


@given(st.text())
def test_any_text_is_read_without_a_crash(text):
    apt_sources.one_line(text)
    apt_sources.deb822(text)
