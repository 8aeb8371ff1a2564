"""The command `jetbench`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line: a mistake the user can mend is one sentence and a non-zero exit status."""
    from jetgen.cli.app import app
    from jetgen.errors import JetgenError

    try:
        app(prog_name="jetbench")
    except JetgenError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_status)
