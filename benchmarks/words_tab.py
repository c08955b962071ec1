"""Time from an uploaded picture to the whole answer of the Words tab, without browser and network.

python -m benchmarks.words_tab
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from demos.tabs import words
from training.data.drawing import fonts

RUNS = 9  # of which the first warms up


def text(size: tuple[int, int], lines: dict[str, tuple[int, int]], height: int = 36) -> Image.Image:
    """A picture with black lines of text on white, by where each begins."""
    face = fonts.load(next(iter(fonts.faces("test"))).path, height)
    picture = Image.new("RGB", size, "white")
    for line, place in lines.items():
        ImageDraw.Draw(picture).text(place, line, "black", face)
    return picture


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "a word, 160x64": partial(text, (160, 64), {"orange": (10, 8)}),
    "a line, 660x64": partial(text, (660, 64), {"A line of several words, 5 of them": (10, 8)}),
    "a page of six lines, 700x500": partial(
        text, (700, 500), {f"line {i} of a small page": (30, 30 + 75 * i) for i in range(6)}, 32
    ),
    "a photo of a word, 3000x1200": lambda: text((160, 64), {"orange": (10, 8)}).resize((3_000, 1_200)),
}


def main() -> None:
    for name, draw in PICTURES.items():
        times = []
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            draw().save(file.name)
            for _ in range(RUNS):
                start = time.perf_counter()
                words.show_upload({"path": file.name}, "beam", True, "")
                times.append(1000 * (time.perf_counter() - start))
        print(f"{name:30} {np.median(times[1:]):6.0f} ms")


if __name__ == "__main__":
    main()
