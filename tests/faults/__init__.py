"""The fault table: each row injects one fault into a real command on a real instance, and checks what is left."""
