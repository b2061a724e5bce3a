import pytest

from sysinit_vm.lima import stages


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Attempting to download the image", "copying the image"),
        ("Resize instance demo-dev's disk from 10MiB to 1GiB", "preparing the disk"),
        ("Starting QEMU (hint: to watch the boot progress, see `/x/serial*.log`)", "booting"),
        ("Waiting for the essential requirement 1 of 3: `ssh`", "booting, waiting for ssh"),
        ("Waiting for the essential requirement 2 of 3: `user session is ready for ssh`", "preparing the login"),
        ("Waiting for the essential requirement 3 of 3: `Explicitly start ssh ControlMaster`", "preparing the login"),
        ("Waiting for the optional requirement 1 of 1: `user probe 1/1`", "running probes"),
        ("Waiting for the guest agent to be running", "waiting for the guest agent"),
        ("Waiting for the final requirement 1 of 1: `boot scripts must have finished`", "provisioning"),
    ],
)
def test_lima_2_2_0s_words_begin_a_stage_that_a_user_understands(said, meant):
    assert stages.stage(said) == meant


@pytest.mark.parametrize(
    "said", ["", "The essential requirement 1 of 3 is satisfied", "hostagent socket created", "READY."]
)
def test_other_words_begin_none(said):
    assert stages.stage(said) is None
