"""Our directories in the user's home: the same on macOS as on Linux, where bootstrap.sh and Taskfiles expect them.

XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_CACHE_HOME move them. All paths are absolute; none need exist.
"""

from pathlib import Path

from platformdirs.unix import Unix

_OURS = Unix("sysinit-vm")


def data() -> Path:
    """Return where programs that we installed are, and what the user allowed: ``~/.local/share/sysinit-vm``."""
    return _OURS.user_data_path


def cache() -> Path:
    """Return where what can be made again is: ``~/.cache/sysinit-vm``."""
    return _OURS.user_cache_path


def config() -> Path:
    """Return where the user's settings and templates are: ``~/.config/sysinit-vm``."""
    return _OURS.user_config_path
