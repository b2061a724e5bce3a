# Made by sysinit-vm: every login knows its project, and a login by ssh opens the project's session.
[ -r /etc/sysinit-vm/env ] || return 0
. /etc/sysinit-vm/env
# A shell is called "-bash" only by what logs people in: this is a login without a command.
case ${ZSH_ARGZERO-$0}:$- in
-*:*i*) ! sh /etc/sysinit-vm/wanted || exec "${SHELL:-/bin/sh}" -l -c 'exec sh /etc/sysinit-vm/login' ;;
esac
