# Made by sysinit-vm: does what /etc/profile.d/sysinit-vm.sh does for other shells.
if status is-login; and test -r /etc/sysinit-vm/env
    for name in PROJECT_NAME ZELLIJ_SESSION
        set --global --export $name (sh -c '. /etc/sysinit-vm/env; printenv '$name)
    end
    contains -- /etc/sysinit-vm/bin $PATH; or set --global --export PATH $PATH /etc/sysinit-vm/bin
    if status is-interactive; and string match --quiet -- '-*' (string split0 </proc/$fish_pid/cmdline)[1]
        sh /etc/sysinit-vm/wanted; and exec $SHELL -l -c 'exec sh /etc/sysinit-vm/login'
    end
end
