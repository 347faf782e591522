"""The command line: thin commands, data on stdout, progress and logs on stderr."""

import os
import signal
import sys
from typing import Any

from sociogram.errors import SociogramError


def main() -> None:
    """Entry point: exit code 0, 1 (failed), 2 (usage), 130 (interrupted)."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupted)
    from sociogram.cli.app import app

    try:
        app()
    except SociogramError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: Python's own shutdown would die of it


def _interrupted(number: int, frame: Any) -> None:
    """Leave at once, as after a kill, which every command survives.

    An exception in the middle of a driver's message leaves the connection out of step: closing it then waits for ever or hides the
    interrupt behind another error.
    """
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    also = ", and with --finish it makes profiles of the best so far" if "fit" in sys.argv[1:2] else ""
    said = f"interrupted: what is done is kept; the same command goes on from there{also}"
    os.write(2, f"{show_cursor}\n{said}\n".encode())
    os._exit(130)
