"""What measurements of pages share: a page of ours that is served, and a real browser."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def served(command: Sequence[str], address: str, **env: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A server of ours, started by a Python command, from the time when it answers at an address."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *command], env=os.environ | {"HF_HUB_OFFLINE": "1"} | env, **quiet)
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise SystemExit(f"python {' '.join(command)} ended before it answered; run it alone to see why")
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Debian's Chromium, or Playwright's own where that is missing."""
    from playwright.sync_api import sync_playwright  # not where only the app is installed

    with sync_playwright() as playwright:
        path = CHROMIUM if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
