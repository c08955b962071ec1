"""Readers of words and lines of any length: the network of `zoo.networks.crnn`, spelled by CTC (`zoo.decoding.ctc`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from zoo.decoding import ctc, ngram
from zoo.decoding.ngram import Floats, NGram
from zoo.decoding.probabilities import log_softmax
from zoo.errors import InputError
from zoo.images import preprocess
from zoo.readers.base import Decoding, Look, SequenceReader
from zoo.readers.explain import Map, activation_map
from zoo.readers.prediction import Box, Prediction
from zoo.runtime.graph import Graph
from zoo.text import direction
from zoo.text.normalise import folded

if TYPE_CHECKING:
    import torch
    from torch import nn

    from zoo.networks.crnn import CRNN

BEST = 5  # readings that are told
LM_WEIGHT = 0.5  # of a language model while texts are followed, and in all for a checkpoint calibrated without
NEAR = 8  # spellings of a word that a language model chooses from
SURE = 0.97  # probability of a word from which on it is left as it is
TRUST = 0.4  # of what such a model adds to the logarithm of a line's probability, how much counts in its confidence
WORD = 20  # letters of the longest word
ELSE = 0.01  # what the chance is beforehand that a picture shows no word of a lexicon

Frames = npt.NDArray[np.float32]


def encode(text: str, alphabet: str, right_to_left: bool = False) -> ctc.Text:
    """A text's symbols from left to right: the places of its characters in the alphabet, from 1.

    A text that runs from right to left is Persian: what looks alike in it is one character.

    Raises:
        InputError: a character is not in the alphabet.
    """
    visual = direction.visual(folded(text)).text if right_to_left else text
    if unknown := next((character for character in visual if character not in alphabet), None):
        raise InputError(f"This reader does not know the {unknown!r} of {text!r}; leave that out.")
    return tuple(alphabet.index(character) + 1 for character in visual)


@lru_cache(maxsize=4)
def _tree(words: tuple[str, ...], alphabet: str, right_to_left: bool) -> tuple[ctc.Lexicon, dict[str, ctc.Text]]:
    """The tree of some words in lower case; by each one's lower case the symbols of the word as it was given first."""
    given = {word.lower(): encode(word, alphabet, right_to_left) for word in reversed(words)}
    return ctc.Lexicon.of([encode(word, alphabet, right_to_left) for word in given]), given


