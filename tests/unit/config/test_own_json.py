from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sysinit_vm.config import document, own_json
from sysinit_vm.errors import VmError

PATH = Path("/x/lima.yaml")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
KEYS = st.sampled_from(["provision", "probes", "base", "cpus", "file"]) | st.text()


def by_yaml(text):
    return document._read(text, document._LimaLoader)


@given(st.dictionaries(KEYS, VALUES))
@example({"provision": [{"mode": "system", "script": "#!/bin/sh\nset -eu\n\techo \"a\\b\" '$1' \x7f\n"}]})
@example({"": {"-": ["<<", "=", "~", "null", "0x1", "\ud7ff", "é漢\U0001f600"]}, "<<": 1})
def test_what_it_reads_yaml_reads_alike(data):
    text = document.dump(data)
    fast = own_json.read(text, document.dump)
    if fast is not None:
        assert fast == by_yaml(text) == data


def test_what_we_write_for_a_vm_is_read_so():
    data = {"cpus": 2, "provision": [{"mode": "system", "script": '#!/bin/sh\necho "$1" \\\n'}], "mounts": [], "x": {}}
    assert own_json.read(document.dump(data), document.dump) == data


@pytest.mark.parametrize(
    "text",
    [
        "cpus: 2\n",
        '{"cpus": 2}',
        '{\n  "cpus": 2,\n  "cpus": 3\n}',
        document.dump({"cpus": 1.5}),
        document.dump({"cpus": 10**18}),
        document.dump({"base": "a\\b"}),
        document.dump({"probes": [{"file": "a\\b"}]}),
        document.dump({"name": "\u2028"}),
        document.dump({"name": "\ud800"}),
        "{" * 100_000,
        '{"a": ' + "[" * 900 + "]" * 900 + "}",
        "[]",
    ],
)
def test_all_else_is_left_to_yaml(text):
    assert own_json.read(text, document.dump) is None


def test_a_text_is_read_once_and_what_one_reader_changes_no_other_sees(monkeypatch):
    asked = []
    real = document._read
    monkeypatch.setattr(document, "_read", lambda *given: asked.append(given) or real(*given))
    text = "mounts:\n- location: /unique-to-this-test\n"
    first = document.parse(text, PATH)
    first["mounts"][0]["location"] = "changed"
    assert document.parse(text, PATH) == {"mounts": [{"location": "/unique-to-this-test"}]}
    assert len(asked) == 1


def test_what_cannot_be_read_is_refused_each_time():
    for path in (PATH, Path("/y/lima.yaml")):
        with pytest.raises(VmError, match=str(path)):
            document.parse("a: 1\na: 2\n", path)
