"""``python -m jetgen.cli`` is `jetbench`."""

from __future__ import annotations

from jetgen.cli import main

if __name__ == "__main__":
    main()
