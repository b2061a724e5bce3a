from sysinit_vm.guest import scripts


def test_a_script_is_read_once_however_many_vms_are_compared_with_it():
    assert scripts.read("check.sh") is scripts.read("check.sh")
