"""What a program asks for, and how much it may ask for."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass

from PIL import Image

from zoo import InputError, grid
from zoo.grid.arrangement import shape
from zoo.images import preprocess

MB = 2**20
SIDE = 1000  # rows or columns of a grid, at most


@dataclass(frozen=True)
class Request:
    """Which pictures to arrange, and how."""

    upload: str = ""  # SHA-256 of an uploaded zip
    dataset: str = ""  # otherwise a short name from demos.grid_view.sets, or a data set on the Hub
    embedder: str = ""  # a name, or "" for the default
    layout: str = grid.LAYOUTS[0]
    rows: int | None = None  # None for both: about square
    cols: int | None = None

    @property
    def key(self) -> str:
        """Equal requests have equal keys."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Limits:
    """The most that is accepted."""

    upload: int = 200 * MB  # of a whole HTTP request
    unpacked: int = 2_000 * MB  # all files of a zip or a data set
    count: int = 20_000  # pictures
    pixels: int = 4_000_000_000  # of all pictures together
    waiting: int = 20  # pending jobs


class TooMuch(InputError):
    """More bytes, pictures or pixels than Limits allow."""


def check(pictures: grid.Pictures, request: Request, limits: Limits) -> None:
    """Checks the pictures by their headers, before any is decoded.

    Raises:
        TooMuch: there are too many, or they are too large.
        InputError: the requested grid does not suit them.
    """
    if len(pictures) > limits.count:
        raise TooMuch(f"There are {len(pictures):,} pictures; {limits.count:,} are taken.")
    check_grid(len(pictures), request)
    total = 0
    for name in pictures.names:
        total += _pixels(pictures, name)
        if total > limits.pixels:
            raise TooMuch(f"The pictures have more than {limits.pixels:,} pixels together; send fewer or smaller.")


def check_grid(count: int, request: Request) -> None:
    """Raises InputError if the requested rows and columns do not suit `count` pictures."""
    rows, cols = shape(count, request.rows, request.cols)
    if max(rows, cols) > SIDE:
        raise InputError(f"A grid of {rows} × {cols} is too long; {SIDE} rows and columns are taken.")


def _pixels(pictures: grid.Pictures, name: str) -> int:
    """Number of pixels from the header; 0 for a picture that will be skipped anyway."""
    try:
        with Image.open(io.BytesIO(pictures.read(name))) as picture:
            pixels = picture.width * picture.height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0
    return pixels if pixels <= preprocess.MAX_PIXELS else 0
