#!/bin/sh
# Install sysinit-vm from this checkout for this account, then run it with the words given:
#   ./bootstrap.sh up --yes --project ~/myapp
# It installs again only if the checkout has changed. What it installs is a copy, so the checkout can be removed.
# With SYSINIT_VM_PYTHON_ONLY=1 it only finds or installs a Python and prints its path (for test.sh).
# SYSINIT_VM_PYTHON names the Python to use instead of the machine's.
set -eu

# Where links lead on the way to the directory $1, of which the last parts may be missing.
resolved() {
    parent=/${1#/}
    while ! (CDPATH='' cd -P -- "$parent/" && pwd -P) 2>/dev/null; do parent=${parent%/*}; done
}

homes=$HOME/:$(resolved "$HOME")/

# Whether a project is at or above the directory $1 (absolute), or where that leads: a guest writes there. One that may
# write the home runs anything as the user anyway. No program is run for that: it might be the guest's.
in_project() {
    for place in "$1" "$(resolved "$1")"; do
        while [ "$place" ]; do
            case $homes in
            "$place"/* | *:"$place"/*) ;;
            *) [ ! -e "$place/.lima/config.yaml" ] && [ ! -L "$place/.lima/config.yaml" ] || return 0 ;;
            esac
            place=${place%/*}
        done
    done
    return 1
}

# Not what a project put there, in which a stranger or a guest writes: programs of the project or from the current
# directory, and a place where pip's files could be exchanged after their digests were checked.
unset TMPDIR TMP TEMP
rest=$PATH: PATH=
while [ "$rest" ]; do
    part=${rest%%:*} rest=${rest#*:}
    case $part in /*) in_project "$part" || PATH=${PATH:+$PATH:}$part ;; esac
done
system=$(uname 2>/dev/null) || system=
# Homebrew's on Apple silicon and on Intel; its installer leaves it to the user to put it on PATH.
[ "$system" != Darwin ] || PATH=$PATH:/opt/homebrew/bin:/usr/local/bin
export PATH

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(CDPATH='' cd -- "$here/" && pwd)
venv=${XDG_DATA_HOME:-$HOME/.local/share}/sysinit-vm/venv
bin=$HOME/.local/bin

say() { printf '%s\n' "$*" >&2; }

# What, why, what to type; $4 is the exit status as in sysinit-vm itself.
fail() {
    printf '%s\n%s\nTry: %s\n' "$1" "$2" "$3" >&2
    exit "${4:-1}"
}

# Ctrl-C ends whatever runs, and this script after it.
interrupted() {
    step ''
    say 'Interrupted. The same command continues from here.'
    exit 130
}

# Whether --yes is among our arguments, before a `--`.
has_yes() {
    for word in "$@"; do
        case $word in
        --yes | -y) return 0 ;;
        --) return 1 ;;
        esac
    done
    return 1
}

# What was typed before a question is no answer to it.
forget_typed() {
    modes=$(stty -g 2>/dev/null) || return 0
    stty -icanon -echo min 0 time 0
    cat >/dev/null
    stty "$modes"
}

# The same question, answered in the same way, as those of sysinit-vm itself.
confirm() {
    has_yes "$@" && return
    if [ ! -t 0 ] || [ ! -t 2 ]; then
        fail 'Not confirmed.' 'There is no terminal to ask on.' "$0 $* --yes" 5
    fi
    forget_typed
    while :; do
        printf '? Run these commands? [y/N] ' >&2
        read -r answer || answer=
        case $answer in
        [yY] | [yY][eE][sS]) return ;;
        '' | [nN] | [nN][oO])
            # not with --yes: that agrees to the later plan too, which nobody has seen
            fail 'Not confirmed: nothing was changed.' 'sysinit-vm needs Python.' "$0 $*" 5
            ;;
        *) say 'Type y or n, then Enter.' ;;
        esac
    done
}

# Whether $python is at least 3.11 and can make virtual environments. Apple's own opens a window that offers its
# developer tools if they are not there.
suits() {
    [ "$system $python" != 'Darwin /usr/bin/python3' ] || xcode-select -p >/dev/null 2>&1 || return 1
    "$python" -I -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The system's own first, since a virtual environment of a Python in a user's home works for nobody else; those that uv
# has installed last.
find_python() {
    for python in ${SYSINIT_VM_PYTHON:-/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11}; do
        python=$(command -v "$python") || continue
        suits && return
    done
    for python in "$HOME"/.local/share/uv/python/*/bin/python3; do
        [ -x "$python" ] && ! in_project "${python%/*}" && suits && return
    done
    return 1
}

install_python() {
    if command -v apt-get >/dev/null; then
        install_python_by_apt "$@"
    elif command -v brew >/dev/null; then
        install_python_by 'brew install python' "$@"
    elif command -v uv >/dev/null; then
        install_python_by 'uv python install' "$@"
    elif [ "$system" = Darwin ]; then
        fail 'Python 3.11 or newer was not found.' "The one in Apple's developer tools is older." \
            'install Homebrew (brew.sh) or uv, then run the same command again' 6
    else
        fail 'Python 3.11 or newer with venv was not found.' \
            'This script installs it only with apt-get, Homebrew or uv.' 'install it, then run the same command again' 6
    fi
}

# With $1, a command that needs no root.
install_python_by() {
    install=$1
    shift
    say 'sysinit-vm needs Python 3.11 or newer, which this machine does not have.'
    say 'What a VM needs comes later, with a plan and a question of its own.'
    say "  \$ $install"
    confirm "$@"
    # shellcheck disable=SC2086  # words, not one
    $install >&2 || fail 'Python could not be installed.' "See the output of ${install%% *} above." "$install"
    find_python || fail 'Python 3.11 or newer with venv was not found.' \
        "${install%% *} has installed another." 'install a newer one, then run the same command again' 6
}

install_python_by_apt() {
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    [ -z "$sudo" ] || command -v sudo >/dev/null || fail 'Python 3.11 or newer with venv was not found.' \
        'This account cannot install it: there is no sudo.' 'as root: apt-get install python3 python3-venv' 6
    apt="${sudo:+$sudo }env DEBIAN_FRONTEND=noninteractive apt-get"
    say 'sysinit-vm needs Python, which this machine does not have (one minute, 20 MB to download, as root).'
    say 'What a VM needs comes later, with a plan and a question of its own.'
    say "  \$ $apt update"
    say "  \$ $apt install -y --no-install-recommends python3 python3-venv"
    confirm "$@"
    # shellcheck disable=SC2086  # words, not one
    { $apt update -q && $apt install -qy --no-install-recommends python3 python3-venv; } >&2 ||
        fail 'Python could not be installed.' 'See the output of apt-get above.' "$apt install python3 python3-venv"
    find_python || fail 'Python 3.11 or newer with venv was not found.' \
        "This system's Python is older." 'install a newer one, then run the same command again' 6
}

# One line that changes with the checkout and the Python. POSIX has no better checksum than cksum.
fingerprint() {
    cd "$here"
    {
        "$python" --version
        find pyproject.toml README.md Taskfile.yml sysinit_vm templates locks -type f ! -name '*.pyc' \
            -exec cksum {} + | LC_ALL=C sort
    } | cksum
}

installed() {
    [ -x "$venv/bin/sysinit-vm" ] && [ "$(cat "$venv/.checkout" 2>/dev/null)" = "$1" ] &&
        "$venv/bin/python" -I -c '' 2>/dev/null
}

# Show how far a long step is, in one line of the terminal; without one, nothing.
step() { [ ! -t 2 ] || printf '\r\033[K%s' "${1:+  $1}" >&2; }

# Run pip and count the packages that it has come to, of as many as the lock has; show what it printed if it fails.
pip() {
    {
        code=0
        PYTHONUNBUFFERED=1 "$venv/bin/pip" "$@" 2>&1 || code=$?
        echo "exit $code"
    } | {
        count=0 output=
        while IFS= read -r line; do
            case $line in
            'exit '*) break ;;
            'Collecting '* | 'Requirement already satisfied: '*)
                count=$((count + 1)) name=${line##*Collecting } name=${name##*satisfied: }
                step "$count of $packages packages: ${name%%[= ]*}"
                ;;
            'Installing collected '*) step 'unpacking and compiling the packages' ;;
            'Building wheel'*) step 'building sysinit-vm itself' ;;
            esac
            output="$output$line
"
        done
        step ''
        [ "$line" = 'exit 0' ] || printf '%s' "$output" >&2
        exit "${line#exit }"
    }
}

