"""What all readers share: pictures in, predictions out."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from zoo.decoding.ngram import NGram
from zoo.errors import InputError
from zoo.hub import store
from zoo.images import ink, preprocess
from zoo.readers.checkpoint import Trained
from zoo.readers.explain import Activations, Explanation, Map, recorded, to_picture
from zoo.readers.prediction import Prediction, Status
from zoo.runtime.graph import Array

if TYPE_CHECKING:
    import torch
    from torch import nn

CHUNK = 32  # pictures a network sees at once: bounds the memory of a long list
FLAT = 8  # grey levels: a picture whose smoothed brightness varies less has nothing on it
T = TypeVar("T")
Language: TypeAlias = NGram | Literal[False] | None  # False: none; None: the checkpoint's own


@dataclass(frozen=True)
class Decoding:
    """How a sequence's text is found: the options of `Reader.read`, each where a reader has it."""

    method: str = ""
    lexicon: tuple[str, ...] = ()
    lm: Language = None


@dataclass(frozen=True, eq=False)  # a page keeps it by what it is, not by its millions of numbers
class Look:
    """What a network made of one or more pictures, whose inputs are of one size, before anything is decided.

    Attributes:
        inputs: float32 (B, 3, H, W).
        places: where each picture lies in its input.
        outputs: of the reader's first graph: logits (B, classes), frames (B, T, symbols), or what a decoder looks at.
        seconds: how long that took.
    """

    inputs: npt.NDArray[np.float32]
    places: tuple[preprocess.Placement, ...]
    outputs: tuple[Array, ...]
    seconds: float