class CRNNReader(SequenceReader):
    """Reads any text of its alphabet, of any length."""

    fields: ClassVar = SequenceReader.fields
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
        """Whether what it reads is Persian, whose texts run the other way than frames do."""
        return bool(self.config["glyphzoo"].get("right_to_left"))

    @property
    def reads_pages(self) -> bool:
        return not self.right_to_left  # Persian lines are found by zoo.letter

    def encode(self, text: str) -> ctc.Text:
        """A text's symbols as they stand in a picture, from left to right.

        Raises:
            InputError: a character is not in the alphabet.
        """
        return encode(text, self.config["alphabet"], self.right_to_left)

    @cached_property
    def _characters(self) -> tuple[str, ...]:
        """What each symbol looks like; the blank like nothing."""
        return ("", *self.config["alphabet"])

    def visual(self, symbols: Sequence[int]) -> str:
        """The characters of symbols, none of them blank, from left to right."""
        return "".join(map(self._characters.__getitem__, symbols))

    def decode(self, symbols: Sequence[int]) -> str:
        """The text of symbols, none of them blank, in logical order."""
        visual = self.visual(symbols)
        return direction.logical(visual).text if self.right_to_left else visual

    def places(self, symbols: Sequence[int]) -> Sequence[int]:
        """For each character of the symbols' text the index of its symbol."""
        return direction.logical(self.visual(symbols)).places if self.right_to_left else range(len(symbols))

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        import torch

        from zoo.networks.crnn import CRNN
        from zoo.runtime.torch import Method

        assert isinstance(network, CRNN)
        images = {"images": torch.zeros(2, 3, *self.settings.size)}
        any_width = {"images": {0: "batch", 3: "width"}}
        return {
            "frames": Graph(network, images, any_width, ("logits",)),
            "features": Graph(Method(network, network.features), images, any_width, ("features",)),
        }

    def frames(self, look: Look, temperature: float | None = None) -> Frames:
        """Logarithms of the calibrated distributions (B, T, symbols) of a look; symbol 0 is the blank."""
        return log_softmax(look.outputs[0] / (temperature or self.settings.temperature))

    def followed(
        self, frames: Frames, lm: NGram | None, trace: list[list[ctc.Followed]] | None = None
    ) -> list[ctc.Text]:
        """Texts that a beam follows through the frames (T, symbols), the best score first."""
        prefer = None if lm is None else partial(self._preference, lm)
        return [one.text for one in ctc.beam_search(frames, prefer=prefer, trace=trace)]

    def candidates(self, look: Look, temperature: float, lm: NGram) -> list[list[tuple[str, float]]]:
        found = []
        for frames in self.frames(look, temperature):
            texts = self.followed(frames, lm)
            shares = np.exp(ctc.log_probabilities(frames, texts)).tolist()
            found.append(list(zip(map(self.decode, texts), shares, strict=True)))
        return found

    def answers(self, frames: Frames, decoding: Decoding) -> list[tuple[ctc.Text, float]]:
        """Texts that the frames (T, symbols) of a picture may spell, with the probability of each, best first."""
        if decoding.lexicon:
            return self._chosen(frames, decoding.lexicon)
        if decoding.method == "greedy":
            text = ctc.collapse(ctc.best_path(frames).tolist())
            return [(text, float(np.exp(ctc.log_probabilities(frames, [text])[0])))]
        weight = self.settings.language or (LM_WEIGHT if decoding.lm else 0.0)
        model = None if decoding.lm is False or not weight else decoding.lm or self.language_model()
        # the beam meets a Persian line's end first, and a word's: there each word is chosen by itself, of those near it
        whole, of_words = (None, model) if self.right_to_left else (model, None)
        if of_words is None:
            texts = self.followed(frames, whole)
        else:
            texts = [ctc.collapse(ctc.best_path(frames).tolist()), *ctc.near(frames, BEST - 1)]
        found = len(texts)
        if found < BEST:  # there is little doubt: what else it might be has to be looked for, and is no answer
            texts += [text for text in ctc.near(frames, BEST) if text not in texts]
        shares = np.exp(ctc.log_probabilities(frames, texts))
        if whole is not None:
            shares = ngram.weighed(shares, self._gains(whole, texts), weight)
        least = shares[:found].min()
        kept = [i for i in np.argsort(-shares, kind="stable") if i < found or shares[i] <= least]
        told = [(texts[i], float(shares[i])) for i in kept]
        return told if of_words is None else self.respelled(frames, told, of_words, weight)

    def language_model(self) -> NGram:
        """Of the words that it reads."""
        return ngram.persian() if self.right_to_left else ngram.english()

    def respelled(
        self, frames: Frames, told: list[tuple[ctc.Text, float]], model: NGram, weight: float
    ) -> list[tuple[ctc.Text, float]]:
        """Answers of a line of words, in whose best one each word is the likeliest that it may be in a language."""
        text, share = told[0]
        signs = "".join(set(self.config["alphabet"]) - set(model.alphabet))
        space, kinds, spelled = self.config["alphabet"].find(" ") + 1, len(self.config["alphabet"]), list(text)
        for first, last, own in reversed(self._parts(frames, text)):
            if own.max(1).sum() > np.log(SURE):  # one path alone is as likely
                continue
            before = np.exp(ctc.log_probabilities(own, [text[first:last]]))
            if not 0 < before[0] < SURE:
                continue
            near = (word for word in ctc.near(own, NEAR) if space not in word)
            words = list(dict.fromkeys([text[first:last], *near]))
            before = np.exp(ctc.log_probabilities(own, words))
            gains = model.gains([self.decode(word).strip(signs) for word in words], kinds, WORD)
            after = ngram.weighed(before, gains, weight)
            best = int(after.argmax())
            spelled[first:last] = words[best]
            share = min(share * float(after[best] / before[0]) ** TRUST, 1.0)
        changed = tuple(spelled)
        return [(changed, share), *((one, min(chance, share)) for one, chance in told if one != changed)][:BEST]

    def _gains(self, model: NGram, texts: Sequence[ctc.Text], ended: bool = True) -> Floats:
        return model.gains([self.decode(text) for text in texts], *self.texts, ended=ended)

    def _preference(self, model: NGram, texts: Sequence[ctc.Text]) -> Floats:
        """What a language model adds to the logarithms of the probabilities of texts so far, (n,)."""
        return LM_WEIGHT * self._gains(model, texts, ended=False)

    def _chosen(self, frames: Frames, words: tuple[str, ...]) -> list[tuple[ctc.Text, float]]:
        """The best words of a lexicon: beforehand all are as likely, and the chance of none is ELSE."""
        tree, given = _tree(words, self.config["alphabet"], self.right_to_left)
        scores = tree.log_probabilities(self._folded(frames))
        best = np.argsort(-scores, kind="stable")[:BEST]
        free = ctc.beam_search(frames)[0]
        spelled = -np.inf if self.decode(free.text).lower() in given else free.probability
        every = np.logaddexp(np.logaddexp.reduce(scores) + np.log(1 - ELSE), spelled + np.log(ELSE))
        shares = np.exp(scores[best] + np.log(1 - ELSE) - every)
        texts = list(given.values())
        return [(texts[i], float(share)) for i, share in zip(best, shares, strict=True)]

    def _folded(self, frames: Frames) -> Frames:
        """The frames with every capital counted as its small letter."""
        alphabet = self.config["alphabet"]
        small = [alphabet.find(c.lower()) + 1 if c.isupper() else 0 for c in alphabet]
        folded = frames.copy()
        for capital, letter in enumerate(small, 1):
            if letter:
                folded[:, letter] = np.logaddexp(frames[:, letter], frames[:, capital])
        return folded

    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        found = []
        for frames, picture, place in zip(self.frames(look), look.inputs, look.places, strict=True):
            answers = self.answers(frames, decoding)
            symbols, confidence = answers[0]
            text, placed = self.decode(symbols), self._placed(frames, symbols, place)
            found.append(
                Prediction(
                    text,
                    confidence,
                    tuple((self.decode(symbols), share) for symbols, share in answers[:BEST]),
                    tuple((character, *placed[i]) for character, i in zip(text, self.places(symbols), strict=True)),
                    self.status(text, confidence, picture),
                    tokens=symbols,
                )
            )
        return found

    def words(self, look: Look, answer: Prediction) -> list[tuple[str, float, Box]]:
        """The words of an answer, what spaces part: each with its probability and its box in the picture.

        Of a single word that is the confidence; of several, the probability that a word's own frames spell it.
        """
        [frames], symbols, confidence = self.frames(look), answer.tokens, answer.confidence
        boxes = np.array([box for _, box in self._placed(frames, symbols, look.places[0])])
        characters = list(zip(self.places(symbols), answer.text, strict=True))
        found = []
        for first, last, part in self._parts(frames, symbols):
            own, around = symbols[first:last], boxes[first:last]
            whole = len(own) == len(symbols)
            share = confidence if whole else float(np.exp(ctc.log_probabilities(part, [own])[0]))
            box = *around[:, :2].min(0).tolist(), *around[:, 2:].max(0).tolist()
            text = "".join(character for place, character in characters if first <= place < last)
            found.append((text, share, cast(Box, box)))
        return found[::-1] if self.right_to_left else found

    def _parts(self, frames: Frames, text: ctc.Text) -> list[tuple[int, int, Frames]]:
        """Of each word of a text, what spaces part: its first symbol, the one after its last, and its own frames."""
        visual, spans = self.visual(text), self._spans(frames, text)
        spaces = [i for i, character in enumerate(visual) if character == " "]
        found = []
        for before, after in zip([-1, *spaces], [*spaces, len(visual)], strict=True):
            if after > before + 1:
                start = spans[before][1] if before >= 0 else 0
                end = spans[after][0] if after < len(visual) else len(frames)
                found.append((before + 1, after, frames[start:end]))
        return found

    def _placed(self, frames: Frames, text: ctc.Text, place: preprocess.Placement) -> list[tuple[float, Box]]:
        """Of each symbol, how sure it is where it is surest, and its box in the picture.

        A network tells a character in a frame or two at its middle: its box goes halfway to those beside it.
        """
        if not text or not (found := ctc.alignments(frames, text)):
            return [(0.0, (0.0, 0.0, 0.0, 0.0))] * len(text)
        centres = np.array([(first + last) / 2 for first, last in found[0].spans])
        cuts = (centres[1:] + centres[:-1]) / 2
        half = float(np.diff(centres).min(initial=len(frames))) / 2
        edges = np.concatenate([[max(centres[0] - half, 0)], cuts, [min(centres[-1] + half, len(frames))]])
        boxes = np.stack(
            [
                edges[:-1] * ctc.FRAME,
                np.zeros(len(text)),
                edges[1:] * ctc.FRAME,
                np.full(len(text), self.settings.size[0]),
            ],
            axis=1,
        )
        sure = [
            float(np.exp(frames[first:last, s].max())) for s, (first, last) in zip(text, found[0].spans, strict=True)
        ]
        within = np.maximum(place.to_picture(boxes), 0)
        return [(share, cast(Box, tuple(box))) for share, box in zip(sure, within.tolist(), strict=True)]

    @property
    def layers(self) -> tuple[str, ...]:
        return ("stem", *(f"blocks.{i}" for i in range(len(cast("CRNN", self.network).blocks))))

    def see(self, images: torch.Tensor) -> None:
        cast("CRNN", self.network).look(images)

    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """The activation map of the answer, and the frames in which each of its characters was read."""
        import torch
        from torch.nn.functional import ctc_loss

        [frames], symbols = self.frames(look), answer.tokens
        images = torch.from_numpy(look.inputs).to(self.device)
        wanted = torch.tensor([symbols], dtype=torch.int64, device=self.device)

        def score() -> torch.Tensor:
            logits = self.network(images).log_softmax(-1).transpose(0, 1)
            frames_long, text_long = torch.tensor([len(logits)]), torch.tensor([len(symbols)])
            return -ctc_loss(logits, wanted, frames_long, text_long, ctc.BLANK, "sum")

        looked = np.zeros((len(symbols), 1, len(frames)), np.float32)
        for one, symbol, (first, last) in zip(looked, symbols, self._spans(frames, symbols), strict=True):
            one[0, first:last] = np.exp(frames[first:last, symbol])
        return activation_map(self.explained_layer, score), looked[list(self.places(symbols))]

    @staticmethod
    def _spans(frames: Frames, text: ctc.Text) -> tuple[tuple[int, int], ...]:
        found = ctc.alignments(frames, text)
        return found[0].spans if found else ((0, 0),) * len(text)
