"""CTC step by step, as HTML: the distribution of each frame, and how a path through the frames spells a text."""

import html
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
from PIL import Image

from demos.widgets import figures
from demos.widgets.answers import data_url, spelled
from zoo.decoding import ctc

Frames = npt.NDArray[np.floating]

SEEN = 0.02  # lowest probability of a symbol that is drawn
BLANK = "ε"
SPACE = "␣"
Run = tuple[int, int, int]  # a symbol, its first frame, and the frame after its last


def sign(symbol: int, alphabet: str) -> str:
    """A symbol as HTML; blank and space get visible signs."""
    return BLANK if symbol == ctc.BLANK else html.escape(alphabet[symbol - 1]).replace(" ", SPACE)


def runs(path: Sequence[int]) -> list[Run]:
    """Merges the repeats of a path."""
    found, at = [], 0
    for symbol, same in groupby(path):
        length = len(list(same))
        found.append((symbol, at, at + length))
        at += length
    return found


def ribbon(picture: Image.Image, frames: Frames, alphabet: str) -> str:
    """Each frame's distribution under its part of the network's input, the best path, and its collapse to a text.

    Frames are log-probabilities (T, 1 + alphabet); each covers an equal part of the input's width.
    """
    shares = np.exp(frames)
    path = ctc.best_path(frames).tolist()
    # The blank comes last, the others in the order of their peaks.
    symbols = sorted({*np.flatnonzero(shares.max(0) >= SEEN), ctc.BLANK}, key=lambda s: (s == 0, shares[:, s].argmax()))
    row_of = {symbol: row for row, symbol in enumerate(symbols, 2)}
    cells = "".join(
        f'<i style="grid-area: {row_of[s]} / {t + 2}; opacity: {shares[t, s]:.2f}" '
        f'title="frame {t + 1}: {sign(s, alphabet)} {figures.percent(shares[t, s])}"></i>'
        for t, s in np.argwhere(shares >= SEEN).tolist()
    )
    names = "".join(f'<b style="grid-area: {row} / 1">{sign(symbol, alphabet)}</b>' for symbol, row in row_of.items())
    single = [(symbol, t, t + 1) for t, symbol in enumerate(path)]
    merged = runs(path)
    kept = [run for run in merged if run[0] != ctc.BLANK]
    below = len(symbols) + 2
    steps = (("the best path", single), ("repeats merged", merged), ("blanks dropped", kept))
    rows = "".join(_row(below + 2 * i, f"{i + 1}. {name}", run, alphabet) for i, (name, run) in enumerate(steps))
    text = "".join(sign(symbol, alphabet) for symbol, _, _ in kept)
    return (
        f'<div class="wide"><div class="frames" style="--frames: {len(frames)}" role="img" '
        f'aria-label="The best path, frame by frame, spells {text or "nothing"}">'
        f'<img src="{data_url(picture, lossless=True)}" alt="" style="grid-area: 1 / 2 / 2 / -1">'
        f"{names}{cells}{rows}</div></div>"
    )


def _row(at: int, name: str, found: Sequence[Run], alphabet: str) -> str:
    """A row of symbols under their frames, below its name."""
    cells = "".join(
        f'<span class="{"blank" if symbol == ctc.BLANK else "sign"}" '
        f'style="grid-area: {at + 1} / {first + 2} / auto / {last + 2}">{sign(symbol, alphabet)}</span>'
        for symbol, first, last in found
    )
    return f'<em style="grid-area: {at} / 2 / auto / -1">{name}</em>{cells}'


def aligned(picture: Image.Image, frames: Frames, found: Sequence[ctc.Alignment], alphabet: str) -> str:
    """Paths that spell a text, under the picture, with their probabilities."""
    rows = "".join(
        _row(2 + 2 * i, f"{i + 1}. {_chance(one.probability)}", runs(one.path.tolist()), alphabet)
        for i, one in enumerate(found)
    )
    return (
        f'<div class="wide"><div class="frames" style="--frames: {len(frames)}">'
        f'<img src="{data_url(picture, lossless=True)}" alt="" style="grid-area: 1 / 2 / 2 / -1">{rows}</div></div>'
    )


def too_short(text: str, symbols: ctc.Text, count: int) -> str:
    """The error for a text that needs more frames than there are."""
    doubled = ctc.shortest(symbols) - len(symbols)
    between = f" and {doubled} for the blanks that must part its doubled ones" if doubled else ""
    return (
        f'<p class="problem" role="alert">{html.escape(text)} needs {ctc.shortest(symbols)} frames, {len(symbols)} for '
        f"its characters{between}; this picture has {count}. Try a shorter text or a wider picture.</p>"
    )


def _chance(logarithm: float) -> str:
    """The probability of a path, from its natural logarithm."""
    share = np.exp(logarithm)
    return f"a path of {100 * share:.2g} %" if share > 1e-4 else f"a path of 10<sup>{logarithm / np.log(10):.0f}</sup>"


def compared(answers: Sequence[tuple[str, str, float]]) -> str:
    """Table of the answers of several ways of decoding: name, text, confidence."""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(way)}</th><td class="text" dir="auto">{spelled(text) or "(nothing)"}</td>'
        f"<td>{html.escape(figures.percent(share))}</td></tr>"
        for way, text, share in answers
    )
    return f'<table class="ways"><tr><th>decoding</th><th>text</th><th>confidence</th></tr>{rows}</table>'


def survivors(held: Sequence[ctc.Followed], decode: Callable[[ctc.Text], str]) -> list[tuple[str, float]]:
    """The texts of a beam, with probabilities that add up to 1."""
    total = np.logaddexp.reduce([one.probability for one in held])
    return [(decode(one.text), float(np.exp(one.probability - total))) for one in held]
