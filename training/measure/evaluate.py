"""Measure a checkpoint on the drawn test sets and write evaluation.json.

    python -m training.measure.evaluate captcha-resnet18 --data DIR

DIR holds the drawn test sets (python -m training.data.captcha tests --out DIR, or training.data.glyph and so
on) and, if at hand, ImageFolders or zips of photos, of real captchas and of words in scenes: photos, captcha-five-test,
captcha-login-test, captcha-wide-test, words-iiit5k-test.
The study's protocol is measured with the model that its recipe, NAME-study, left under --runs. A set that is missing
keeps its row and is printed as not rerun.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

import zoo
from training.data import options
from training.data.folder import ImageFolder
from training.data.folder import Row as Labels
from training.data.persian import OTHER
from training.learn.dataset import split
from training.measure import card, card_pictures, faithfulness
from training.measure.calibration import coverage, expected_calibration_error
from training.measure.metrics import bootstrap
from training.measure.report import Report, Row, share
from training.measure.spelling import confused, error_rates
from training.measure.truth import expected, right, subject
from training.recipes import NAMES, Recipe, recipe_of
from zoo.hub.store import CHECKPOINTS
from zoo.readers.base import Language, Reader
from zoo.readers.classifier import Classifier
from zoo.readers.prediction import Prediction
from zoo.runtime.graph import Array, Runtime
from zoo.text.alphabets import alike
from zoo.text.normalise import plain

DIGESTS = Path(__file__).parents[1] / "data" / "digests.json"
RELABELLED = Path(__file__).parents[1] / "data" / "relabelled.json"  # by eye, those that a reader answered otherwise
SET_RIGHT = ", wrong labels set right"
SEEN_WORDS, UNSEEN_WORDS, GLYPHS = "test-words", "test-unseen-words", "glyph-test"
PERSIAN, SCANS, HANDWRITTEN = "persian-test", "persian-test-scan", "digits-hoda-test"
WORDS, WORN, NUMBERS, SCENE_WORDS = "words-test", "words-test-worn", "numbers-test", "words-iiit5k-test"
LINES = "persian-lines-test"
REAL = ("captcha-five-test", "captcha-login-test", "captcha-wide-test")
SPELLED = WORDS, WORN, NUMBERS, SCENE_WORDS, LINES  # sets of any text, signs included
CLASSES = GLYPHS, PERSIAN, SCANS, HANDWRITTEN  # sets of what is a class each
MAPPED = SEEN_WORDS, GLYPHS, SCANS, WORDS  # sets on which the heat maps are measured
Answers = list[tuple[Prediction, str]]


def answers(
    reader: Reader, pictures: Iterable[tuple[Image.Image, Labels]], title: str, total: int, lm: Language = None
) -> Answers:
    """What the reader reads in each picture, beside the text that was drawn."""
    found = []
    for picture, row in tqdm(pictures, title, total):
        found += [(prediction, expected(reader, row)) for prediction in reader.read([picture], lm=lm)]
    return found


def exact(prediction: Prediction, text: str) -> bool:
    """Whether the answer is the text; a classifier's labels have no case."""
    return prediction.text == text if prediction.label is None else right(prediction, text)


def accuracy(data: str, found: Answers, **extra: str) -> list[Row]:
    """Word accuracy without and with regard to case, of answers on a set; of single characters top-1 and top-2."""
    measure = "top-1 accuracy" if data in CLASSES else "word accuracy"
    rows = [share(data, measure, [right(p, text) for p, text in found], **extra)]
    if data == GLYPHS:
        rows += [
            share(data, "top-2 accuracy", [text.upper() in dict(p.alternatives[:2]) for p, text in found], **extra),
            share(data, "accuracy, look-alikes merged", [text.upper() in alike(p.text) for p, text in found], **extra),
        ]
    if not all(p.label for p, _ in found):
        rows.append(share(data, "word accuracy, case as drawn", [p.text == text for p, text in found], **extra))
    if data in SPELLED:
        rows += spelling(data, found, **extra)
    return rows


def spelling(data: str, found: Answers, **extra: str) -> list[Row]:
    """Error rates, without and with regard to case and signs, and which character is read as which."""
    read, true = [p.text for p, _ in found], [text for _, text in found]
    alike = [*map(plain, read)], [*map(plain, true)]
    rows = error_rates(data, *alike, **extra) + error_rates(data, read, true, ", case as drawn", **extra)
    return rows + ([] if extra else confused(data, *alike))


