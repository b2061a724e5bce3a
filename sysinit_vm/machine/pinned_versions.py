"""The versions of what we build: Lima, and Zellij for the guest, with the Debian that they are built for."""

LIMA, ZELLIJ = "2.2.0", "0.45.1"
SUITE = "bookworm"  # the Debian of the guest, and of what is compiled for it
