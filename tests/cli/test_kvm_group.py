"""The group kvm with the real useradd, usermod and sg: an account of its own, in a mount namespace with its own /etc.

The device is a stand-in: a node that only the group may open. KVM itself is not run.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
ACCOUNT = 43210  # uid and gid
AS_KIM = f'as_kim() {{ setpriv --reuid {ACCOUNT} --regid {ACCOUNT} --clear-groups env HOME="$PLACE" "$@"; }}'
ROOT_PART = f"""\
set -e
mount --make-rprivate /
cp -a /etc "$PLACE/etc"
mount --bind "$PLACE/etc" /etc
getent group kvm >/dev/null || groupadd kvm
groupadd -g {ACCOUNT} kim
useradd -u {ACCOUNT} -g {ACCOUNT} -M -d "$PLACE" kim
chgrp kvm "$PLACE/device"
chmod 660 "$PLACE/device"
{AS_KIM}
as_kim "$PYTHON" -B -c "$KIM"
usermod -aG kvm kim
as_kim "$PYTHON" -B -c "$KIM"
"""
KIM = """\
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from sysinit_vm.lima import kvm
from sysinit_vm.runner import Runner
kvm.DEVICE = Path({device!r})
script = 'exec 3<>"$1" && echo opened; id -gn; id -Gn; exit 7'
done = Runner().read(kvm.as_member(("sh", "-c", script, "it's", {device!r})))
print(kvm.access().name, done.code, done.out.split(), flush=True)
"""


def test_an_account_that_was_just_added_opens_the_device_without_a_new_login():
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("only root can have another /etc")
    place = Path("/tmp") / f"svm-kvm-{os.getpid()}"
    place.mkdir(mode=0o755)
    try:
        device = place / "device"
        os.mknod(device, 0o20660, os.makedev(1, 3))
        kim = KIM.format(paths=[str(TOP), sysconfig.get_path("purelib")], device=str(device))
        env = {
            **os.environ,
            "PLACE": str(place),
            "PYTHON": shutil.which("python3", path="/usr/bin") or sys.executable,
            "KIM": kim,
        }
        if subprocess.run(["sh", "-c", f'{AS_KIM}\nas_kim "$PYTHON" -c "$KIM"'], env=env, check=False).returncode:
            pytest.skip("another account cannot read a Python and this checkout")
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", ROOT_PART], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        before, after = done.stdout.splitlines()
        assert before.startswith("JOINABLE ")
        assert "opened" not in before
        assert after == "JOINED 7 ['opened', 'kim', 'kim', 'kvm']"
    finally:
        shutil.rmtree(place)
