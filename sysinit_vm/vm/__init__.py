"""What can be done with a VM: one module for each verb, on the VM that ``projects`` located."""
