"""The former name of ``tests.fakes``."""

from tests.fakes import RecordingRunner as Recorder
from tests.fakes import captured, facts, result

__all__ = ["Recorder", "captured", "facts", "result"]
