"""An apt mirror's login is given to one build, and to nothing that stays or is shown."""

import io
import shlex
import tarfile

import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.machine import apt_login


def test_lines_without_a_login_stay_as_they_are():
    lines = ["deb http://m.example/debian bookworm main"]
    assert apt_login.extract(lines) == (tuple(lines), "")


def test_one_login_of_several_lines_is_there_once():
    lines = [f"deb https://me:secret@m.example/debian {suite} main" for suite in ("bookworm", "bookworm-updates")]
    bare, logins = apt_login.extract(lines)
    assert bare == tuple(line.replace("me:secret@", "") for line in lines)
    assert logins == "machine https://m.example/debian login me password secret\n"


def test_a_token_alone_is_a_name():
    assert apt_login.extract(["deb https://token@m.example ./"])[1] == "machine https://m.example login token\n"


@pytest.mark.parametrize("password", ["a%20b", "a%0Amachine", "%09"])
def test_a_password_that_apts_file_cannot_have_is_refused_and_not_shown(password):
    with pytest.raises(VmError) as error:
        apt_login.extract([f"deb https://me:{password}@m.example/debian bookworm main"])
    assert "https://m.example/debian" in error.value.brief
    assert password not in str(error.value)
    assert error.value.hint


def test_the_archive_has_one_file_for_root_alone():
    with tarfile.open(fileobj=io.BytesIO(apt_login.archive("machine x\n"))) as tar:
        (member,) = tar.getmembers()
        assert (member.name, member.mode, member.uid) == ("./etc/apt/auth.conf.d/sysinit-vm.conf", 0o600, 0)
        assert tar.extractfile(member).read() == b"machine x\n"


def test_mmdebstrap_reads_it_first_and_removes_it_from_the_root(tmp_path):
    tar = tmp_path / "it's here/logins.tar"
    first, last = apt_login.options(tar, "machine x login me password secret\n")
    assert shlex.split(first.removeprefix("--setup-hook=")) == ["tar-in", str(tar), "/"]
    assert last == '--customize-hook=rm "$1/etc/apt/auth.conf.d/sysinit-vm.conf"'
    assert apt_login.options(tar, "") == []
