"""Connectionist temporal classification (Graves et al. 2006): from a network's frames to texts, and back.

The network gives a distribution over its alphabet for every frame, a narrow strip of the picture. Symbol 0, the blank,
stands for "nothing new here". A path has one symbol for each frame. It spells a text once repeats are merged and blanks
dropped. Many paths spell the same text, whose probability is the sum of theirs.

Everywhere `frames` are the natural logarithms of those distributions, float (T, C).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Text = tuple[int, ...]  # symbols without blanks
Preference = Callable[[Sequence[Text]], Floats]

BLANK = 0
FRAME = 4  # width of a frame in pixels of the network's input
BEAM = 10  # texts
RARE = math.log(1e-3)  # a symbol that is less likely in a frame is not followed
FAR = 10.0  # nor is a text whose score is so much lower than the best one's


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
    """The fewest frames that can spell a text: equal neighbours need a blank between them.

    >>> shortest([8, 5, 12, 12, 15])
    6
    """
    return len(text) + sum(one == other for one, other in zip(text, text[1:], strict=False))


def log_probabilities(frames: Floats, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
    """Natural logarithm of each text's probability over all paths, (n,); −inf if no path spells it.

    The forward algorithm of Graves et al., for all texts at once.
    """
    if not texts:
        return np.zeros(0)
    symbols, skips = (np.stack(parts) for parts in zip(*_states(texts), strict=True))
    likelihoods = np.asarray(frames, float)[:, symbols]
    scores = np.full((3, *symbols.shape), -np.inf)  # of paths that stay in a state, come from the one before, skip one
    scores[0, :, :2] = likelihoods[0, :, :2]
    for frame in likelihoods[1:]:
        scores[1, :, 1:] = scores[0, :, :-1]
        scores[2, :, 2:] = scores[0, :, :-2] + skips[:, 2:]
        scores[0] = np.logaddexp.reduce(scores) + frame
    ends = 2 * np.array([len(text) for text in texts])
    rows = np.arange(len(texts))
    in_blank = scores[0, rows, ends]
    return np.asarray(np.where(ends > 0, np.logaddexp(in_blank, scores[0, rows, ends - 1]), in_blank))


def _states(texts: Sequence[Sequence[int]]) -> Iterator[tuple[Ints, Floats]]:
    """States of each text, its symbols with a blank around each, (S,), and the log cost of skipping to each, (S,).

    S is that of the longest text. The blank before a symbol may be skipped at no cost, unless it separates two equal
    symbols; no other state may be.
    """
    count = 2 * max(map(len, texts)) + 1
    for text in texts:
        symbols = np.full(count, BLANK)
        symbols[1 : 2 * len(text) : 2] = text
        skips = np.full(count, -np.inf)
        skips[3::2][symbols[3::2] != symbols[1:-2:2]] = 0.0
        yield symbols, skips


class Followed(NamedTuple):
    """A text in the beam after some frames."""

    text: Text
    probability: float  # natural logarithm, of the frames so far
    score: float  # the same with a language model's preference; it decides which texts stay


def beam_search(
    frames: Floats, width: int = BEAM, prefer: Preference | None = None, trace: list[list[Followed]] | None = None
) -> list[Followed]:
    """Texts by prefix beam search (Hannun et al. 2014), the best score first.

    Args:
        frames: (T, C).
        width: number of texts that are followed from frame to frame.
        prefer: shallow fusion: takes texts; returns what is added to the logarithms of their probabilities, (n,).
        trace: gets the texts that survived each frame.

    Returns:
        Up to `width` texts. Their probabilities count the followed paths alone; `log_probabilities` counts all.
    """
    rows, columns = np.nonzero(frames[:, 1:] > RARE)
    likely, ends = (columns + 1).tolist(), np.searchsorted(rows, np.arange(1, len(frames) + 1)).tolist()
    # log probabilities of each text's paths that end in a blank, of those that do not, and of all
    held: dict[Text, tuple[float, float, float]] = {(): (0.0, -math.inf, 0.0)}
    known: dict[Text, float] = {}
    ranked = [Followed((), 0.0, 0.0)]
    for frame, start, end in zip(frames.tolist(), [0, *ends], ends, strict=False):
        if start == end:  # a blank frame: all texts stay, in their order
            ranked = [Followed(text, own + frame[BLANK], score + frame[BLANK]) for text, own, score in ranked]
            held = {text: (own, -math.inf, own) for text, own, _ in ranked}
            if trace is not None:
                trace.append(ranked)
            continue
        grown: dict[Text, tuple[float, float]] = {}
        for text, (blank, other, total) in held.items():
            last = text[-1] if text else BLANK
            in_blank, in_symbol = grown.get(text, IMPOSSIBLE)  # a shorter text may have grown to it
            stayed = other + frame[last] if last else -math.inf
            grown[text] = _either(in_blank, total + frame[BLANK]), _either(in_symbol, stayed)
            for symbol in likely[start:end]:
                longer = (*text, symbol)
                in_blank, in_symbol = grown.get(longer, IMPOSSIBLE)
                grown[longer] = in_blank, _either(in_symbol, (blank if symbol == last else total) + frame[symbol])
        if prefer is not None and (new := [text for text in grown if text not in known]):
            known.update(zip(new, prefer(new).tolist(), strict=True))
        totals = {text: total for text, ways in grown.items() if (total := _either(*ways)) > -math.inf}
        scored = [Followed(text, total, total + known.get(text, 0.0)) for text, total in totals.items()]
        worst = max(one.score for one in scored) - FAR
        ranked = sorted((one for one in scored if one.score >= worst), key=lambda one: -one.score)[:width]
        held = {one.text: (*grown[one.text], one.probability) for one in ranked}
        if trace is not None:
            trace.append(ranked)
    return ranked


IMPOSSIBLE = -math.inf, -math.inf


def _either(one: float, other: float) -> float:
    """Log of the sum of two probabilities, given as logs."""
    if one < other:
        one, other = other, one
    return one if other == -math.inf else one + math.log1p(math.exp(other - one))


def near(frames: Floats, count: int) -> list[Text]:
    """Up to `count` texts that arise if one frame of the best path takes another symbol, the likeliest first.

    If the network is sure of one text, a beam search finds these only with a far greater width.
    """
    path = best_path(frames)
    losses = frames[np.arange(len(path)), path][:, None] - frames
    losses[np.arange(len(path)), path] = np.inf
    most = min(2 * len(path), losses.size - 1)
    changes = np.argpartition(losses, most, axis=None)[:most]
    texts: dict[Text, None] = {}  # in order, each once
    spelled = path.tolist()
    best = collapse(spelled)
    for change in changes[np.argsort(losses.ravel()[changes])].tolist():
        frame, symbol = divmod(change, frames.shape[1])
        text = collapse([*spelled[:frame], symbol, *spelled[frame + 1 :]])
        if text != best:
            texts[text] = None
        if len(texts) == count:
            break
    return list(texts)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words to choose from, as a prefix tree: prefixes that words share are computed once."""

    symbols: Ints  # of each node but the root, parents first; the root is node −1
    parents: Ints  # of the same nodes
    ends: Ints  # (n,) the node that each word ends at

    @classmethod
    def of(cls, words: Sequence[Text]) -> "Lexicon":
        """The tree of words, none of them empty."""
        nodes: dict[Text, int] = {}
        for word in words:
            for length in range(1, len(word) + 1):
                nodes.setdefault(word[:length], len(nodes))
        symbols = np.array([prefix[-1] for prefix in nodes], np.int64)
        parents = np.array([nodes.get(prefix[:-1], -1) for prefix in nodes], np.int64)
        return cls(symbols, parents, np.array([nodes[word] for word in words], np.int64))

    def log_probabilities(self, frames: Floats) -> npt.NDArray[np.float64]:
        """Natural logarithm of each word's probability over all paths, (n,): the forward algorithm over the tree."""
        count = len(self.symbols)
        twice = self.symbols == np.append(self.symbols, BLANK)[self.parents]  # equal to its parent: needs a blank
        # probability of paths that end in a blank, and of those that do not, at each node and, last, at the root
        blank, other = np.zeros(count + 1), np.zeros(count + 1)
        blank[-1], scale = 1.0, 0.0
        for frame in np.exp(np.asarray(frames, float)):
            total = blank + other
            arriving = np.where(twice, blank[self.parents], total[self.parents])
            other[:-1] = (other[:-1] + arriving) * frame[self.symbols]
            blank = total * frame[BLANK]
            largest = max(blank.max(), other.max())
            blank, other, scale = blank / largest, other / largest, scale + np.log(largest)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log((blank + other)[self.ends]) + scale)


