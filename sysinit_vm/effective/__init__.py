"""What this machine makes of a committed config, and what limactl is given."""
