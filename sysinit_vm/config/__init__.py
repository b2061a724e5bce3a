"""The committed config: how it is read, and how values in it are written."""