class Alignment(NamedTuple):
    """A path that spells a text."""

    path: Ints  # (T,)
    probability: float  # natural logarithm
    spans: tuple[tuple[int, int], ...]  # first frame of each symbol of the text, and the one after its last


def alignments(frames: Floats, text: Sequence[int], count: int = 1) -> list[Alignment]:
    """The `count` most probable paths that spell a text, the best first; none if the frames are too few.

    The Viterbi algorithm, with the `count` best paths to each state.
    """
    likeliest = best_path(frames)
    if count == 1 and collapse(likeliest.tolist()) == tuple(text):  # no path is better
        new = np.diff(likeliest, prepend=BLANK) != 0
        states = 2 * np.cumsum(new & (likeliest != BLANK)) - (likeliest != BLANK)
        return [Alignment(likeliest, float(np.asarray(frames, float).max(1).sum()), _spans(states, len(text)))]
    if len(frames) < shortest(text):
        return []
    [(symbols, skips)] = _states([text])
    likelihoods = np.asarray(frames, float)[:, symbols, None]
    scores = np.full((len(symbols), count), -np.inf)
    scores[:2, 0] = likelihoods[0, :2, 0]
    ways = np.full((len(symbols), 3, count), -np.inf)  # from the same state, the one before, the one before that
    rows = np.arange(len(symbols))[:, None]
    steps: list[tuple[Ints, Ints]] = []
    for frame in likelihoods[1:]:
        ways[:, 0] = scores
        ways[1:, 1] = scores[:-1]
        ways[2:, 2] = scores[:-2] + skips[2:, None]
        every = ways.reshape(len(symbols), -1)
        best = every.argmax(1)[:, None] if count == 1 else np.argsort(-every, axis=1, kind="stable")[:, :count]
        scores = every[rows, best] + frame
        steps.append(np.divmod(best, count))
    scores[:-2] = -np.inf  # a path ends in the last symbol or in the blank after it
    paths = []
    for number in np.argsort(-scores, axis=None, kind="stable")[:count]:
        state, rank = divmod(int(number), count)
        probability = float(scores[state, rank])
        if not np.isfinite(probability):
            break
        walk = [state]
        for back, ranks in reversed(steps):  # how many states back, and which of the paths there
            state, rank = state - int(back[state, rank]), int(ranks[state, rank])
            walk.append(state)
        states = np.array(walk[::-1])
        paths.append(Alignment(symbols[states], probability, _spans(states, len(text))))
    return paths


def _spans(states: Ints, count: int) -> tuple[tuple[int, int], ...]:
    """First frame of each of `count` symbols, and the one after its last, from the state of each frame."""
    own = 2 * np.arange(count) + 1
    return tuple(
        zip(np.searchsorted(states, own).tolist(), np.searchsorted(states, own, "right").tolist(), strict=True)
    )