class Reader(Trained):
    """A trained network that reads pictures; its graph `features` is opened when it is asked for."""

    decodings: ClassVar[tuple[str, ...]] = ()  # the first is the default
    has_lm: ClassVar[bool] = False
    has_lexicon: ClassVar[bool] = False

    @property
    def reads_pages(self) -> bool:
        """Whether `zoo.readers.page` finds its words in whole pictures."""
        return False

    @property
    def explained_layer(self) -> nn.Module:
        """The layer whose activation map explains an answer: of all, the one whose maps held true on validation."""
        return self.network.get_submodule(self.config["glyphzoo"]["explained_layer"])

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """The layers that can be looked into, from the input on; each halves the picture or more."""

    @abstractmethod
    def see(self, images: torch.Tensor) -> None:
        """Runs inputs (B, 3, H, W) through all of the layers."""

    def activations(self, picture: preprocess.Source, layer: str) -> Activations:
        """What one of the `layers` makes of a picture.

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
        """What the network makes of a picture: the only run that its answers and their places need.

        Raises:
            InputError: the picture cannot be read.
        """
        inputs, place = self.prepare(picture)
        return self.look_at(inputs, [place])

    def look_at(self, inputs: npt.NDArray[np.float32], places: Sequence[preprocess.Placement]) -> Look:
        """What the network makes of inputs (B, 3, H, W) that lie there."""
        start = time.perf_counter()
        outputs = self._run(self.graph_names[0], images=inputs)
        return Look(inputs, tuple(places), outputs, time.perf_counter() - start)

    def looks(self, images: Sequence[preprocess.Source]) -> list[Look]:
        """What the network makes of each of several pictures, which it sees in batches.

        Raises:
            InputError: a picture cannot be read.
        """

        def each(inputs: npt.NDArray[np.float32], places: list[preprocess.Placement]) -> list[Look]:
            look = self.look_at(inputs, places)
            parts = [[output[i : i + 1] for output in look.outputs] for i in range(len(places))]
            share = look.seconds / len(places)
            return [Look(inputs[i : i + 1], (places[i],), tuple(part), share) for i, part in enumerate(parts)]

        found: dict[int, Look] = {}
        for indices, looks in self._each(images, each):
            found |= zip(indices, looks, strict=True)
        return [found[i] for i in range(len(images))]

    @abstractmethod
    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        """What was read in each of the pictures."""

    def answer(
        self, look: Look, *, decode: str | None = None, lexicon: Sequence[str] | None = None, lm: Language = None
    ) -> Prediction:
        """What was read in a picture that was looked at; options as those of `read`."""
        [prediction] = self.predict(look, self.decoding(decode, lexicon, lm))
        return prediction

    @abstractmethod
    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """Where the network looked, coarse: for an answer (h, w), and for each of its characters (n, h, w), or none."""

    def explain(
        self, picture: preprocess.Source | Look, answer: Prediction | None = None, longest: int | None = None
    ) -> Explanation:
        """Where the network looked, in the picture's own coordinates.

        Args:
            picture: a picture, or what `look` made of one.
            answer: what is explained, an answer of this reader to this picture; by default that of `read`.
            longest: pixels of the longer side of the maps, where the picture has more.

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
        """What is printed in each picture.

        Args:
            images: paths, bytes, PIL images or uint8 arrays (H, W), (H, W, 3|4), in any mix and of any size.
            decode: how a sequence is found, "beam" (the default) or "greedy".
            lexicon: words to choose from, whatever their case; for readers that have it.
            lm: the language model by whose words a beam is weighed, or False for none; by default the one that the
                checkpoint was calibrated with. For readers that have it.

        Raises:
            InputError: a picture cannot be read, or this reader has no such option.
        """
        if isinstance(images, str | bytes | Path) or not hasattr(images, "__len__"):
            raise InputError("read takes a list of pictures; put a single one in brackets: read([picture]).")
        decoding = self.decoding(decode, lexicon, lm)
        found: dict[int, Prediction] = {}
        for places, answers in self._each(images, lambda *seen: self.predict(self.look_at(*seen), decoding)):
            found |= zip(places, answers, strict=True)
        return [found[i] for i in range(len(images))]

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
        """What the network makes of each picture before it answers: float32 (n, d), alike where pictures are alike.

        Raises:
            InputError: a picture cannot be read.
        """

        def answer(inputs: npt.NDArray[np.float32], _: object) -> Iterable[npt.NDArray[np.float32]]:
            return self._run("features", images=inputs)[0]

        found: dict[int, npt.NDArray[np.float32]] = {}
        for places, features in self._each(images, answer):
            found |= zip(places, features, strict=True)
        return np.stack([found[i] for i in range(len(images))])

    def _each(
        self,
        images: Sequence[preprocess.Source] | npt.NDArray[np.uint8],
        answer: Callable[[npt.NDArray[np.float32], list[preprocess.Placement]], Iterable[T]],
    ) -> Iterator[tuple[list[int], Iterable[T]]]:
        """Batches' places in the list and their answers, from inputs (B, 3, H, W) and placements; several at once."""
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
                    yield [start + i for i in batch], answers

    def frame(self, rgb: Image.Image) -> tuple[preprocess.Box | None, tuple[int, int]]:
        """The part of a picture that is shown to the network (None for all), and the input's height and width."""
        return None, self.settings.size

    def prepare(
        self, picture: preprocess.Source, whole: preprocess.Source | None = None
    ) -> tuple[npt.NDArray[np.float32], preprocess.Placement]:
        """A picture as the network's input (1, 3, H, W), and where it lies in it.

        Where parts of it are covered, `whole` is the picture without, which says how both are framed.
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
        """What to make of an answer: "empty" for no text or a flat picture (3, H, W), "unsure" below the threshold."""
        grey = inputs.mean(0) * float(np.mean(self.settings.std)) * 255
        height, width = (n // 4 * 4 for n in grey.shape)
        smooth = grey[:height, :width].reshape(height // 4, 4, width // 4, 4).mean((1, 3))
        if not text or np.ptp(smooth) < FLAT:
            return "empty"
        return "ok" if confidence >= self.settings.threshold else "unsure"


class SequenceReader(Reader):
    """A reader of any text of its alphabet, in pictures of any width."""

    fields: ClassVar = {"alphabet": str, "glyphzoo.widths": list[int]}
    decodings = ("beam", "greedy")
    has_lm = True

    @property
    @abstractmethod
    def texts(self) -> tuple[int, int]:
        """What texts there may be: how many kinds of characters, regardless of case, and the most in one text."""

    @abstractmethod
    def candidates(self, look: Look, temperature: float, lm: NGram) -> list[list[tuple[str, float]]]:
        """For each picture that was looked at, texts that a language model leads to.

        With each goes the probability that the picture alone gives it, its logits divided by the temperature.
        """

    def frame(self, rgb: Image.Image) -> tuple[preprocess.Box | None, tuple[int, int]]:
        least, most = self.config["glyphzoo"]["widths"]
        return preprocess.frame(rgb, self.settings.size[0], (least, most))

    def check(self) -> None:
        super().check()
        if len(widths := self.config["glyphzoo"]["widths"]) != 2 or not 0 < widths[0] <= widths[1]:
            path = self.folder / store.CONFIG
            raise InputError(f"{path}: widths must be the narrowest and the widest input; fetch it anew.")
