# Made by sysinit-vm: every login knows its project, and a login by ssh opens the project's session.
[ -r /etc/sysinit-vm/env ] || return 0
. /etc/sysinit-vm/env
# Only what logs people in calls a shell "-bash": a login without a command.
case ${ZSH_ARGZERO-$0}:$- in
-*:*i*) ! sh /etc/sysinit-vm/wanted || exec "${SHELL:-/bin/sh}" -l -c 'exec sh /etc/sysinit-vm/login' ;;
esac
