# Prints what is at each path as a record `KIND REAL-PATH` and a NUL. KIND is dir, file, other, none, or lost if its
# parent is not a directory either. Relative paths begin at home.
for path; do
    case $path in
        "~" | "~/"*) path=$HOME${path#"~"} ;;
        /*) ;;
        *) path=$HOME/$path ;;
    esac
    real=$(readlink -f -- "$path" && echo x) && real=${real%??}
    if [ -d "$path" ]; then kind=dir
    elif [ -f "$path" ]; then kind=file
    elif [ -e "$path" ]; then kind=other
    elif [ -n "$real" ] && [ -d "$(dirname -- "$real")" ]; then kind=none
    else kind=lost; fi
    printf '%s %s\0' "$kind" "${real:-$path}"
done
