"""Directories of a Mac that iCloud and its like keep."""

import pytest

from sysinit_vm.machine.cloud_folders import service

DRIVE = "Library/Mobile Documents/com~apple~CloudDocs"


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("demo", ""),
        ("Documents/demo", ""),
        ("Library/demo", ""),
        (f"{DRIVE}/demo", "iCloud Drive"),
        ("Library/Mobile Documents", "iCloud Drive"),
        ("Library/CloudStorage/Dropbox/demo", "Dropbox"),
        ("Library/CloudStorage/GoogleDrive-ada@example.org/My Drive/demo", "GoogleDrive"),
        ("Library/CloudStorage", "a cloud service"),
    ],
)
def test_a_directory_of_a_service_is_known(tmp_path, directory, name):
    assert service(tmp_path / directory, tmp_path) == name


def test_documents_and_desktop_are_icloud_drives_if_their_user_wants_it(tmp_path):
    (tmp_path / DRIVE / "Documents").mkdir(parents=True)
    assert service(tmp_path / "Documents/demo", tmp_path) == "iCloud Drive"
    assert service(tmp_path / "Desktop/demo", tmp_path) == ""
    assert service(tmp_path / "Documents2", tmp_path) == ""
