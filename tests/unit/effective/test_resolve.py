import copy
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.effective.mounts import GIT_SIDE_MOUNT, SIDE_MOUNT
from sysinit_vm.effective.resolve import EffectiveConfig, choose_image, effective_config, require_mountable
from sysinit_vm.errors import VmError
from sysinit_vm.guest import setup
from sysinit_vm.init import render, templates
from sysinit_vm.projects.project import Project
from tests.fakes import facts

DEMO = Project(Path("/work/demo"))
SETUP = {"system": "our system script", "user": "our user script"}
FRESH = {"9p": {"cache": "mmap"}}
LOCAL = [{"location": "https://a.example/x.qcow2"}]
# The seed's template, as its script fills it in.
SEED = """
vmType: "vz"
arch: "aarch64"
cpus: 4
memory: "8GiB"
images:
  - location: "~/.lima/_images/sysinit-lima-dev-latest.qcow2"
    arch: "aarch64"
mounts:
  - location: "~/.ssh"
    writable: false
  - location: "/work/demo"
    writable: true
    9p: {securityModel: "none", cache: "mmap"}
env:
  PROJECT_NAME: "demo"
  ZELLIJ_SESSION: "demo"
"""


def made(data, project=DEMO, **changes):
    committed = Config(project.config, {"images": LOCAL, **data})
    return effective_config(committed, project, "demo-dev", facts(**changes), SETUP)


def seed(**changes):
    committed = Config(DEMO.config, document.parse(SEED, DEMO.config))
    return effective_config(committed, DEMO, "demo-dev", facts(**changes), SETUP)


def test_it_is_a_pure_function_of_config_and_facts():
    data = {"images": LOCAL, "mounts": [{"location": "~/.ssh"}], "env": {"A": "1"}, "param": {"B": "2"}, "cpus": 64}
    before = copy.deepcopy(data)
    assert made(data) == made(data)
    assert data == before


def test_one_committed_config_serves_a_linux_pc_and_a_mac_elsewhere():
    committed = {
        "images": LOCAL,
        "param": {"PROJECT_NAME": "demo", "PROJECT_DIR": "/work/demo"},
        "mounts": [{"location": "{{.Param.PROJECT_DIR}}", "writable": True}],
    }
    here = made(committed).data
    there = made(committed, Project(Path("/Users/bob/demo")), system="Darwin", arch="aarch64").data
    assert (here["vmType"], here["arch"]) == ("qemu", "x86_64")
    assert (there["vmType"], there["arch"]) == ("vz", "aarch64")
    assert here["param"]["PROJECT_DIR"] == here["mounts"][-1]["location"] == "/work/demo"
    assert there["param"]["PROJECT_DIR"] == there["mounts"][-1]["location"] == "/Users/bob/demo"
    assert "/work/demo" not in json.dumps(there)


def test_the_seeds_vz_and_aarch64_become_this_machines_own_with_a_word():
    effective = seed()
    assert (effective.data["vmType"], effective.data["arch"]) == ("qemu", "x86_64")
    assert any("vz" in note and "qemu" in note for note in effective.notes)
    assert any("aarch64" in note and "x86_64" in note for note in effective.notes)


def test_the_seeds_config_is_taken_as_it_is_on_the_seeds_mac():
    effective = seed(system="Darwin", arch="aarch64", memory=16384)
    assert (effective.data["vmType"], effective.data["arch"], effective.notes) == ("vz", "aarch64", ())


def test_the_seeds_project_mount_is_the_project_and_stands_once():
    mounts = seed().data["mounts"]
    assert [mount["location"] for mount in mounts] == ["/home/me/.ssh", "/work/demo"]
    assert mounts[1] == {
        "location": "/work/demo",
        "mountPoint": "/work/demo",
        "writable": True,
        "9p": {"securityModel": "none", "cache": "mmap"},
    }


@pytest.mark.parametrize("bad", ["wsl2", "krunkit", "QEMU", 7, ["qemu"]])
def test_a_vm_type_that_cannot_be_is_refused_with_the_reason(bad):
    with pytest.raises(VmError, match="vmType"):
        made({"vmType": bad})


@pytest.mark.parametrize("bad", ["arm64", "amd64", 64, "x86"])
def test_an_arch_that_lima_does_not_know_is_refused_with_those_it_does(bad):
    with pytest.raises(VmError, match="x86_64, aarch64"):
        made({"arch": bad})


