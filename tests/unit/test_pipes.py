import io
import os
import threading

from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm import pipes


@given(st.lists(st.sampled_from(["a", "\n", "\r\n", "\r", "é", "x" * 2**16]), max_size=8), st.integers(1, 2**17))
def test_lines_are_those_of_a_text_file_in_whatever_parts_they_come(parts, size):
    data = "".join(parts).encode()
    read_end, write_end = os.pipe()

    def write():
        with os.fdopen(write_end, "wb", buffering=0) as pipe:
            pipe.writelines(data[start : start + size] for start in range(0, len(data), size))

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(read_end, "rb") as pipe:
        seen = list(pipes.lines(pipe, lambda: False))
    writer.join()
    wanted = io.TextIOWrapper(io.BytesIO(data), "utf-8").read()
    long = any(len(line) > 2**16 for line in wanted.split("\n"))
    assert "".join(seen) == wanted.replace("\n", "") if long else seen == wanted.splitlines()
