"""Property tests of whole commands: whatever a stranger, a guest or limactl writes, a command ends as it should."""
