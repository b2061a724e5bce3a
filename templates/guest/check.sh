# Run by sysinit-vm after a boot: prints mount= (if it fails), zellij= and a failed= for each failed script, one a line.
# $2 is a file of the host's. With "write" as $1 the host wrote it and reads our answer in it; with "read" the guest
# cannot write it, and prints read= with its SHA-256.
if ! content=$(cat "$2" 2>&1); then
	echo "mount=$content"
elif [ "$1" = read ]; then
	sum=$(sha256sum <"$2")
	echo "read=${sum%% *}"
elif ! answer=$({ echo "$content seen" >"$2"; } 2>&1); then
	echo "mount=not writable in the guest: $answer"
fi
command -v zellij >/dev/null 2>&1 && echo zellij=yes || echo zellij=no
sudo journalctl -b -o cat --no-pager 2>/dev/null | sed -n 's/^LIMA .*WARNING: Failed to execute /failed=/p' | sort -u
exit 0
