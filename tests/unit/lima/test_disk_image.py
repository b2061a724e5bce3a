"""Images that are not all of their data, made as qemu-img makes them."""

import pytest

from sysinit_vm.lima.disk_image import of_instance, refers_elsewhere


def qcow2(*, version=3, features=0, backing=b""):
    header = bytearray(104)
    header[0:8] = b"QFI\xfb" + version.to_bytes(4)
    if backing:
        header[8:20] = (104).to_bytes(8) + len(backing).to_bytes(4)
    header[72:80] = features.to_bytes(8)
    return bytes(header) + backing


DESCRIPTION = b'version=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "/etc/shadow" 0\n'  # VMware's, in text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (qcow2(), ""),
        (qcow2(version=2, features=4), ""),  # version 2 has no features
        (qcow2(features=1), ""),
        (qcow2(features=4), "an external data file"),
        (qcow2(features=5), "an external data file"),
        (qcow2(backing=b"/etc/shadow"), "based on /etc/shadow"),
        (qcow2(version=2, backing=b"/etc/shadow"), "based on /etc/shadow"),
        (b"raw", ""),
        (b"version", ""),
        (b"", ""),
        (DESCRIPTION, "names other files"),
        (b"# Disk DescriptorFile\n" + DESCRIPTION, "names other files"),
        (b"#x\n" + DESCRIPTION, "names other files"),
        (b" \n\r\n" + DESCRIPTION, "names other files"),
    ],
)
def test_only_an_image_that_is_all_of_its_data_is_let_through(tmp_path, data, why):
    (tmp_path / "disk").write_bytes(data)
    assert why in refers_elsewhere(tmp_path / "disk")
    assert bool(refers_elsewhere(tmp_path / "disk")) == bool(why)


def test_no_disk_refers_to_nothing_and_a_link_is_told(tmp_path):
    assert refers_elsewhere(tmp_path / "disk") == ""
    (tmp_path / "disk").symlink_to("/etc/shadow")
    assert refers_elsewhere(tmp_path / "disk")


def test_a_disk_may_be_based_on_another_of_the_instance(tmp_path):
    """As those that a Lima before 2.0 made."""
    for base in (b"basedisk", bytes(tmp_path / "basedisk")):
        (tmp_path / "disk").write_bytes(qcow2(backing=base))
        assert of_instance(tmp_path) == ""
    (tmp_path / "basedisk").write_bytes(qcow2(features=4))
    assert of_instance(tmp_path) == "basedisk: it has an external data file"
    (tmp_path / "basedisk").unlink()
    (tmp_path / "disk").write_bytes(qcow2(backing=b"../other/disk"))
    assert of_instance(tmp_path) == "disk: it is based on ../other/disk"
