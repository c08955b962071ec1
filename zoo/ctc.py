"""Connectionist temporal classification (Graves et al. 2006): from a network's frames to texts, and back.

A network that reads from left to right gives a distribution over its alphabet for every frame, a narrow strip of the
picture, with a blank for "nothing new here". A path has one symbol for each frame; a text is what is left of a path
once repeats are merged and blanks dropped, so that many paths spell the same text, and its probability is the sum of
theirs.

Everywhere `frames` are the natural logarithms of those distributions, float (T, C), and symbol 0 is the blank.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import ctc_loss

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Text = tuple[int, ...]  # symbols without blanks
Preference = Callable[[Sequence[Text]], Floats]

BLANK = 0
BEAM = 10
RARE = np.log(1e-4)  # symbols that are less likely in a frame are not followed


def collapse(path: Sequence[int]) -> Text:
    """The text that a path spells: repeats are merged, then blanks dropped.

    >>> collapse([0, 8, 8, 0, 5, 12, 0, 12, 12])
    (8, 5, 12, 12)
    """
    return tuple(symbol for i, symbol in enumerate(path) if symbol != BLANK and (i == 0 or symbol != path[i - 1]))


def best_path(frames: Floats) -> Ints:
    """The likeliest symbol of every frame, int (T,)."""
    return np.asarray(frames.argmax(1), np.int64)


def shortest(text: Sequence[int]) -> int:
    """The fewest frames in which a text can be spelled: a blank has to stand between two that are alike.

    >>> shortest([8, 5, 12, 12, 15])
    6
    """
    return len(text) + sum(one == other for one, other in zip(text, text[1:], strict=False))


def log_probabilities(frames: Floats, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
    """The natural logarithm of each text's probability, over all paths that spell it, (n,); −inf where none can."""
    if not texts:
        return np.zeros(0)
    spread = torch.from_numpy(np.asarray(frames, np.float64))[:, None].expand(-1, len(texts), -1)
    lengths = torch.tensor([len(text) for text in texts])
    targets = torch.tensor([symbol for text in texts for symbol in text], dtype=torch.int64)
    loss = ctc_loss(spread, targets, torch.full_like(lengths, len(frames)), lengths, BLANK, "none")
    return np.asarray(-loss.numpy(), np.float64)


class Followed(NamedTuple):
    """A text that a beam search holds after some frames."""

    text: Text
    probability: float  # natural logarithm, of the frames so far
    score: float  # the same with what a language model says of it, by which texts are chosen


def beam_search(
    frames: Floats, width: int = BEAM, prefer: Preference | None = None, trace: list[list[Followed]] | None = None
) -> list[Followed]:
    """Texts by prefix beam search (Hannun et al. 2014), the best score first.

    Args:
        frames: (T, C).
        width: how many texts are followed from frame to frame.
        prefer: shallow fusion: what is added to the logarithm of each text's probability, (n,), when those are chosen
            that will be followed.
        trace: gets the texts that survived each frame.

    Returns:
        Up to `width` texts. Their probabilities count the paths that were followed: `log_probabilities` counts all.
    """
    # of each text, the logarithms of the probability of its paths that end in a blank, and of those that do not
    held: dict[Text, tuple[float, float]] = {(): (0.0, -np.inf)}
    known: dict[Text, float] = {}
    ranked: list[Followed] = []
    for frame in np.asarray(frames, float):
        symbols = [int(symbol) for symbol in np.flatnonzero(frame > RARE) if symbol != BLANK]
        found: dict[Text, list[float]] = {}
        for text, (blank, other) in held.items():
            total = np.logaddexp(blank, other)
            last = text[-1] if text else BLANK
            stay = found.setdefault(text, [-np.inf, -np.inf])
            stay[0] = np.logaddexp(stay[0], total + frame[BLANK])
            if last:
                stay[1] = np.logaddexp(stay[1], other + frame[last])
            for symbol in symbols:
                grown = found.setdefault((*text, symbol), [-np.inf, -np.inf])
                grown[1] = np.logaddexp(grown[1], (blank if symbol == last else total) + frame[symbol])
        if prefer is not None and (new := [text for text in found if text not in known]):
            known |= zip(new, prefer(new).tolist(), strict=True)
        whole = ((text, float(np.logaddexp(blank, other))) for text, (blank, other) in found.items())
        scored = [Followed(text, total, total + known.get(text, 0.0)) for text, total in whole if np.isfinite(total)]
        ranked = sorted(scored, key=lambda one: -one.score)[:width]
        held = {one.text: (found[one.text][0], found[one.text][1]) for one in ranked}
        if trace is not None:
            trace.append(ranked)
    return ranked


