"""What VMs there are, what they take of this machine, and what nobody needs any more."""