@pytest.mark.parametrize("key", ["vmType", "arch"])
def test_a_value_of_a_kind_that_no_one_expects_is_refused_too(key):
    with pytest.raises(VmError, match=key):
        made({key: {"a": "mapping"}})


def test_a_stated_arch_wins_and_default_means_this_machines():
    assert made({"arch": "riscv64"}).data["arch"] == "riscv64"
    assert made({"arch": "default"}).data["arch"] == "x86_64"
    assert made({"vmType": "qemu"}, system="Darwin", arch="aarch64").data["vmType"] == "qemu"


@pytest.mark.parametrize("value", [True, "true"])
def test_a_vm_that_could_mount_nothing_is_refused(value):
    with pytest.raises(VmError, match=r"plain: .* is not possible here\.\nLima would mount nothing"):
        made({"plain": value})
    assert made({"plain": False}).data["plain"] is False


@pytest.mark.parametrize(("pairs", "kept"), [(0, True), (99, True), (100, False)])
def test_more_key_pairs_than_ssh_takes_are_left_out_with_a_word(pairs, kept):
    effective = made({"ssh": {"localPort": 0, "loadDotSSHPubKeys": True}}, key_pairs=pairs)
    assert effective.data["ssh"] == {"localPort": 0, "loadDotSSHPubKeys": kept}
    assert any("than 99 key pairs" in note for note in effective.notes) is not kept


def test_cpus_are_never_more_than_the_machine_has():
    effective = made({"cpus": 64}, cpus=2)
    assert effective.data["cpus"] == 2
    assert any("64" in note for note in effective.notes)
    assert made({"cpus": 3}).data["cpus"] == 3
    assert made({}).data["cpus"] == 4
    assert made({}, cpus=1).data["cpus"] == 1


def test_the_hosts_keys_are_mounted_where_the_guest_looks_unless_the_config_says_where():
    ours, theirs, writable = made(
        {"mounts": [{"location": "~/.ssh"}, {"location": "~/.ssh", "mountPoint": "/k", "9p": {"cache": "none"}},
                    {"location": "~/.ssh", "writable": True}]}
    ).data["mounts"][:3]  # fmt: skip
    assert ours == {"location": "/home/me/.ssh", "mountPoint": "/mnt/host-ssh", "9p": {"cache": "mmap"}}
    assert theirs == {"location": "/home/me/.ssh", "mountPoint": "/k", "9p": {"cache": "none"}}
    assert "mountPoint" not in writable


@pytest.mark.parametrize("location", ["~/.ssh", "~/.ssh/"])
def test_the_keys_are_not_mounted_where_the_host_has_none(location):
    mounts = [{"location": location}, {"location": "/usr"}]
    present = made({"mounts": mounts}).data["mounts"]
    assert [mount["location"] for mount in present] == ["/home/me/.ssh", "/usr", "/work/demo"]
    left = made({"mounts": mounts}, ssh_dir=None).data["mounts"]
    assert [mount["location"] for mount in left] == ["/usr", "/work/demo"]


def test_a_mount_that_this_host_does_not_have_is_left_out_with_a_word():
    effective = made({"mounts": [{"location": "/Users/alice/other"}]})
    assert [mount["location"] for mount in effective.data["mounts"]] == ["/work/demo"]
    assert any("/Users/alice/other" in note for note in effective.notes)


@pytest.mark.parametrize("kind", ["file", "socket", "closed"])
def test_a_mount_of_what_is_no_directory_is_left_out_and_told_to_be_none(tmp_path, kind):
    path = tmp_path / ".tool.json"
    if kind == "socket":
        os.mkfifo(path)
    else:
        path.write_text("{}")
    location = path if kind != "closed" else path / "below"
    effective = made({"mounts": [{"location": str(location)}]})
    assert [mount["location"] for mount in effective.data["mounts"]] == ["/work/demo"]
    said = {"closed": "does not exist here"}.get(kind, "is not a directory, and Lima mounts nothing else: copy it")
    assert any(f"mounts: {location} {said}" in note for note in effective.notes)


@pytest.mark.parametrize("location", [".", "./", "/work/demo/", "/work/../work/demo", "~/../../work/demo"])
def test_the_project_by_another_spelling_is_the_project(location):
    mounts = made({"mounts": [{"location": location, "writable": False}]}).data["mounts"]
    assert mounts == [{"location": "/work/demo", "mountPoint": "/work/demo", "writable": False, **FRESH}]


