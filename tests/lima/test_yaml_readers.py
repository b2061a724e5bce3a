"""Lima's reader of YAML and ours: they take a text alike, or we refuse it; and Lima reads back what we write.

Nothing is started: every text is the lima.yaml of an instance in a home of its own, and one `limactl list` reads them
all. YAML_DOCUMENTS=10000 compares that many texts, each time other ones; YAML_SEED=7 the same again.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.init import render, templates
from sysinit_vm.lima.account import current_account
from sysinit_vm.machine.find_programs import find_limactl
from sysinit_vm.trust import length, refusals
from sysinit_vm.trust.go_templates import may_never_end
from tests.lima import yaml_texts

HERE = Path("/p/.lima/config.yaml")
HOSTILE = Path(__file__).parents[1] / "data" / "hostile"
WRONG = re.compile(r'msg="instance `(\w+)` has errors" errors="(.*)"$', re.MULTILINE)
UNUSED = re.compile(r"field `param` key .* is not used in any")  # Lima names one of them, each time another
COUNT, DUMPS = 2000, 500
VALUES = {"project_name": "demo", "project_dir": "/home/me/demo", "session": "demo", "vm_name": "v", "ssh": "keys"}


@dataclass(frozen=True)
class Reading:
    """What Lima makes of a text: how it is ``listed``, empty if that fails, and what is wrong with the YAML or a value."""

    listed: dict
    wrong: str

    @property
    def config(self):
        """Lima's own config, filled in."""
        return self.listed.get("config")

    @property
    def not_yaml(self):
        """Whether Lima can take nothing from the text; what is wrong then quotes it."""
        return self.wrong.startswith("[failed to unmarshal YAML")


@pytest.fixture
def read():
    """A function that returns what Lima makes of each of some texts."""
    home = Path(tempfile.mkdtemp(prefix="svm-", dir="/var/tmp"))
    (home / "_config").mkdir()
    (home / "_config/default.yaml").write_text("images: [{location: /none.qcow2}]\n")  # without any, Lima stops there

    def reading(texts, first=0):
        names = [f"d{number:05}" for number in range(first, first + len(texts))]
        for name, text in zip(names, texts, strict=True):
            (home / name).mkdir(exist_ok=True)
            (home / name / "lima.yaml").write_bytes(text.encode())
        done = limactl(home, "list", "--json", *names)
        found = {instance["name"]: instance for instance in map(json.loads, done.stdout.splitlines())}
        if list(found) != names:  # it can list none if it cannot list one
            half = len(texts) // 2
            return reading(texts[:half], first) + reading(texts[half:], first + half) if half else [Reading({}, "")]
        wrong = {name: UNUSED.sub("unused", errors) for name, errors in WRONG.findall(done.stderr)}
        return [Reading(found[name], wrong.get(name, "")) for name in names]

    yield reading
    shutil.rmtree(home)


def limactl(home, *words, cwd=None):
    account = current_account()
    env = {**os.environ, **account.env, "LIMA_HOME": str(home)}
    argv = [*account.prefix, str(find_limactl()), *words]
    return subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def real_configs():
    """What init writes, as it is and as another program would write it, and the corpus of hostile configs."""
    rendered = [render.rendered_config(name, VALUES) for name in templates.available_names()]
    dumped = [yaml.safe_dump(document.plain(text)) for text in rendered]
    return [*rendered, *dumped, *(path.read_bytes().decode() for path in sorted(HOSTILE.glob("*.yaml")))]


def ours(text):
    """What the text means to us, None if we refuse it: also where `limactl list` would never end, or fail."""
    try:
        data = document.parse(text, HERE)
        length.check(Config(HERE, data))
    except VmError:
        return None
    return None if any(may_never_end(value) for _, value in refusals.texts((), data)) else data


def test_lima_takes_a_text_as_we_do_or_we_refuse_it(read):
    count = int(os.environ.get("YAML_DOCUMENTS", COUNT))
    number = int(os.environ.get("YAML_SEED", 1 if count == COUNT else SystemRandom().randrange(10**6)))
    generated = yaml_texts.texts(Random(number), count, real_configs())  # noqa: S311
    readings = [(text, ours(text)) for text in generated]
    taken = [(text, data) for text, data in readings if data is not None]
    # One after the other in the same place: Lima derives some values from an instance's directory.
    plain = read([text for text, _ in taken])
    dumped = read([document.dump(data) for _, data in taken])
    totals, differ = Counter({"refused by us": count - len(taken)}), []
    for (text, data), lima, again in zip(taken, plain, dumped, strict=True):
        if lima.not_yaml:
            totals["refused by Lima"] += 1
        elif lima == again and lima.listed:
            totals["same" if lima.config else "same values refused by Lima"] += 1
        else:
            differ.append((text, data, lima, again))
    print(f"YAML_SEED={number}", dict(totals), f"different: {len(differ)}")
    assert not differ, min(differ, key=lambda four: len(four[0]))
    assert totals["same"] > count / 8


