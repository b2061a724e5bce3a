from sysinit_vm import lock
from sysinit_vm.lima.locks import vm_lock_file
from sysinit_vm.vm.project_vm import ProjectVm


def held():
    return {name for name in ("old-dev", "demo-dev") if lock.is_held(vm_lock_file(name))}


def test_the_lock_is_that_of_the_vm_which_the_target_means_by_then(lima, demo):
    lima.add("old-dev", demo.project.root)
    vm = ProjectVm.read(lima, demo)
    lima.delete("old-dev")
    lima.add("demo-dev", demo.project.root)
    with vm.locked() as locked:
        assert (locked.existing().name, held()) == ("demo-dev", {"demo-dev"})
    assert held() == set()