@dataclass(frozen=True)
class Lexicon:
    """Words to choose from, as a prefix tree: what words share is looked at once.

    Attributes:
        words: (n,) each of symbols.
        symbols, parents: of each node but the root; a node's parent stands before it. The root is the last parent.
        ends: (n,) the node that each word ends at.
    """

    words: tuple[Text, ...]
    symbols: Ints = field(repr=False)
    parents: Ints = field(repr=False)
    ends: Ints = field(repr=False)

    @classmethod
    def of(cls, words: Sequence[Text]) -> "Lexicon":
        """The tree of some words, none of them empty."""
        nodes: dict[Text, int] = {}
        for word in words:
            for length in range(1, len(word) + 1):
                nodes.setdefault(word[:length], len(nodes))
        symbols = np.array([prefix[-1] for prefix in nodes], np.int64)
        parents = np.array([nodes.get(prefix[:-1], -1) for prefix in nodes], np.int64)
        return cls(tuple(words), symbols, parents, np.array([nodes[word] for word in words], np.int64))

    def log_probabilities(self, frames: Floats) -> npt.NDArray[np.float64]:
        """Of each word, over all paths that spell it, natural logarithm (n,): exact, by one pass over the tree.

        It is the forward algorithm with a tree in the place of one text.
        """
        count = len(self.symbols)
        twice = self.symbols == np.append(self.symbols, BLANK)[self.parents]  # as its parent: a blank has to part them
        # of each node and of the root, last: the probability of paths that end in a blank, and of those that do not
        blank, other = np.zeros(count + 1), np.zeros(count + 1)
        blank[-1], scale = 1.0, 0.0
        for frame in np.exp(np.asarray(frames, float)):
            total = blank + other
            come = np.where(twice, blank[self.parents], total[self.parents])
            other[:-1] = (other[:-1] + come) * frame[self.symbols]
            blank = total * frame[BLANK]
            largest = max(blank.max(), other.max())
            blank, other, scale = blank / largest, other / largest, scale + np.log(largest)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log((blank + other)[self.ends]) + scale)


class Alignment(NamedTuple):
    """A path that spells a text."""

    path: Ints  # (T,)
    probability: float  # natural logarithm
    spans: tuple[tuple[int, int], ...]  # of each symbol of the text, its first frame and the one behind its last


def alignments(frames: Floats, text: Sequence[int], count: int = 1) -> list[Alignment]:
    """The `count` most probable paths that spell a text, the best first; none where there are too few frames.

    Viterbi's algorithm over the text with a blank around every symbol, with the best `count` ways to each place kept.
    """
    if len(frames) < shortest(text):
        return []
    symbols = np.full(2 * len(text) + 1, BLANK)
    symbols[1::2] = text
    places = len(symbols)
    skips = np.zeros(places, bool)  # whether the blank before a symbol may be left out
    skips[3::2] = symbols[3::2] != symbols[1:-2:2]
    scores = np.full((places, count), -np.inf)
    scores[:2, 0] = frames[0, symbols[:2]]
    steps: list[tuple[Ints, Ints]] = []
    for frame in np.asarray(frames, float)[1:]:
        came = np.full((3, places, count), -np.inf)  # from the same place, from the one before, from that before it
        came[0] = scores
        came[1, 1:] = scores[:-1]
        came[2, 2:] = np.where(skips[2:, None], scores[:-2], -np.inf)
        ways = came.transpose(1, 0, 2).reshape(places, -1)
        best = np.argsort(-ways, axis=1, kind="stable")[:, :count]
        scores = np.take_along_axis(ways, best, 1) + frame[symbols][:, None]
        steps.append(np.divmod(best, count))
    last = scores[-2:] if len(text) else scores
    found = []
    for number in np.argsort(-last, axis=None, kind="stable")[:count]:
        place, rank = divmod(int(number), count)
        if not np.isfinite(last[place, rank]):
            break
        probability = float(last[place, rank])
        place += places - len(last)
        walk = [place]
        for back, ranks in reversed(steps):  # places back, and which of the ways there
            place, rank = place - int(back[place, rank]), int(ranks[place, rank])
            walk.append(place)
        at = np.array(walk[::-1])
        spans = [np.flatnonzero(at == 2 * i + 1) for i in range(len(text))]
        found.append(Alignment(symbols[at], probability, tuple((int(s[0]), int(s[-1]) + 1) for s in spans)))
    return found
