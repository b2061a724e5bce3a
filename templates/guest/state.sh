# Run by sysinit-vm after a change: prints cpus=, memory= in KiB, env=NAME=VALUE, and for each directory place= with its
# path and the names in it, a NUL after each. $1 is how many names at most, $2 how many variables follow; then come the
# variables, then the directories.
most=$1 count=$2
shift 2
echo "cpus=$(nproc)"
echo "memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo)"
while [ "$count" -gt 0 ]; do
	if value=$(printenv "$1"); then echo "env=$1=$value"; fi
	shift
	count=$((count - 1))
done
for place; do
	printf 'place=%s\0' "$place"
	sudo find "$place/" -mindepth 1 -maxdepth 1 -printf '%f\0' 2>/dev/null | LC_ALL=C sort -z | head -z -n "$most"
	printf '\n'
done
