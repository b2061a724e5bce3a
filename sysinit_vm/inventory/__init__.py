"""Which VMs exist, which resources they use, and what is no longer needed."""
