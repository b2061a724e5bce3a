"""How limactl, its host agent and the accelerator behave on this machine."""
