"""Readers that write a text character by character: the network of `zoo.networks.seq2seq`, decoded by beam search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from zoo.decoding import ngram
from zoo.decoding.ngram import Floats, Ints, NGram
from zoo.decoding.probabilities import softmax
from zoo.readers.base import Decoding, Language, Look, SequenceReader
from zoo.readers.explain import Map, activation_map
from zoo.readers.prediction import Prediction
from zoo.runtime.graph import Array, Graph, Runtime
from zoo.text.alphabets import CharTokenizer

if TYPE_CHECKING:
    import torch
    from torch import nn

    from zoo.networks.seq2seq import Seq2Seq

BEAM = 5
WEIGHED = 10  # texts followed for a language model to choose from
MORE = 4  # times as many texts are looked at to find those that a language model wants followed
PRUNING = np.log(1e-3)  # relative threshold (Freitag & Al-Onaizan 2017): beyond BEAM, what is so much worse is dropped
LM_WEIGHT = 0.5  # of a language model while texts are followed, and in all for a checkpoint calibrated without

Preference = Callable[[Ints], Floats]


@dataclass(frozen=True)
class Hypothesis:
    """A text that the decoder wrote.

    Attributes:
        tokens: its characters and the closing `<eos>`.
        probabilities: of each token, given the ones before.
        attention: where the decoder looked for each token, float32 (tokens, N).
    """

    tokens: tuple[int, ...]
    probabilities: tuple[float, ...]
    attention: npt.NDArray[np.float32]

    @property
    def probability(self) -> float:
        """Of the whole text, its end included."""
        return float(np.prod(self.probabilities))


def decode(
    run: Runtime,
    encoded: Sequence[Array],
    longest: int,
    past: tuple[int, int, int],
    width: int,
    temperature: float,
    prefer: Preference | None = None,
) -> list[list[Hypothesis]]:
    """The most probable texts of each picture, by beam search; `width` 1 is greedy decoding.

    Args:
        run: computes the network's "step".
        encoded: what its "encode" made of a batch: the keys and values (B, heads, N, depth) of each layer.
        longest: the most characters that a text has.
        past: how many keys and values the decoder has, and the heads and depth of each.
        width: how many texts are followed for each picture.
        temperature: what the logits are divided by.
        prefer: shallow fusion (Gulcehre et al. 2015): what is added to the logarithms of texts' probabilities, (n,),
            when those are chosen that will be followed, from their tokens so far, (n, t).

    Returns:
        For each picture up to `width` texts, those that were preferred first, but for hopeless ones.
    """
    count, heads, depth = past
    batch = len(encoded[0])
    picture = np.arange(batch)[:, None]
    seen = _named("picture", encoded)
    own = [np.zeros((batch, 1, heads, 0, depth), np.float32)] * count
    tokens = np.full(picture.shape, CharTokenizer.bos, np.int64)
    scores = np.zeros(picture.shape)
    texts = np.zeros((*picture.shape, 0), np.int64)
    steps = []
    for position in range(longest + 1):
        logits, attention, *own = run("step", tokens=tokens, position=np.array(position), **_named("past", own), **seen)
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
        texts = np.concatenate([texts[picture, parents], chosen[..., None]], 2)
        hopeful = ranks >= ranks[:, :1] + PRUNING
        if prefer is not None and hopeful.sum() > batch:
            ranks[hopeful] += prefer(texts[hopeful])
            order, ranks = _best(ranks, width)
            best, parents, chosen, texts = (kept[picture, order] for kept in (best, parents, chosen, texts))
        scores = np.where(np.isfinite(ranks), totals[picture, best], -np.inf)
        steps.append((parents, chosen, probabilities[picture, parents, chosen], attention))
        tokens = np.where(np.isinf(scores) | (chosen == CharTokenizer.pad), CharTokenizer.eos, chosen)
        if (tokens == CharTokenizer.eos).all():
            break
        own = [kept[picture, parents] for kept in own]
    return [
        [_written(steps, i, int(beam)) for beam in np.flatnonzero(np.isfinite(row))] for i, row in enumerate(scores)
    ]


def _named(name: str, arrays: Sequence[npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
    """The decoder's keys and values as its graphs name them."""
    return {f"{name}_{i}": array for i, array in enumerate(arrays)}


