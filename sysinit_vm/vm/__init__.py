"""What is done with a VM: one module for each verb, on what `projects` found."""
