"""Which directory is a project, which VM is its own, and whose every other is."""
