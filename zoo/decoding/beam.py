"""Beam search over the texts of a decoder that writes token by token. CTC has its own, in `zoo.decoding.ctc`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.decoding.ngram import Floats, Ints
from zoo.decoding.probabilities import softmax
from zoo.runtime.graph import Array, Runtime
from zoo.text.alphabets import CharTokenizer

BEAM = 5
MORE = 4  # times as many texts are considered where a language model has preferences
PRUNING = np.log(1e-3)  # relative threshold (Freitag & Al-Onaizan 2017): beyond BEAM, what is so much worse is dropped

Preference = Callable[[Ints], Floats]


@dataclass(frozen=True)
class Hypothesis:
    """A text that the decoder wrote."""

    tokens: tuple[int, ...]  # its characters and the closing `<eos>`
    probabilities: tuple[float, ...]  # of each token, given the ones before

    @property
    def probability(self) -> float:
        """Of the whole text, its end included."""
        return float(np.prod(self.probabilities))


def search(
    run: Runtime,
    encoded: Sequence[Array],
    longest: int,
    past: tuple[int, int, int],
    width: int,
    temperature: float,
    prefer: Preference | None = None,
) -> list[list[Hypothesis]]:
    """The most probable texts of each picture; `width` 1 is greedy decoding.

    Args:
        run: computes the network's "step".
        encoded: output of its "encode" for a batch: the keys and values (B, heads, N, depth) of each layer.
        longest: the most characters that a text has.
        past: how many keys and values the decoder has, and the heads and depth of each.
        width: how many texts are followed for each picture.
        temperature: what the logits are divided by.
        prefer: shallow fusion: takes the tokens (n, t) of the texts so far; returns bonuses (n,). They are added to the
            log-probabilities when the beam chooses which texts to keep.

    Returns:
        For each picture up to `width` texts, the highest score first; far less probable texts are dropped.
    """
    count, heads, depth = past
    batch = len(encoded[0])
    picture = np.arange(batch)[:, None]
    pictures = _named("picture", encoded)
    states = [np.zeros((batch, 1, heads, 0, depth), np.float32)] * count
    tokens = np.full(picture.shape, CharTokenizer.bos, np.int64)
    scores = np.zeros(picture.shape)
    texts, chances = np.zeros((*picture.shape, 0), np.int64), np.zeros((*picture.shape, 0), np.float32)
    for position in range(longest + 1):
        logits, _, *states = run(
            "step", tokens=tokens, position=np.array(position), **_named("past", states), **pictures
        )
        probabilities = softmax(logits / temperature)
        # A closed text goes on with <pad> for nothing; an open one with anything else; the last slot can only close.
        with np.errstate(divide="ignore"):
            gains = np.log(probabilities, dtype=np.float64)
        gains[..., : CharTokenizer.eos] = -np.inf
        if position == longest:
            gains[..., CharTokenizer.eos + 1 :] = -np.inf
        closed = tokens == CharTokenizer.eos
        gains[closed] = -np.inf
        gains[closed, CharTokenizer.pad] = 0.0
        totals = (scores[..., None] + gains).reshape(batch, -1)
        best, ranks = _best(totals, width if prefer is None else MORE * width)
        parents, chosen = np.divmod(best, gains.shape[-1])
        longer = np.concatenate([texts[picture, parents], chosen[..., None]], 2)
        hopeful = ranks >= ranks[:, :1] + PRUNING
        if prefer is not None and hopeful.sum() > batch:
            ranks[hopeful] += prefer(longer[hopeful])
            order, ranks = _best(ranks, width)
            best, parents, chosen, longer = (kept[picture, order] for kept in (best, parents, chosen, longer))
        scores = np.where(np.isfinite(ranks), totals[picture, best], -np.inf)
        texts = longer
        chances = np.concatenate([chances[picture, parents], probabilities[picture, parents, chosen, None]], 2)
        tokens = np.where(np.isinf(scores) | (chosen == CharTokenizer.pad), CharTokenizer.eos, chosen)
        if (tokens == CharTokenizer.eos).all():
            break
        states = [kept[picture, parents] for kept in states]
    beams: list[list[Hypothesis]] = [[] for _ in range(batch)]
    for i, beam in np.argwhere(np.isfinite(scores)):
        written = texts[i, beam] != CharTokenizer.pad
        beams[i].append(Hypothesis(tuple(texts[i, beam][written].tolist()), tuple(chances[i, beam][written].tolist())))
    return beams


def _named(name: str, arrays: Sequence[npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
    """Keys and values under the names that the decoder's graph has for them."""
    return {f"{name}_{i}": array for i, array in enumerate(arrays)}


def _best(scores: Floats, count: int) -> tuple[Ints, Floats]:
    """Where up to `count` best scores of each row are, and those scores: −inf beyond BEAM where hopeless."""
    places = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    best = np.take_along_axis(scores, places, 1)
    rest = best[:, BEAM:]
    rest[rest < best[:, :1] + PRUNING] = -np.inf
    alive = np.isfinite(best).sum(1).max()
    return places[:, :alive], best[:, :alive]
