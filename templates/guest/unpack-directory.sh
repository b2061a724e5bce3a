# Puts the directory that comes as a tar stream at $1; $2 is the directory that $1 is in, or $1 itself if that exists.
# All is unpacked in a new directory there and then moved, so that each file arrives whole or not at all. Directories
# are merged, and those that exist keep their modes. Whoever unpacks owns the files; modes and times are the archive's.

# Moves the directory ./$1 into $2, with its mode: one that we may not write cannot be moved.
move_directory() {
    [ -w "$1" ] && { mv -f -- "$1" "$2/"; return; }
    mode=$(stat -c %a "$1") && chmod u+w "$1" && mv -f -- "$1" "$2/" && chmod "$mode" "$2/$1"
}

# Moves what is in the directory $1 into the directory $2 (absolute). In a subshell, so that it can call itself.
merge() (
    cd "$1" && chmod u+rwx . || exit
    status=0
    for name in ./* ./.[!.]* ./..?*; do
        if [ -L "$name" ] || [ ! -d "$name" ]; then continue; fi
        if [ -d "$2/$name" ] && [ ! -L "$2/$name" ]; then merge "$name" "$2/$name"; else move_directory "$name" "$2"; fi ||
            status=1
    done
    find . ! -name . -prune ! -type d -exec sh -c 'mv -f -- "$@" "$0/"' "$2" {} + || status=1
    exit "$status"
)

new=$(mktemp -d "$2/.copy.XXXXXX") || exit
trap 'find "$new" -type d -exec chmod u+rwx {} + 2>/dev/null; rm -rf -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
[ "$1" = "$2" ] || chmod =rwx "$new" || exit  # as for any new directory; not every tar gives it the mode in the archive
tar -C "$new" -xopf - || exit
# It may have come meanwhile: a plain mv would then move the new one into it.
if [ -d "$1" ] && [ ! -L "$1" ]; then merge "$new" "$1"; else mv -T -- "$new" "$1"; fi