def test_a_directory_below_the_project_is_found_from_the_project(tmp_path):
    (tmp_path / "data").mkdir()
    mounts = made({"mounts": [{"location": "data"}]}, project=Project(tmp_path)).data["mounts"]
    assert mounts[0]["location"] == str(tmp_path / "data")


def test_memory_is_never_more_than_the_machine_has():
    effective = made({"memory": "64GiB"}, memory=2000)
    assert effective.data["memory"] == "2000MiB"
    assert any("64GiB" in note for note in effective.notes)
    for much in ("1TiB", "2.5GiB", "3 GB", 3 * 2**30):
        assert made({"memory": much}, memory=2000).data["memory"] == "2000MiB"
    assert made({"memory": "1GiB"}, memory=2000).data["memory"] == "1GiB"
    assert "memory" not in made({}).data


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("memory: 3 gigs", "memory: '3 gigs' in line 3 of /work/demo/.lima/config.yaml"),
        ("disk: 20 GiBs", "disk: '20 GiBs' in line 3 of"),
        ("disk: -1", "disk: -1 in line 3 of"),
        ("disk: 10", "disk: 10 in line 3 of"),
        ("memory: '2048'", "memory: '2048' in line 3 of"),
        ("memory: [8GiB]", "memory: ['8GiB'] in line 3 of"),
        ("cpus: many", "cpus: 'many' in line 3 of"),
        ("cpus: 2.5", "cpus: 2.5 in line 3 of"),
        ("cpus: -1", "cpus: -1 in line 3 of"),
        ("cpus: true", "cpus: True in line 3 of"),
    ],
)
def test_what_is_no_size_or_number_is_told_with_its_line_and_what_to_write(line, says):
    text = f"# ours\n\n{line}\n"
    config = Config(DEMO.config, document.parse(text, DEMO.config), text=text)
    with pytest.raises(VmError) as caught:
        effective_config(config, DEMO, "demo-dev", facts(), SETUP)
    assert caught.value.brief.startswith(says)
    assert re.search("8GiB|whole number", caught.value.detail)
    assert caught.value.hint == f"nano {DEMO.config}"


def test_a_size_without_a_unit_is_told_to_be_bytes():
    with pytest.raises(VmError, match=r"10 bytes.*8GiB"):
        made({"disk": 10})


def test_what_lima_takes_for_its_own_default_is_left_to_it():
    data = made({"cpus": 0, "memory": "", "disk": None}).data
    assert (data["cpus"], data["memory"], data["disk"]) == (0, "", None)


def test_quoted_cpus_are_never_more_than_the_machine_has():
    assert made({"cpus": "64"}, cpus=2).data["cpus"] == 2
    assert made({"cpus": "2"}, cpus=8).data["cpus"] == "2"


def test_images_of_a_base_are_left_to_lima():
    committed = Config(DEMO.config, {"base": "template:_images/debian-12"})
    assert choose_image(committed, facts()).left_to_lima
    assert "images" not in effective_config(committed, DEMO, "demo-dev", facts(), SETUP).data


def test_without_images_and_base_ours_is_built():
    assert choose_image(Config(DEMO.config, {"cpus": 1}), facts(can_build_image=True)).buildable


@pytest.mark.parametrize("path", ["/work/demo", "/a/b-c_d.e", "/a/x+y@z", "/ünï/日本", "/home/me/~x", "/a/b=c"])
def test_a_plain_path_is_mounted_at_its_own_place(path):
    effective = made({}, Project(Path(path))).data
    assert effective["mounts"][-1]["mountPoint"] == effective["param"]["PROJECT_MOUNT"] == path


@pytest.mark.parametrize("path", ["/a/b c", "/a/[x]", "/a/#x", "/a/b: c", "/a/q'u\"o", "/a/$HOME", "/a/*", "/a/{x}"])
def test_an_awkward_path_is_mounted_aside_and_bound_in_the_guest(path):
    effective = made({}, Project(Path(path))).data
    assert effective["mounts"][-1] == {
        "location": path,
        "mountPoint": SIDE_MOUNT,
        "writable": True,
        "9p": {"securityModel": "none", "cache": "mmap"},
    }
    assert (effective["param"]["PROJECT_MOUNT"], effective["param"]["PROJECT_DIR"]) == (SIDE_MOUNT, path)


