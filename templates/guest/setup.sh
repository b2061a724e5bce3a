#!/bin/bash
# Put into the guest by sysinit-vm; runs as root at every boot before the project's own provisioning, and whenever
# sysinit-vm runs it again: the same values give the same guest.
# Its values: PARAM_PROJECT_NAME, PARAM_PROJECT_DIR, PARAM_PROJECT_MOUNT, PARAM_ZELLIJ_SESSION, PARAM_VM_NAME;
# for a git worktree also PARAM_GIT_DIRECTORY and PARAM_GIT_MOUNT; with the host's keys PARAM_SSH_DIR, where they are
# on the host.
# Settings that param may hold, named here because Lima refuses a param that nothing uses: @SETTINGS@
set -euo pipefail
etc=/etc/sysinit-vm
user={{.User}} # filled in by Lima, or by sysinit-vm

main() {
	[[ -d $etc ]] || mkdir -p "$etc"
	await_mount
	place "$PARAM_PROJECT_DIR" "$PARAM_PROJECT_MOUNT"
	# What a git worktree shares with its repository.
	[[ -z ${PARAM_GIT_DIRECTORY:-} ]] || place "$PARAM_GIT_DIRECTORY" "$PARAM_GIT_MOUNT"
	write_files
	configure_sshd
	[[ -z ${PARAM_SSH_DIR:-} ]] || link_keys "$PARAM_SSH_DIR"
	bind_guest_dirs
}

# The project is mounted before this runs, except with reverse-sshfs: then the host mounts it in the meantime.
await_mount() {
	local second
	for ((second = 0; second < 30; second++)); do
		! mountpoint -q -- "$PARAM_PROJECT_MOUNT" || return 0
		sleep 1
	done
}

# Puts a directory at the host's own path: one whose path Lima's mount table cannot carry is bound from its side mount.
# The guest's user needs access to the guest's own directories above it, such as /root.
place() { # DIRECTORY MOUNT
	local parent=$1
	[[ -d $1 ]] || mkdir -p "$1"
	if [[ $2 != "$1" ]] && ! mountpoint -q -- "$1"; then
		mount --bind "$2" "$1"
	fi
	while parent=${parent%/*} && [[ -n $parent ]]; do
		[[ $(findmnt -nro TARGET -T "$parent") != / ]] || chmod o+x "$parent"
	done
}

# The host's ssh config may name files by the path that ~/.ssh has there. Nothing is written in the host's directories.
link_keys() { # DIRECTORY
	local keys=/mnt/host-ssh parent=${1%/*}
	if ! mountpoint -q "$keys"; then
		[[ ! -L $1 ]] || rm "$1"
	elif [[ ! -e $1 && ! -L $1 ]]; then
		while [[ ! -d ${parent:-/} ]]; do parent=${parent%/*}; done
		[[ $(findmnt -nro TARGET -T "${parent:-/}") != / ]] || { mkdir -p "${1%/*}" && ln -s "$keys" "$1"; }
	fi
}

# What a login finds: its project and, by ssh, the session.
write_files() {
	local text
	text=$(assign 'export PROJECT_NAME' "$PARAM_PROJECT_NAME")
	replace "$etc/env" "$text"$'\n'"export ZELLIJ_SESSION=$PARAM_ZELLIJ_SESSION"$'\n'
	text=$(assign project "$PARAM_PROJECT_DIR")
	replace "$etc/project" "$text"$'\n'
@FILES@
	[[ -x $etc/bin/sysinit-vm ]] || chmod 755 "$etc/bin" "$etc/bin/sysinit-vm"
	# Shells that do not read /etc/profile.d.
	if [[ -e /etc/zsh/zprofile && $(</etc/zsh/zprofile) != *sysinit-vm* ]]; then
		echo "emulate sh -c '. /etc/profile.d/sysinit-vm.sh'" >>/etc/zsh/zprofile
	fi
	[[ ! -d /etc/fish/conf.d || -L /etc/fish/conf.d/sysinit-vm.fish ]] ||
		ln -s "$etc/profile.fish" /etc/fish/conf.d/sysinit-vm.fish
	# Made by earlier versions.
	[[ ! -e /etc/ssh/ssh_config.d/50-sysinit-vm.conf ]] || rm /etc/ssh/ssh_config.d/50-sysinit-vm.conf
}

# assign NAME VALUE: print a line that any shell reads back exactly.
assign() {
	local quote="'\\''"
	printf "%s='%s'" "$1" "${2//\'/"$quote"}"
}

# replace FILE TEXT: write the file only if it differs.
replace() {
	differs "$1" "$2" || return 0
	[[ -d ${1%/*} ]] || mkdir -p "${1%/*}"
	printf %s "$2" >"$1"
}

differs() {
	local old=
	[[ -e $1 ]] || return 0
	IFS= read -r -d '' old <"$1" || true
	[[ $old != "$2" ]]
}

# A login can say that it wants no session. sshd passes on a project name that /etc/environment cannot carry.
configure_sshd() {
	local conf=/etc/ssh/sshd_config.d/50-sysinit-vm.conf text=$'AcceptEnv SYSINIT_VM_NO_SESSION\n'
	[[ -d ${conf%/*} ]] || return 0
	if [[ $PARAM_PROJECT_NAME == *[\#\"\'\\]* ]]; then
		text+="SetEnv \"PROJECT_NAME=$(escaped "$PARAM_PROJECT_NAME")\""$'\n'
	fi
	differs "$conf" "$text" || return 0
	printf %s "$text" >"$conf"
	if ! sshd -t; then
		rm "$conf"
	elif [[ -s /run/sshd.pid ]]; then
		kill -HUP "$(</run/sshd.pid)"
	fi
}

# escaped TEXT: as it stands between double quotes in sshd_config.
escaped() {
	local text=$1 backslash='\\' quote='\"'
	text=${text//\\/"$backslash"}
	printf %s "${text//\"/"$quote"}"
}

# Directories of the project that are kept on the guest's own disk are bound over the shared ones. The content of one
# stays on that disk when it is no longer wanted.
bind_guest_dirs() {
	local own=/var/lib/sysinit-vm/dirs wanted=" ${PARAM_GUEST_DIRS:-} " root point dir
	while read -r _ _ _ root point _; do
		[[ $root == *"$own"/* ]] || continue
		dir=${root##*/}
		printf -v point %b "$point"
		[[ $wanted == *" ${dir//%//} "* && $point == "$PARAM_PROJECT_DIR/${dir//%//}" ]] || umount --lazy "$point"
	done </proc/self/mountinfo
	set -f
	for dir in $wanted; do
		mountpoint -q -- "$PARAM_PROJECT_DIR/$dir" || bind_guest_dir "$own/${dir//\//%}" "$dir"
	done
	set +f
}

# bind_guest_dir STORE DIR
bind_guest_dir() {
	local place=$PARAM_PROJECT_DIR/$2
	[[ -d $place ]] || sudo -u "$user" mkdir -p -- "$place"
	if [[ $(readlink -f -- "$place") != "$(readlink -f -- "$PARAM_PROJECT_DIR")/$2" ]]; then
		echo "$place is a link or below one: it cannot be kept on the guest's own disk." >&2
		return 1
	fi
	if [[ ! -d $1 ]]; then
		mkdir -p "$1"
		chown "$user:" "$1"
	fi
	mount --bind "$1" "$place"
}

main
