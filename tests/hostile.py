"""The corpus of hostile configs, and what must be there for each to be dangerous."""

from pathlib import Path

CORPUS = sorted((Path(__file__).parent / "data" / "hostile").glob("*.yaml"))
PROXY = "http://me:hunter2@proxy.example:3128"


def surround(root: Path, home: Path) -> None:
    """Make what the configs of the corpus name, around a project ``root`` (absolute) and in a ``home``."""
    (root / ".lima").mkdir(exist_ok=True)
    (root / "link-out").symlink_to("/srv")
    (root / ".lima" / "linked-script").symlink_to("/etc/passwd")
    (root / ".lima" / "hostile.yaml").write_text("base: ./hostile.yaml\n")
    (root / ".lima" / "named.yaml").write_text("base: template:private.sh\n")
    (root / "a,path=" / "etc").mkdir(parents=True)
    (root.parent / "other").mkdir(exist_ok=True)
    for name in (".ssh", ".local/share/sysinit-vm/trust", ".local/share/x"):
        (home / name).mkdir(parents=True, exist_ok=True)


def proxies(path: Path) -> dict[str, str]:
    """Return the variables that the config at ``path`` is dangerous with."""
    return {"HTTPS_PROXY": PROXY} if "proxy" in path.stem else {}
