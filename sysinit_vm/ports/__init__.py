"""Which ports a config declares, which host ports they get, and what state they are in."""
