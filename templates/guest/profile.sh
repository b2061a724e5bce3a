# Made by sysinit-vm: every login knows its project, and a login by ssh opens the project's session.
. /etc/sysinit-vm/env
# Only sshd calls a shell "-bash", and it does so for a login without a command. A terminal that shows nothing
# but text, an editor's own terminal, or a session that is there already is left alone.
case ${ZSH_ARGZERO-$0}:$-:${TERM-} in
-*:*i*:dumb | -*:*i*:unknown | -*:*i*:) ;;
-*:*i*:*)
	if [ -n "${SSH_TTY-}" ] && [ -t 0 ] && [ -t 1 ] && [ -r /etc/sysinit-vm/login ] &&
		[ -z "${SYSINIT_VM_NO_SESSION-}${ZELLIJ-}${TMUX-}${STY-}" ] &&
		[ -z "${VSCODE_IPC_HOOK_CLI-}${VSCODE_INJECTION-}${TERMINAL_EMULATOR-}" ] &&
		[ "${TERM_PROGRAM-}" != vscode ] && [ "${TERM_PROGRAM-}" != zed ]; then
		exec "${SHELL:-/bin/sh}" -l -c 'exec sh /etc/sysinit-vm/login'
	fi
	;;
esac
