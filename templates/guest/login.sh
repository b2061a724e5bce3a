# Opens the session for a login by ssh. It runs after the user's own profile, which may set SYSINIT_VM_NO_SESSION.
# Leaving the session ends the login; a session that cannot be opened must not lock anybody out.
. /etc/sysinit-vm/env
. /etc/sysinit-vm/project
if [ -n "${SYSINIT_VM_NO_SESSION-}" ]; then
	exec "${SHELL:-/bin/sh}" -l
fi
sh /etc/sysinit-vm/session "$ZELLIJ_SESSION" "$project" "$HOME" && exit
echo "The session $ZELLIJ_SESSION ended with an error: here is a login shell instead." >&2
exec "${SHELL:-/bin/sh}" -l