@pytest.mark.parametrize(
    ("name", "carried"),
    [("demo", True), ("a b", True), ("é $x `id`", True), ("a#b", False), ("q'x", False), ("b\\\\c", False)],
)
def test_the_projects_name_is_in_env_only_where_etc_environment_can_carry_it(name, carried):
    env = made({"env": {"PROJECT_NAME": "old", "A": "1"}}, Project(Path("/p") / name)).data["env"]
    assert env.get("PROJECT_NAME") == (name if carried else None)
    assert env["A"] == "1"
    assert re.fullmatch(r"[\w.-]+", env["ZELLIJ_SESSION"])


def test_our_setup_scripts_come_before_the_projects_own():
    theirs = {"mode": "user", "script": "theirs"}
    assert made({"provision": [theirs]}).data["provision"] == [
        {"mode": "system", "script": "our system script"},
        {"mode": "user", "script": "our user script"},
        theirs,
    ]


def test_lima_refuses_an_unused_param_so_our_scripts_name_every_one_of_ours():
    scripts = "\n".join(setup.provision_scripts().values())
    for name in made({}).data["param"]:
        assert re.search(rf"\bPARAM_{name}\b", scripts), name


def test_the_projects_own_params_stay_and_ours_are_this_machines():
    param = made({"param": {"FLAVOUR": "mild", "PROJECT_DIR": "/elsewhere"}}).data["param"]
    assert param == {
        "FLAVOUR": "mild",
        "PROJECT_NAME": "demo",
        "PROJECT_DIR": "/work/demo",
        "PROJECT_MOUNT": "/work/demo",
        "ZELLIJ_SESSION": "demo",
        "VM_NAME": "demo-dev",
    }


def test_containerd_is_off_unless_the_project_wants_it():
    assert made({}).data["containerd"] == {"system": False, "user": False}
    assert made({"containerd": {"user": True}}).data["containerd"] == {"user": True}


def test_declared_ports_get_the_host_ports_chosen_for_them_and_the_guest_is_told():
    data = {"images": LOCAL, "portForwards": [{"guestPort": 3000}, {"guestPort": 8080}], "env": {"A": "1"}}
    committed = Config(DEMO.config, data)
    hosts = {("127.0.0.1", 3000, "any"): 20101}
    effective = effective_config(committed, DEMO, "demo-dev", facts(), SETUP, hosts=hosts).data
    assert effective["portForwards"] == [{"guestPort": 3000, "hostPort": 20101}, {"guestPort": 8080, "hostPort": 8080}]
    assert effective["env"]["HOST_PORT_3000"] == "20101"
    assert effective["env"]["HOST_PORT_8080"] == "8080"
    assert effective["env"]["A"] == "1"
    assert "portForwards" not in made({}).data


def test_a_strict_config_ends_with_the_rule_that_forwards_nothing_else():
    committed = Config(DEMO.config, {"images": LOCAL, "portForwards": [{"guestPort": 3000}]})
    effective = effective_config(committed, DEMO, "demo-dev", facts(), SETUP, strict_ports=True).data["portForwards"]
    assert [rule.get("ignore", False) for rule in effective] == [False, True]


def test_ports_that_cannot_be_are_refused():
    with pytest.raises(VmError, match=r"portForwards\[0\]"):
        made({"portForwards": [{"guestPort": 70000}]})


def test_params_are_text_as_lima_wants_them():
    assert made({"param": {"STRICT_PORTS": True, "N": 5}}).data["param"]["STRICT_PORTS"] == "true"


DOWNLOAD = [{"location": "https://cloud.debian.example/debian-12.qcow2"}]
READS = [{"location": "/usr"}]


def how_it_mounts(data, **changes):
    return made({"images": DOWNLOAD, **data}, **changes).data["mountType"]


def test_only_what_the_host_confines_to_its_directories_is_used_unasked():
    assert how_it_mounts({"images": LOCAL}) == "9p"
    assert how_it_mounts({}) == "9p"
    assert how_it_mounts({}, virtiofsd=True) == "virtiofs"
    assert how_it_mounts({"mounts": READS}, virtiofsd=True) == "9p"
    assert how_it_mounts({"mountTypesUnsupported": ["9p"], "images": LOCAL}, virtiofsd=True) == "virtiofs"
    assert how_it_mounts({"mounts": READS}, system="Darwin", arch="aarch64") == "virtiofs"
    assert how_it_mounts({"mountType": "reverse-sshfs"}) == "reverse-sshfs"  # asked: trust/table.py


