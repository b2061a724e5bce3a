"""Whether a VM still is what its project's config says, and how it becomes so."""
