# Attaches to the project's Zellij session, which is made if it is missing. Arguments: SESSION ROOT HERE [LAYOUT].
# A new session begins at ROOT with LAYOUT (a name or a path); a login shell begins at HERE.
session=$1 root=$2 here=$3 layout=${4-}
if ! command -v zellij >/dev/null 2>&1; then
	echo "Zellij is not installed in this guest: here is a login shell instead." >&2
	cd "$here" && exec "${SHELL:-/bin/sh}" -l
fi
cd "$root" || exit

# A session outlives this login, so its panes reach the forwarded agent by a name that stays the same.
link=$HOME/.ssh/sysinit-vm-agent
if [ -S "${SSH_AUTH_SOCK-}" ] && [ "$SSH_AUTH_SOCK" != "$link" ]; then
	mkdir -p -m 700 "$HOME/.ssh"
	ln -sfn "$SSH_AUTH_SOCK" "$link" && export SSH_AUTH_SOCK="$link"
fi

# Our keys and our layout, unless the user has their own.
config=${XDG_CONFIG_HOME:-$HOME/.config}/zellij
set -- attach --create "$session"
if [ -z "${ZELLIJ_CONFIG_FILE-}${ZELLIJ_CONFIG_DIR-}" ] && [ -r /etc/sysinit-vm/zellij.kdl ] &&
	[ ! -e "$config/config.kdl" ]; then
	set -- --config /etc/sysinit-vm/zellij.kdl "$@"
	[ ! -e "$config/layouts/default.kdl" ] || set -- "$@" options --default-layout default
fi
# Without a config directory Zellij 0.45 silently takes its own layout. Otherwise it makes this directory itself.
mkdir -p "$config"

wanted=$layout
[ -n "$layout" ] || [ ! -f .lima/layout.kdl ] || layout=$root/.lima/layout.kdl
if [ -n "$layout" ] && zellij list-sessions --short 2>/dev/null | grep -Fqx -e "$session"; then
	[ -z "$wanted" ] || echo "The session $session already exists and keeps its layout." >&2
	layout=
fi

# Zellij 0.45 gives a client the number of a client that has just left, which may be its own check whether the session
# exists. A late goodbye of that one disconnects the new one (zellij-org/zellij#5546); it logs that and exits with 0.
log=${TMPDIR:-/tmp}/zellij-$(id -u)/zellij-log/zellij.log
disconnected() {
	tail -n 99 "$log" 2>/dev/null | grep -A 1 'zellij_client .*\[main' | tail -n 1 | grep -q 'lost connection to the'
}
tries=3
while :; do
	zellij ${layout:+--layout "$layout"} "$@" || exit
	disconnected || exit 0
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || exit 1
	echo "Zellij lost this terminal: attaching again." >&2
	layout=
	sleep 1
done
