"""What this machine needs for a VM, what it has, and how the rest is installed."""
