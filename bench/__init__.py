"""Measurements for developers of this checkout: `inv bench.boot`, `inv bench.mounts`. No part of the package."""
