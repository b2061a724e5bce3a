"""The names under which an instance's ``param`` carries what we know of it."""

PROJECT_DIR = "PROJECT_DIR"
PROJECT_NAME = "PROJECT_NAME"
VM_NAME = "VM_NAME"
