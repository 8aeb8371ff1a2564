"""The command `jetbench`."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line: a mistake the user can mend is one sentence and a non-zero exit status."""
    from jetgen.cli.app import app
    from jetgen.errors import JetgenError, plain

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows fewer characters shows a mark for the others
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="jetbench")
    except JetgenError as error:
        sys.stderr.write(f"error: {' '.join(plain(str(error)).splitlines())}\n")
        sys.exit(error.exit_status)
