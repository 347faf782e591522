"""The command line: thin commands, data on stdout, progress and logs on stderr."""

import sys

from sociogram.errors import SociogramError


def main() -> None:
    """Entry point: exit code 0, 1 (failed), 2 (usage), 130 (interrupted)."""
    from sociogram.cli.app import app

    try:
        app()
    except SociogramError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what is done is kept; the same command goes on from there\n")
        sys.exit(130)
