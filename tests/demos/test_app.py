"""The commands that open the pages."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demos.widgets import answers
from tests.demos.conftest import ROOT, free_port, wait_for


@pytest.mark.browser
def test_the_gradio_command_opens_the_same_page(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log.txt"
    env = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", "from gradio.cli import cli; cli()", "app.py"]
    with log.open("w") as out:  # in a group of its own: the command starts a second process
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}", process, log)
        assert "Traceback" not in log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def test_importing_the_app_loads_no_model_and_asks_nobody() -> None:
    before = answers.reader.cache_info()  # what other tests of this process read with
    app = importlib.import_module("app")
    assert answers.reader.cache_info() == before
    assert not app.demo.analytics_enabled
    assert app.THEME._font_css == [], "the fonts are those of the reader's system"
    assert app.THEME._stylesheets == []
