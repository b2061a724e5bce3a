"""The images that a VM can be made from, and how they are built."""
