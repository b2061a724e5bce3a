# Whether a login that has a shell of its own is one by ssh, of a person at a terminal, and not in a session already.
[ -n "${SSH_TTY-}" ] && [ -t 0 ] && [ -t 1 ] || exit 1
case ${TERM-} in "" | dumb | unknown) exit 1 ;; esac
[ -z "${SYSINIT_VM_NO_SESSION-}${ZELLIJ-}${TMUX-}${STY-}" ] || exit 1
# Editors' own terminals.
[ -z "${VSCODE_IPC_HOOK_CLI-}${VSCODE_INJECTION-}${TERMINAL_EMULATOR-}" ] || exit 1
case ${TERM_PROGRAM-} in vscode | zed) exit 1 ;; esac
