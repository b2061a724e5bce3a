"""The table of upstream's archives."""

import re

import pytest

from sysinit_vm.machine import pinned_versions
from sysinit_vm.machine.pinned_versions import ARCHIVES, LIMA, ZELLIJ


@pytest.mark.parametrize("kind", ARCHIVES)
def test_each_archive_is_of_the_pinned_version_and_has_a_digest_a_bound_and_a_source(kind):
    archive = ARCHIVES[kind]
    assert f"/v{LIMA if kind[0] == 'lima' else ZELLIJ}/" in archive.path
    assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
    assert 2**20 < archive.longest < 2**26
    for source in archive.sources:
        assert re.fullmatch(r"https://github\.com/[\w-]+/[\w-]+/blob/[0-9a-f]{40}/[\w./-]+", source)


def test_no_digest_is_there_twice():
    assert len({archive.sha256 for archive in ARCHIVES.values()}) == len(ARCHIVES)


def test_the_guests_zellij_is_static_and_not_the_one_without_its_web_server():
    names = {archive.path.rpartition("/")[2] for kind, archive in ARCHIVES.items() if kind[0] == "zellij"}
    assert names == {f"zellij-{arch}-unknown-linux-musl.tar.gz" for arch in ("x86_64", "aarch64")}


def test_one_source_alone_confirms_nothing():
    archive = next(iter(ARCHIVES.values()))
    assert pinned_versions.Archive("a", archive.sha256, 1, ("https://a.example", "https://b.example")).confirmed
    assert not pinned_versions.Archive("a", archive.sha256, 1, ("https://a.example",) * 2).confirmed
