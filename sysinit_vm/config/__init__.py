"""The committed config: how it is written from a template, and how it is read."""
