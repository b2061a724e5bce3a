"""``python -m sysinit_vm``: the console script without an installation."""

from sysinit_vm.cli import main

if __name__ == "__main__":
    main()