def test_lima_takes_its_own_templates_and_ours_as_we_do(read):
    of_lima = sorted((find_limactl().parents[1] / "share/lima/templates").glob("*.yaml"))
    assert len(of_lima) > 20
    written = [path.read_text() for path in of_lima]
    written += [render.rendered_config(name, VALUES) for name in templates.available_names()]
    readings = [document.parse(text, HERE) for text in written]
    plain = read(written)
    assert not any(lima.not_yaml for lima in plain)
    assert plain == read([document.dump(data) for data in readings])


UNLISTED = "\x85\ufffe\uffff"
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=UNLISTED), min_size=1)
LOOKALIKES = """0 1 012 0x1F 1e3 .5 1_000 true True yes null ~ .inf 12:30 2020-01-01 &a *a !!str <<: | > - ? : # , [ ] { }
{{.Name}} {{ ${HOME} $(id) `id` % @ ' " \\ \\u0041 --- ... key: #c""".split()  # noqa: SIM905
TEXTS = (
    KEYS
    | st.just("")
    | st.sampled_from([*LOOKALIKES, *map(chr, [*range(0x85), *range(0x86, 0xA0)]), "\u2028", "\ufeff"])
)
TEXTS |= st.builds("{}{}{}".format, TEXTS, st.sampled_from([": ", " #", "\n", "\r\n", "\t", "\n\n  ", " "]), TEXTS)
SCALARS = TEXTS | st.booleans() | st.integers(-(10**17), 10**17) | st.sampled_from([0.5, -1.25, 1e15])
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXTS, inner, min_size=1, max_size=4),
    max_leaves=12,
)


def generated_data():
    """Data of every kind, and what only a machine would write: long texts, and collections in collections.

    `limactl list` fails for all instances if one of them is listed in more than 64 KiB or with U+FFFE or U+FFFF, and
    takes U+0085 for a line break in what it has written itself (2.2.0); no config has these characters.
    """
    made = ["x" * 40_000, "\U0001f600\u00e9\n" * 4_000, " " * 40_000]
    deep = "leaf"
    for level in range(120):
        deep = [deep] if level % 2 else {"k": deep}
    made.append(deep)
    made += [chr(code) for plane in range(0x11) for code in ((plane << 16) + 0x61, (plane << 16) + 0xFFFD)]

    @seed(1)
    @settings(
        max_examples=DUMPS,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(DATA)
    def collect(data):
        made.append(data)

    collect()
    return made


def test_lima_reads_back_what_we_write(read):
    """`vmOpts` and `env` hold what Lima keeps as it is."""
    written = [{"vmOpts": {"x": {"data": data}}, "env": {"A": str(data)[:200]}} for data in generated_data()]
    assert len(written) >= DUMPS
    for data, lima in zip(written, read([document.dump(data) for data in written]), strict=True):
        assert lima.config, (data, lima.wrong)
        assert lima.config["vmOpts"]["x"] == data["vmOpts"]["x"]
        assert lima.config["env"] == data["env"]


@pytest.mark.parametrize("name", ["é", "漢😀", "it's", '"', "a #b", "a: b", " a ", "{a}", "%", "*a", "&a", "~", "1e3"])
def test_lima_finds_a_base_whose_name_it_reads_twice(tmp_path, name):
    base = tmp_path / f".{name}." / "base.yaml"
    base.parent.mkdir()
    base.write_text('message: "of the base"\n')
    config = tmp_path / "config.yaml"
    data = {"base": [f"./{base.parent.name}/base.yaml"]}
    config.write_text(document.dump(data))
    assert document.load(config).data == data
    done = limactl(tmp_path / "home", "template", "copy", "--embed", str(config), "-")
    assert "of the base" in done.stdout, done.stderr


@pytest.mark.parametrize("write", [str, lambda text: document.dump(document.parse(text, HERE))], ids=["yaml", "json"])
def test_what_limactl_edit_writes_is_read_as_before(tmp_path, write):
    text = render.rendered_config("dev", VALUES)
    config = tmp_path / "x" / "lima.yaml"
    config.parent.mkdir()
    config.write_text(write(text))
    done = limactl(tmp_path, "edit", "--tty=false", "--set", ".cpus=1", "x")
    assert done.returncode == 0, done.stderr
    assert document.load(config).data == {**document.parse(text, HERE), "cpus": 1}
