"""Digits drawn by a pen: each hand writes ten that differ, two hands do not write alike."""

import numpy as np

from training.data.drawing import fonts, render
from training.data.drawing.pen import DRAWN, Hand

FACE = next(face for face in fonts.persian("train") if face.family == "dejavu-sans")


def test_every_hand_writes_every_sign_and_no_two_digits_alike() -> None:
    for seed in range(30):
        hand = Hand.of(np.random.default_rng(seed))
        drawn = {sign: np.asarray(hand.mask(sign, 40)) for sign in sorted(DRAWN)}
        assert all(mask.max() == 255 for mask in drawn.values())
        for digits in ("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"):
            assert len({drawn[digit].tobytes() for digit in digits}) == 10


def test_seven_opens_upwards_and_eight_downwards() -> None:
    for seed in range(30):
        hand = Hand.of(np.random.default_rng(seed))
        for sign, open_to in (("۷", 0.2), ("۸", -0.2)):
            ink = np.asarray(hand.mask(sign, 60)) > 127
            rows = np.flatnonzero(ink.any(1))
            middle = ink[:, ink.shape[1] // 2]
            foot = np.flatnonzero(middle).mean()
            assert np.sign(foot - rows.mean()) == np.sign(open_to)


def test_a_number_in_a_line_is_drawn_where_the_fonts_would_stand() -> None:
    hand = Hand.of(np.random.default_rng(3))
    printed, over = render.persian("شماره: ۱۲۳/۴۵", FACE, 40)
    written, above = render.persian("شماره: ۱۲۳/۴۵", FACE, 40, hand)
    assert abs(over - above) < 12 and abs(printed.mask.height - written.mask.height) < 14
    half = printed.mask.width // 3
    assert np.asarray(written.mask)[:, :half].any() and printed.mask.tobytes() != written.mask.tobytes()
    words = render.persian("شماره: AB", FACE, 40)[0].mask
    assert render.persian("شماره: AB", FACE, 40, hand)[0].mask.tobytes() == words.tobytes()
