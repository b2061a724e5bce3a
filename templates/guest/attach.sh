# Brings the session's files in a running guest up to date, and attaches. Arguments:
# MISSING SESSION-SCRIPT SESSION ROOT HERE LAYOUT [FILE TEXT ...]. SESSION-SCRIPT is the text of session.sh.
# Without Zellij it ends with the status MISSING: the host may install it.
command -v zellij >/dev/null 2>&1 || exit "$1"
script=$2 session=$3 root=$4 here=$5 layout=$6
shift 6
# Zellij reads its config again as soon as it changes, so it must be whole at any time.
replace='printf "%s\n" "$2" >"$1.new" && mv "$1.new" "$1"'
while [ "$#" -gt 1 ]; do
	[ ! -d "${1%/*}" ] || [ "$(cat "$1" 2>/dev/null)" = "$2" ] || sudo -n sh -c "$replace" sh "$1" "$2" 2>/dev/null
	shift 2
done
exec sh -c "$script" sh "$session" "$root" "$here" "$layout"
