# Made by sysinit-vm: every login knows its project, and a login by ssh opens the project's session.
[ -r /etc/sysinit-vm/env ] || return 0
. /etc/sysinit-vm/env
case :$PATH: in *:/etc/sysinit-vm/bin:*) ;; *) PATH=$PATH:/etc/sysinit-vm/bin ;; esac
# Programs refuse a terminal that has no terminfo entry here. `sysinit-vm shell` brings the entry; a login by ssh cannot.
case ${TERM-} in
"" | dumb | xterm | xterm-256color | *[!A-Za-z0-9+._-]*) ;;
*)
	case $TERM in xterm-ghostty | xterm-kitty | foot* | wezterm | alacritty) export COLORTERM="${COLORTERM:-truecolor}" ;; esac
	for place in "${TERMINFO:-$HOME/.terminfo}" /etc/terminfo /lib/terminfo /usr/share/terminfo; do
		[ ! -e "$place/${TERM%"${TERM#?}"}/$TERM" ] || break
		place=
	done
	[ -n "$place${TERMINFO_DIRS-}" ] || TERM=xterm-256color
	unset place
	;;
esac
# A shell is called "-bash" only by what logs people in: this is a login without a command.
case ${ZSH_ARGZERO-$0}:$- in
-*:*i*) ! sh /etc/sysinit-vm/wanted || exec "${SHELL:-/bin/sh}" -l -c 'exec sh /etc/sysinit-vm/login' ;;
esac
