"""What all readers share: pictures in, predictions out."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.decoding.fusion import LM_WEIGHT, Fusion
from zoo.decoding.ngram import NGram, english
from zoo.errors import InputError
from zoo.hub import store
from zoo.images import ink, preprocess
from zoo.readers.checkpoint import Trained
from zoo.readers.explain import Activations, Explanation, Map, recorded, to_picture
from zoo.readers.prediction import Box, Prediction, Status
from zoo.runtime.graph import Array, Graph

if TYPE_CHECKING:
    import torch
    from torch import nn

CHUNK = 32  # pictures that are prepared at once: bounds the memory of a long list
FLAT = 8  # grey levels: a picture whose smoothed brightness varies less is empty
BEST = 5  # alternatives of an answer
T = TypeVar("T")
Language: TypeAlias = NGram | Literal[False] | None  # False: none; None: the checkpoint's own


@dataclass(frozen=True)
class Decoding:
    """The options of `Reader.read`."""

    method: str = ""
    lexicon: tuple[str, ...] = ()
    lm: Language = None


@dataclass(frozen=True, eq=False)  # a page compares looks by identity, not by their millions of numbers
class Look:
    """A network's outputs for one or more pictures with inputs of one size; answers are decoded from it."""

    inputs: npt.NDArray[np.float32]  # (B, 3, H, W)
    places: tuple[preprocess.Placement, ...]  # where each picture lies in its input
    outputs: tuple[Array, ...]  # of its first graph: logits (B, classes), frames (B, T, symbols), or keys and values
    seconds: float  # that the graph took


