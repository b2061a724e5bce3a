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
	layout=
else
	# Without any config directory Zellij 0.45 takes the default layout in silence. It makes this one itself elsewhere.
	mkdir -p "$HOME/.config/zellij"
fi

# Zellij 0.45 gives a client the number of one that has just left, be it only its own look whether the session is there,
# and a late goodbye of that one turns the new one away (zellij-org/zellij#5546). It says so in its log, and exits with 0.
log=${TMPDIR:-/tmp}/zellij-$(id -u)/zellij-log/zellij.log
turned_away() {
	tail -n 99 "$log" 2>/dev/null | grep -A 1 'zellij_client .*\[main' | tail -n 1 | grep -q 'lost connection to the'
}
tries=3
while :; do
	zellij "$@" ${layout:+--layout "$layout"} attach --create "$session" || exit
	turned_away || exit 0
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || exit 1
	echo "Zellij lost this terminal: attaching again." >&2
	layout=
	sleep 1
done
