"""Readers of words and lines of any length: the network of `zoo.networks.crnn`, spelled by CTC (`zoo.decoding.ctc`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from zoo.decoding import ctc
from zoo.decoding.fusion import Fusion
from zoo.decoding.ngram import NGram, persian
from zoo.decoding.probabilities import log_softmax
from zoo.errors import InputError
from zoo.images import preprocess
from zoo.readers.base import BEST, Decoding, Look, SequenceReader
from zoo.readers.explain import Map, activation_map
from zoo.readers.prediction import Box, Prediction
from zoo.runtime.graph import Graph
from zoo.text import direction
from zoo.text.normalise import folded

if TYPE_CHECKING:
    import torch
    from torch import nn

    from zoo.networks.crnn import CRNN

NEAR = 8  # spellings of a word that a language model chooses from
SURE = 0.97  # probability from which on a word keeps its spelling
TRUST = 0.4  # share of a model's gain, a logarithm, that counts in a line's confidence
WORD = 20  # letters of the longest word
ELSE = 0.01  # prior probability that a picture shows no word of a lexicon

Frames = npt.NDArray[np.float32]


def encode(text: str, alphabet: str, right_to_left: bool = False) -> ctc.Text:
    """A text's symbols from left to right: the positions of its characters in the alphabet, from 1.

    A text that runs from right to left is Persian and folded first.

    Raises:
        InputError: a character is not in the alphabet.
    """
    visual = direction.visual(folded(text)).text if right_to_left else text
    if unknown := next((character for character in visual if character not in alphabet), None):
        raise InputError(f"This reader does not know the {unknown!r} of {text!r}; leave that out.")
    return tuple(alphabet.index(character) + 1 for character in visual)


@lru_cache(maxsize=4)
def _tree(words: tuple[str, ...], alphabet: str, right_to_left: bool) -> tuple[ctc.Lexicon, dict[str, ctc.Text]]:
    """The tree of the words in lower case, and for each of these the symbols of the first word that it stands for."""
    spelled = {word.lower(): encode(word, alphabet, right_to_left) for word in reversed(words)}
    return ctc.Lexicon.of([encode(word, alphabet, right_to_left) for word in spelled]), spelled


def _scored(frames: Frames, texts: Sequence[ctc.Text]) -> list[tuple[ctc.Text, float]]:
    """Texts with their probabilities."""
    return list(zip(texts, np.exp(ctc.log_probabilities(frames, texts)).tolist(), strict=True))


class CRNNReader(SequenceReader):
    """Reads any text of its alphabet, of any length."""

    graph_names = ("frames",)
    recurrent = True
    has_lexicon = True

    @staticmethod
    def build(config: Mapping[str, Any]) -> nn.Module:
        from zoo.networks.crnn import CRNN

        height = config["pretrained_cfg"]["input_size"][1]
        return CRNN(1 + len(config["alphabet"]), height, **config["model_args"])

    @cached_property
    def texts(self) -> tuple[int, int]:
        return len(set(self.config["alphabet"].lower())), self.config["glyphzoo"]["widths"][1] // ctc.FRAME

    @cached_property
    def right_to_left(self) -> bool:
        """Whether it reads Persian, whose texts run the other way than frames do."""
        return bool(self.config["glyphzoo"].get("right_to_left"))

    @property
    def reads_pages(self) -> bool:
        return not self.right_to_left  # Persian lines are found by zoo.letter

    def encode(self, text: str) -> ctc.Text:
        """A text's symbols in visual order, from left to right.

        Raises:
            InputError: a character is not in the alphabet.
        """
        return encode(text, self.config["alphabet"], self.right_to_left)

    def visual(self, symbols: Sequence[int]) -> str:
        """The characters of symbols, none of them blank, from left to right."""
        alphabet = self.config["alphabet"]
        return "".join([alphabet[symbol - 1] for symbol in symbols])

    def decode(self, symbols: Sequence[int]) -> str:
        """The text of symbols, none of them blank, in logical order."""
        visual = self.visual(symbols)
        return direction.logical(visual).text if self.right_to_left else visual

    def places(self, symbols: Sequence[int]) -> Sequence[int]:
        """For each character of the decoded text, in logical order, the index of its symbol."""
        return direction.logical(self.visual(symbols)).places if self.right_to_left else range(len(symbols))

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        from zoo.runtime.torch import Method

        features = self.graph(Method(network, cast("CRNN", network).features), "features")
        return {"frames": self.graph(network, "logits"), "features": features}

    def frames(self, look: Look, temperature: float | None = None) -> Frames:
        """Logarithms of the calibrated distributions of a look, (B, T, symbols); symbol 0 is the blank."""
        return log_softmax(look.outputs[0] / (temperature or self.settings.temperature))

    def followed(
        self, frames: Frames, lm: NGram | None, trace: list[list[ctc.Followed]] | None = None
    ) -> list[ctc.Text]:
        """Texts that a beam follows through the frames (T, symbols), the best score first."""
        fusion = None if lm is None else Fusion(lm, *self.texts)
        prefer = None if fusion is None else lambda texts: fusion.preference([*map(self.decode, texts)])
        return [one.text for one in ctc.beam_search(frames, prefer=prefer, trace=trace)]

    def candidates(self, look: Look, temperature: float, lm: NGram) -> list[list[tuple[str, float]]]:
        return [
            [(self.decode(text), share) for text, share in _scored(frames, self.followed(frames, lm))]
            for frames in self.frames(look, temperature)
        ]

    def answers(self, frames: Frames, decoding: Decoding) -> list[tuple[ctc.Text, float]]:
        """Texts that the frames (T, symbols) of a picture may spell, with their probabilities, best first."""
        if decoding.lexicon:
            return self._of_lexicon(frames, decoding.lexicon)
        greedy = ctc.collapse(ctc.best_path(frames).tolist())
        if decoding.method == "greedy":
            return _scored(frames, [greedy])
        fusion = self.fusion(decoding.lm)
        if fusion is None or not self.right_to_left:
            return self._of_beam(frames, fusion)
        # A beam would meet the end of a Persian line first, and of a word. So each word is chosen from those near it.
        texts = _scored(frames, [greedy, *ctc.near(frames, BEST - 1)])
        return self.respelled(frames, sorted(texts, key=lambda one: -one[1]), fusion.model, fusion.weight)

    def language_model(self) -> NGram:
        return persian() if self.right_to_left else super().language_model()

    def _of_beam(self, frames: Frames, fusion: Fusion | None) -> list[tuple[ctc.Text, float]]:
        """The texts that a beam follows; where these are few, also others near the best path, as less likely ones."""
        texts = self.followed(frames, None if fusion is None else fusion.model)
        count = len(texts)
        if count < BEST:
            texts += [text for text in ctc.near(frames, BEST) if text not in texts]
        shares = np.exp(ctc.log_probabilities(frames, texts))
        if fusion is not None:
            shares = fusion.weighed(list(map(self.decode, texts)), shares)
        least = shares[:count].min()
        order = [i for i in np.argsort(-shares, kind="stable") if i < count or shares[i] <= least]
        return [(texts[i], float(shares[i])) for i in order]

    def respelled(
        self, frames: Frames, answers: list[tuple[ctc.Text, float]], model: NGram, weight: float
    ) -> list[tuple[ctc.Text, float]]:
        """Corrects uncertain words in a line's best answer with a language model; returns the answers, best first."""
        text, share = answers[0]
        signs = "".join(set(self.config["alphabet"]) - set(model.alphabet))
        space, spelled = self.config["alphabet"].find(" ") + 1, list(text)
        fusion = Fusion(model, len(self.config["alphabet"]), WORD, weight)
        for first, last, own in reversed(self._words(frames, text)):
            if own.max(1).sum() > np.log(SURE):  # one path alone is as likely
                continue
            before = np.exp(ctc.log_probabilities(own, [text[first:last]]))
            if not 0 < before[0] < SURE:
                continue
            near = (word for word in ctc.near(own, NEAR) if space not in word)
            words = list(dict.fromkeys([text[first:last], *near]))
            before = np.exp(ctc.log_probabilities(own, words))
            after = fusion.weighed([self.decode(word).strip(signs) for word in words], before)
            best = int(after.argmax())
            spelled[first:last] = words[best]
            share = min(share * float(after[best] / before[0]) ** TRUST, 1.0)
        best_text = tuple(spelled)
        others = [(other, min(chance, share)) for other, chance in answers if other != best_text]
        return [(best_text, share), *others][:BEST]

    def _of_lexicon(self, frames: Frames, words: tuple[str, ...]) -> list[tuple[ctc.Text, float]]:
        """The best words of a lexicon: a priori all are as likely, and the probability of none is ELSE."""
        tree, spelled = _tree(words, self.config["alphabet"], self.right_to_left)
        scores = tree.log_probabilities(self._small_letters(frames))
        best = np.argsort(-scores, kind="stable")[:BEST]
        free = ctc.beam_search(frames)[0]
        unknown = -np.inf if self.decode(free.text).lower() in spelled else free.probability
        every = np.logaddexp(np.logaddexp.reduce(scores) + np.log(1 - ELSE), unknown + np.log(ELSE))
        shares = np.exp(scores[best] + np.log(1 - ELSE) - every)
        texts = list(spelled.values())
        return [(texts[i], float(share)) for i, share in zip(best, shares, strict=True)]

    def _small_letters(self, frames: Frames) -> Frames:
        """The frames with the probability of every capital added to that of its small letter."""
        alphabet, merged = self.config["alphabet"], frames.copy()
        for capital, character in enumerate(alphabet, 1):
            if character.isupper() and (small := alphabet.find(character.lower()) + 1):
                merged[:, small] = np.logaddexp(frames[:, small], frames[:, capital])
        return merged

    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        predictions = []
        for frames, pixels, place in zip(self.frames(look), look.inputs, look.places, strict=True):
            answers = self.answers(frames, decoding)
            symbols = answers[0][0]
            texts = [(self.decode(text), share) for text, share in answers]
            boxes = self._boxes(frames, symbols, place)
            characters = ((c, *boxes[i]) for c, i in zip(texts[0][0], self.places(symbols), strict=True))
            answer = self.prediction(texts, characters, pixels, symbols)
            predictions.append(replace(answer, words=self._split(frames, answer, [box for _, box in boxes])))
        return predictions

    def _split(self, frames: Frames, answer: Prediction, boxes: list[Box]) -> tuple[tuple[str, float, Box], ...]:
        """The words of an answer, split at spaces, each with its probability and its box.

        The probability of a single word is the answer's confidence, of one of several that its own frames spell it.
        """
        symbols = answer.tokens
        characters = list(zip(self.places(symbols), answer.text, strict=True))
        words = []
        for first, last, own in self._words(frames, symbols):
            alone = last - first == len(symbols)
            share = answer.confidence if alone else _scored(own, [symbols[first:last]])[0][1]
            around = np.array(boxes[first:last])
            box = *around[:, :2].min(0).tolist(), *around[:, 2:].max(0).tolist()
            text = "".join(character for place, character in characters if first <= place < last)
            words.append((text, share, cast(Box, box)))
        return tuple(words[::-1] if self.right_to_left else words)

    def _words(self, frames: Frames, text: ctc.Text) -> list[tuple[int, int, Frames]]:
        """For each word from the left: the index of its first symbol, the one after its last, and its own frames."""
        visual, spans = self.visual(text), self._spans(frames, text)
        spaces = [i for i, character in enumerate(visual) if character == " "]
        words = []
        for before, after in zip([-1, *spaces], [*spaces, len(visual)], strict=True):
            if after > before + 1:
                start = spans[before][1] if before >= 0 else 0
                end = spans[after][0] if after < len(visual) else len(frames)
                words.append((before + 1, after, frames[start:end]))
        return words

    def _boxes(self, frames: Frames, text: ctc.Text, place: preprocess.Placement) -> list[tuple[float, Box]]:
        """Peak probability and bounding box of each symbol.

        A character is spelled in a frame or two at its middle, so its box reaches halfway to its neighbours.
        """
        spans = self._spans(frames, text)
        if not any(last for _, last in spans):
            return [(0.0, (0.0, 0.0, 0.0, 0.0))] * len(text)
        centres = np.array(spans).mean(1)
        cuts = (centres[1:] + centres[:-1]) / 2
        half = float(np.diff(centres).min(initial=len(frames))) / 2
        edges = np.concatenate([[max(centres[0] - half, 0)], cuts, [min(centres[-1] + half, len(frames))]]) * ctc.FRAME
        boxes = np.zeros((len(text), 4))
        boxes[:, 0], boxes[:, 2], boxes[:, 3] = edges[:-1], edges[1:], self.settings.size[0]
        boxes = np.maximum(place.to_picture(boxes), 0)
        peaks = [float(np.exp(frames[first:last, s].max())) for s, (first, last) in zip(text, spans, strict=True)]
        return [(peak, cast(Box, tuple(box))) for peak, box in zip(peaks, boxes.tolist(), strict=True)]

    @property
    def layers(self) -> tuple[str, ...]:
        return ("stem", *(f"blocks.{i}" for i in range(len(cast("CRNN", self.network).blocks))))

    def see(self, images: torch.Tensor) -> None:
        cast("CRNN", self.network).look(images)

    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """The answer's activation map; for each character the frames that spell it, at their probability."""
        import torch
        from torch.nn.functional import ctc_loss

        [frames], symbols = self.frames(look), answer.tokens
        images = torch.from_numpy(look.inputs).to(self.device)
        wanted = torch.tensor([symbols], dtype=torch.int64, device=self.device)

        def score() -> torch.Tensor:
            logits = self.network(images).log_softmax(-1).transpose(0, 1)
            frames_long, text_long = torch.tensor([len(logits)]), torch.tensor([len(symbols)])
            return -ctc_loss(logits, wanted, frames_long, text_long, ctc.BLANK, "sum")

        maps = np.zeros((len(symbols), 1, len(frames)), np.float32)
        for each, symbol, (first, last) in zip(maps, symbols, self._spans(frames, symbols), strict=True):
            each[0, first:last] = np.exp(frames[first:last, symbol])
        return activation_map(self.explained_layer, score), maps[list(self.places(symbols))]

    @staticmethod
    def _spans(frames: Frames, text: ctc.Text) -> tuple[tuple[int, int], ...]:
        """For each symbol its first frame and the one after its last; (0, 0) where the frames are too few."""
        best = ctc.alignments(frames, text)
        return best[0].spans if best else ((0, 0),) * len(text)
