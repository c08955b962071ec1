"""Turns any picture into a network's input, in the same way for training, pages and export."""

import io
import math
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from zoo.errors import InputError

Source = str | os.PathLike[str] | bytes | Image.Image | npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint8]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})  # of files of pictures
MAX_PIXELS = 40_000_000  # a decoded RGB picture of 120 MB
MIN_SIDE = 4
WIDTH_STEP = 16  # pixels: input widths are multiples, so that pictures of similar shape share a batch
DAMAGED = OSError, SyntaxError, ValueError, EOFError, OverflowError, TypeError  # what Pillow raises on damaged files
SAME = 8  # grey levels: colours that differ less from the border's count as background


@dataclass(frozen=True)
class Picture:
    """A picture as RGB, and a sentence on how it was converted; '' if it was not."""

    rgb: Image.Image
    note: str = ""


def load(source: Source) -> Picture:
    """Opens a path, the bytes of a file, a PIL image or a uint8 array (H, W), (H, W, 1|3|4) as an upright RGB picture.

    Transparent parts become white, 16-bit and CMYK values are converted, the EXIF orientation is applied.

    Raises:
        InputError: the source is no picture, damaged, animated, too large or too small.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is lower
            picture = _upright(_open(source))
    except UnidentifiedImageError:
        raise InputError("This is not a picture that can be read; upload a PNG, JPEG, WebP, GIF or BMP file.") from None
    except Image.DecompressionBombError:
        raise InputError(_too_large()) from None
    except FileNotFoundError as error:
        raise InputError(f"There is no file {str(error.filename)!r}.") from None
    except IsADirectoryError as error:
        raise InputError(f"{str(error.filename)!r} is a folder; name the pictures in it.") from None
    except DAMAGED as error:
        if isinstance(error, InputError):
            raise
        raise InputError("The picture is damaged or cut short; save or download it again.") from error
    return picture


def _too_large() -> str:
    return (
        f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller or crop it to the text."
    )


def _open(source: Source) -> Image.Image:
    if source is None or (isinstance(source, bytes | str) and not source):
        raise InputError("There is no picture; upload one first.")
    if isinstance(source, Image.Image):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if not isinstance(source, bytes | str | os.PathLike):
        raise InputError(f"A picture is a path, bytes, a PIL image or a uint8 array, not {type(source).__name__}.")
    return Image.open(io.BytesIO(source) if isinstance(source, bytes) else Path(source))


def _from_array(array: npt.NDArray[Any]) -> Image.Image:
    if array.dtype != np.uint8:
        raise InputError(f"An array of {array.dtype} is no picture; give uint8 values from 0 to 255.")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or 0 in array.shape:
        raise InputError(f"An array of shape {array.shape} is no picture; give (H, W), (H, W, 3) or (H, W, 4).")
    return Image.fromarray(array)


def _upright(image: Image.Image) -> Picture:
    if image.width * image.height > MAX_PIXELS:
        raise InputError(_too_large())
    if min(image.size) < MIN_SIDE:
        raise InputError(
            f"The picture is {image.width}×{image.height} pixels; at least {MIN_SIDE}×{MIN_SIDE} are needed."
        )
    if (frames := getattr(image, "n_frames", 1)) > 1 and image.format in ("GIF", "PNG", "WEBP"):
        raise InputError(f"The picture is animated ({frames} frames); save the frame to be read as a PNG.")
    note = ""
    turned = ImageOps.exif_transpose(image)
    if turned.size != image.size or image.getexif().get(0x0112, 1) != 1:
        note = "The picture was turned upright, as its EXIF data says."
    image = turned
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        top = 65535.0 if image.mode.startswith("I") and values.max() > 255 else 255.0
        image = Image.fromarray(np.clip(values / top * 255, 0, 255).astype(np.uint8))
        note = note or "The picture's 16-bit values were scaled to 8 bits."
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        note = note or "The picture's transparent parts were laid on white."
    elif image.mode == "CMYK":
        note = note or "The picture's CMYK colours were converted to RGB."
    return Picture(image.convert("RGB"), note)


@dataclass(frozen=True)
class Placement:
    """Where a picture lies in a network's input: input = picture × scale + (left, top)."""

    scale: float  # input pixels per picture pixel
    left: float  # input pixels: position of the picture's corner
    top: float  # input pixels: position of the picture's corner
    picture: tuple[int, int]  # width and height

    def reduced(self, longest: int | None) -> "Placement":
        """The placement of the same picture after its longer side is reduced to at most `longest` pixels."""
        factor = min(longest / max(self.picture), 1) if longest else 1
        width, height = (max(round(side * factor), 1) for side in self.picture)
        return Placement(self.scale / factor, self.left, self.top, (width, height))

    def to_input(self, boxes: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Converts boxes (n, 4), left, top, right, bottom, from picture to input pixels."""
        return np.asarray(boxes * self.scale + np.array([self.left, self.top] * 2), np.float32)

    def to_picture(self, boxes: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Converts boxes (n, 4), left, top, right, bottom, from input to picture pixels."""
        return np.asarray((boxes - np.array([self.left, self.top] * 2)) / self.scale, np.float32)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture's file of some kind, such as "PNG"; `options` as Pillow takes them."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels


def content(rgb: Image.Image) -> Box:
    """The box of all that differs from the colour of the picture's border, with a margin.

    Flat lines thinner than a twentieth of the height are ignored if there is anything else: they cross out many
    captchas. The box has at least a third of the picture's height and width, so that a speck does not fill the input.
    """
    coarse = max(max(rgb.size) // 1024, 1)  # photos are reduced to save memory
    pixels = np.asarray(rgb.reduce(coarse), np.int16)
    red, green, blue = (np.abs(pixels - border(pixels)) > SAME).transpose(2, 0, 1)
    there = red | green | blue
    for tall in (max(len(there) // 20, 3), 1):
        runs = np.logical_and.reduce([there[i : len(there) - tall + 1 + i] for i in range(tall)])  # vertical runs
        if runs.any():
            break
    else:
        return 0, 0, rgb.width, rgb.height
    columns, rows = np.flatnonzero(runs.any(0)), np.flatnonzero(runs.any(1))
    left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + tall
    # a thin bar at the side of a letter, as in L or T, is part of it
    reach, gaps = (bottom - top) // 2, np.flatnonzero(~there[top:bottom].any(0))
    left = max(left - reach, gaps[gaps < left].max(initial=-1) + 1)
    right = min(right + reach, gaps[gaps >= right].min(initial=there.shape[1]))
    margin, cut = math.ceil((bottom - top) * coarse / 8), []
    for first, last, length in ((left, right, rgb.width), (top, bottom, rgb.height)):
        first, last = int(first) * coarse, min(int(last) * coarse, length)
        lacking = max(math.ceil(length / 3) - (last - first), 2 * margin)
        cut.append((max(first - lacking // 2, 0), min(last + lacking - lacking // 2, length)))
    return cut[0][0], cut[1][0], cut[0][1], cut[1][1]


def frame(rgb: Image.Image, height: int, widths: tuple[int, int]) -> tuple[Box, tuple[int, int]]:
    """The box to crop a picture to, and the input's height and width, for a network that takes any width.

    The input has the given height and a width between the two given ones, in pixels.
    """
    box, (least, most) = content(rgb), widths
    wanted = math.ceil((box[2] - box[0]) * height / (box[3] - box[1]) / WIDTH_STEP) * WIDTH_STEP
    return box, (height, min(max(wanted, least), most))


def fit(rgb: Image.Image, size: tuple[int, int], box: Box | None = None) -> tuple[Pixels, Placement]:
    """Scales a picture, or its crop to a box, to fit into `size`, and centres it on the colour of its border.

    The aspect ratio is kept. The result is uint8 (height, width, 3) for a size (height, width), and the placement.
    """
    height, width = size
    if rgb.size == (width, height) and box in (None, (0, 0, width, height)):
        return np.asarray(rgb), Placement(1.0, 0.0, 0.0, rgb.size)
    first, top, last, bottom = box or (0, 0, *rgb.size)
    scale = min(width / (last - first), height / (bottom - top))
    inner = max(round((last - first) * scale), 1), max(round((bottom - top) * scale), 1)
    small = np.asarray(rgb.resize(inner, Image.Resampling.BILINEAR, box=box))
    out = np.empty((height, width, 3), np.uint8)
    out[:] = border(small)
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    out[y : y + inner[1], x : x + inner[0]] = small
    return out, Placement(scale, x - first * scale, y - top * scale, rgb.size)


def border(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Median colour (3,) of the pixels along a picture's four edges."""
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(np.median(edges, axis=0).astype(pixels.dtype))


def normalise(pixels: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """Pixels uint8 (N, H, W, 3) to inputs float32 (N, 3, H, W): (value / 255 − mean) / std by channel."""
    scale = 1 / (255 * np.array(std, np.float32))
    shift = np.divide(mean, std, dtype=np.float32)
    inputs = np.array(pixels.transpose(0, 3, 1, 2), np.float32, order="C")
    inputs *= scale[:, None, None]
    inputs -= shift[:, None, None]
    return inputs


def denormalise(inputs: npt.NDArray[np.float32], mean: tuple[float, ...], std: tuple[float, ...]) -> Pixels:
    """Inputs float32 (N, 3, H, W) back to pixels uint8 (N, H, W, 3): the inverse of `normalise`."""
    values = inputs.transpose(0, 2, 3, 1) * np.array(std, np.float32) + np.array(mean, np.float32)
    return np.asarray(np.clip(np.rint(255 * values), 0, 255), np.uint8)