@pytest.mark.parametrize(
    ("data", "changes", "hint"),
    [
        ({}, {}, "sysinit-vm build.debian; or install virtiofsd and mount nothing read-only"),
        ({"mounts": READS}, {"virtiofsd": True}, "or mount nothing read-only: sysinit-vm init --ssh agent"),
        ({"mountTypesUnsupported": ["9p"], "images": LOCAL}, {}, "sysinit-vm build.debian"),
    ],
)
def test_an_image_that_can_mount_nothing_safely_is_refused_with_what_to_do(data, changes, hint):
    committed = Config(DEMO.config, {"images": DOWNLOAD, **data})
    machine = facts(**changes)
    effective = effective_config(committed, DEMO, "demo-dev", machine, SETUP)
    with pytest.raises(VmError, match=hint):
        require_mountable(committed, effective, machine)


def test_an_image_that_can_mount_is_not_refused():
    for data, changes in (({"images": LOCAL}, {}), ({}, {"virtiofsd": True}), ({"mountType": "reverse-sshfs"}, {})):
        committed = Config(DEMO.config, {"images": DOWNLOAD, **data})
        require_mountable(committed, effective_config(committed, DEMO, "d", facts(**changes), SETUP), facts(**changes))


def test_every_9p_mount_shows_the_hosts_edits_unless_the_config_says_otherwise():
    stated = [{"location": "/", "9p": {"cache": "fscache"}}, {"location": "/"}, {"location": "/", "9p": "x"}]
    assert [mount["9p"] for mount in made({"mounts": stated}).data["mounts"][:3]] == [
        {"cache": "fscache"},
        {"cache": "mmap"},
        "x",
    ]


def test_an_image_with_its_own_kernel_needs_no_uefi_on_a_pc(tmp_path):
    for part in ("disk", "kernel"):
        (tmp_path / part).touch()
    ours = {"images": [{"location": str(tmp_path / "disk"), "kernel": {"location": str(tmp_path / "kernel")}}]}
    assert made(ours).data["firmware"] == {"legacyBIOS": True}
    assert made({**ours, "firmware": {"legacyBIOS": False}}).data["firmware"] == {"legacyBIOS": False}
    assert "firmware" not in made(ours, arch="aarch64").data
    assert "firmware" not in made({}).data


@pytest.mark.parametrize(
    "data",
    [
        {"mounts": {"a": 1}},
        {"mounts": ["/x"]},
        {"provision": "echo"},
        {"env": ["A=1"]},
        {"param": ["A"]},
        {"images": "x"},
        {"images": ["x"]},
    ],
)
def test_a_key_of_the_wrong_kind_is_refused_by_its_name(data):
    with pytest.raises(VmError, match=next(iter(data))):
        made(data)


@pytest.mark.parametrize("template", templates.available_names())
def test_each_template_gives_an_effective_config_with_one_image_and_the_project(template):
    values = {"project_name": "demo", "project_dir": "/work/demo", "session": "demo", "vm_name": None, "ssh": None}
    committed = Config(DEMO.config, document.parse(render.rendered_config(template, values), DEMO.config))
    effective = effective_config(committed, DEMO, "demo-dev", facts(), setup.provision_scripts())
    assert len(effective.data["images"]) == 1
    assert effective.data["images"][0]["arch"] == "x86_64"
    keys = [] if template == "agent" else ["/home/me/.ssh"]
    assert [mount["location"] for mount in effective.data["mounts"]] == [*keys, "/work/demo"]
    assert effective.notes == ()


# No config has a number with an exponent or of more than 18 digits.
scalars = st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | st.sampled_from([0.5, -1.25, 1e15])
# Nor has it what limactl cannot list.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\ufffe\uffff"))
values = st.recursive(
    scalars | text, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(text.map("x{}".format), values, min_size=1, max_size=4))
def test_its_text_read_as_yaml_is_its_data_again(data):
    assert document.parse(EffectiveConfig(data).text, Path("effective.yaml")) == data


def test_the_seeds_own_probe_is_left_out_with_a_word_and_others_stay():
    seed = {"description": "SSH is ready", "script": "#!/bin/bash\nssh -o ConnectTimeout=3 127.0.0.1 true\n"}
    other = {"description": "db", "script": "#!/bin/sh\nssh db.example true\n"}
    given = made({"probes": [seed, other]})
    assert given.data["probes"] == [other]
    assert any("probes" in note for note in given.notes)
    assert not any("probes" in note for note in made({"probes": [other]}).notes)


def test_a_mount_without_a_location_is_refused_and_never_the_project():
    with pytest.raises(VmError, match="is empty"):
        made({"mounts": [{"writable": False}]})


