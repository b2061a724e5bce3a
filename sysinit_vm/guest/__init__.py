"""What runs in a guest, how it is entered, and how files come into it and out of it."""
