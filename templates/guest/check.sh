# Run by sysinit-vm after a boot: prints mount= (if it fails), git= (if it fails), zellij=, an ssh= for each line of the
# host's ~/.ssh/config that setup-user.sh left out, and a failed= for each failed script, one a line. $2 is the project's directory if it is in a git repository, else empty.
# $3 is a file of the host's. With "write" as $1 the host wrote it and reads our answer in it; with "read" the guest
# cannot write it, and prints read= with its SHA-256.
if ! content=$(cat "$3" 2>&1); then
	echo "mount=$content"
elif [ "$1" = read ]; then
	sum=$(sha256sum <"$3")
	echo "read=${sum%% *}"
elif ! answer=$({ echo "$content seen" >"$3"; } 2>&1); then
	echo "mount=not writable in the guest: $answer"
fi
# A repository whose HEAD names no commit yet has none that could be missing. git waits for ever for a FIFO in it.
uses_repository() {
	asked rev-parse --git-dir && { ! asked rev-parse --quiet --verify HEAD || asked cat-file -e HEAD; }
}
asked() {
	timeout 10 git "$@" || { [ $? != 124 ] || echo "git did not answer within 10 seconds" >&2; return 1; }
}
if [ -n "$2" ] && command -v git >/dev/null 2>&1 && cd "$2"; then
	problem=$(uses_repository 2>&1 >/dev/null) || printf 'git=%s\n' "${problem//[$'\n\t']/ }"
fi
command -v zellij >/dev/null 2>&1 && echo zellij=yes || echo zellij=no
[ ! -f ~/.ssh/config.host ] || sed -n 's/^\(Host !\* \)\{0,1\}#left-out# */ssh=/p' ~/.ssh/config.host
sudo journalctl -b -o cat --no-pager 2>/dev/null | sed -n 's/^LIMA .*WARNING: Failed to execute /failed=/p' | sort -u
exit 0