install_checkout() {
    lock=$here/locks/sysinit-vm.txt
    packages=$(grep -c '==' "$lock") || packages=0
    say "Installing sysinit-vm for this account: $packages Python packages into $venv (70 MB, about half a minute)."
    rm -f "$venv/.checkout"
    step 'making the virtual environment'
    "$venv/bin/python" -I -c 'import pip' 2>/dev/null || output=$("$python" -I -m venv --clear "$venv" 2>&1) ||
        fail 'The virtual environment could not be created.' "Its directory is $venv. $output" \
            "ls -ld '${venv%/*}'; df '${venv%/*}'"
    # First everything that is downloaded, by hash. The lock includes what builds our package: pip itself would fetch
    # that without a hash.
    pip install --disable-pip-version-check --require-hashes --only-binary=:all: -r "$lock" &&
        pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation "$here" ||
        fail 'sysinit-vm could not be installed.' 'See the output of pip above.' \
            "'$venv/bin/pip' install --require-hashes -r '$lock'"
    printf '%s\n' "$1" >"$venv/.checkout"
}

link() {
    target=$venv/bin/sysinit-vm
    mkdir -p "$bin"
    if [ ! -e "$bin/sysinit-vm" ] && [ ! -L "$bin/sysinit-vm" ]; then
        ln -s "$target" "$bin/sysinit-vm"
    elif [ "$(readlink "$bin/sysinit-vm" || true)" != "$target" ]; then
        say "$bin/sysinit-vm is something else and stays as it is; the installed program is $target"
    fi
}

