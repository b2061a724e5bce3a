"""What nix's messages mean: stages, and the causes of a failure (read from nix 2.8; newer wording too)."""

import platform
import re

from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.runner import Result

NO_NIX = "nix builds the NixOS image: https://nixos.org/download." + (
    " `build.debian` does not need it." if platform.system() == "Linux" else ""
)
_STORE_NAME = r"'?/\S*/[0-9a-z]{32}-(?P<name>\S+?)(?:\.drv)?'"
_BUILDING = re.compile(rf"building {_STORE_NAME}")
_FETCHING = re.compile(r"(?:copying path|downloading|querying info about) ")
_FEATURE = re.compile(r"features \{(?P<wanted>[^}]*)\}.*?features \{(?P<has>[^}]*)\}", re.DOTALL)
_PLAIN = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NOTE = 60

_FLAKES_OFF = r"experimental Nix feature '\S+' is disabled|unrecogni[sz]ed (?:flag|option) '--extra-experimental"
_OTHER_SYSTEM = r"is required to build|[Rr]equired system:|platform mismatch"
_NO_ATTRIBUTE = r"does not provide attribute|attribute '\S+' missing|cannot find flake attribute"
_UNREACHABLE = (
    r"unable to download|[Cc]ould not resolve host|cannot fetch|HTTP error|does not exist|cannot find flake"
    r"|getting status of \S+ No such file|is not a flake|not a valid URL"
)


def stage(line: str) -> str | None:
    """Return the stage that begins when nix prints ``line``, or None if it is a detail."""
    plain = _PLAIN.sub("", line)
    if building := _BUILDING.match(plain):
        return f"building {building['name']}"
    return "fetching from nix's caches" if _FETCHING.match(plain) else None


def warns(line: str) -> bool:
    """Whether ``line`` is a warning, which is shown as it is."""
    return _PLAIN.sub("", line).startswith("warning:")


def note(line: str) -> str:
    """Return ``line`` shortened to fit behind a stage."""
    return "".join(filter(str.isprintable, _PLAIN.sub("", line))).strip()[:_NOTE]


def failure(done: Result, installable: str, system: str) -> VmError:
    """Return the error that says what the last lines of a failed nix mean."""
    text = _PLAIN.sub("", done.err)
    last_lines = "\n".join([line for line in text.splitlines() if not warns(line)][-12:])
    if re.search(_FLAKES_OFF, text):
        hint = "echo 'experimental-features = nix-command flakes' >> ~/.config/nix/nix.conf"
        return MissingError(
            "This nix does not support flakes.", detail=f"{last_lines}\nFlakes need nix 2.4 or newer.", hint=hint
        )
    if re.search(_OTHER_SYSTEM, text):
        return _no_builder(text, last_lines, system)
    if re.search(r"No space left on device|database or disk is full", text):
        return VmError(
            "The disk is full, so nix cannot build.", detail=last_lines, hint="df -h /nix; nix-collect-garbage"
        )
    if re.search(_NO_ATTRIBUTE, text):
        hint = "SYSINIT_VM_FLAKE_ATTRIBUTE=packages.{system}.{name}-image, SYSINIT_VM_FLAKE_SYSTEM=x86_64-linux"
        return VmError(f"{installable} is not in the flake.", detail=last_lines, hint=hint)
    if re.search(_UNREACHABLE, text):
        hint = "SYSINIT_VM_FLAKE=github:OWNER/NAME sysinit-vm build.dev"
        return VmError(f"nix cannot read {installable}.", detail=last_lines, hint=hint)
    return VmError(f"nix failed (exit {done.code}).", detail=last_lines, hint=done.command)


def _no_builder(text: str, last_lines: str, system: str) -> VmError:
    """Nix has no builder for the system that the build needs, or none with a feature such as kvm."""
    features = _FEATURE.search(text)
    missing = _names(features["wanted"]) - _names(features["has"]) if features else set[str]()
    if missing:
        wanted = ", ".join(sorted(missing))
        hint = f"a builder that has it, or `extra-system-features = {wanted}` in nix.conf if this machine has it"
        return VmError(
            f"Building this image needs {wanted}, which nix here does not offer.", detail=last_lines, hint=hint
        )
    if platform.system() == "Darwin":
        detail = f"macOS cannot build a Linux image by itself: nix needs a Linux builder, a small VM.\n{last_lines}"
        hint = "nix run nixpkgs#darwin.linux-builder (or nix.linux-builder.enable in nix-darwin), then try again"
    else:
        detail = (
            f"{last_lines}\nA builder for that system is a line in /etc/nix/machines, or binfmt and extra-platforms."
        )
        hint = "SYSINIT_VM_FLAKE_SYSTEM=SYSTEM of this machine, such as x86_64-linux"
    return MissingError(f"nix here cannot build for {system}.", detail=detail, hint=hint)


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}
