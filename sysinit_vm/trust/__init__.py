"""What a committed config may do to this machine, and who has allowed it."""
