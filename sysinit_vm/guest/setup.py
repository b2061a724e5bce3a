"""What we put into every guest, at each boot and, with other values, into a running one."""

from collections.abc import Mapping

from sysinit_vm import settings
from sysinit_vm.errors import VmError
from sysinit_vm.guest import scripts
from sysinit_vm.lima.limactl import Limactl

_PUT_SECONDS = 300
# Two scripts of ours in one call: each call costs a login of the guest.
_PUT = 'system=$1 user=$2; shift 2; sudo env "$@" bash -c "$system" && env "$@" bash -c "$user"'
_END = "END-OF-THIS-FILE"


def setup() -> Mapping[str, str]:
    """Return what we put into every guest, by provision mode; it runs at each boot before the project's own.

    The same values, PARAM_NAME in its environment, give the same guest however often it runs; see ``put``.
    """
    named = " ".join(f"PARAM_{name}" for name in settings.params())
    files = "".join(written(path, scripts.read(name)) for path, name in files_written().items())
    script = scripts.read("setup.sh").replace("@SETTINGS@", named).replace("@FILES@\n", files)
    return {"system": script, "user": scripts.read("setup-user.sh")}


def files_written() -> Mapping[str, str]:
    """Return which of our files stands where in a guest (absolute), as setup.sh writes them."""
    return {
        "/etc/sysinit-vm/zellij.kdl": "zellij.kdl",
        "/etc/sysinit-vm/ssh_config": "ssh_config",
        "/etc/sysinit-vm/session": "session.sh",
        "/etc/sysinit-vm/login": "login.sh",
        "/etc/sysinit-vm/wanted": "wanted.sh",
        "/etc/sysinit-vm/profile.fish": "profile.fish",
        "/etc/profile.d/sysinit-vm.sh": "profile.sh",
    }


def written(path: str, text: str) -> str:
    """Return the lines of setup.sh that write ``text`` to ``path`` where it differs."""
    return f"IFS= read -r -d '' text <<'{_END}' || true\n{text}{_END}\nreplace {path} \"$text\"\n"


def put(lima: Limactl, name: str, param: Mapping[str, str]) -> None:
    """Run our setup again in the running guest of ``name``, with the values ``param``: what is ours changes live.

    VmError with the guest's own words where it fails.
    """
    scripts = setup()
    system = scripts["system"].replace("{{.User}}", "$SUDO_USER")
    values = [f"PARAM_{key}={value}" for key, value in param.items()]
    done = lima.run(name, ("bash", "-c", _PUT, "bash", system, scripts["user"], *values), timeout=_PUT_SECONDS)
    if not done.ok:
        detail = done.err or done.out or f"Our setup ended with {done.code}."
        raise VmError(f"The guest of {name} could not be set up.", detail=detail, hint="sysinit-vm restart")
