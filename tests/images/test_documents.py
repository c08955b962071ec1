"""Files with one page or several, and files that are none."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.demos.pictures import encoded
from zoo.errors import InputError
from zoo.images.documents import pages

COLOURS = "red", "lime", "blue"


def several(kind: str) -> bytes:
    """Three pages of one colour each, A4 at 50 dpi."""
    sheets = [Image.new("RGB", (413, 585), colour) for colour in COLOURS]
    buffer = io.BytesIO()
    sheets[0].save(
        buffer, kind, save_all=True, append_images=sheets[1:], **({"resolution": 50} if kind == "PDF" else {})
    )
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PDF", "TIFF"])
@pytest.mark.parametrize("as_file", [True, False])
def test_every_page_comes_in_its_turn(kind: str, as_file: bool, tmp_path: Path) -> None:
    source: bytes | Path = several(kind)
    if as_file:
        (tmp_path / "letter").write_bytes(several(kind))
        source = tmp_path / "letter"
    found = list(pages(source))
    wanted = [Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for colour in COLOURS]
    for page, colour in zip(found, wanted, strict=True):
        middle = page.getpixel((page.width // 2, page.height // 2))
        assert page.mode == "RGB" and np.abs(np.array(middle) - np.array(colour)).max() < 12
    if kind == "PDF":
        assert abs(found[0].width - 1652) < 3, "200 dots an inch"


def test_a_picture_is_one_page(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80), "white").save(tmp_path / "scan.png")
    assert [page.size for page in pages(tmp_path / "scan.png")] == [(60, 80)]
    assert [page.size for page in pages(np.zeros((20, 30), np.uint8))] == [(30, 20)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (several("PDF")[:200], "PDF is damaged"),
        (several("TIFF")[:5000], "damaged"),
        (b"Dear Sir", "not a picture"),
        (encoded(Image.new("RGB", (50, 50)), "PNG")[:60], "damaged"),
        (b"", "no picture"),
    ],
)
def test_what_is_damaged_is_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        list(pages(data))
    assert "\n" not in str(error.value)
