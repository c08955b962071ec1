"""Connectionist temporal classification (Graves et al. 2006): from a network's frames to texts, and back.

A network that reads from left to right gives a distribution over its alphabet for every frame, a narrow strip of the
picture, with a blank for "nothing new here". A path has one symbol for each frame; a text is what is left of a path
once repeats are merged and blanks dropped, so that many paths spell the same text, and its probability is the sum of
theirs.

Everywhere `frames` are the natural logarithms of those distributions, float (T, C), and symbol 0 is the blank.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Text = tuple[int, ...]  # symbols without blanks
Preference = Callable[[Sequence[Text]], Floats]

BLANK = 0
FRAME = 4  # pixels of a picture across: the strip that is a frame
BEAM = 10
RARE = math.log(1e-3)  # symbols that are less likely in a frame are not followed
FAR = 10.0  # nor are texts whose score is so much less than the best one's


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
    """The natural logarithm of each text's probability, over all paths that spell it, (n,); −inf where none can.

    The forward algorithm of Graves et al., for all texts at once.
    """
    if not texts:
        return np.zeros(0)
    symbols, skips = (np.stack(parts) for parts in zip(*_places(texts), strict=True))
    seen = np.asarray(frames, float)[:, symbols]
    scores = np.full((3, *symbols.shape), -np.inf)  # of paths that stand there, came from one place before, from two
    scores[0, :, :2] = seen[0, :, :2]
    for frame in seen[1:]:
        scores[1, :, 1:] = scores[0, :, :-1]
        scores[2, :, 2:] = scores[0, :, :-2] + skips[:, 2:]
        scores[0] = np.logaddexp.reduce(scores) + frame
    ends = 2 * np.array([len(text) for text in texts])
    rows = np.arange(len(texts))
    behind = scores[0, rows, ends]
    return np.asarray(np.where(ends > 0, np.logaddexp(behind, scores[0, rows, ends - 1]), behind))


def _places(texts: Sequence[Sequence[int]]) -> Iterator[tuple[Ints, Floats]]:
    """The places of each text, its symbols with a blank around each: what stands there, and what a skip to it costs.

    All are as many as the longest text has. A blank before a symbol may be left out, at no cost, unless it parts two
    that are alike; all other skips cost everything.
    """
    most = 2 * max(map(len, texts)) + 1
    for text in texts:
        symbols = np.full(most, BLANK)
        symbols[1 : 2 * len(text) : 2] = text
        skips = np.full(most, -np.inf)
        skips[3::2][symbols[3::2] != symbols[1:-2:2]] = 0.0
        yield symbols, skips


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
    rows, columns = np.nonzero(frames[:, 1:] > RARE)
    likely, ends = (columns + 1).tolist(), np.searchsorted(rows, np.arange(1, len(frames) + 1)).tolist()
    # of each text, the logarithms of the probability of its paths that end in a blank, of those that do not, of all
    held: dict[Text, tuple[float, float, float]] = {(): (0.0, -math.inf, 0.0)}
    known: dict[Text, float] = {}
    ranked = [Followed((), 0.0, 0.0)]
    for frame, start, end in zip(frames.tolist(), [0, *ends], ends, strict=False):
        if start == end:  # it is blank: all texts stay, each as likely to the others as it was
            ranked = [Followed(text, own + frame[BLANK], score + frame[BLANK]) for text, own, score in ranked]
            held = {text: (own, -math.inf, own) for text, own, _ in ranked}
            if trace is not None:
                trace.append(ranked)
            continue
        found: dict[Text, tuple[float, float]] = {}
        for text, (blank, other, total) in held.items():
            last = text[-1] if text else BLANK
            before, grown = found.get(text, IMPOSSIBLE)  # as one of the texts that another grew to
            stayed = other + frame[last] if last else -math.inf
            found[text] = _either(before, total + frame[BLANK]), _either(grown, stayed)
            for symbol in likely[start:end]:
                longer = (*text, symbol)
                before, grown = found.get(longer, IMPOSSIBLE)
                found[longer] = before, _either(grown, (blank if symbol == last else total) + frame[symbol])
        if prefer is not None and (new := [text for text in found if text not in known]):
            known.update(zip(new, prefer(new).tolist(), strict=True))
        whole = {text: total for text, ways in found.items() if (total := _either(*ways)) > -math.inf}
        scored = [Followed(text, total, total + known.get(text, 0.0)) for text, total in whole.items()]
        worst = max(one.score for one in scored) - FAR
        ranked = sorted((one for one in scored if one.score >= worst), key=lambda one: -one.score)[:width]
        held = {one.text: (*found[one.text], one.probability) for one in ranked}
        if trace is not None:
            trace.append(ranked)
    return ranked


IMPOSSIBLE = -math.inf, -math.inf


def _either(one: float, other: float) -> float:
    """The logarithm of a sum of probabilities, from theirs."""
    if one < other:
        one, other = other, one
    return one if other == -math.inf else one + math.log1p(math.exp(other - one))


def near(frames: Floats, count: int) -> list[Text]:
    """Up to `count` texts that the best path spells once a frame of it has another symbol, the likeliest change first.

    What a beam search finds beside a sure answer only when it follows much that is hopeless.
    """
    path = best_path(frames)
    losses = frames[np.arange(len(path)), path][:, None] - frames
    losses[np.arange(len(path)), path] = np.inf
    looked = min(2 * len(path), losses.size - 1)
    changes = np.argpartition(losses, looked, axis=None)[:looked]
    found: dict[Text, None] = {}
    spelled = path.tolist()
    best = collapse(spelled)
    for change in changes[np.argsort(losses.ravel()[changes])].tolist():
        frame, symbol = divmod(change, frames.shape[1])
        text = collapse([*spelled[:frame], symbol, *spelled[frame + 1 :]])
        if text != best:
            found[text] = None
        if len(found) == count:
            break
    return list(found)


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
    likeliest = best_path(frames)
    if count == 1 and collapse(likeliest.tolist()) == tuple(text):  # no path is better
        new = np.diff(likeliest, prepend=BLANK) != 0
        places = 2 * np.cumsum(new & (likeliest != BLANK)) - (likeliest != BLANK)
        return [Alignment(likeliest, float(np.asarray(frames, float).max(1).sum()), _spans(places, len(text)))]
    if len(frames) < shortest(text):
        return []
    [(symbols, skips)] = _places([text])
    places = len(symbols)
    seen = np.asarray(frames, float)[:, symbols, None]
    scores = np.full((places, count), -np.inf)
    scores[:2, 0] = seen[0, :2, 0]
    ways = np.full((places, 3, count), -np.inf)  # from the same place, from the one before, from that before it
    rows = np.arange(places)[:, None]
    steps: list[tuple[Ints, Ints]] = []
    for frame in seen[1:]:
        ways[:, 0] = scores
        ways[1:, 1] = scores[:-1]
        ways[2:, 2] = scores[:-2] + skips[2:, None]
        every = ways.reshape(places, -1)
        best = every.argmax(1)[:, None] if count == 1 else np.argsort(-every, axis=1, kind="stable")[:, :count]
        scores = every[rows, best] + frame
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
        found.append(Alignment(symbols[at], probability, _spans(at, len(text))))
    return found


def _spans(at: Ints, count: int) -> tuple[tuple[int, int], ...]:
    """Of each of the symbols, its first frame and the one behind its last, from the place that each frame stands at."""
    own = 2 * np.arange(count) + 1
    return tuple(zip(np.searchsorted(at, own).tolist(), np.searchsorted(at, own, "right").tolist(), strict=True))
