# Installs standard input, a program whose SHA-256 is $1, as /usr/local/bin/zellij in a guest that has no Zellij.
# The last line of its errors says why it does not. All but one command read /dev/null: sudo may read ahead.
target=/usr/local/bin/zellij
refused=/run/sysinit-vm-zellij-refused # until the next boot: what does not run is not sent again
fail() {
	echo "$1" >&2
	exit 1
}
if command -v zellij >/dev/null 2>&1; then
	exit 0
fi
sudo -n true </dev/null 2>/dev/null || fail "its user cannot become root there without a password"
sudo -n test ! -e "$target" </dev/null || fail "$target is there, but a login does not find it or cannot run it"
[ "$(sudo -n cat "$refused" </dev/null 2>/dev/null)" != "$1" ] || fail "this machine's does not run there"
new=$(sudo -n mktemp "$target.XXXXXX" </dev/null) || exit
trap 'sudo -n rm -f "$new" </dev/null' EXIT
trap 'exit 1' HUP INT TERM
sudo -n sh -c 'cat >"$1" && chmod 755 "$1"' sh "$new" || exit
sum=$(sha256sum <"$new") || exit
[ "${sum%% *}" = "$1" ] || fail "it did not arrive whole"
if ! "$new" --version </dev/null >/dev/null; then
	echo "$1" | sudo -n tee "$refused" >/dev/null
	fail "this machine's does not run there"
fi
# A link, not mv: if the guest has got one of its own meanwhile, that stays.
sudo -n ln "$new" "$target" </dev/null
command -v zellij >/dev/null 2>&1 || fail "a login there does not find $target"
