"""What `init` writes and asks, and the templates that it writes from."""
