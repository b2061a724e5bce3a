"""Checks for developers of this checkout, not in the package: `inv check.foreign-image`."""
