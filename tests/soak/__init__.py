"""The long run: start, exec and stop again and again on the real limactl, and what all that leaves behind."""
