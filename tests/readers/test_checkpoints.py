"""The bundled checkpoints read: unseen fonts, in either runtime, and only the right way round."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

import zoo
from training.data import glyph, lines, persian, words
from training.data.captcha import draw_nothing, draw_test
from training.data.drawing import fonts
from training.data.folder import Drawing
from training.data.texts import persian_texts
from training.data.texts.english import WORDS
from training.measure import evaluate, truth
from training.measure.faithfulness import Case, hurts_more, inside
from training.measure.report import Report
from training.measure.truth import expected, subject
from zoo.hub import catalog, store
from zoo.readers.base import Reader
from zoo.readers.classifier import Classifier
from zoo.text.normalise import plain

COUNT = 40
MEGABYTES = {
    "captcha-resnet18": 23,
    "captcha-seq2seq": 10,
    "glyph-efficientnet": 9,
    "persian-crnn": 12,
    "persian-resnet34": 43,
    "word-crnn": 12,
}
# of which none is its own mirror image
ONE_SIDED = "CDEFGJKLNPQRSZ234579"
ONE_SIDED_PERSIAN = *"23469", *persian.WORDS

Drawn = list[tuple[Image.Image, dict[str, str]]]


def draw_letter(index: int, seed: int) -> Drawing:
    """A letter or digit in a font of the test split."""
    rng, faces = np.random.default_rng((seed, index)), fonts.faces("test")
    text, face = ONE_SIDED[index % len(ONE_SIDED)], faces[rng.integers(len(faces))]
    return glyph.labelled(glyph.in_print(rng, text, face), text, face.family)


def draw_persian(index: int, seed: int) -> Drawing:
    """A digit or word, as a bad scan has it, in a font of the test split."""
    rng, label = np.random.default_rng((seed, index)), ONE_SIDED_PERSIAN[index % len(ONE_SIDED_PERSIAN)]
    return persian.draw_text(rng, persian.TEXTS[label], label, persian.random_face(rng, "test"), "scan")


def draw_word(index: int, seed: int) -> Drawing:
    """A word that training never drew, in a font of the test split."""
    return words.draw_test(index, partial(words.word, held_out=True), seed)


def draw_line(index: int, seed: int) -> Drawing:
    """A date of a Persian letter, in a font family of the test split."""
    return lines.draw(index, "test", seed, lambda rng, _: persian_texts.date(rng))


@dataclass(frozen=True)
class Task:
    """What a subject's readers are tested with: what they read, at least which share of it, what is nothing to them.

    And a row of the report.
    """

    draw: Callable[..., Drawing]
    nothing: Callable[..., Drawing]
    measured: tuple[str, str]
    least: float = 0.9


TASKS = {
    "captcha": Task(partial(draw_test, words=WORDS), draw_nothing, (evaluate.SEEN_WORDS, "word accuracy")),
    "glyph": Task(draw_letter, glyph.draw_test_nothing, (evaluate.GLYPHS, "top-1 accuracy")),
    "word": Task(draw_word, draw_nothing, (evaluate.WORDS, "word accuracy")),
    "line": Task(draw_line, draw_nothing, (evaluate.LINES, "word accuracy"), 0.8),
    "persian": Task(draw_persian, persian.draw_outlier, (evaluate.SCANS, "top-1 accuracy")),
}


@pytest.fixture(scope="module", params=zoo.names())
def reader(request: pytest.FixtureRequest) -> Reader:
    return zoo.load(request.param)


@pytest.fixture(scope="module")
def drawn(reader: Reader) -> Drawn:
    """What it reads, drawn with a seed of its own, in the fonts and on the backgrounds of the test split."""
    draw = partial(TASKS[subject(reader)].draw, seed=777)
    return [(image.convert("RGB"), {k: str(v) for k, v in row.items()}) for image, row in map(draw, range(COUNT))]


@pytest.fixture(scope="module")
def answers(reader: Reader, drawn: Drawn) -> list[zoo.Prediction]:
    """What it reads there."""
    return reader.read([picture for picture, _ in drawn])


def right(reader: Reader, answers: list[zoo.Prediction], drawn: Drawn) -> float:
    return float(np.mean([truth.right(p, expected(reader, row)) for p, (_, row) in zip(answers, drawn, strict=True)]))


def test_it_reads_unseen_fonts_the_right_way_round_only(
    reader: Reader, drawn: Drawn, answers: list[zoo.Prediction]
) -> None:
    assert right(reader, answers, drawn) >= TASKS[subject(reader)].least
    mirrored = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture, _ in drawn[:20]]
    assert right(reader, reader.read(mirrored), drawn[:20]) <= 0.2


def test_onnx_answers_as_torch_does(reader: Reader, drawn: Drawn, answers: list[zoo.Prediction]) -> None:
    pictures = [picture for picture, _ in drawn[:20]]
    other = zoo.load(reader.name, runtime="torch")
    rounded = bool(reader.settings.ranges)  # in 8-bit integers now and then a hard one is read otherwise
    pairs = list(zip(answers[:20], other.read(pictures), strict=True))
    alike = [a.confidence for a, b in pairs if a.text == b.text]
    assert len(alike) >= (18 if rounded else 20)
    wanted = [b.confidence for a, b in pairs if a.text == b.text]
    np.testing.assert_allclose(alike, wanted, atol=0.2 if rounded else 1e-3)


def test_status_tells_something_from_nothing(reader: Reader, answers: list[zoo.Prediction]) -> None:
    assert np.mean([p.status == "ok" for p in answers]) >= 0.9
    nothing = [TASKS[subject(reader)].nothing(i, seed=778)[0] for i in range(20)]
    assert np.mean([p.status != "ok" or p.label == persian.OTHER for p in reader.read(nothing)]) >= 0.85


def test_maps_lie_where_the_answer_is(reader: Reader, drawn: Drawn) -> None:
    hits, hurt = [], []
    for picture, row in drawn[:8]:
        drawn_boxes = np.array(row["boxes"].split(), np.float32).reshape(-1, 4)
        boxes = drawn_boxes if len(drawn_boxes) else np.array([[0, 0, *picture.size]], np.float32)
        explanation = reader.explain(picture)
        if plain(explanation.labels[0]) != plain(expected(reader, row)):
            continue
        whole, *letters = explanation.maps
        hurt.append(hurts_more(reader, Case(picture, boxes, explanation.labels[0]), whole))
        if letters and len(drawn_boxes):  # Persian letters, which are joined, have none
            hits += [inside(heat, box) for heat, box in zip(letters, drawn_boxes, strict=True)]
    assert np.mean(hurt) >= 0.6  # of eight: the exact share is in evaluation.json
    assert isinstance(reader, Classifier) or subject(reader) == "line" or np.mean(hits) >= 0.8


def test_it_is_small_whole_and_described(reader: Reader) -> None:
    folder = store.CHECKPOINTS / reader.name
    assert (folder / store.WEIGHTS).stat().st_size <= MEGABYTES[reader.name] * 1_000_000
    assert store.sha256(folder / store.WEIGHTS) == catalog.entry(reader.name).sha256
    report, card = Report(folder), (folder / "README.md").read_text(encoding="utf-8")
    accuracy = report.rows[*TASKS[subject(reader)].measured, ""]
    assert f"{100 * accuracy.value:.2f} %" in card and accuracy.count >= 1860
    digests = json.loads(evaluate.DIGESTS.read_text())
    drawn = [name for part in evaluate.sets(reader) for name in part if name in digests]
    assert {name: report.digests[name] for name in drawn} == {name: digests[name] for name in drawn} != {}


def test_the_cards_program_runs_as_it_is_printed(
    reader: Reader,
    drawn: Drawn,
    answers: list[zoo.Prediction],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = (store.CHECKPOINTS / reader.name / "README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.+?)```", card, re.DOTALL)
    [file] = re.findall(r'read\(\["(.+?)"\]\)', program)
    drawn[0][0].save(tmp_path / file)
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    text, confidence, status = capsys.readouterr().out.rsplit(maxsplit=2)
    assert (text, status) == (answers[0].text, answers[0].status) and float(confidence) == pytest.approx(
        answers[0].confidence
    )


@pytest.mark.parametrize("name", [name for name in zoo.names() if catalog.entry(name).task.endswith("classification")])
def test_timm_loads_the_classifiers(name: str) -> None:
    reader = zoo.load(name, runtime="torch")
    assert isinstance(reader, Classifier)
    network = timm.create_model(f"local-dir:{store.CHECKPOINTS / name}", pretrained=True).eval()
    inputs = torch.randn(2, 3, *reader.settings.size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        np.testing.assert_allclose(network(inputs).numpy(), reader.logits(inputs.numpy()), atol=1e-3)
