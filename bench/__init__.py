"""Measurements for developers of this checkout, not in the package: `inv bench.boot`, `bench.mounts` and others."""
