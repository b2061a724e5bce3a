# Readers of what Lima puts on its `cidata` volume; sourced by lima-init (bash).
#
# Lima renders these files from text templates without quoting, so they are read by their known shape and
# not as YAML: a mount point may hold spaces, quotes, `#`, `[` and anything else but a newline.
# Only builtins: under emulation every process costs some 30 ms of the boot.

# lima_env FILE: set each LIMA_CIDATA_… of FILE as a variable; the value is the rest of the line as it is.
lima_env() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line =~ ^(LIMA_CIDATA_[A-Za-z0-9_]+)=(.*)$ ]]; then
      printf -v "${BASH_REMATCH[1]}" %s "${BASH_REMATCH[2]}"
    fi
  done <"$1"
}

# section KEY FILE: print the lines below the top-level KEY.
section() {
  local line inside=
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == "$1:" ]]; then
      inside=1
    elif [[ $line =~ ^[A-Za-z] ]]; then
      inside=
    elif [[ -n $inside && $line != '#'* ]]; then
      printf '%s\n' "$line"
    fi
  done <"$2"
}

# scalar KEY FILE: print the plain value of the top-level KEY.
scalar() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == "$1: "* ]]; then
      printf '%s\n' "${line#"$1: "}"
      return
    fi
  done <"$2"
}

# unquote WORD: set REPLY to WORD without YAML's double quotes and Go's %q escapes.
unquote() {
  local rest=$1 piece
  REPLY=$rest
  [[ $rest == '"'*'"' && ${#rest} -ge 2 ]] || return 0
  rest=${rest:1:-1} REPLY=
  while [[ $rest =~ ^([^\\]*)\\(u[0-9a-f]{4}|U[0-9a-f]{8}|x[0-9a-f]{2}|.)(.*)$ ]]; do
    REPLY+=${BASH_REMATCH[1]} piece=${BASH_REMATCH[2]} rest=${BASH_REMATCH[3]}
    case $piece in
      ?*[0-9a-f]* | [abfnrtv]) printf -v piece %b "\\$piece" ;;
    esac
    REPLY+=$piece
  done
  REPLY+=$rest
}

# parse_mount LINE: set TAG, POINT, TYPE and OPTIONS from `- [tag, POINT, type, "options", "0", "0"]`.
# The tag is the first field and the last four are the last; all that is between them is the mount point.
parse_mount() {
  local rest=$1
  [[ $rest == '- ['*', '*', '*', '*', "0", "0"]' ]] || return 1
  rest=${rest#'- ['} rest=${rest%', "0", "0"]'}
  TAG=${rest%%, *} rest=${rest#*, }
  unquote "${rest##*, }"
  OPTIONS=$REPLY rest=${rest%, *}
  TYPE=${rest##*, } POINT=${rest%, *}
  [[ -n $TAG && $POINT == /* && $TYPE =~ ^[a-z0-9.]+$ ]]
}

# items KEY FILE: print the list items of the top-level KEY or of a key one level below it, unquoted.
items() {
  local line
  section "$1" "$2" | while IFS= read -r line; do
    [[ $line =~ ^\ *-\ (.+)$ ]] || continue
    unquote "${BASH_REMATCH[1]}"
    printf '%s\n' "$REPLY"
  done
}

# authorized_keys FILE: print the public keys of the one user in user-data.
authorized_keys() {
  local line inside=
  section users "$1" | while IFS= read -r line; do
    if [[ $line =~ ^\ +ssh[-_]authorized[-_]keys:$ ]]; then
      inside=1
    elif [[ -n $inside && $line =~ ^\ +-\ (.+)$ ]]; then
      unquote "${BASH_REMATCH[1]}"
      printf '%s\n' "$REPLY"
    else
      inside=
    fi
  done
}

# boot_commands FILE: print the shell text of `bootcmd`, without Lima's own repair of interface names, which
# waits up to 30 s for an address and is done by lima-init in its own way.
boot_commands() {
  local line item=
  while IFS= read -r line; do
    if [[ $line == '- |' ]]; then
      print_item "$item"
      item=
    else
      item+=${line#  }$'\n'
    fi
  done < <(section bootcmd "$1")
  print_item "$item"
}

print_item() {
  [[ -z $1 || $1 == '# Work around the NIC rename race'* ]] || printf '%s' "$1"
}

# interfaces FILE: print `name mac metric [dns…]` for each interface of network-config.
interfaces() {
  local line name='' mac='' metric='' dns=''
  while IFS= read -r line || [[ -n $line ]]; do
    case $line in
      '  '[!\ ]*:)
        [[ -z $mac ]] || printf '%s\n' "$name $mac $metric$dns"
        name=${line#  } name=${name%:} mac='' metric='' dns=''
        ;;
      *macaddress:*) mac=${line#*\'} mac=${mac%\'*} mac=${mac,,} ;;
      *route-metric:*) metric=${line##* } ;;
      *'- '*) dns+=" ${line##* }" ;;
    esac
  done <"$1"
  [[ -z $mac ]] || printf '%s\n' "$name $mac $metric$dns"
}

# certificates FILE DIRECTORY: write each trusted certificate to DIRECTORY/lima-N.crt.
certificates() {
  local line number=0
  section ca_certs "$1" | while IFS= read -r line; do
    if [[ $line == '  - |' ]]; then
      number=$((number + 1))
      : >"$2/lima-$number.crt"
    elif [[ $line == '    '* && $number -gt 0 ]]; then
      printf '%s\n' "${line#    }" >>"$2/lima-$number.crt"
    fi
  done
}
