# Succeeds if a login that starts a shell is by ssh, from a person at a terminal, and not yet in a session.
[ -n "${SSH_TTY-}" ] && [ -t 0 ] && [ -t 1 ] || exit 1
case ${TERM-} in "" | dumb | unknown) exit 1 ;; esac
[ -z "${SYSINIT_VM_NO_SESSION-}${ZELLIJ-}${TMUX-}${STY-}" ] || exit 1
# The terminals of editors.
[ -z "${VSCODE_IPC_HOOK_CLI-}${VSCODE_INJECTION-}${TERMINAL_EMULATOR-}" ] || exit 1
case ${TERM_PROGRAM-} in vscode | zed) exit 1 ;; esac
