"""What every test shares: homes of its own, so that nothing of the developer's is read or written."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from sysinit_vm import guest_writes, settings

# How long one example takes says something of the machine's other work, and nothing of ours.
hypothesis_settings.register_profile("calm", deadline=None)
hypothesis_settings.load_profile("calm")

# Hints name the user's editor.
os.environ["EDITOR"] = "nano"
os.environ.pop("VISUAL", None)

# A shell starts what runs in its background deaf to Ctrl-C, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home of the test's own, with LIMA_HOME in it and no settings; short, as socket paths need it."""
    place = Path(tempfile.mkdtemp(prefix="svm-"))
    for name in ("VM_NAME", *(f"SYSINIT_VM_{setting.upper()}" for setting in settings.KNOWN)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setattr(guest_writes, "_account_home", lambda: place)
    monkeypatch.setenv("LIMA_HOME", str(place / ".lima"))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(place / name.lower()))
    yield place
    shutil.rmtree(place, ignore_errors=True)
