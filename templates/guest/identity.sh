# Makes $2 the git identity of this guest: text in git's own format, empty for none. What the guest itself sets,
# in ~/.gitconfig, a repository or the rest of git's system file, wins. $1 is our directory in the guest.
conf=$1/gitconfig old=
[[ ! -e $conf ]] || old=$(<"$conf")
if [[ $old != "$2" ]]; then
	sudo mkdir -p "$1" && sudo tee "$conf" >/dev/null <<<"$2"
fi
system=/etc/gitconfig rest=
[[ ! -e $system ]] || rest=$(<"$system")
if [[ -n $2 && ! -L $system && $rest != *"$conf"* ]]; then
	sudo tee "$system" >/dev/null <<<"[include]"$'\n\t'"path = $conf"$'\n'"$rest"
fi
