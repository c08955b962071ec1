"""Whole pictures with several words, as on signs, labels and pages: to test how words are found and read.

    python -m training.data.signs --out DIR

The metadata's `text` holds the words in reading order, split by spaces; `boxes` left, top, right, bottom of the ink
of each.
"""

from functools import partial

import numpy as np
from PIL import Image

from training.data import command, folder, words
from training.data.drawing import degrade, fonts, render, styles

Rng = np.random.Generator
ROOM = 0.9  # of a board's sides that its lines may fill


def token(rng: Rng) -> str:
    """A word or a number without a space in it."""
    text = words.word(rng, held_out=True) if rng.random() < 0.75 else words.number(rng)
    return max(text.split(), key=len)


def boards(rng: Rng, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Where the picture's one to four boards are: left, top, right, bottom, none over another, the upper ones first."""
    columns, rows = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    wide, high = size[0] / columns, size[1] / rows
    found = []
    for row in range(rows):
        for column in range(columns):
            left, right = np.sort(rng.choice([0.02, 0.06, 0.94, 0.98], 2, replace=False))
            if right - left < 0.5:
                left, right = 0.03, 0.97
            top, bottom = rng.uniform(0.02, 0.1), rng.uniform(0.9, 0.98)
            edges = (column + left) * wide, (row + top) * high, (column + right) * wide, (row + bottom) * high
            found.append(tuple(int(edge) for edge in edges))
    return found


def written(rng: Rng, face: fonts.Face, width: int, height: int) -> tuple[Image.Image, list[str], np.ndarray]:
    """Lines of words in a font that fit into a board: their ink, the words, and each word's box in it."""
    size = int(rng.integers(20, 61))
    canvas = Image.new("L", (width, height))
    spoken: list[str] = []
    boxes: list[np.ndarray] = []
    middle, pitch = rng.random() < 0.4, rng.uniform(1.25, 1.8)
    y = 0.0
    while len(spoken) < 12:
        chosen = [token(rng) for _ in range(int(rng.integers(1, 5)))]
        while chosen:
            text = " ".join(chosen)
            text = text.upper() if styles.capital(face.path) else text
            ink = render.line(text, face.path, size)
            if ink.mask.width <= width:
                break
            chosen.pop()
        if not chosen or y + ink.mask.height > height:
            break
        x = (width - ink.mask.width) // 2 if middle else 0
        canvas.paste(ink.mask, (x, int(y)))
        letters = np.array([character != " " for character in text])
        number = np.array([text[: i + 1].count(" ") for i in range(len(text))])
        for i, word in enumerate(text.split(" ")):
            own = ink.boxes[letters & (number == i)] + np.array([x, int(y)] * 2)
            boxes.append(np.array([*own[:, :2].min(0), *own[:, 2:].max(0)]))
            spoken.append(word)
        y += max(pitch * size, ink.mask.height + 0.25 * size)
        if rng.random() < 0.25:
            break
    return canvas, spoken, np.array(boxes).reshape(-1, 4)


def draw(index: int, split: fonts.Split, seed: int) -> folder.Drawing:
    """Picture `index`: boards with lines of words on a scene or on paper, seen a little askew."""
    rng = np.random.default_rng((seed, index))
    size = int(rng.integers(400, 961)), int(rng.integers(300, 721))
    ground = degrade.colour(rng)
    if page := rng.random() < 0.3:
        ground = np.full(3, rng.uniform(215, 255), np.float32)
        image = degrade.plain(rng, size, ground)
    else:
        scene = words.scenes(split)[int(rng.integers(len(words.scenes(split))))]
        image = np.asarray(degrade.to_image(scene).resize(size, Image.Resampling.BICUBIC), np.float32)
    ink, spoken, boxes = Image.new("L", size), [], []
    tints = np.zeros((size[1], size[0], 3), np.float32)
    faces = fonts.faces(split)
    for left, top, right, bottom in boards(rng, size):
        face = faces[int(rng.integers(len(faces)))]
        margin = [int((1 - ROOM) / 2 * side) for side in (right - left, bottom - top)]
        inner = right - left - 2 * margin[0], bottom - top - 2 * margin[1]
        mask, texts, found = written(rng, face, *inner)
        colour = ground if page else degrade.colour(rng)
        contrast = rng.uniform(90, 230)
        board = (right - left, bottom - top)
        if not page:
            image[top:bottom, left:right] = words.paper(rng, board, colour, split)
        tints[top:bottom, left:right] = degrade.ink_colour(rng, colour, contrast)
        ink.paste(mask, (left + margin[0], top + margin[1]))
        spoken += texts
        boxes.append(found + np.array([left + margin[0], top + margin[1]] * 2))
    alpha = np.asarray(ink, np.float32)[..., None] / 255
    picture = degrade.to_image(image * (1 - alpha) + tints * alpha)
    picture, placed = askew(rng, picture, np.concatenate(boxes))
    picture = degrade.to_image(photographed(rng, np.asarray(picture, np.float32)))
    numbers = " ".join(f"{v:.1f}" for v in placed.ravel())
    return picture, {"text": " ".join(spoken), "font": "", "boxes": numbers}


def photographed(rng: Rng, image: np.ndarray) -> np.ndarray:
    """As a camera takes it from near: uneven light, a little blur, noise, compression, each sometimes."""
    if rng.random() < 0.4:
        light = degrade.smooth(rng, (image.shape[1], image.shape[0]), int(rng.integers(2, 5)))
        image = image * (1 + light[..., None] * rng.uniform(0.05, 0.3))
    if rng.random() < 0.5:
        image = degrade.blur(image, rng.uniform(0.3, 1.2))
    if rng.random() < 0.5:
        image = degrade.gaussian_noise(rng, image, rng.uniform(2, 14))
    if rng.random() < 0.6:
        image = degrade.jpeg(image, int(rng.integers(20, 85)))
    return image


def askew(rng: Rng, picture: Image.Image, boxes: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The picture in perspective, turned by a few degrees, and the boxes around where the words are then."""
    width, height = picture.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    turn = np.radians(rng.normal(0, 2.0))
    away = corners - [width / 2, height / 2]
    turned = away @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + [width / 2, height / 2]
    moved = turned + rng.normal(0, 0.015, (4, 2)) * [width, height]
    back = render.homography(moved, corners)
    fill = tuple(np.asarray(picture)[0, 0].tolist())
    seen = picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, back.ravel()[:8].tolist(), Image.Resampling.BICUBIC, fillcolor=fill
    )
    return seen, np.clip(render.project_boxes(boxes, render.homography(corners, moved)), 0, [width, height] * 2)


def sets() -> dict[str, folder.DrawnSet]:
    """Every set by name."""
    return {
        "signs-validation": folder.DrawnSet(100, partial(draw, split="validation", seed=71)),
        "signs-test": folder.DrawnSet(300, partial(draw, split="test", seed=72)),
    }


def main() -> None:
    command.draw(command.parser("signs", __doc__), {"tests": ("signs-",)}, lambda _: sets())


if __name__ == "__main__":
    main()
