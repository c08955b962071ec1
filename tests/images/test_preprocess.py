"""Every picture that people bring is read as it looks, or refused in one sentence."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from zoo.errors import InputError
from zoo.images import preprocess


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (3, 6, 3), np.uint8)).resize((90, 45), Image.Resampling.BICUBIC)


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG header that promises more than the file holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 1000)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_all_sources_give_the_same_pixels(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture.save(path)
    for source in (path, str(path), path.read_bytes(), picture, np.asarray(picture)):
        assert np.array_equal(np.asarray(preprocess.load(source).rgb), np.asarray(picture))
        assert preprocess.load(source).note == ""


def test_grey_arrays_are_pictures_too() -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for array in (grey, grey[..., None]):
        assert np.array_equal(np.asarray(preprocess.load(array).rgb)[..., 1], grey)


def test_cmyk_looks_as_before(picture: Image.Image) -> None:
    loaded = preprocess.load(encoded(picture.convert("CMYK"), "TIFF"))
    assert np.abs(np.asarray(loaded.rgb, int) - np.asarray(picture)).max() <= 2
    assert "CMYK" in loaded.note


def test_sixteen_bits_are_scaled(picture: Image.Image) -> None:
    grey = np.asarray(picture.convert("L"))
    loaded = preprocess.load(encoded(Image.fromarray(grey.astype(np.uint16) * 257)))
    assert np.abs(np.asarray(loaded.rgb)[..., 0].astype(int) - grey).max() <= 1
    assert "16-bit" in loaded.note


def test_transparency_becomes_white(picture: Image.Image) -> None:
    clear = picture.convert("RGBA")
    clear.putalpha(0)
    palette = picture.quantize(8)
    for source in (encoded(clear), encoded(palette, transparency=bytes(8))):
        loaded = preprocess.load(source)
        assert np.asarray(loaded.rgb).min() == 255
        assert "white" in loaded.note


def test_exif_orientation_is_applied(picture: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn 90° clockwise
    loaded = preprocess.load(encoded(picture, exif=exif))
    assert np.array_equal(np.asarray(loaded.rgb), np.asarray(picture.rotate(-90, expand=True)))
    assert "EXIF" in loaded.note


FRAMES = {"save_all": True, "append_images": [Image.new("RGB", (20, 20), "red")]}
BAD: dict[str, tuple[Any, str]] = {
    "nothing": (None, "upload one"),
    "empty": (b"", "upload one"),
    "no picture": (b"%PDF-1.7 hello", "not a picture"),
    "no file": ("no/such/file.png", "no file"),
    "a folder": (".", "folder"),
    "cut short": (encoded(Image.effect_noise((64, 64), 50))[:900], "damaged"),
    "animated": (encoded(Image.new("RGB", (20, 20), "blue"), "GIF", **FRAMES), "animated"),
    "too small": (Image.new("RGB", (1, 1)), "1×1"),
    "bomb": (bomb(), "million pixels"),
    "bomb below Pillow's own limit": (bomb(9_000, 9_000), "million pixels"),
    "float array": (np.zeros((9, 9)), "float64"),
    "video": (np.zeros((9, 9, 9, 3), np.uint8), "shape"),
    "empty array": (np.zeros((0, 9), np.uint8), "shape"),
    "a number": (7, "int"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_sentence(name: str) -> None:
    source, word = BAD[name]
    with pytest.raises(InputError) as caught:
        preprocess.load(source)
    sentence = str(caught.value)
    assert word in sentence
    assert sentence.endswith(".") and "\n" not in sentence


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_or_read(data: bytes) -> None:
    for source in (data, b"\x89PNG\r\n\x1a\n" + data, b"GIF89a" + data, b"\xff\xd8\xff\xe0" + data, b"BM" + data):
        try:
            assert preprocess.load(source).rgb.mode == "RGB"
        except InputError as error:
            assert str(error).endswith(".")


@given(arrays(np.uint8, st.lists(st.integers(0, 40), min_size=0, max_size=4).map(tuple)))
def test_random_shapes_are_refused_or_fitted(array: np.ndarray) -> None:
    try:
        loaded = preprocess.load(array)
    except InputError:
        return
    pixels, _ = preprocess.fit(loaded.rgb, (48, 192))
    assert pixels.shape == (48, 192, 3)


@pytest.mark.parametrize("size", [(192, 48), (70, 30), (780, 80), (30, 300), (4, 4)])
def test_fit_keeps_the_shape_and_knows_where_it_is(size: tuple[int, int]) -> None:
    source = Image.new("RGB", size, (10, 20, 30))
    dot = (size[0] // 4, size[1] // 4, size[0] // 4 + size[0] // 2, size[1] // 4 + size[1] // 2)
    source.paste((250, 240, 230), dot)
    pixels, place = preprocess.fit(source, (48, 192))
    box = place.to_input(np.array([dot], float))[0]
    y, x = np.nonzero(pixels[..., 0] > 130)
    assert np.abs(np.array([x.min(), y.min(), x.max() + 1, y.max() + 1]) - box).max() <= 2
    assert place.to_picture(box[None])[0] == pytest.approx(dot, abs=1e-3)
    assert (pixels[0, 0] == (10, 20, 30)).all()


def test_normalise_is_what_the_formula_says() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), np.uint8)
    out = preprocess.normalise(pixels, (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    assert out.dtype == np.float32 and out.shape == (2, 3, 4, 5)
    assert out[1, 2, 3, 4] == pytest.approx((pixels[1, 3, 4, 2] / 255 - 0.3) / 0.7, abs=1e-5)


def test_pixels_come_back_from_inputs() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), np.uint8)
    seen = (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)
    assert (preprocess.denormalise(preprocess.normalise(pixels, *seen), *seen) == pixels).all()


def test_empty_margins_are_cut_off_but_a_speck_is_not_a_letter() -> None:
    pixels = np.full((80, 400, 3), 240, np.uint8)
    assert preprocess.content(Image.fromarray(pixels)) == (0, 0, 400, 80)
    pixels[::2] += 5  # a little unevenness is no content
    pixels[20:60, 100:300] = 30
    left, top, right, bottom = preprocess.content(Image.fromarray(pixels))
    assert (left, top, right, bottom) == (95, 15, 305, 65)
    box, size = preprocess.frame(Image.fromarray(pixels), 48, (48, 512))
    assert size == (48, 208) and box == (95, 15, 305, 65)
    fitted, place = preprocess.fit(Image.fromarray(pixels), size, box)
    drawn = place.to_input(np.array([[100.0, 20, 300, 60]]))[0]
    ink = fitted[..., 0] < 100
    rows, columns = np.nonzero(ink)
    assert np.abs(drawn - [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).max() < 1.5
    np.testing.assert_allclose(place.to_picture(drawn[None])[0], [100, 20, 300, 60], atol=1e-3)
    speck = np.full((90, 300, 3), 240, np.uint8)
    speck[44:46, 150:152] = 0
    left, top, right, bottom = preprocess.content(Image.fromarray(speck))
    assert right - left >= 100 and bottom - top >= 30 and left < 150 < right and top < 44 < bottom
    noise = np.random.default_rng(0).integers(0, 256, (50, 150, 3), np.uint8)
    assert preprocess.content(Image.fromarray(noise)) == (0, 0, 150, 50)


def test_lines_that_cross_a_text_out_do_not_count() -> None:
    paper = Image.new("RGB", (600, 80), "white")
    letters = ImageDraw.Draw(paper)
    for left in range(150, 450, 50):
        letters.rectangle((left, 30, left + 20, 59), outline="navy", width=4)
    alone = preprocess.content(paper)
    assert alone == (146, 26, 425, 64)
    for line in ((0, 10, 599, 40), (0, 78, 599, 70), (100, 5, 500, 5)):
        letters.line(line, "black", 2)
    crossed = preprocess.content(paper)
    assert np.abs(np.subtract(alone, crossed)).max() <= 16, "half a letter more at most, where a line touches one"
    lines = Image.new("RGB", (600, 80), "white")
    ImageDraw.Draw(lines).line((50, 30, 550, 30), "black", 2)
    left, top, right, bottom = preprocess.content(lines)
    assert left <= 50 and right >= 550 and top < 30 < bottom, "where there is nothing else, a line is something"


def test_a_thin_bar_belongs_to_its_letter() -> None:
    paper = Image.new("RGB", (160, 80), "white")
    letter = ImageDraw.Draw(paper)
    letter.rectangle((80, 10, 81, 69), "black")
    letter.rectangle((80, 68, 113, 69), "black")
    letter.rectangle((48, 10, 81, 11), "black")
    left, top, right, bottom = preprocess.content(paper)
    assert left <= 48 and right >= 114 and top <= 10 and bottom >= 70


@pytest.mark.parametrize(
    ("shape", "width"), [((70, 30), 112), ((780, 80), 480), ((20, 80), 48), ((3000, 80), 512), ((192, 48), 192)]
)
def test_an_input_is_as_wide_as_its_picture(shape: tuple[int, int], width: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (shape[1], shape[0], 3), np.uint8)
    assert preprocess.frame(Image.fromarray(noise), 48, (48, 512))[1] == (48, width)


def test_a_tiff_that_is_cut_short_is_a_sentence() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(buffer, "TIFF")
    for length in (20, 200, 1000):
        with pytest.raises(InputError):
            preprocess.load(buffer.getvalue()[:length])
        with pytest.raises(InputError):
            preprocess.load(buffer.getvalue()[-length:])


@pytest.mark.parametrize("channel", range(3))
def test_what_differs_in_one_colour_alone_is_content(channel: int) -> None:
    pixels = np.full((60, 200, 3), 255, np.uint8)
    pixels[20:40, 50:150, channel] = 0
    left, top, right, bottom = preprocess.content(Image.fromarray(pixels))
    assert 30 < left <= 50 and 150 <= right < 170 and 10 < top <= 20 and 40 <= bottom < 50
