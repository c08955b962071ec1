"""Digits in shapes of our own: upright on their line, each with its own features, no two alike."""

import numpy as np
import pytest
from scipy import ndimage

from training.data import persian
from training.data.drawing import sketches


def drawn(digit: str, count: int = 30) -> list[np.ndarray]:
    return [np.asarray(sketches.sketched(np.random.default_rng((3, seed)), digit)) > 127 for seed in range(count)]


@pytest.mark.parametrize("digit", persian.DIGITS + persian.ARABIC_DIGITS)
def test_every_digit_stands_on_its_line_each_time_in_another_shape(digit: str) -> None:
    pictures = drawn(digit)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    for picture in pictures:
        assert picture.shape[0] == sketches.LINE and picture.sum() > 8
        rows = np.flatnonzero(picture.any(1))
        assert rows[-1] < 0.95 * sketches.LINE
        tall = np.ptp(rows) / sketches.LINE
        least = 0.2 if digit == "٥" else 0.3  # which is a small ring at times
        assert tall < 0.3 if digit in "۰٠" else least < tall < 0.9


def test_shapes_keep_what_tells_them_apart() -> None:
    """A five has a hole; a seven is open above and closed below, an eight the other way round; a zero is a dot."""
    for seven, eight in zip(drawn("۷"), drawn("۸"), strict=True):
        for picture, open_above in ((seven, True), (eight, False)):
            rows = np.array_split(np.flatnonzero(picture.any(1)), 3)
            above, _, below = (np.ptp(np.flatnonzero(picture[part].any(0))) for part in rows)
            assert above >= below if open_above else below >= above
    holes = [ndimage.label(~np.pad(picture, 1))[1] - 1 for picture in drawn("٥")]
    assert np.mean([hole >= 1 for hole in holes]) > 0.7
    assert all(ndimage.label(picture, np.ones((3, 3)))[1] == 1 for picture in drawn("۰"))


def test_strokes_are_read_from_their_notation() -> None:
    [first, second] = sketches.strokes("20,100 20,0 / 75,5 20,32")
    assert first.tolist() == [[0.2, 1.0], [0.2, 0.0]] and second.tolist() == [[0.75, 0.05], [0.2, 0.32]]
