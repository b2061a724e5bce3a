"""What makes the generated parts of docs/: `inv docs.commands`, `inv docs.pictures`."""