def merged(prediction: Prediction) -> float:
    """Sum of the probabilities of all alternatives that equal the answer except for case and signs."""
    own = plain(prediction.text)
    return min(sum(share for text, share in prediction.alternatives if plain(text) == own), 1.0)


def calibration(data: str, found: Answers, uncalibrated: Answers) -> list[Row]:
    """ECE with the checkpoint's temperature and without.

    The labels of SCENE_WORDS are letters and digits alone. There readings that differ only in case or signs are one
    answer, and its confidence is the sum of theirs.
    """
    apart = data != SCENE_WORDS
    rows = []
    for measure, those in (("ECE", found), ("ECE before calibration", uncalibrated)):
        pairs = np.array(
            [(p.confidence, exact(p, text)) if apart else (merged(p), right(p, text)) for p, text in those]
        )
        interval = bootstrap(pairs, lambda sample: expected_calibration_error(sample[:, 0], sample[:, 1]))
        rows.append(Row(data, measure, expected_calibration_error(pairs[:, 0], pairs[:, 1]), len(pairs), interval))
    return rows


class Compared:
    """A runtime that computes everything twice and keeps the largest difference of the logits."""

    def __init__(self, first: Runtime, second: Runtime) -> None:
        self.first, self.second, self.gap = first, second, 0.0

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]:
        one, two = self.first(graph, **inputs), self.second(graph, **inputs)
        if graph != "encode":
            self.gap = max(self.gap, float(np.abs(one[0] - two[0]).max()))
        return one


def runtimes(folder: Path, data: str, pictures: ImageFolder, found: Answers) -> list[Row]:
    """Whether onnxruntime answers as torch does: identical texts, and the largest difference of a logit."""
    torch_reader, onnx_reader = zoo.load(folder, runtime="torch"), zoo.load(folder)
    onnx_reader._run = compared = Compared(onnx_reader._run, torch_reader._run)
    by_torch = answers(torch_reader, pictures, f"{data} in torch", len(pictures))
    answers(onnx_reader, (pair for pair, _ in zip(pictures, range(500), strict=False)), "both runtimes", 500)
    same = [a.text == b.text for (a, _), (b, _) in zip(found, by_torch, strict=True)]
    return [
        share(data, "same text in onnxruntime and torch", same),
        Row(data, "largest difference of a logit, onnxruntime and torch", compared.gap, 500),
    ]


def measure(folder: Path, data: str, pictures: ImageFolder, found: Answers) -> list[Row]:
    """How well a checkpoint reads a set of captchas, from its answers."""
    reader = zoo.load(folder)
    known = [p for p, text in found if right(p, text)]
    cases = (
        faithfulness.read_right(reader, pictures, range(len(pictures)), (p for p, _ in found)) if data in MAPPED else []
    )
    uncalibrated = zoo.load(folder)
    uncalibrated.settings = dataclasses.replace(reader.settings, temperature=1.0)
    alone: list[Row] = []
    if reader.settings.language:
        without = answers(reader, pictures, f"{data}, no language model", len(pictures), lm=False)
        alone = accuracy(data, without, model="without the language model")
    return [
        *accuracy(data, found),
        *alone,
        share(data, "status ok", [p.status == "ok" for p, _ in found]),
        share(data, "status ok, of those read right", [p.status == "ok" for p in known]),
        *calibration(data, found, answers(uncalibrated, pictures, f"{data}, uncalibrated", len(pictures))),
        *runtimes(folder, data, pictures, found),
        *(faithfulness.measure(reader, data, cases) if cases else ()),
    ]


def relabelled(data: str, pictures: ImageFolder, found: Answers) -> Answers:
    """The answers with corrected labels: a wrong label is replaced by what a person read in the picture."""
    seen = json.loads(RELABELLED.read_text(encoding="utf-8")).get(data, {})
    names = (name.decode() for name in pictures.columns["file_name"])
    return [(p, seen.get(name, text)) for name, (p, text) in zip(names, found, strict=True)]


def unknown(data: str, found: Answers) -> list[Row]:
    """How often a reader gives no class to pictures of what it does not know; the class OTHER counts as none."""
    rows = [share(data, "status unsure or empty", [p.status != "ok" for p, _ in found])]
    if any(p.label == OTHER for p, _ in found):
        rows.append(share(data, "other, unsure or empty", [p.status != "ok" or p.label == OTHER for p, _ in found]))
    return rows


