"""Persian business letters, as scanners and phones see them: A4 pages with every text's place.

    python -m training.data.letters validation --out DIR     layouts, letterheads and font families of its own
    python -m training.data.letters tests --out DIR          others that training never has, scanned and photographed

Training pages are drawn while a network learns from them. A page is drawn at 100 to 300 dots an inch. The metadata's
`objects` is JSON, a list of what stands on the page, each with its kind, its text in logical order and the four corners
of its ink, clockwise from the upper left as one reads the page; annotations.json says the same in COCO's form. Kinds:
the fields' labels and their values, text lines.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from training.data import command, folder
from training.data.drawing import degrade, fonts, render, scan
from training.data.drawing.letter_page import A4, Page, body, fields, head, layouts, office
from training.data.persian import Split
from zoo.letter.finder import FIELDS, KINDS

Rng = np.random.Generator
Damage = Literal["scan", "phone", "any"]
DPI = 100, 150, 200, 300


def moved(objects: list[dict[str, Any]], way: np.ndarray) -> list[dict[str, Any]]:
    """What stands on a page after the page was moved by a homography."""
    return [{**one, "box": render.project(one["box"], way)} for one in objects]


def scanned(rng: Rng, page: Page) -> tuple[Image.Image, list[dict[str, Any]]]:
    """As a flatbed scanner sees it: a little askew, unevenly lit, grainy, compressed; at times black or white."""
    width, height = page.picture.size
    turn = np.radians(np.clip(rng.normal(0, 0.8), -2.5, 2.5))
    centre = np.array([width / 2, height / 2])
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    way = np.eye(3)
    way[:2, :2], way[:2, 2] = spin, centre - spin @ centre
    paper = tuple(int(v) for v in rng.uniform(225, 255, 1).repeat(3) + rng.normal(0, 4, 3).clip(-8, 0))
    picture = page.picture.transform(
        page.picture.size, Image.Transform.AFFINE, np.linalg.inv(way)[:2].ravel().tolist(),
        Image.Resampling.BICUBIC, fillcolor=paper,
    )  # fmt: skip
    image = np.asarray(picture, np.float32) * (np.array(paper, np.float32) / 255)
    if rng.random() < 0.4:
        image = scan.uneven(rng, image)
    if rng.random() < 0.3:
        image = degrade.blur(image, rng.uniform(0.3, 0.8))
    if rng.random() < 0.7:
        image = degrade.gaussian_noise(rng, image, rng.uniform(1, 9))
    if rng.random() < 0.4:
        image = scan.specked(rng, image, rng.uniform(0.0001, 0.001))
    if rng.random() < 0.12:
        grey = image.mean(2)
        image = np.repeat(np.where(grey < rng.uniform(120, 170), 0.0, 255.0)[..., None], 3, 2).astype(np.float32)
    if rng.random() < 0.6:
        image = degrade.jpeg(image, int(rng.integers(35, 90)))
    return degrade.to_image(image), moved(page.objects, way)


def photographed(rng: Rng, page: Page) -> tuple[Image.Image, list[dict[str, Any]]]:
    """As a phone sees it: from aside on a table, folded, in a shadow, unsharp, compressed."""
    width, height = page.picture.size
    image = np.asarray(page.picture, np.float32)
    for _ in range(int(rng.integers(0, 3))):  # folds
        across, at = rng.random() < 0.7, rng.uniform(0.25, 0.75)
        along = np.linspace(0, 1, height if across else width) - at
        crease = np.exp(-((along / 0.004) ** 2)) * rng.uniform(-40, 25) + np.sign(along) * rng.uniform(-6, 6)
        image = image + (crease[:, None, None] if across else crease[None, :, None])
    border = rng.uniform(0.02, 0.12, 4)
    size = round(width * (1 + border[0] + border[1])), round(height * (1 + border[2] + border[3]))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    shift = np.array([border[0] * width, border[2] * height])
    turn = np.radians(rng.normal(0, 2.5))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = corners.mean(0)
    there = (corners - middle) @ spin.T * rng.uniform(0.93, 1.0) + middle + shift
    there = there + rng.uniform(-0.03, 0.03, (4, 2)) * [width, height]
    way = render.homography(corners, there)
    back = render.homography(there, corners).ravel()[:8].tolist()
    seen = degrade.to_image(image).transform(size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC)
    sheet = Image.new("L", (width, height), 255).transform(size, Image.Transform.PERSPECTIVE, back)
    table = degrade.to_image(degrade.scene(rng, (200, 280))).resize(size, Image.Resampling.BILINEAR)
    picture = Image.composite(seen, table, sheet)
    light = 1 + degrade.smooth(rng, size, int(rng.integers(2, 4))) * rng.uniform(0.05, 0.3)
    image = np.asarray(picture, np.float32) * light[..., None] * rng.uniform(0.65, 1.0)
    image = image * (1 + rng.normal(0, 0.04, 3)).astype(np.float32)
    image = degrade.blur(image, rng.uniform(0.2, 0.0009 * width))
    image = degrade.gaussian_noise(rng, image, rng.uniform(1, 10))
    image = degrade.jpeg(image, int(rng.integers(40, 88)))
    return degrade.to_image(image), moved(page.objects, way)


def draw(
    index: int, split: Split, damage: Damage, seed: int, dpi: tuple[int, ...] = DPI, extra: fonts.Extra = ()
) -> folder.Drawing:
    """Letter `index`, in fonts of the split and `extra` ones."""
    rng = np.random.default_rng((seed, index))
    held_out = split != "train"
    scale = float(dpi[int(rng.integers(len(dpi)))]) / 25.4
    layout = layouts(split)[int(rng.integers(len(layouts(split))))]
    own = office(rng, split, extra)
    page = Page(rng, scale, Image.new("RGB", (round(A4[0] * scale), round(A4[1] * scale)), "white"))
    down = head(page, own, layout)
    body(page, own, max(down, fields(page, own, layout, held_out)) + 6, held_out)
    phone = damage == "phone" or (damage == "any" and rng.random() < 0.4)
    picture, objects = (photographed if phone else scanned)(rng, page)
    rounded = [{**one, "box": np.round(one["box"], 1).tolist()} for one in objects]
    row = {
        "text": " ".join(one["text"] for one in objects if one["kind"] in FIELDS),
        "font": own.body.family,
        "damage": "phone" if phone else "scan",
        "objects": json.dumps(rounded, ensure_ascii=False),
    }
    return picture, row


def coco(out: Path) -> None:
    """Writes annotations.json beside the pictures of a set: its objects in COCO's form, boxes upright."""
    pictures = folder.ImageFolder(out)
    images, annotations = [], []
    for number in range(len(pictures)):
        row, size = pictures.row(number), pictures.image(number).size
        images.append({"id": number, "file_name": row["file_name"], "width": size[0], "height": size[1]})
        for one in json.loads(row["objects"]):
            corners = np.array(one["box"])
            (left, top), (right, bottom) = corners.min(0), corners.max(0)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": KINDS.index(one["kind"]) + 1,
                    "bbox": np.round([left, top, right - left, bottom - top], 1).tolist(),
                    "area": round(float((right - left) * (bottom - top)), 1),
                    "segmentation": [np.round(corners, 1).ravel().tolist()],
                    "iscrowd": 0,
                    "text": one["text"],
                }
            )
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(KINDS)]
    annotated = {"images": images, "annotations": annotations, "categories": categories}
    (out / "annotations.json").write_text(json.dumps(annotated, ensure_ascii=False), encoding="utf-8")


def sets() -> dict[str, folder.DrawnSet]:
    """Every set by name."""
    return {
        "letters-validation": folder.DrawnSet(200, partial(draw, split="validation", damage="any", seed=81)),
        "letters-test": folder.DrawnSet(500, partial(draw, split="test", damage="scan", seed=82)),
        "letters-test-phone": folder.DrawnSet(500, partial(draw, split="test", damage="phone", seed=83)),
    }


def main() -> None:
    groups = {"validation": ("letters-validation",), "tests": ("letters-test",)}
    command.draw(command.parser("letters", __doc__), groups, lambda _: sets(), finish=coco)


if __name__ == "__main__":
    main()