# Whether the shell that this was typed in finds what we tell the user to type.
on_path() {
    case :$PATH: in *:"$bin":*) return 0 ;; esac
    [ "$(readlink "$bin/sysinit-vm" || true)" != "$venv/bin/sysinit-vm" ] # said when it was installed
}

case ${1:-} in
--yes | -y) # as `up --yes`
    if [ $# -gt 1 ]; then
        yes=$1 verb=$2
        shift 2
        set -- "$verb" "$yes" "$@"
    fi
    ;;
esac
trap interrupted INT
find_python || install_python "$@"
if [ "${SYSINIT_VM_PYTHON_ONLY:-}" ]; then
    printf '%s\n' "$python"
    exit
fi
case $venv in
/*) in_project "$venv" && unsafe=1 || unsafe= ;;
*) unsafe=1 ;;
esac
[ -z "$unsafe" ] || fail "$venv is not safe to use." \
    'It is in a project, whose guest can write there, or depends on the current directory.' 'unset XDG_DATA_HOME'
sum=$(fingerprint)
if ! installed "$sum"; then
    install_checkout "$sum"
    link
fi
[ $# -gt 0 ] || set -- help
on_path && exec "$venv/bin/sysinit-vm" "$@"
trap : INT # the program ends by itself, and says how
code=0
"$venv/bin/sysinit-vm" "$@" || code=$?
say "sysinit-vm is not on PATH in this shell. Type: export PATH=\"$bin:\$PATH\""
exit "$code"
