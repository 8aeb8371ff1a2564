"""The report of 30 cells: how large it is, how long it takes to make, and how long a browser takes to open it.

    python benchmarks/report_page.py [--out FOLDER]

Three generators on ten datasets of jets, with the preset `tiny`; needs chromium, chromedriver and selenium. A second
call finds the run and makes its report again.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

_GENERATORS = ("mdma-gan", "rqs-flow", "realnvp-glow")
_DATASETS = [f"pythia-{kind}{size}@tiny" for kind in ("gluon", "quark", "top", "w", "z") for size in (30, 150)]
_OPENINGS = 5


def main() -> None:
    """Make the run if it is not there, then its report, and open that."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/report"))
    run = parser.parse_args().out.absolute()
    named = [word for name in _GENERATORS for word in ("-g", name)] + [
        word for name in _DATASETS for word in ("-d", name)
    ]
    judged = ["-m", "w1m", "-m", "w1p", "-m", "w1efp", "-m", "substructure", "--draws", "2"]
    left_out = ["--no-plugin", "replay", "--no-plugin", "independence", "--no-report"]
    command = [sys.executable, "-m", "jetgen.cli"]
    subprocess.run([*command, "run", *named, *judged, *left_out, "--preset", "tiny", "--out", str(run)], check=True)
    start = time.perf_counter()
    subprocess.run([*command, "report", str(run)], check=True)
    seconds = time.perf_counter() - start
    page = run / "report" / "index.html"
    figures = len(list((run / "report" / "figures").iterdir()))
    print(f"{figures} figures, made in {seconds:.0f} s; the page has {page.stat().st_size / 2**20:.2f} MiB")
    times = [_opening(page) for _ in range(_OPENINGS)]
    print(f"opened in {median(times):.2f} s, median of {_OPENINGS}, until everything is loaded")


def _opening(page: Path) -> float:
    """Seconds from the address to the end of the load event."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(word)
    with webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver"))) as browser:
        browser.get(page.as_uri())
        script = "const [one] = performance.getEntriesByType('navigation'); return one.loadEventEnd / 1000"
        seconds: float = browser.execute_script(script)
        return seconds


if __name__ == "__main__":
    main()
