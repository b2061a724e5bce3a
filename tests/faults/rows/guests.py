"""Faults of a guest that runs: these rows share one VM, in this order."""
