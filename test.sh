#!/bin/sh
# Set up and run all tests, unattended, even on a fresh Debian 12 with nothing else installed.
# Arguments go to the task that runs the tests: ./test.sh --help
set -eu

for word in "$@"; do
    case $word in
    -h | --help)
        printf '%s\n' 'Usage: ./test.sh [options]' \
            'Lint, check types, and run every test: unit, command line, and a real VM.' \
            'What is missing is installed first: Python, the locked packages in .venv, and what a VM needs.' '' \
            '  --no-lima      Leave the tests on a real VM out.' \
            '  --only=STRING  A pytest expression (-k).'
        exit
        ;;
    esac
done

unset TMPDIR TMP TEMP # pip's files could be exchanged there, if it is in a project whose guest runs
cd -- "$(dirname -- "$0")"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1

step() { printf '== %s\n' "$*" >&2; }

step 'Python'
python=$(SYSINIT_VM_PYTHON_ONLY=1 ./bootstrap.sh --yes)

step "The locked packages, in .venv"
if ! cmp -s requirements.lock .venv/requirements.lock || ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -m venv --clear .venv
    .venv/bin/pip install --quiet --require-hashes --only-binary=:all: -r requirements.lock
    .venv/bin/pip install --quiet --no-index --no-deps --no-build-isolation -e .
    cp requirements.lock .venv/requirements.lock
fi
PATH=$PWD/.venv/bin:$PATH
export PATH
unset PYTHONDONTWRITEBYTECODE # otherwise each of some thousand commands compiles the package again

step 'What a VM needs'
sysinit-vm setup --yes

step 'What only the tests need'
need=
for pair in zsh:zsh fish:fish git:git direnv:direnv nix-instantiate:nix-bin; do
    command -v "${pair%:*}" >/dev/null || need="$need ${pair#*:}"
done
if [ "$need" ]; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    # shellcheck disable=SC2086  # words, not one
    $sudo apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-remove --no-install-recommends $need
fi

step 'Tests'
exec inv test "$@"
