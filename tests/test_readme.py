"""The README does what it says."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_python_example_runs_as_it_stands(outsiders):
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    done = outsiders.python("-W", "error", "-c", example)
    assert done.returncode == 0, done.stderr
    assert "Clouds(400 clouds" in done.stdout


def test_every_command_that_it_shows_exists(outsiders):
    text = README.read_text(encoding="utf-8")
    commands = set(re.findall(r"^jetbench (\w+)", text, re.MULTILINE)) | set(re.findall(r"`jetbench (\w+)", text))
    assert {"list", "show", "run", "status", "evaluate"} <= commands
    for command in commands:
        assert outsiders.jetbench_here(command, "--help").returncode == 0, command
