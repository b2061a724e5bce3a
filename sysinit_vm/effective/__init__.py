"""What a committed config becomes on this machine, and what limactl is given."""
