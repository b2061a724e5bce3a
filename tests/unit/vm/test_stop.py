from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.stop import stop


def test_stopping_stops_a_running_one_and_leaves_a_stopped_one(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    assert stop(ProjectVm.read(lima, demo)).status == "Stopped"
    assert stop(ProjectVm.read(lima, demo)).status == "Stopped"
    assert lima.calls == [("stop", "demo-dev", False)]


def test_stopping_with_force_and_a_broken_one(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    stop(ProjectVm.read(lima, demo), force=True)
    lima.add("demo-dev", demo.project.root, "Broken")
    stop(ProjectVm.read(lima, demo))
    assert lima.calls == [("stop", "demo-dev", True), ("stop", "demo-dev", True)]
