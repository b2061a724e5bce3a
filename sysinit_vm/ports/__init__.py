"""What forwards a config declares, which host ports they get, and what becomes of them."""
