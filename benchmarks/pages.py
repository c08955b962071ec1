"""What measurements of pages share: a page of ours that is served, and a real browser."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


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
def chromium(**env: str) -> Iterator["Browser"]:
    """Debian's Chromium, without windows where it has that, or Playwright's own; it reaches this machine alone."""
    from playwright.sync_api import sync_playwright  # not where only the app is installed

    with sync_playwright() as playwright:
        path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET), env=os.environ | env)
        yield browser
        browser.close()
