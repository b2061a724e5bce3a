"""The console script, and ``python -m sysinit_vm``: loads the rest where a Ctrl-C is no traceback yet."""

import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line and exit with its status; Ctrl-C is 130."""
    try:
        from sysinit_vm import streams

        streams.complete()
        from sysinit_vm.program import program

        program.run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


if __name__ == "__main__":
    main()
