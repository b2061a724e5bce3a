#!/bin/bash
# Put into the guest by sysinit-vm; runs as root at every boot, before the project's own provisioning.
# Lima gives it PARAM_PROJECT_NAME, PARAM_PROJECT_DIR, PARAM_PROJECT_MOUNT, PARAM_ZELLIJ_SESSION, PARAM_VM_NAME.
# Settings that param may hold, named because Lima refuses a param that nothing uses: @SETTINGS@
set -euo pipefail
etc=/etc/sysinit-vm
mkdir -p "$etc"

# The project at the host's own path. A path that Lima's mount table cannot carry is bound from its side mount.
# Below the host's /root the guest's user must be let through the guest's own directories.
mkdir -p "$PARAM_PROJECT_DIR"
if [ "$PARAM_PROJECT_MOUNT" != "$PARAM_PROJECT_DIR" ] && ! mountpoint -q "$PARAM_PROJECT_DIR"; then
	mount --bind "$PARAM_PROJECT_MOUNT" "$PARAM_PROJECT_DIR"
fi
parent=$(dirname "$PARAM_PROJECT_DIR")
while [ "$parent" != / ]; do
	[ "$(findmnt -nro TARGET -T "$parent")" != / ] || chmod o+x "$parent"
	parent=$(dirname "$parent")
done

# Every login knows its project; a user's own Zellij config always wins.
{
	printf 'export PROJECT_NAME=%q ZELLIJ_SESSION=%q\n' "$PARAM_PROJECT_NAME" "$PARAM_ZELLIJ_SESSION"
	printf '%s\n' "[ -e \"\$HOME/.config/zellij/config.kdl\" ] || export ZELLIJ_CONFIG_FILE=$etc/zellij.kdl"
} >/etc/profile.d/sysinit-vm.sh
cat >"$etc/zellij.kdl" <<'KDL'
@ZELLIJ_CONFIG@
KDL

# The host's keys, where ssh looks for them.
if [ -d /mnt/host-ssh ] && [ -d /etc/ssh/ssh_config.d ]; then
	{
		echo "Host *"
		echo "  UserKnownHostsFile ~/.ssh/known_hosts /mnt/host-ssh/known_hosts"
		for key in /mnt/host-ssh/id_*; do
			case $key in *.pub | */id_\*) continue ;; esac
			echo "  IdentityFile $key"
		done
	} >/etc/ssh/ssh_config.d/50-sysinit-vm.conf
else
	rm -f /etc/ssh/ssh_config.d/50-sysinit-vm.conf
fi