def together(found: Answers, note: str = "") -> list[Row]:
    """ECE and coverage over all sets of real captchas together, without regard to case."""
    pairs = np.array([(p.confidence, right(p, text)) for p, text in found])
    rows = []
    for name, statistic in (("ECE", expected_calibration_error), ("coverage at 99 % precision", coverage)):
        interval = bootstrap(pairs, lambda sample, measured=statistic: measured(sample[:, 0], sample[:, 1]))
        rows.append(Row("real captchas", name + note, statistic(pairs[:, 0], pairs[:, 1]), len(pairs), interval))
    return rows


def sets(reader: Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sets that a reader is to read, and those of what it does not know."""
    if subject(reader) == "glyph":
        return (GLYPHS,), ("glyph-test-nothing", "photos")
    if subject(reader) == "persian":
        return (PERSIAN, SCANS, HANDWRITTEN), ("persian-test-nothing", "photos")
    if subject(reader) == "word":
        return (WORDS, WORN, NUMBERS, SCENE_WORDS), ("test-nothing", "photos")
    if subject(reader) == "line":
        return (LINES,), ("test-nothing", "photos")
    if isinstance(reader, Classifier):
        return (SEEN_WORDS,), (UNSEEN_WORDS, "test-nothing", "photos")
    return (SEEN_WORDS, UNSEEN_WORDS, *REAL), ("test-nothing", "photos")


def evaluate(folder: Path, data: Path, runs: Path) -> Report:
    """Measures all that can be with the sets under `data` and the study's model under `runs`; saves the report.

    A study's model itself is measured by the study's protocol only.
    """
    report, reader = Report(folder), zoo.load(folder)
    studied = f"{folder.name.removesuffix('-study')}-study"
    protocol = recipe_of(studied) if studied in NAMES else None
    readable, strange = sets(reader)
    real: dict[str, Answers] = {}
    amended: dict[str, Answers] = {}
    for name in (*readable, *strange):
        path = next((path for path in (data / name, data / f"{name}.zip") if path.exists()), None)
        if not path or (protocol and protocol.name == folder.name):
            continue
        pictures = ImageFolder(path)
        report.digests[name] = pictures.digest()
        if json.loads(DIGESTS.read_text()).get(name) not in (None, report.digests[name]):
            raise SystemExit(f"{data / name} is not the set whose digest is in {DIGESTS.name}; draw it again")
        found = answers(reader, pictures, name, len(pictures))
        if name in readable:
            report.forget(name, " read as ")
            report.add(*measure(folder, name, pictures, found))
            if name == readable[min(1, len(readable) - 1)]:  # not the easiest
                card_pictures.write(folder, pictures, found)
        else:
            report.add(*unknown(name, found))
        if name in REAL:
            real[name], amended[name] = found, relabelled(name, pictures, found)
            if real[name] != amended[name]:
                hits = [right(p, text) for p, text in amended[name]]
                report.add(share(name, f"word accuracy{SET_RIGHT}", hits))
        report.save()
    if len(real) == len(REAL):
        report.add(*together([answer for found in real.values() for answer in found]))
        report.add(*together([answer for found in amended.values() for answer in found], SET_RIGHT))
    trained = runs / CHECKPOINTS.name / protocol.name if protocol else None
    if protocol and trained and trained.exists() and all((data / name).exists() for name in protocol.train):
        report.add(*study(protocol, zoo.load(trained), data))
    report.save()
    return report


def study(recipe: Recipe, reader: Reader, data: Path) -> list[Row]:
    """The study's protocol: word accuracy of its own model on the held-out tenth of its images."""
    parts = split(recipe, data)
    pairs = ((parts.pictures.image(i), parts.pictures.row(i)) for i in parts.test)
    found = answers(reader, pairs, "study", len(parts.test))
    return accuracy("study", found, model=recipe.name, command=f"python -m training {recipe.name}")


def main() -> None:
    parser = options.parser("training.measure.evaluate", __doc__, "data", "runs")
    parser.add_argument("names", nargs="*", help="checkpoints' names, or their folders (default: all that are bundled)")
    args = parser.parse_args()
    for name in args.names or zoo.names():
        folder = CHECKPOINTS / name if (CHECKPOINTS / name).exists() else Path(name)
        print(evaluate(folder, args.data, args.runs))
        card.write(folder)


if __name__ == "__main__":
    main()
