# Runs one entry of `provision` as root in a running guest, like Lima's boot.sh at a boot (2.2.0). Arguments:
# MODE TEXT PATH OWNER PERMISSIONS OVERWRITE [NAME=VALUE ...]. PATH to OVERWRITE are for the mode data; NAME=VALUE are
# the script's environment.
mode=$1 text=$2 path=$3 owner=$4 permissions=$5 overwrite=$6
shift 6
while IFS= read -r line; do
	[[ $line != LIMA_CIDATA_*=* ]] || export "${line?}"
done 2>/dev/null </mnt/lima-cidata/lima.env
[[ $# = 0 ]] || export "$@"

if [[ $mode == data ]]; then
	[[ $overwrite == true || ! -e $path ]] || exit 0
	directory=$(dirname "$path")
	sudo -iu "${owner%%:*}" mkdir -p "$directory" 2>/dev/null || mkdir -p "$directory"
	printf %s "$text" >"$path" && chown "$owner" "$path" && chmod "$permissions" "$path"
	exit
fi

file=$(mktemp) || exit
trap 'rm -f "$file"' EXIT
printf %s "$text" >"$file" && chmod 755 "$file" || exit
if [[ $mode == user ]]; then
	names=$(printf '%s,' "${@%%=*}")
	chown "$SUDO_USER" "$file"
	sudo -iu "$SUDO_USER" --preserve-env="${names%,}" "XDG_RUNTIME_DIR=/run/user/$SUDO_UID" "$file"
else
	"$file"
fi
