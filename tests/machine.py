"""The machine that tests run on, made bare: what its user keeps or has installed takes no part.

A home of the tests' own, with neither caches nor settings nor tokens, which all their processes share: what one of
them exports serves all. It is there before any library that reads its settings at import.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOREIGN = "HF_", "HUGGING", "GLYPHZOO_", "GRADIO_", "STREAMLIT_", "MPL", "XDG_", "FONTCONFIG_", "TESSDATA"


def make_bare() -> Path:
    """Leaves the environment of tests; returns their home."""
    if "TESTS_HOME" not in os.environ:  # else another process did, which started this one
        folder = tempfile.mkdtemp(prefix="glyphzoo-tests-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            del os.environ[name]
        os.environ |= {"TESTS_HOME": folder, "HOME": folder, "GLYPHZOO_HOME": f"{folder}/zoo"}
    return Path(os.environ["TESTS_HOME"])


HOME = make_bare()
