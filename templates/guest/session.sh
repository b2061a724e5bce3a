# Attaches to the project's Zellij session, made when missing: SESSION ROOT HERE [LAYOUT].
# ROOT is where a new session begins, HERE where a login shell does, LAYOUT a name or a path for a new session.
session=$1 root=$2 here=$3 layout=${4-}
if ! command -v zellij >/dev/null 2>&1; then
	echo "Zellij is not installed in this guest: here is a login shell instead." >&2
	cd "$here" && exec "${SHELL:-/bin/sh}" -l
fi
cd "$root" || exit

# A session outlives this login: its panes reach the forwarded agent by a name that stays.
link=$HOME/.ssh/sysinit-vm-agent
if [ -S "${SSH_AUTH_SOCK-}" ] && [ "$SSH_AUTH_SOCK" != "$link" ]; then
	mkdir -p -m 700 "$HOME/.ssh"
	ln -sfn "$SSH_AUTH_SOCK" "$link" && export SSH_AUTH_SOCK="$link"
fi

# Our keys, but for a user who has a config.
set --
if [ -z "${ZELLIJ_CONFIG_FILE-}${ZELLIJ_CONFIG_DIR-}" ] && [ -r /etc/sysinit-vm/zellij.kdl ] &&
	[ ! -e "${XDG_CONFIG_HOME:-$HOME/.config}/zellij/config.kdl" ]; then
	set -- --config /etc/sysinit-vm/zellij.kdl
fi

wanted=$layout
[ -n "$layout" ] || [ ! -f .lima/layout.kdl ] || layout=$root/.lima/layout.kdl
if [ -z "$layout" ]; then
	:
elif zellij list-sessions --short 2>/dev/null | grep -Fqx -e "$session"; then
	[ -z "$wanted" ] || echo "The session $session is there already and keeps its layout." >&2
else
	# Without any config directory Zellij 0.45 takes the default layout in silence. It makes this one itself elsewhere.
	mkdir -p "$HOME/.config/zellij"
	set -- "$@" --layout "$layout"
fi
exec zellij "$@" attach --create "$session"
