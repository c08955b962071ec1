"""Pictures that tests upload: plain ones, odd ones, and files that people should not but do upload."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from demos.tabs.captcha import FONTS
from training.data.drawing import captchas


def drawn(text: str, noise: float = 6) -> Image.Image:
    """A plain captcha that anybody can read."""
    rng = np.random.default_rng(5)
    return Image.fromarray(captchas.sample(text, FONTS["lato"], "gradient", noise, (31, 58, 95), rng).image)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A black PNG of side × side pixels in some hundred kilobytes."""
    deflate = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join(deflate.compress(row * 100) for _ in range(side // 100)) + deflate.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def bad_files() -> dict[str, tuple[str, bytes, str]]:
    """By name: a file's name, its bytes, and what its sentence must say."""
    frames = [Image.new("RGB", (80, 30), colour) for colour in ("red", "green", "blue")]
    return {
        "not an image": ("letter.png", b"Dear Sir or Madam, this is no picture.", "not a picture"),
        "truncated": ("cut.png", encoded(drawn("computer"), "PNG")[:4000], "damaged or cut short"),
        "animated": ("film.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "animated"),
        "tiny": ("dot.png", encoded(Image.new("RGB", (1, 1)), "PNG"), "1×1"),
        "bomb": ("bomb.png", bomb(), "million pixels"),
        "empty": ("empty.png", b"", "picture"),
        "vector": ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "not a picture"),
    }


def odd_files(text: str) -> dict[str, tuple[str, bytes, str]]:
    """Pictures that can be read, by name: a file's name, its bytes, and what the note must say; all show `text`."""
    plain = drawn(text)
    turned = Image.Exif()
    turned[0x0112] = 8  # shown after a quarter turn to the left
    palette = plain.convert("RGBA").quantize(64)
    grey16 = Image.fromarray(np.asarray(plain.convert("L"), np.uint16) * 257)
    return {
        "CMYK": ("print.jpg", encoded(plain.convert("CMYK"), "JPEG", quality=95), "CMYK"),
        "16-bit": ("scan.png", encoded(grey16, "PNG"), "16-bit"),
        "palette with alpha": ("old.png", encoded(palette, "PNG", transparency=63), "transparent"),
        "EXIF-rotated": (
            "phone.jpg",
            encoded(plain.rotate(-90, expand=True), "JPEG", quality=95, exif=turned),
            "upright",
        ),
    }
