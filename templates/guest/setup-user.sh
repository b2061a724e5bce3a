#!/bin/bash
# Put into the guest by sysinit-vm; runs as the user at every boot.
set -eu
# ~/PROJECT points at the project, unless the user keeps something else under that name.
link="$HOME/$PARAM_PROJECT_NAME"
if [ -L "$link" ] || [ ! -e "$link" ]; then
	ln -sfn "$PARAM_PROJECT_DIR" "$link"
fi