class Reader(Trained):
    """A trained network that reads pictures. Its graph `features` is opened at first use."""

    free_axes: ClassVar[Mapping[int, str]] = {0: "batch"}  # axes of the input that have any length
    decodings: ClassVar[tuple[str, ...]] = ()  # the first is the default
    has_lm: ClassVar[bool] = False
    has_lexicon: ClassVar[bool] = False

    @property
    def reads_pages(self) -> bool:
        """Whether `zoo.readers.page` finds its words in whole pictures."""
        return False

    def graph(self, module: nn.Module, *outputs: str) -> Graph:
        """A function of pictures (B, 3, H, W)."""
        import torch

        images = torch.zeros(2, 3, *self.settings.size)
        return Graph(module, {"images": images}, {"images": self.free_axes}, outputs)

    @property
    def explained_layer(self) -> nn.Module:
        """The layer whose activation maps explain answers: the most faithful one on validation data."""
        return self.network.get_submodule(self.config["glyphzoo"]["explained_layer"])

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that `activations` shows, from the input on; each halves the resolution or more."""

    @abstractmethod
    def see(self, images: torch.Tensor) -> None:
        """Runs inputs (B, 3, H, W) through all of the layers."""

    def activations(self, picture: preprocess.Source, layer: str) -> Activations:
        """The activations of one of the `layers` for a picture.

        Raises:
            InputError: the picture cannot be read, or there is no such layer.
        """
        if layer not in self.layers:
            raise InputError(f"{self.name} has no layer {layer!r}; choose from {', '.join(self.layers)}.")
        import torch

        inputs, place = self.prepare(picture)
        with recorded(self.network.get_submodule(layer)) as kept, torch.inference_mode():
            self.see(torch.from_numpy(inputs).to(self.device))
        channels = np.asarray(kept[0][0].float().cpu().numpy(), np.float32)
        return Activations(channels, (inputs.shape[2], inputs.shape[3]), place)

    def look(self, picture: preprocess.Source) -> Look:
        """Runs the network on a picture, once for all answers to it.

        Raises:
            InputError: the picture cannot be read.
        """
        inputs, place = self.prepare(picture)
        return self.look_at(inputs, [place])

    def look_at(self, inputs: npt.NDArray[np.float32], places: Sequence[preprocess.Placement]) -> Look:
        """Runs the network on inputs (B, 3, H, W), in which pictures lie at `places`."""
        start = time.perf_counter()
        outputs = self._run(self.graph_names[0], images=inputs)
        return Look(inputs, tuple(places), outputs, time.perf_counter() - start)

    def looks(self, images: Sequence[preprocess.Source]) -> list[Look]:
        """Runs the network on several pictures, in batches.

        Raises:
            InputError: a picture cannot be read.
        """

        def split(inputs: npt.NDArray[np.float32], places: list[preprocess.Placement]) -> list[Look]:
            look = self.look_at(inputs, places)
            rows = [slice(i, i + 1) for i in range(len(places))]
            share = look.seconds / len(places)
            return [Look(inputs[row], look.places[row], tuple(one[row] for one in look.outputs), share) for row in rows]

        return self._each(images, split)

    @abstractmethod
    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        """The answer to each of the pictures."""

    def answer(
        self, look: Look, *, decode: str | None = None, lexicon: Sequence[str] | None = None, lm: Language = None
    ) -> Prediction:
        """The answer to a single picture, from its look; options as those of `read`."""
        [prediction] = self.predict(look, self.decoding(decode, lexicon, lm))
        return prediction

    def prediction(
        self,
        answers: Sequence[tuple[str, float]],
        characters: Iterable[tuple[str, float, Box | None]],
        pixels: npt.NDArray[np.float32],
        tokens: tuple[int, ...],
        label: str | None = None,
    ) -> Prediction:
        """Builds the Prediction for a picture (3, H, W) from its `answers`: (text, probability), the best first."""
        text, confidence = answers[0]
        status = self.status(text, confidence, pixels)
        return Prediction(text, confidence, tuple(answers[:BEST]), tuple(characters), status, label, tokens)

    @abstractmethod
    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """Coarse heat maps of an answer (h, w) and of its characters (n, h, w), where n may be 0."""

    def explain(
        self, picture: preprocess.Source | Look, answer: Prediction | None = None, longest: int | None = None
    ) -> Explanation:
        """Heat maps of where the network looked, in the picture's own coordinates.

        Args:
            picture: a picture or its look.
            answer: this reader's answer to the picture that is explained; by default that of `read`.
            longest: most pixels of the maps' longer side.

        Raises:
            InputError: the picture cannot be read.
        """
        look = picture if isinstance(picture, Look) else self.look(picture)
        answer = answer or self.answer(look)
        whole, each = self.heat(look, answer)
        where = (look.inputs.shape[2], look.inputs.shape[3]), look.places[0].reduced(longest)
        maps = np.concatenate([to_picture(whole[None], *where), to_picture(each, *where)])
        return Explanation(maps, (answer.text, *answer.text[: len(each)]))

    def read(
        self,
        images: Sequence[preprocess.Source] | npt.NDArray[np.uint8],
        *,
        decode: str | None = None,
        lexicon: Sequence[str] | None = None,
        lm: Language = None,
    ) -> list[Prediction]:
        """Reads each picture.

        Args:
            images: paths, bytes, PIL images or uint8 arrays (H, W), (H, W, 3|4), in any mix and of any size.
            decode: how a sequence is decoded, "beam" (the default) or "greedy".
            lexicon: words to choose from, whatever their case; for readers that have it.
            lm: the language model that weighs the texts of a beam, or False for none; by default the one that the
                checkpoint was calibrated with. For readers that have it.

        Raises:
            InputError: a picture cannot be read, or this reader has no such option.
        """
        if isinstance(images, str | bytes | Path) or not hasattr(images, "__len__"):
            raise InputError("read takes a list of pictures; put a single one in brackets: read([picture]).")
        decoding = self.decoding(decode, lexicon, lm)
        return self._each(images, lambda inputs, places: self.predict(self.look_at(inputs, places), decoding))

    def decoding(self, decode: str | None, lexicon: Sequence[str] | None, lm: Language) -> Decoding:
        """The options of `read`, checked.

        Raises:
            InputError: this reader has no such option.
        """
        for option, value, has in (("lexicon", lexicon, self.has_lexicon), ("lm", lm, self.has_lm)):
            if value is not None and not has:
                raise InputError(f"{self.name} has no option {option}=; leave it out.")
        if lm is not None and lm is not False and not isinstance(lm, NGram):
            raise InputError(
                "lm= takes a zoo.decoding.ngram.NGram, or False for none; leave it out for the reader's own."
            )
        if lexicon is not None and (isinstance(lexicon, str) or not lexicon or not all(lexicon)):
            raise InputError("lexicon= takes a list of words, none of them empty.")
        if decode is not None and decode not in self.decodings:
            choice = f"choose from {', '.join(self.decodings)}" if self.decodings else "leave it out"
            raise InputError(f"{self.name} has no option decode={decode!r}; {choice}.")
        return Decoding(decode or (self.decodings or ("",))[0], tuple(lexicon or ()), lm)

    def features(self, images: Sequence[preprocess.Source]) -> npt.NDArray[np.float32]:
        """The feature vector of each picture, float32 (n, d): alike where pictures are alike.

        Raises:
            InputError: a picture cannot be read.
        """
        return np.stack(self._each(images, lambda inputs, _: self._run("features", images=inputs)[0]))

    def _each(
        self,
        images: Sequence[preprocess.Source] | npt.NDArray[np.uint8],
        answer: Callable[[npt.NDArray[np.float32], list[preprocess.Placement]], Iterable[T]],
    ) -> list[T]:
        """The answer to each image; `answer` takes inputs (B, 3, H, W) of one size and their placements."""
        results: dict[int, T] = {}
        with ThreadPoolExecutor(self.threads) as pool:
            everyone = pool.map if len(images) > 1 else map
            for start in range(0, len(images), CHUNK):
                prepared = list(everyone(self.prepare, images[start : start + CHUNK]))
                shapes = [pixels.shape for pixels, _ in prepared]
                # no padding: a picture's answer does not depend on its neighbours
                alike = [[i for i, other in enumerate(shapes) if other == shape] for shape in dict.fromkeys(shapes)]
                inputs = [np.concatenate([prepared[i][0] for i in batch]) for batch in alike]
                placements = [[prepared[i][1] for i in batch] for batch in alike]
                for batch, answers in zip(alike, everyone(answer, inputs, placements), strict=True):
                    results |= zip((start + i for i in batch), answers, strict=True)
        return [results[i] for i in range(len(images))]

    def frame(self, rgb: Image.Image) -> tuple[preprocess.Box | None, tuple[int, int]]:
        """The part of a picture that the network gets (None for all), and the input's height and width."""
        return None, self.settings.size

    def prepare(
        self, picture: preprocess.Source, whole: preprocess.Source | None = None
    ) -> tuple[npt.NDArray[np.float32], preprocess.Placement]:
        """A picture as the network's input (1, 3, H, W), and where it lies in it.

        `whole`, the same picture before parts of it were covered, decides how both are framed.
        """
        rgb = preprocess.load(picture).rgb
        framing = None if whole is None else preprocess.load(whole).rgb
        if self.settings.ink:
            pixels, place = ink.fit(rgb, self.settings.size, framing)
        else:
            box, size = self.frame(framing or rgb)
            pixels, place = preprocess.fit(rgb, size, box)
        return preprocess.normalise(pixels[None], self.settings.mean, self.settings.std), place

    def status(self, text: str, confidence: float, inputs: npt.NDArray[np.float32]) -> Status:
        """Status of an answer: "empty" for no text or a flat picture (3, H, W), "unsure" below the threshold."""
        grey = inputs.mean(0) * float(np.mean(self.settings.std)) * 255
        height, width = (n // 4 * 4 for n in grey.shape)
        smooth = grey[:height, :width].reshape(height // 4, 4, width // 4, 4).mean((1, 3))
        if not text or np.ptp(smooth) < FLAT:
            return "empty"
        return "ok" if confidence >= self.settings.threshold else "unsure"


class SequenceReader(Reader):
    """A reader of any text of its alphabet, in pictures of any width."""

    fields: ClassVar = {"alphabet": str, "glyphzoo.widths": list[int]}
    free_axes: ClassVar = {0: "batch", 3: "width"}
    decodings = ("beam", "greedy")
    has_lm = True

    @property
    @abstractmethod
    def texts(self) -> tuple[int, int]:
        """Number of different characters, regardless of case, and the most characters of a text."""

    @abstractmethod
    def candidates(self, look: Look, temperature: float, lm: NGram) -> list[list[tuple[str, float]]]:
        """Texts that a beam with a language model finds for each picture.

        Their probabilities are the network's alone, with its logits divided by the temperature.
        """

    def language_model(self) -> NGram:
        """The model of the words that it reads."""
        return english()

    def fusion(self, lm: Language) -> Fusion | None:
        """The language model and weight for `read`'s option `lm`; None if no language model is used."""
        weight = self.settings.language or (LM_WEIGHT if lm else 0.0)
        return None if lm is False or not weight else Fusion(lm or self.language_model(), *self.texts, weight)

    def frame(self, rgb: Image.Image) -> tuple[preprocess.Box | None, tuple[int, int]]:
        least, most = self.config["glyphzoo"]["widths"]
        return preprocess.frame(rgb, self.settings.size[0], (least, most))

    def check(self) -> None:
        super().check()
        if len(widths := self.config["glyphzoo"]["widths"]) != 2 or not 0 < widths[0] <= widths[1]:
            path = self.folder / store.CONFIG
            raise InputError(f"{path}: widths must be the narrowest and the widest input; fetch it anew.")
