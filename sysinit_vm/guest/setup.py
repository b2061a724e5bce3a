"""What we put into every guest: at each boot and, with other values, into a running one."""

from collections.abc import Mapping

from sysinit_vm import settings
from sysinit_vm.errors import VmError
from sysinit_vm.guest import scripts
from sysinit_vm.lima.limactl import Limactl

_SETUP_SECONDS = 300
# Both our scripts in one call, because each call costs a login of the guest.
_RUN_BOTH = 'system=$1 user=$2; shift 2; sudo env "$@" bash -c "$system" && env "$@" bash -c "$user"'
_END = "END-OF-THIS-FILE"


def provision_scripts() -> Mapping[str, str]:
    """Return our own scripts by provision mode (system, user); they run at each boot before the project's own.

    The same values, in their environment as PARAM_NAME, give the same guest however often they run; see
    ``apply_live``.
    """
    settings_names = " ".join(f"PARAM_{name}" for name in settings.params())
    writes = "".join(heredoc(path, scripts.read(name)) for path, name in guest_files().items())
    system = scripts.read("setup.sh").replace("@SETTINGS@", settings_names).replace("@FILES@\n", writes)
    return {"system": system, "user": scripts.read("setup-user.sh")}


def guest_files() -> Mapping[str, str]:
    """Return the paths (absolute) of our files in a guest, each with the file of templates/guest that it holds."""
    return {
        **session_files(),
        "/etc/sysinit-vm/ssh_config": "ssh_config",
        "/etc/sysinit-vm/session": "session.sh",
        "/etc/sysinit-vm/login": "login.sh",
        "/etc/sysinit-vm/wanted": "wanted.sh",
        "/etc/sysinit-vm/bin/sysinit-vm": "sysinit-vm.sh",
        "/etc/sysinit-vm/profile.fish": "profile.fish",
        "/etc/profile.d/sysinit-vm.sh": "profile.sh",
    }


def session_files() -> Mapping[str, str]:
    """Return those of ``guest_files`` that Zellij reads; each attach brings them up to date."""
    return {
        "/etc/sysinit-vm/zellij.kdl": "zellij.kdl",
        "/etc/sysinit-vm/layout.kdl": "layout.kdl",
        "/etc/sysinit-vm/keys": "keys.txt",
    }


def heredoc(path: str, text: str) -> str:
    """Return the lines of setup.sh that write ``text`` to ``path``, unless the file holds it already."""
    return f"IFS= read -r -d '' text <<'{_END}' || true\n{text}{_END}\nreplace {path} \"$text\"\n"


def apply_live(lima: Limactl, name: str, param: Mapping[str, str]) -> None:
    """Run our scripts again in the running guest of ``name``, with the values ``param``; it needs no restart.

    VmError with the guest's own output if it fails.
    """
    ours = provision_scripts()
    system = ours["system"].replace("{{.User}}", "$SUDO_USER")
    values = [f"PARAM_{key}={value}" for key, value in param.items()]
    done = lima.run(name, ("bash", "-c", _RUN_BOTH, "bash", system, ours["user"], *values), timeout=_SETUP_SECONDS)
    if not done.ok:
        detail = done.err or done.out or f"Our setup ended with exit status {done.code}."
        raise VmError(f"The guest of {name} could not be set up.", detail=detail, hint="sysinit-vm restart")