def of_worktree(git_dir, mounts=()):
    committed = Config(DEMO.config, {"images": LOCAL, "mounts": list(mounts)})
    return effective_config(committed, DEMO, "demo-dev", facts(), SETUP, git_dir=Path(git_dir)).data


def test_what_a_worktree_shares_is_mounted_writable_at_the_hosts_own_path():
    effective = of_worktree("/work/main/.git")
    mount = effective["mounts"][-1]
    assert (mount["location"], mount["mountPoint"], mount["writable"]) == ("/work/main/.git", "/work/main/.git", True)
    assert effective["param"]["GIT_DIRECTORY"] == effective["param"]["GIT_MOUNT"] == "/work/main/.git"
    assert "GIT_DIRECTORY" not in made({}).data["param"]


def test_a_path_that_limas_mount_table_cannot_carry_goes_by_its_side_mount():
    effective = of_worktree("/work/my main/.git")
    assert effective["mounts"][-1]["mountPoint"] == effective["param"]["GIT_MOUNT"] == GIT_SIDE_MOUNT
    assert effective["param"]["GIT_DIRECTORY"] == "/work/my main/.git"


def test_a_mount_of_it_that_the_config_states_stays_as_it_is():
    stated = {"location": str(Path(__file__).parent), "writable": False}
    effective = of_worktree(stated["location"], [stated])["mounts"]
    assert [mount["writable"] for mount in effective if mount["location"] == stated["location"]] == [False]


@pytest.mark.parametrize(
    ("uid", "changes", "noted"),
    [
        (998, {}, True),
        (100, {}, True),
        (501, {}, False),
        (1000, {}, False),
        (998, {"user": {"uid": 1000}}, False),
        (998, {"user": {"name": "dev"}}, True),
        (998, {"base": "template:debian", "images": []}, True),
    ],
)
def test_a_uid_that_a_foreign_image_may_have_given_away_is_told_before_the_boot(uid, changes, noted):
    notes = made(changes, uid=uid).notes
    assert any(f"uid {uid}" in note and "user.uid" in note and "build.debian" in note for note in notes) is noted


def test_our_image_takes_any_uid(tmp_path):
    for part in ("qcow2", "vmlinuz", "initrd"):
        tmp_path.joinpath("_images").mkdir(exist_ok=True, mode=0o700)
        (tmp_path / f"_images/sysinit-debian-latest.{part}").write_text("")
    assert made({"images": []}, uid=998, lima_home=tmp_path).notes == ()


@pytest.mark.parametrize(
    ("mounts", "ssh_dir", "there"),
    [
        ([{"location": "~/.ssh"}], "/home/me/.ssh", True),
        ([{"location": "~/.ssh", "mountPoint": "/mnt/host-ssh"}], "/home/me/.ssh", True),
        ([{"location": "~/.ssh", "mountPoint": "/mnt/other"}], "/home/me/.ssh", False),
        ([{"location": "~/.ssh"}], None, False),
        ([], "/home/me/.ssh", False),
    ],
)
def test_the_guest_knows_where_the_keys_that_it_is_lent_are_on_the_host(mounts, ssh_dir, there):
    param = made({"mounts": mounts}, ssh_dir=ssh_dir and Path(ssh_dir)).data["param"]
    assert param.get("SSH_DIR") == ("/home/me/.ssh" if there else None)


def test_a_link_out_of_the_users_ssh_directory_is_told_if_the_guest_is_lent_it():
    links, lent = ("config", "id_work"), {"mounts": [{"location": "~/.ssh"}]}
    (told,) = (note for note in made(lent, ssh_links=links).notes if "id_work" in note)
    assert "config" in told
    assert made({}, ssh_links=links).notes == made(lent).notes == ()
    many = made(lent, ssh_links=tuple(f"id_{number}" for number in range(500))).notes[0]
    assert len(many) < 500


@pytest.mark.parametrize(
    ("has", "stated", "given"),
    [(8192, "8GiB", "4096MiB"), (16384, "8GiB", "8GiB"), (16384, "9GiB", "8192MiB"), (32768, "24GiB", "24GiB")],
)
def test_a_small_mac_keeps_half_of_its_memory(has, stated, given):
    effective = made({"memory": stated}, system="Darwin", arch="aarch64", memory=has)
    assert effective.data["memory"] == given
    assert bool(effective.notes) is (given != stated)
    assert all(note.endswith("half of this Mac's.") for note in effective.notes)
