import pytest

from sysinit_vm.config import guest_places


@pytest.mark.parametrize(
    "place",
    ["/dev/shm", "/dev/shm/app", "/dev/./shm//app/", "/srv/../dev/shm/app", "/run/user/1000/app", "/tmp", "/var/tmp/"],
)
def test_where_the_guest_deletes_files_this_machine_would_lose_them(place):
    assert "The guest" in guest_places.deleted(place)


@pytest.mark.parametrize(
    "place", ["/", "/tmp/app", "/var/tmp/app", "/device/app", "/run/media/me/usb", "/home/me/dev/shm"]
)
def test_elsewhere_they_stay(place):
    assert guest_places.deleted(place) == ""
