"""The console script, and ``python -m sysinit_vm``: Ctrl-C shows no traceback, even while the rest is loaded."""

import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line and exit with its status, 130 after Ctrl-C."""
    try:
        from sysinit_vm import streams

        streams.complete()
        from sysinit_vm import quick

        if not quick.answer(sys.argv[1:]):
            from sysinit_vm import loading

            with loading.when_used():
                from sysinit_vm.program import program
            program.run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


if __name__ == "__main__":
    main()
