#!/bin/sh
# What `sysinit-vm` says in the guest. Last on PATH, so that one that is installed here comes first.
leave="type exit to leave it"
[ -z "${ZELLIJ-}" ] || leave="press Ctrl+A then D to detach from it"
echo "This is the VM${PROJECT_NAME:+ of $PROJECT_NAME}, and sysinit-vm is a command of the host." >&2
echo "Try: $leave, then sysinit-vm $*" >&2
exit 127
