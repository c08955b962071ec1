"""Sets of captchas: the two of the original study, and captchas of every kind for the bundled readers.

    python -m training.data.captcha easy|hard --out DIR      the study's 1,000 and 100,000 images
    python -m training.data.captcha train --out DIR          what the bundled readers learn from, and validation
    python -m training.data.captcha validation --out DIR     validation alone
    python -m training.data.captcha tests --out DIR          the test sets that the model cards report

Every set has its seed, and an image depends on the seed and its number alone.
"""

from functools import partial

import numpy as np
from PIL import Image

from training.data import command, folder, packaged, study
from training.data.drawing import degrade, fonts, styles
from training.data.drawing.captchas import SIZE, draw, draw_scene, row_of
from training.data.texts.english import WORDS, dictionary, one_of, random_string


def draw_mixed(index: int, split: fonts.Split, seed: int) -> folder.Drawing:
    """Image `index` of the training mixture: the hundred words, other words, random strings, blank paper and scenes.

    Three in four captchas have the size SIZE, the others any usual captcha's shape.
    """
    rng = np.random.default_rng((seed, index))
    size = SIZE
    if rng.random() < 0.25:
        height = int(rng.integers(28, 81))
        size = int(height * rng.uniform(2.2, 5.0)), height
    texts = (lambda: one_of(rng, WORDS), lambda: one_of(rng, dictionary(False)), lambda: random_string(rng), str, None)
    text = texts[rng.choice(5, p=(0.32, 0.38, 0.2, 0.03, 0.07))]
    drawn = draw(rng, text(), split, size) if text else draw_scene(rng)
    return Image.fromarray(drawn.image), row_of(drawn)


def _faces(rng: np.random.Generator, split: fonts.Split) -> tuple[fonts.Face, ...]:
    """The faces of a split, or for training half of the time the odd ones."""
    return fonts.faces("display" if split == "train" and rng.random() < 0.5 else split)


def draw_style(index: int, split: fonts.Split, seed: int) -> folder.Drawing:
    """Image `index` of captchas in many sites' styles: mostly random strings, at times a word or nothing.

    Nine in ten have one font, and half of those for training an odd one; one in ten is of the package `captcha`.
    """
    rng = np.random.default_rng((seed, index))
    kind = rng.random()
    text = random_string(rng) if kind < 0.85 else one_of(rng, dictionary(False)) if kind < 0.97 else ""
    every = _faces(rng, split)
    faces = [every[i] for i in rng.integers(len(every), size=1 if rng.random() < 0.9 else 3)]
    if text and rng.random() < 0.1:
        drawn = packaged.draw(rng, text, faces[0])
    else:
        drawn = styles.draw(rng, text, faces, styles.random_style(rng, degrade.BACKGROUNDS[split]))
    return Image.fromarray(drawn.image), row_of(drawn)


def draw_sparse(index: int, split: fonts.Split, seed: int) -> folder.Drawing:
    """Image `index` of wide captchas with small letters far apart: a random string, mostly of one case, in one font."""
    rng = np.random.default_rng((seed, index))
    recased = (str.lower, str.upper, str)[rng.choice(3, p=(0.4, 0.4, 0.2))]
    every = _faces(rng, split)
    drawn = styles.draw(rng, recased(random_string(rng)), [every[rng.integers(len(every))]], styles.sparse_style(rng))
    return Image.fromarray(drawn.image), row_of(drawn)


def draw_test(index: int, words: tuple[str, ...], seed: int) -> folder.Drawing:
    """Image `index` of a test set: one of `words` in an unseen font on an unseen background."""
    rng = np.random.default_rng((seed, index))
    drawn = draw(rng, one_of(rng, words), "test")
    return Image.fromarray(drawn.image), row_of(drawn)


def draw_nothing(index: int, seed: int) -> folder.Drawing:
    """Image `index` of what is no captcha: in turn blank paper and pure noise."""
    rng = np.random.default_rng((seed, index))
    if index % 2 == 0:
        image = degrade.grain(rng, SIZE, degrade.colour(rng))
    else:
        image = degrade.gaussian_noise(rng, degrade.plain(rng, SIZE, degrade.colour(rng)), rng.uniform(20, 120))
    return degrade.to_image(image), {"text": "", "font": "", "boxes": ""}


def sets(seed: int = 0) -> dict[str, folder.DrawnSet]:
    """Every set by name. The seeds of the test sets are part of their definition and not of `seed`."""
    return {
        "easy": folder.DrawnSet(len(fonts.STUDY) * len(WORDS), partial(study.draw_easy, seed=seed)),
        "hard": folder.DrawnSet(
            len(study.COLOURS) * len(study.NOISE) * 5 * len(fonts.STUDY) * len(WORDS),
            partial(study.draw_hard, seed=seed),
        ),
        "train": folder.DrawnSet(200_000, partial(draw_mixed, split="train", seed=20260)),
        "validation": folder.DrawnSet(6000, partial(draw_mixed, split="validation", seed=20264)),
        "styles": folder.DrawnSet(150_000, partial(draw_style, split="train", seed=20265)),
        "styles-validation": folder.DrawnSet(3_000, partial(draw_style, split="validation", seed=20266)),
        "sparse": folder.DrawnSet(60_000, partial(draw_sparse, split="train", seed=20267)),
        "test-words": folder.DrawnSet(2000, partial(draw_test, words=WORDS, seed=20261)),
        "test-unseen-words": folder.DrawnSet(2000, partial(draw_test, words=dictionary(held_out=True), seed=20262)),
        "test-nothing": folder.DrawnSet(1000, partial(draw_nothing, seed=20263)),
    }


def main() -> None:
    parser = command.parser("captcha", __doc__)
    parser.add_argument("--seed", type=int, default=0, help="of easy and hard; the tests have their own")
    groups = {
        "easy": ("easy",),
        "hard": ("hard",),
        "train": ("train", "validation", "styles", "sparse"),
        "validation": ("validation", "styles-validation"),
        "tests": ("test-",),
    }
    command.draw(parser, groups, lambda args: sets(args.seed))


if __name__ == "__main__":
    main()