def _best(scores: Floats, count: int) -> tuple[Ints, Floats]:
    """The places of up to `count` best scores of each row, and those scores: −inf beyond BEAM where hopeless."""
    places = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    found = scores[np.arange(len(scores))[:, None], places]
    rest = found[:, BEAM:]
    rest[rest < found[:, :1] + PRUNING] = -np.inf
    alive = np.isfinite(found).sum(1).max()
    return places[:, :alive], found[:, :alive]


def _written(steps: Sequence[tuple[npt.NDArray[Any], ...]], picture: int, beam: int) -> Hypothesis:
    """The text that ends in a beam of the last step, followed back to its first character."""
    seen = []
    for parents, chosen, probabilities, attention in reversed(steps):
        token, probability, beam = chosen[picture, beam], probabilities[picture, beam], parents[picture, beam]
        if token != CharTokenizer.pad:
            seen.append((int(token), float(probability), attention[picture, beam]))
    tokens, certain, looked = zip(*reversed(seen), strict=True)
    return Hypothesis(tokens, certain, np.stack(looked))


class Seq2SeqReader(SequenceReader):
    """Reads any text of its alphabet, up to a length."""

    fields: ClassVar = {**SequenceReader.fields, "model_args.longest": int}
    graph_names = ("encode", "step")
    small_graphs = ("step",)

    @staticmethod
    def build(config: Mapping[str, Any]) -> nn.Module:
        from zoo.networks.seq2seq import Seq2Seq

        return Seq2Seq(len(CharTokenizer(config["alphabet"])), **config["model_args"])

    @cached_property
    def tokenizer(self) -> CharTokenizer:
        """Between texts of its alphabet and tokens."""
        return CharTokenizer(self.config["alphabet"])

    @cached_property
    def texts(self) -> tuple[int, int]:
        return len(set(self.config["alphabet"].lower())), self.config["model_args"]["longest"]

    @property
    def past(self) -> tuple[int, int, int]:
        """How many keys and values the decoder has, two a layer, and the heads and depth of each."""
        args = {"width": 256, "heads": 4, "layers": 2} | self.config["model_args"]
        return 2 * args["layers"], args["heads"], args["width"] // args["heads"]

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        import torch

        from zoo.networks.seq2seq import Seq2Seq
        from zoo.runtime.torch import Method

        assert isinstance(network, Seq2Seq)
        count, heads, depth = self.past
        images = {"images": torch.zeros(2, 3, *self.settings.size)}
        any_width = {"images": {0: "batch", 3: "width"}}
        pictures, past, present = ([f"{name}_{i}" for i in range(count)] for name in ("picture", "past", "present"))
        step = Graph(
            Method(network, network.step),
            {"tokens": torch.ones(2, 3, dtype=torch.int64), "position": torch.tensor(1)}
            | dict.fromkeys(past, torch.zeros(2, 3, heads, 5, depth))
            | dict.fromkeys(pictures, torch.zeros(2, heads, 12, depth)),
            {"tokens": {0: "batch", 1: "texts"}}
            | dict.fromkeys(past, {0: "batch", 1: "texts", 3: "length"})
            | dict.fromkeys(pictures, {0: "batch", 2: "cells"}),
            ("logits", "attention", *present),
        )
        return {
            "encode": Graph(Method(network, network.encode), images, any_width, tuple(pictures)),
            "step": step,
            "features": Graph(Method(network, network.features), images, any_width, ("features",)),
        }

    def hypotheses(
        self,
        look: Look,
        width: int = BEAM,
        temperature: float | None = None,
        lm: NGram | None = None,
    ) -> list[list[Hypothesis]]:
        """Texts of each picture that was looked at, the network's best ones or those that `lm` prefers of them."""
        prefer = None if lm is None else partial(self._preference, lm)
        return decode(
            self._run, look.outputs, self.texts[1], self.past, width, temperature or self.settings.temperature, prefer
        )

    def _preference(self, lm: NGram, tokens: Ints) -> Floats:
        """What a language model adds to the logarithms of the probabilities of texts so far (n, t), (n,)."""
        texts = [self.tokenizer.decode(text) for text in tokens.tolist()]
        return LM_WEIGHT * lm.gains(texts, *self.texts, ended=tokens[:, -1] <= CharTokenizer.eos)

    def candidates(self, look: Look, temperature: float, lm: NGram) -> list[list[tuple[str, float]]]:
        found = self.hypotheses(look, WEIGHED, temperature, lm)
        return [[(self.tokenizer.decode(h.tokens), h.probability) for h in beams] for beams in found]

    def answers(
        self, look: Look, width: int | None = None, lm: Language = None
    ) -> list[list[tuple[Hypothesis, float]]]:
        """The best texts with the probability of each, once a language model has weighed them, best first."""
        weight = self.settings.language or (LM_WEIGHT if lm else 0.0)
        if lm is False or width == 1 or not weight:
            found = self.hypotheses(look, width or BEAM)
            return [[(h, h.probability) for h in beams] for beams in found]
        model, tokenizer = lm or ngram.english(), self.tokenizer
        answers = []
        for beams in self.hypotheses(look, width or WEIGHED, lm=model):
            gains = model.gains([tokenizer.decode(h.tokens) for h in beams], *self.texts)
            after = ngram.weighed([h.probability for h in beams], gains, weight)
            answers.append([(beams[i], float(after[i])) for i in np.argsort(-after, kind="stable")])
        return answers

    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        tokenizer, width = self.tokenizer, 1 if decoding.method == "greedy" else None
        found = []
        for picture, answers in zip(look.inputs, self.answers(look, width, decoding.lm), strict=True):
            best, confidence = answers[0]
            text = tokenizer.decode(best.tokens)
            found.append(
                Prediction(
                    text,
                    confidence,
                    tuple((tokenizer.decode(h.tokens), probability) for h, probability in answers[:BEAM]),
                    tuple((c, p, None) for c, p in zip(text, best.probabilities, strict=False)),
                    self.status(text, confidence, picture),
                    tokens=best.tokens,
                )
            )
        return found

    @property
    def layers(self) -> tuple[str, ...]:
        network = cast("Seq2Seq", self.network)
        return ("encoder.stem", *(f"encoder.blocks.{i}" for i in range(len(network.encoder.blocks))))

    def see(self, images: torch.Tensor) -> None:
        cast("Seq2Seq", self.network).encoder(images)

    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """The activation map of the answer, and the last layer's cross-attention of each character, mean of heads."""
        import torch

        from zoo.networks.seq2seq import Grid

        images = torch.from_numpy(look.inputs).to(self.device)
        tokens = torch.tensor([answer.tokens], device=self.device)
        before = torch.cat([torch.full_like(tokens[:, :1], CharTokenizer.bos), tokens[:, :-1]], 1)
        attention: list[torch.Tensor] = []

        def score() -> torch.Tensor:
            logits, looked = self.network(images, before)
            attention.append(looked)
            chosen: torch.Tensor = logits.gather(-1, tokens[..., None])
            return chosen.sum()

        cam = activation_map(self.explained_layer, score)
        grid = Grid(self.config["model_args"].get("output_stride", Grid.across))
        shape = grid.shape((look.inputs.shape[2], look.inputs.shape[3]))
        each = attention[0][0, : len(answer.text)].detach().float().cpu().numpy()
        return cam, np.asarray(each.reshape(-1, *shape), np.float32)
