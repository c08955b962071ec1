"""Readers that write a text character by character: the network of `zoo.networks.seq2seq`, decoded by beam search."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from zoo.decoding.beam import BEAM, Hypothesis, search
from zoo.decoding.fusion import Fusion
from zoo.decoding.ngram import Floats, Ints, NGram
from zoo.readers.base import Decoding, Look, SequenceReader
from zoo.readers.explain import Map, activation_map
from zoo.readers.prediction import Prediction
from zoo.runtime.graph import Graph
from zoo.text.alphabets import CharTokenizer

if TYPE_CHECKING:
    import torch
    from torch import nn

    from zoo.networks.seq2seq import Seq2Seq

WEIGHED = 10  # texts followed for a language model to choose from


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
        """Turns texts of its alphabet into tokens and back."""
        return CharTokenizer(self.config["alphabet"])

    @cached_property
    def texts(self) -> tuple[int, int]:
        return len(set(self.config["alphabet"].lower())), self.config["model_args"]["longest"]

    @property
    def past(self) -> tuple[int, int, int]:
        """Number of the decoder's keys and values, two a layer, and the heads and depth of each."""
        args = {"width": 256, "heads": 4, "layers": 2} | self.config["model_args"]
        return 2 * args["layers"], args["heads"], args["width"] // args["heads"]

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        import torch

        from zoo.runtime.torch import Method

        seq2seq = cast("Seq2Seq", network)
        count, heads, depth = self.past
        pictures, past, present = ([f"{name}_{i}" for i in range(count)] for name in ("picture", "past", "present"))
        step = Graph(
            Method(network, seq2seq.step),
            {"tokens": torch.ones(2, 3, dtype=torch.int64), "position": torch.tensor(1)}
            | dict.fromkeys(past, torch.zeros(2, 3, heads, 5, depth))
            | dict.fromkeys(pictures, torch.zeros(2, heads, 12, depth)),
            {"tokens": {0: "batch", 1: "texts"}}
            | dict.fromkeys(past, {0: "batch", 1: "texts", 3: "length"})
            | dict.fromkeys(pictures, {0: "batch", 2: "cells"}),
            ("logits", "attention", *present),
        )
        return {
            "encode": self.graph(Method(network, seq2seq.encode), *pictures),
            "step": step,
            "features": self.graph(Method(network, seq2seq.features), "features"),
        }

    def hypotheses(
        self, look: Look, width: int = BEAM, temperature: float | None = None, lm: NGram | None = None
    ) -> list[list[Hypothesis]]:
        """The beam's texts for each picture, best first; if `lm` is given, it helps to choose which texts stay."""
        prefer = None if lm is None else partial(self._preference, Fusion(lm, *self.texts))
        temperature = temperature or self.settings.temperature
        return search(self._run, look.outputs, self.texts[1], self.past, width, temperature, prefer)

    def _preference(self, fusion: Fusion, tokens: Ints) -> Floats:
        """What a language model adds to the logarithms of the probabilities of tokens so far (n, t), (n,)."""
        texts = [self.tokenizer.decode(text) for text in tokens.tolist()]
        return fusion.preference(texts, tokens[:, -1] <= CharTokenizer.eos)

    def candidates(self, look: Look, temperature: float, lm: NGram) -> list[list[tuple[str, float]]]:
        beams = self.hypotheses(look, WEIGHED, temperature, lm)
        return [[(self.tokenizer.decode(h.tokens), h.probability) for h in beam] for beam in beams]

    def answers(self, look: Look, decoding: Decoding) -> list[list[tuple[Hypothesis, float]]]:
        """The best texts of each picture with their probabilities, weighed by a language model, best first."""
        if decoding.method == "greedy" or (fusion := self.fusion(decoding.lm)) is None:
            beams = self.hypotheses(look, 1 if decoding.method == "greedy" else BEAM)
            return [[(h, h.probability) for h in beam] for beam in beams]
        answers = []
        for beam in self.hypotheses(look, WEIGHED, lm=fusion.model):
            after = fusion.weighed([self.tokenizer.decode(h.tokens) for h in beam], [h.probability for h in beam])
            answers.append([(beam[i], float(after[i])) for i in np.argsort(-after, kind="stable")])
        return answers

    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        predictions = []
        for pixels, answers in zip(look.inputs, self.answers(look, decoding), strict=True):
            best = answers[0][0]
            texts = [(self.tokenizer.decode(h.tokens), probability) for h, probability in answers]
            characters = ((c, p, None) for c, p in zip(texts[0][0], best.probabilities, strict=False))
            predictions.append(self.prediction(texts, characters, pixels, best.tokens))
        return predictions

    @property
    def layers(self) -> tuple[str, ...]:
        network = cast("Seq2Seq", self.network)
        return ("encoder.stem", *(f"encoder.blocks.{i}" for i in range(len(network.encoder.blocks))))

    def see(self, images: torch.Tensor) -> None:
        cast("Seq2Seq", self.network).encoder(images)

    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """The answer's activation map; for each character the last layer's cross-attention, mean of its heads."""
        import torch

        from zoo.networks.seq2seq import Grid

        images = torch.from_numpy(look.inputs).to(self.device)
        tokens = torch.tensor([answer.tokens], device=self.device)
        before = torch.cat([torch.full_like(tokens[:, :1], CharTokenizer.bos), tokens[:, :-1]], 1)
        attention: list[torch.Tensor] = []

        def score() -> torch.Tensor:
            logits, weights = self.network(images, before)
            attention.append(weights)
            chosen: torch.Tensor = logits.gather(-1, tokens[..., None])
            return chosen.sum()

        cam = activation_map(self.explained_layer, score)
        grid = Grid(self.config["model_args"].get("output_stride", Grid.across))
        shape = grid.shape((look.inputs.shape[2], look.inputs.shape[3]))
        each = attention[0][0, : len(answer.text)].detach().float().cpu().numpy()
        return cam, np.asarray(each.reshape(-1, *shape), np.float32)
