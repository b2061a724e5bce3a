# Run by sysinit-vm after a boot: prints mount= (if it fails), zellij= and a failed= for each failed script, one a line.
# $1 is a file that the host wrote.
if ! token=$(cat "$1" 2>&1); then
	echo "mount=$token"
elif ! answer=$({ echo "$token seen" >"$1"; } 2>&1); then
	echo "mount=not writable in the guest: $answer"
fi
command -v zellij >/dev/null 2>&1 && echo zellij=yes || echo zellij=no
sudo journalctl -b -o cat --no-pager 2>/dev/null | sed -n 's/^LIMA .*WARNING: Failed to execute /failed=/p' | sort -u
exit 0
