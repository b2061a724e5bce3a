from pathlib import Path

import pytest

from sysinit_vm.images import available
from sysinit_vm.lima import kvm as kvm_access
from sysinit_vm.lima.kvm import Access
from sysinit_vm.machine import accelerator
from sysinit_vm.machine.accelerator import choose
from tests.fakes import RecordingRunner, facts, result

TCG = {"QEMU_SYSTEM_X86_64": "qemu-system-x86_64 -machine q35,vmport=off -accel tcg,thread=multi,tb-size=512 -cpu max"}


@pytest.fixture
def kvm(home, tmp_path, monkeypatch):
    device = tmp_path / "kvm"
    device.write_text("")
    monkeypatch.setattr(kvm_access, "DEVICE", device)
    return device


@pytest.fixture
def kernel(tmp_path):
    path = tmp_path / "vmlinuz"
    path.write_text("kernel")
    return path


def test_a_wish_is_followed_without_a_question(home, kernel):
    recorder = RecordingRunner()
    assert choose(recorder, facts(), "kvm", [kernel]).env == {}
    found = choose(recorder, facts(), "tcg", [kernel])
    assert (found.name, found.env, found.note) == ("tcg", TCG, "")
    assert recorder.argvs == []


def test_without_kvm_the_vm_is_emulated_with_a_word(home, monkeypatch, kernel):
    monkeypatch.setattr(kvm_access, "DEVICE", Path("/nowhere/kvm"))
    found = choose(RecordingRunner(), facts(), "auto", [kernel])
    assert (found.name, found.env) == ("tcg", TCG)
    assert "no KVM" in found.note
    assert "ten times slower" in found.note


def test_kvm_that_is_not_ours_to_open_is_told_with_what_to_type(kvm, monkeypatch, kernel):
    monkeypatch.setattr(kvm_access, "access", lambda: Access.CLOSED)
    found = choose(RecordingRunner(), facts(), "auto", [kernel])
    assert found.name == "tcg"
    assert "has no permission to open /dev/kvm: its owner or root could give it (ls -l /dev/kvm)." in found.note


def test_a_group_that_can_be_joined_is_told_with_what_to_type(kvm, monkeypatch, kernel):
    monkeypatch.setattr(kvm_access, "access", lambda: Access.JOINABLE)
    found = choose(RecordingRunner(), facts(), "auto", [kernel])
    assert found.name == "tcg"
    assert "sysinit-vm setup" in found.note


@pytest.mark.parametrize(("code", "name"), [(0, "kvm"), (124, "tcg")])
def test_a_group_that_was_just_joined_is_used_and_a_broken_kvm_is_still_noticed(kvm, monkeypatch, kernel, code, name):
    monkeypatch.setattr(kvm_access, "access", lambda: Access.JOINED)
    recorder = RecordingRunner(result(code))
    assert choose(recorder, facts(), "auto", [kernel]).name == name
    ((sg, group, _, line),) = recorder.argvs
    assert (sg, group) == ("sg", "kvm")
    assert "timeout --foreground --kill-after=5 20 qemu-system-x86_64" in line


def test_an_account_that_joins_the_group_is_told_that_it_counts_at_once(monkeypatch):
    monkeypatch.setattr(kvm_access, "access", lambda: Access.JOINABLE)
    assert "joins the group kvm, and uses it at once, without a new login" in accelerator.outlook("auto", joins=True)


@pytest.mark.parametrize(
    ("wanted", "access", "words"),
    [
        ("tcg", Access.OPEN, "as the setting ACCELERATOR says"),
        ("auto", Access.OPEN, "this account may use it"),
        ("auto", Access.JOINED, "this account may use it"),
        ("auto", Access.JOINABLE, "as root: usermod -aG kvm"),
        ("auto", Access.CLOSED, "has no permission to open /dev/kvm"),
        ("auto", Access.NO_DEVICE, "offers no KVM"),
    ],
)
def test_the_plan_says_what_vms_will_run_on_and_how_slow_emulation_is(monkeypatch, wanted, access, words):
    monkeypatch.setattr(kvm_access, "access", lambda: access)
    assert words in accelerator.outlook(wanted)
    assert "about ten times slower" in accelerator.outlook(wanted)


