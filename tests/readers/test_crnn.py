"""A reader that spells by CTC: its texts, their probabilities and places, batched as one by one, in either runtime."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import zoo
from tests.conftest import write_crnn
from zoo.decoding import ctc
from zoo.decoding.ngram import NGram
from zoo.errors import InputError
from zoo.hub import store
from zoo.networks.crnn import CRNN
from zoo.readers.base import Decoding
from zoo.readers.crnn import CRNNReader
from zoo.text.alphabets import PERSIAN

WIDTHS = 16, 16, 32, 64, 16  # of the pictures


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint with random weights, sharpened so that texts differ in probability."""
    return write_crnn(tmp_path_factory.mktemp("tiny-crnn"), "abcABC", 12)


def frames_of(reader: CRNNReader, picture: Image.Image) -> np.ndarray:
    return reader.frames(reader.look(picture))[0]


def test_frames_are_calibrated_distributions(reader: CRNNReader, pictures: list[Image.Image]) -> None:
    look = reader.look(pictures[2])
    with torch.inference_mode():
        wanted = (reader.network(torch.from_numpy(look.inputs)) / 1.3).log_softmax(-1).numpy()
    np.testing.assert_allclose(reader.frames(look), wanted, atol=1e-4)


def test_the_confidence_is_the_probability_of_the_text_over_all_paths(
    reader: CRNNReader, pictures: list[Image.Image]
) -> None:
    narrow = [picture for picture in pictures if picture.width == 16]
    for picture in narrow:
        frames = frames_of(reader, picture)
        assert np.exp(frames).sum(1) == pytest.approx(1, abs=1e-4)
        every: dict[str, float] = {}
        for path in itertools.product(range(7), repeat=len(frames)):
            text = reader.decode(ctc.collapse(path))
            every[text] = every.get(text, 0) + float(np.exp(frames[np.arange(len(frames)), path].sum()))
        best = sorted(every.items(), key=lambda item: -item[1])
        [answer] = reader.read([picture])
        assert answer.text == best[0][0] and answer.confidence == pytest.approx(best[0][1], rel=1e-3)
        assert dict(answer.alternatives) == pytest.approx(
            {text: every[text] for text, _ in answer.alternatives}, rel=1e-3
        )
        assert answer.alternatives[0] == (answer.text, answer.confidence) and len(answer.alternatives) == 5
        [greedy] = reader.read([picture], decode="greedy")
        assert greedy.confidence == pytest.approx(every[greedy.text], rel=1e-3)
        assert greedy.confidence <= answer.confidence + 1e-6


def test_pictures_of_any_width_are_read_in_a_batch_as_alone(folder: Path, pictures: list[Image.Image]) -> None:
    for runtime in ("torch", "onnx"):
        reader = zoo.load(folder, runtime=runtime)
        together = reader.read(pictures)
        for picture, answer in zip(pictures, together, strict=True):
            [alone] = reader.read([picture])
            assert alone.text == answer.text and alone.confidence == pytest.approx(answer.confidence, rel=1e-4)
    by_torch = zoo.load(folder, runtime="torch").read(pictures)
    for a, b in zip(together, by_torch, strict=True):
        assert a.text == b.text and a.confidence == pytest.approx(b.confidence, abs=1e-4)


def test_characters_lie_side_by_side_in_the_picture(reader: CRNNReader, pictures: list[Image.Image]) -> None:
    for picture in pictures:
        [answer] = reader.read([picture])
        assert "".join(character for character, *_ in answer.characters) == answer.text
        boxes = np.array([box for *_, box in answer.characters])
        assert (boxes[:, 0] < boxes[:, 2]).all() and (boxes[:-1, 2] <= boxes[1:, 0] + 1e-3).all()
        assert (boxes[:, [0, 1]] >= 0).all() and boxes[:, 2].max() <= picture.width
        assert all(0 < probability <= 1 for _, probability, _ in answer.characters)


def test_a_lexicon_is_chosen_from_whatever_the_case(reader: CRNNReader, pictures: list[Image.Image]) -> None:
    words = ["".join(letters) for n in (1, 2, 3) for letters in itertools.product("abc", repeat=n)]
    for picture in pictures:
        [free] = reader.read([picture])
        [answer] = reader.read([picture], lexicon=words)
        assert answer.text in words and all(text in words for text, _ in answer.alternatives)
        assert sum(share for _, share in answer.alternatives) <= 1 + 1e-6
        if free.text.lower() in words:
            [same] = reader.read([picture], lexicon=[word.title() for word in words])
            assert same.text == answer.text.title() and same.confidence == pytest.approx(answer.confidence)
        [lone] = reader.read([picture], lexicon=["cccc", "CCCC"])
        assert lone.text == "cccc" and lone.confidence < 0.99, "it is hardly the only word that there is"


