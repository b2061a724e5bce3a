import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import sizes
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import UsageError
from tests.lima.size_texts import CPUS, NO_CPUS, NO_SIZES, SIZES


def test_nothing_asked_for_is_nothing():
    assert not sizes.parse(None, None, None, None)
    assert sizes.parse(None, None, None, "none") == Size(ports=())
    assert sizes.parse(None, None, None, "none")


@pytest.mark.parametrize("text", ["0", "-1", "4.5", "", "x", "٣", "1025", "1e2"])
def test_no_such_number_of_cpus(text):
    with pytest.raises(UsageError, match="--cpus cannot be"):
        sizes.count(text)


@pytest.mark.parametrize("text", ["512MiB", "8GiB", "1.5TiB"])
def test_a_size_stays_as_lima_takes_it(text):
    assert sizes.size("--memory", text) == text


@pytest.mark.parametrize("text", ["8G", "8g", "8GB", "8 GiB", "8 gb"])
def test_a_size_as_other_tools_take_it_is_what_lima_takes_it_for(text):
    assert sizes.size("--memory", text) == "8GiB"
    assert sizes.in_bytes(text) == sizes.in_bytes("8GiB")


@pytest.mark.parametrize("text", ["8", "8XB", "8 G iB", "0GiB", "-1GiB", "GiB", "8GiB\n", "", "1e3GiB"])
def test_no_such_size(text):
    with pytest.raises(UsageError, match=r"(?s)--disk cannot be.*GiB.*sysinit-vm init --disk 8GiB"):
        sizes.size("--disk", text)


@pytest.mark.parametrize("text", ["22", "0", "65536", "3000,3000", "x", "3000;8080", "-1", "3000-3010", "none,80"])
def test_no_such_ports(text):
    with pytest.raises(UsageError, match="--ports cannot be"):
        sizes.numbers(text)


@given(st.lists(st.integers(1, 65535).filter(lambda port: port != 22), unique=True, max_size=100))
def test_every_list_of_different_ports_is_taken_in_its_order(ports):
    assert sizes.numbers(", ".join(map(str, ports)) or "none") == tuple(ports)


@given(st.text())
def test_any_text_is_ports_or_a_usage_error(text):
    try:
        ports = sizes.numbers(text)
    except UsageError:
        return
    assert all(1 <= port <= 65535 for port in ports)


def test_a_size_beyond_every_machine_is_no_number_of_bytes():
    assert sizes.in_bytes(f"{'9' * 400}GiB") == f"{'9' * 400}GiB"
    assert sizes.in_bytes(int("9" * 400)) == int("9" * 400)


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_a_size_is_as_many_bytes_as_lima_takes_it_for(text, size):
    """tests/lima/test_sizes.py asks Lima itself."""
    assert sizes.in_bytes(text) == size


@pytest.mark.parametrize("text", [*NO_SIZES, "", None, True, [1]])
def test_what_lima_does_not_take_for_a_size_stays_as_it_is(text):
    assert sizes.in_bytes(text) is text


@pytest.mark.parametrize(("value", "size"), [(10, 10), (1.9, 1), (2 * 2**30, 2 * 2**30)])
def test_a_number_is_bytes(value, size):
    assert sizes.in_bytes(value) == size


@given(st.text() | st.floats() | st.integers())
def test_any_value_is_bytes_or_stays_as_it_is(value):
    size = sizes.in_bytes(value)
    assert size is value or (isinstance(size, int) and 0 <= size < 2**63)


@pytest.mark.parametrize(("text", "number"), CPUS.items())
def test_cpus_are_a_whole_number_also_in_quotes(text, number):
    assert (sizes.whole(yaml.safe_load(text)) or None) == number


@pytest.mark.parametrize("value", [*map(yaml.safe_load, NO_CPUS), 2.5, -1, "-1", "", "٣", float("inf"), "9" * 5000])
def test_anything_else_is_no_whole_number(value):
    assert sizes.whole(value) is None
