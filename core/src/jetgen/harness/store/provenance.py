"""Where numbers come from: versions, CPU, device, git."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = ["device_name", "machine", "versions"]


def versions(*distributions: str) -> dict[str, str]:
    """The versions of Python, NumPy, torch (if installed) and of ``distributions``."""
    found = {"python": platform.python_version()}
    for name in ("jetgen", "numpy", "torch", *distributions):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def device_name(device: str) -> str:
    """What the vendor calls a device, for a process that has torch loaded already; else the device itself."""
    torch = sys.modules.get("torch")
    if torch is None or not device.startswith("cuda"):
        return device
    return str(torch.cuda.get_device_name(device))


@cache
def machine() -> dict[str, str]:
    """The CPU, the system, the number of cores and the state of git in the current folder."""
    facts = {
        "processor": _cpu(),
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
    }
    commit = _git("rev-parse", "--short=12", "HEAD")
    if commit:
        facts["git"] = commit + ("+edits" if _git("status", "--porcelain") else "")
    return facts


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.processor() or platform.machine()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 (git is the user's own, wherever it is)
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