def test_a_language_model_weighs_the_beam(
    reader: CRNNReader, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    for picture in pictures:
        [alone] = reader.read([picture], lm=False)
        word = alone.alternatives[1][0] or alone.alternatives[2][0]
        monkeypatch.setattr(reader, "settings", dataclasses.replace(reader.settings, language=1.0))
        [after] = reader.read([picture], lm=NGram.of([word.lower()] * 5, "abc", 3))
        was, now = dict(alone.alternatives), dict(after.alternatives)
        assert now[word] > was[word] and list(now.values()) == sorted(now.values(), reverse=True)
        assert reader.read([picture], lm=False) == [alone]
        monkeypatch.setattr(reader, "settings", dataclasses.replace(reader.settings, language=0.0))


def test_maps_lie_where_the_characters_are(reader: CRNNReader, pictures: list[Image.Image]) -> None:
    for picture in pictures:
        [answer], explained = reader.read([picture]), reader.explain(picture)
        assert explained.labels == (answer.text, *answer.text)
        assert explained.maps.shape == (1 + len(answer.text), picture.height, picture.width)
        for heat, (_, _, box) in zip(explained.maps[1:], answer.characters, strict=True):
            assert box is not None
            middle = (heat.sum(0) * np.arange(picture.width)).sum() / heat.sum()
            assert box[0] - 4 <= middle <= box[2] + 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"lexicon": ["ab", "né"]}, "'n' of 'né'"),
        ({"lexicon": []}, "list of words"),
        ({"lexicon": "ab"}, "list of words"),
    ],
)
def test_a_lexicon_that_makes_no_sense_is_a_sentence(
    reader: CRNNReader, pictures: list[Image.Image], options: dict[str, list[str]], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        reader.read(pictures, **options)


def test_without_lstm_a_frame_knows_only_what_is_around_it() -> None:
    torch.manual_seed(0)
    images = torch.randn(1, 3, 32, 512)
    changed = images.clone()
    changed[..., 480:] = 0
    first = []
    for layers, directions in ((0, 2), (1, 1), (1, 2)):
        network = CRNN(5, layers=layers, directions=directions, width=32, hidden=16).eval()
        with torch.inference_mode():
            differs = (network(images) - network(changed)).abs().amax(2)[0] > 0
        first.append(int(differs.nonzero()[0]))
    assert abs(first[0] - first[1]) < 3 < first[0] - first[2], "only who reads both ways knows what comes later"


@pytest.fixture(scope="module")
def persian(tmp_path_factory: pytest.TempPathFactory) -> CRNNReader:
    """A reader of a line that runs from right to left."""
    folder = write_crnn(tmp_path_factory.mktemp("tiny-persian"), PERSIAN, 12)
    config = json.loads((folder / store.CONFIG).read_text())
    config["glyphzoo"]["right_to_left"] = True
    (folder / store.CONFIG).write_text(json.dumps(config))
    reader = zoo.load(folder, runtime="torch")
    assert isinstance(reader, CRNNReader)
    return reader


@pytest.mark.parametrize(("text", "visual"), [("تا 12/3 ب", "ب 12/3 ات"), ("تا 3-12 ب", "ب 12-3 ات")])
def test_what_runs_from_the_right_is_told_in_the_order_of_typing(
    text: str, visual: str, persian: CRNNReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbols = persian.encode(text)
    assert persian.visual(symbols) == visual and persian.decode(symbols) == text
    assert persian.encode("\u0661\u064a") == persian.encode("\u06f1\u06cc"), "what looks alike is one character"
    frames = np.full((1, 4 * len(symbols), 1 + len(PERSIAN)), -12.0, np.float32)
    frames[0, :, ctc.BLANK] = -6
    frames[0, np.arange(len(symbols)) * 4 + 2, symbols] = -1e-4
    monkeypatch.setattr(persian, "frames", lambda *_: frames)
    picture = Image.new("RGB", (16 * len(symbols), 32), "white")
    picture.paste("black", (4, 4, 60, 20))
    [answer] = persian.read([picture], decode="greedy")
    assert answer.text == text and [character for character, *_ in answer.characters] == list(text)
    from_left = sorted(answer.characters, key=lambda one: one[2][0] if one[2] else 0)
    assert "".join(character for character, *_ in from_left) == visual
    assert [word for word, *_ in answer.words] == text.split(" ")


def test_each_word_of_a_line_is_spelled_as_the_language_has_it(
    persian: CRNNReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two letters of three words are unsure; a number, a full stop and a space between words stay what they are."""
    line, wrong = "کتاب 38، متن.", "کناب 38، منن."
    symbols, misread = persian.encode(line), persian.encode(wrong)
    frames = np.full((2 * len(symbols), 1 + len(PERSIAN)), -12.0, np.float32)
    frames[1::2, ctc.BLANK] = -0.01
    for i, (true, other) in enumerate(zip(symbols, misread, strict=True)):
        frames[2 * i, true] = np.log(0.45 if true != other else 0.99)
        frames[2 * i, other] = np.log(0.55 if true != other else 0.99)
    answers = [(misread, 0.3), (symbols, 0.2)]
    letters = "".join(dict.fromkeys("کتابمنشر"))
    model = NGram.of(["کتاب", "متن", "شرکت"] * 9, letters, 4)
    [(text, share), (second, less)] = persian.respelled(frames, answers, model, 0.5)
    assert persian.decode(text) == line and share > 0.3
    assert second == misread and less == 0.3
    assert persian.respelled(frames, answers, model, 0.0)[0][0] == misread
    assert persian.respelled(frames, answers, NGram.of(["زرد"], "زرد", 4), 0.5)[0][0] == misread, "of no word it knows"
    monkeypatch.setattr(persian, "settings", dataclasses.replace(persian.settings, language=0.5))
    assert persian.decode(persian.answers(frames, Decoding("beam", lm=model))[0][0]) == line
    assert persian.answers(frames, Decoding("beam", lm=False))[0][0] == misread
    assert persian.decode(persian.answers(frames, Decoding("beam"))[0][0]) == line, "with the model of Persian"
