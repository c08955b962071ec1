"""Who may write to the Hub of the tests."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Hub


@pytest.fixture
def author(tmp_path: Path, hub: Hub) -> dict[str, Any]:
    return {
        "home": tmp_path / "author",
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": hub.token,
        "HF_HUB_DISABLE_XET": "1",  # this Hub takes large files by LFS alone
    }
