#!/bin/bash
# Put into the guest by sysinit-vm; runs as the user at every boot, and whenever sysinit-vm runs it again.
set -eu
keys=/mnt/host-ssh

# ~/PROJECT is a link to the project, unless the user has something else under that name.
link="$HOME/$PARAM_PROJECT_NAME"
if [ -L "$link" ] || [ ! -e "$link" ]; then
	[ "$link" -ef "$PARAM_PROJECT_DIR" ] || ln -sfn "$PARAM_PROJECT_DIR" "$link"
fi

# What this guest's ssh does not know in the host's config would end every ssh. If there is such a line, ssh reads a copy
# without it; check.sh tells what was left out. Nothing follows a Host that matches no host.
fit_config() {
	local copy=$HOME/.ssh/config.host line problems tries
	rm -f "$copy" && ln -s "$keys/config" "$copy"
	if ! command -v ssh >/dev/null || [ ! -f "$copy" ] || problems=$(understood "$copy"); then return 0; fi
	rm "$copy" && (umask 077 && cat "$keys/config" >"$copy") || return 0
	for tries in 1 2 3 4 5; do
		problems=$(understood "$copy") && return 0
		for line in $(sed -n "s|^$copy line \([0-9]*\):.*|\1|p" <<<"$problems"); do
			sed -i -e "$line{/$mark/b" -e "/^[[:space:]]*\(host\|match\)\b/Is/^/Host !* /" -e "s/^\(Host !\* \)\?/&$mark /}" "$copy"
		done
		[[ $problems == *"$copy line "* ]] || sed -i "/$mark/!s/^[[:space:]]*include\b/$mark &/I" "$copy"
	done
	ln -sf "$keys/config" "$copy"
}
mark='#left-out#'
understood() { # FILE
	timeout 10 ssh -T -G -F /dev/stdin localhost 2>&1 >/dev/null <<<$'IgnoreUnknown *\nInclude "'"$1"'"'
}

# Links in ~/.ssh to the host's keys, because ssh looks there; they never replace the user's own files.
offer() { [ -e "$2" ] || [ -L "$2" ] || ln -s "$1" "$2"; }
if mountpoint -q "$keys"; then
	[ -d ~/.ssh ] || mkdir -m 700 ~/.ssh
	for file in "$keys"/*; do
		case ${file##*/} in authorized_keys* | known_hosts* | config | config.host | environment | rc) continue ;; esac
		[ ! -f "$file" ] && [ ! -d "$file" ] || [ ! -w ~/.ssh ] || offer "$file" ~/.ssh/"${file##*/}"
	done
	[ ! -w ~/.ssh ] || fit_config
	[ ! -w ~/.ssh ] || offer /etc/sysinit-vm/ssh_config ~/.ssh/config
elif [ ~/.ssh/config -ef /etc/sysinit-vm/ssh_config ]; then
	rm -f ~/.ssh/config ~/.ssh/config.host
fi
for link in ~/.ssh/*; do # the host may get a config later
	if [ -L "$link" ] && [ ! -e "$link" ] && [[ $link != */config.host && $(readlink "$link") == "$keys"/* ]]; then
		rm "$link"
	fi
done
