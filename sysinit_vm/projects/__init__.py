"""Which directory is the project, which VM belongs to it, and which project owns each other VM."""
