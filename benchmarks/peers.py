"""What measurements of peers share: Tesseract, and pictures as PNG."""

import csv
import io
import shutil
import subprocess
from collections.abc import Callable

from PIL import Image

Box = tuple[float, float, float, float]  # left, top, right, bottom


def png(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def tesseract(language: str, mode: int, form: str = "txt") -> Callable[[Image.Image], str]:
    """What Tesseract prints for a picture, as text or with the form "tsv" as a table.

    Args:
        language: Tesseract's name of it.
        mode: its page segmentation mode: 3 a page, 7 a line, 8 a word, 11 text that may stand anywhere.
        form: Tesseract's name of the output.

    Raises:
        ImportError: Tesseract or its language is not installed.
    """
    if not shutil.which("tesseract"):
        raise ImportError("tesseract")
    known = subprocess.run(["tesseract", "--list-langs"], capture_output=True, check=True).stdout.decode().split()
    if language not in known:
        raise ImportError(f"its language {language}")
    command = ["tesseract", "-", "-", "-l", language, "--psm", str(mode), form]
    return lambda picture: subprocess.run(command, input=png(picture), capture_output=True, check=True).stdout.decode()


def words(table: str) -> list[tuple[dict[str, str], str, Box]]:
    """The words of Tesseract's table: row, text and box of each. Pages, blocks and lines have no text."""
    found = []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if text := (row["text"] or "").strip():
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            found.append((row, text, (left, top, left + width, top + height)))
    return found
