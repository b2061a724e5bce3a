"""The names that we use in an instance's ``param``."""

PROJECT_DIR = "PROJECT_DIR"
PROJECT_NAME = "PROJECT_NAME"
VM_NAME = "VM_NAME"
