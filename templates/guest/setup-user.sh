#!/bin/bash
# Put into the guest by sysinit-vm; runs as the user at every boot, and whenever sysinit-vm runs it again.
set -eu
keys=/mnt/host-ssh

# ~/PROJECT is a link to the project, unless the user has something else under that name.
link="$HOME/$PARAM_PROJECT_NAME"
if [ -L "$link" ] || [ ! -e "$link" ]; then
	[ "$link" -ef "$PARAM_PROJECT_DIR" ] || ln -sfn "$PARAM_PROJECT_DIR" "$link"
fi

# Links in ~/.ssh to the host's keys, because ssh looks there; they never replace the user's own files.
offer() { [ -e "$2" ] || [ -L "$2" ] || ln -s "$1" "$2"; }
if mountpoint -q "$keys"; then
	[ -d ~/.ssh ] || mkdir -m 700 ~/.ssh
	for file in "$keys"/*; do
		case ${file##*/} in authorized_keys* | known_hosts* | config | environment | rc) continue ;; esac
		[ ! -f "$file" ] && [ ! -d "$file" ] || [ ! -w ~/.ssh ] || offer "$file" ~/.ssh/"${file##*/}"
	done
	[ ! -w ~/.ssh ] || offer /etc/sysinit-vm/ssh_config ~/.ssh/config
elif [ ~/.ssh/config -ef /etc/sysinit-vm/ssh_config ]; then
	rm ~/.ssh/config
fi
for link in ~/.ssh/*; do
	if [ -L "$link" ] && [ ! -e "$link" ] && [[ $(readlink "$link") == "$keys"/* ]]; then
		rm "$link"
	fi
done
