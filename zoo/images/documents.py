"""The pages of a document: a picture, a TIFF or a PDF."""

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pypdfium2
from PIL import Image, ImageSequence

from zoo.errors import InputError
from zoo.images import preprocess

DPI = 200  # dots per inch: resolution at which pages of a PDF are rendered
SUFFIXES = preprocess.SUFFIXES | {".pdf", ".tif", ".tiff"}


def pages(source: preprocess.Source) -> Iterator[Image.Image]:
    """Yields each page of a document as an upright RGB picture.

    Args:
        source: path or bytes of a PDF, a TIFF or a picture, or a picture in memory.

    Raises:
        InputError: the source is no document, damaged or locked by a password, or a page is too large.
    """
    start = b""
    if isinstance(source, bytes):
        start = source[:1024].lstrip()
    elif isinstance(source, str | Path):
        with suppress(OSError), Path(source).open("rb") as file:  # preprocess.load says why
            start = file.read(1024).lstrip()
    if isinstance(source, bytes | str | Path) and start.startswith(b"%PDF"):
        yield from _of_pdf(source)
    elif isinstance(source, bytes | str | Path) and start.startswith((b"II*\0", b"MM\0*")):
        yield from _of_tiff(source)
    else:
        yield preprocess.load(source).rgb


def _of_pdf(source: bytes | str | Path) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError("The PDF is locked by a password; save a copy without one.") from None
        raise InputError("The PDF is damaged or cut short; save or download it again.") from None
    try:
        for page in document:
            width, height = (round(side * DPI / 72) for side in page.get_size())
            if width * height > preprocess.MAX_PIXELS:
                raise InputError(f"A page of the PDF is {width}×{height} pixels at {DPI} dpi; save it smaller.")
            yield page.render(scale=DPI / 72).to_pil().convert("RGB")
    except pypdfium2.PdfiumError:
        raise InputError("A page of the PDF is damaged; save or download it again.") from None
    finally:
        document.close()


def _of_tiff(source: bytes | str | Path) -> Iterator[Image.Image]:
    count = 0
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            for page in ImageSequence.Iterator(file):
                yield preprocess.load(page).rgb
                count += 1
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise InputError(
            f"A page of the TIFF has over {preprocess.MAX_PIXELS:,} pixels; scan it at {DPI} dpi."
        ) from None
    except preprocess.DAMAGED as error:
        raise InputError(f"Page {count + 1} of the TIFF is damaged; scan or download it again.") from error