def test_kvm_that_works_is_used(kvm, kernel):
    recorder = RecordingRunner(result(0))
    found = choose(recorder, facts(), "auto", [kernel])
    assert (found.name, found.env, found.note) == ("kvm", {}, "")
    assert recorder.argvs == [
        (
            *("timeout", "--foreground", "--kill-after=5", "20"),
            *("qemu-system-x86_64", "-machine", "q35", "-accel", "kvm", "-m", "256", "-display", "none"),
            *("-nodefaults", "-no-reboot", "-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"),
        )
    ]
    assert recorder.options[0]["timeout"] == 40


@pytest.mark.parametrize("code", [124, 1, 134])
def test_kvm_that_exists_and_does_not_work_is_emulation(kvm, kernel, code):
    found = choose(RecordingRunner(result(code)), facts(), "auto", [kernel])
    assert (found.name, found.env) == ("tcg", TCG)
    assert "does not work" in found.note


@pytest.mark.parametrize(("code", "name"), [(0, "kvm"), (124, "tcg")])
def test_the_verdict_is_kept_until_the_next_boot(kvm, kernel, code, name):
    recorder = RecordingRunner(answer=lambda _: result(code))
    assert [choose(recorder, facts(), "auto", [kernel]).name for _ in range(3)] == [name] * 3
    assert len(recorder.argvs) == 1


def test_another_kernel_is_probed_anew(kvm, kernel, tmp_path):
    recorder = RecordingRunner(answer=lambda _: result(0))
    choose(recorder, facts(), "auto", [kernel])
    other = tmp_path / "other"
    other.write_text("another kernel")
    choose(recorder, facts(), "auto", [other])
    assert len(recorder.argvs) == 2


def test_a_vms_copy_of_the_kernel_is_not_probed_again(kvm, kernel, tmp_path):
    recorder = RecordingRunner(answer=lambda _: result(124))
    copy = tmp_path / "copy"
    copy.write_bytes(kernel.read_bytes())
    assert {choose(recorder, facts(), "auto", [path]).name for path in (kernel, copy)} == {"tcg"}
    assert len(recorder.argvs) == 1


def test_the_verdicts_of_earlier_boots_are_removed(kvm, kernel, home):
    cache = home / "cache/sysinit-vm"
    cache.mkdir(parents=True)
    old, other = cache / "kvm-5dcfd9f6d4444a0e", cache / "limactl-version"
    for path in (old, other):
        path.write_text("works")
    choose(RecordingRunner(result(0)), facts(), "auto", [kernel])
    kernel.write_text("another kernel")
    choose(RecordingRunner(result(0)), facts(), "auto", [kernel])
    assert not old.exists()
    assert other.exists()
    assert len(list(cache.glob("kvm-*"))) == 2


def test_without_a_kernel_to_probe_with_kvm_is_believed_with_a_word(kvm, monkeypatch):
    monkeypatch.setattr("sysinit_vm.machine.accelerator._host_kernels", list)
    recorder = RecordingRunner()
    chosen = choose(recorder, facts(), "auto")
    assert chosen.name == "kvm"
    assert "SYSINIT_VM_ACCELERATOR=tcg" in chosen.note
    assert recorder.argvs == []


@pytest.mark.parametrize("changes", [{"system": "Darwin", "arch": "aarch64"}, {"arch": "riscv64"}])
def test_other_systems_choose_for_themselves(home, changes):
    assert choose(RecordingRunner(), facts(**changes), "auto").name == "native"


def test_an_arm_machine_is_told_in_its_own_words(home, monkeypatch):
    monkeypatch.setattr(kvm_access, "DEVICE", Path("/nowhere/kvm"))
    found = choose(RecordingRunner(), facts(arch="aarch64"), "auto")
    assert list(found.env) == ["QEMU_SYSTEM_AARCH64"]
    assert "-machine virt" in found.env["QEMU_SYSTEM_AARCH64"]


def test_another_kernel_host_kernels_serves_where_the_image_has_none(kvm, tmp_path):
    images = tmp_path / "lima" / "_images"
    images.mkdir(parents=True)
    (images / "sysinit-debian-latest.vmlinuz").write_text("kernel")
    recorder = RecordingRunner(result(124))
    chosen = choose(recorder, facts(), "auto", available.kernels(tmp_path / "lima"))
    assert chosen.name == "tcg"
    assert str(images / "sysinit-debian-latest.vmlinuz") in recorder.argvs[0]
