"""A picture is looked at once; what explains an answer explains that answer, whatever was asked for."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

import zoo
from demos.tabs import words
from demos.widgets import answers
from training.data.captcha import draw_test
from zoo.readers import page
from zoo.readers.base import Reader

PICTURE = Image.fromarray(np.asarray(draw_test(3, ("orange",), 0)[0])).convert("RGB")


@pytest.fixture(scope="module", params=["captcha-resnet18", "captcha-seq2seq", "word-crnn"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return zoo.load(request.param)


class Runs:
    """How often a reader's onnxruntime graph sees pictures, and its torch network."""

    def __init__(self, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        self.onnx = self.torch = 0
        run = reader._run

        def counted(graph: str, **inputs: Any) -> Any:
            self.onnx += graph == reader.graph_names[0]
            return run(graph, **inputs)

        def forward(*_: object) -> None:
            self.torch += 1

        monkeypatch.setattr(reader, "_run", counted)
        reader.network.register_forward_pre_hook(forward)


def test_an_answer_and_its_maps_take_one_run_of_each_runtime(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(reader, monkeypatch)
    look = reader.look(PICTURE)
    answer = reader.answer(look)
    explained = reader.explain(look, answer)
    assert (runs.onnx, runs.torch) == (1, 1)
    assert answer == reader.read([PICTURE])[0] and explained.labels[0] == answer.text
    assert (explained.maps == reader.explain(PICTURE).maps).all()


def test_one_line_on_the_words_tab_takes_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = zoo.load("word-crnn")
    monkeypatch.setattr(answers, "reader", lambda name: reader)
    runs = Runs(reader, monkeypatch)
    words._page(PICTURE)
    assert (runs.onnx, runs.torch) == (1, 1)


OTHERWISE: list[tuple[str, dict[str, Any]]] = [
    *(
        (name, options)
        for name in ("captcha-seq2seq", "word-crnn")
        for options in ({"decode": "greedy"}, {"lm": False})
    ),
    ("word-crnn", {"lexicon": ["range", "organ"]}),
]


@pytest.mark.parametrize(("name", "options"), OTHERWISE)
def test_what_is_explained_is_the_answer_that_was_given(name: str, options: dict[str, Any]) -> None:
    reader = zoo.load(name)
    look = reader.look(PICTURE)
    answer = reader.answer(look, **options)
    assert reader.explain(look, answer).labels == (answer.text, *answer.text)
    if "lexicon" in options:
        assert answer.text in options["lexicon"] and answer != reader.answer(look)
        assert not np.array_equal(reader.explain(look, answer).maps[0], reader.explain(look).maps[0])


def test_maps_of_a_large_photo_are_of_the_same_answer_and_as_small_as_wished(reader: Reader) -> None:
    photo = Image.new("RGB", (4_000, 1_000), "white")
    photo.paste(PICTURE.resize((3_000, 750)), (500, 125))
    look = reader.look(photo)
    answer = reader.answer(look)
    explained = reader.explain(look, answer, longest=1_000)
    assert explained.labels[0] == answer.text == reader.read([photo])[0].text
    assert explained.maps.shape[1:] == (250, 1_000)
    whole = reader.explain(look, answer).maps
    assert whole.shape == (len(explained.maps), 1_000, 4_000)
    assert np.abs(whole[0, 2::4, 2::4] - explained.maps[0]).max() < 0.1


def test_the_words_of_a_line_are_those_of_its_answer() -> None:
    reader = zoo.load("word-crnn")
    read = page.read(reader, PICTURE, keep=True)
    assert read.answer and read.look and read.answer == reader.answer(read.look)
    assert read.text == read.answer.text and [word.text for word in read.words] == read.text.split()


def test_pictures_are_looked_at_in_batches_and_no_answer_depends_on_the_others(reader: Reader) -> None:
    pictures = [PICTURE, PICTURE.rotate(4, fillcolor="white"), PICTURE.crop((0, 0, 90, PICTURE.height)), PICTURE]
    looks = reader.looks(pictures)
    assert [reader.answer(look) for look in looks] == reader.read(pictures)
    assert [len(look.inputs) for look in looks] == [1] * 4 and reader.looks([]) == []


def test_the_map_of_the_text_is_twice_as_large_as_those_of_its_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = zoo.load("captcha-seq2seq")
    monkeypatch.setattr(answers, "reader", lambda name: reader)
    (whole, text), *each = answers.overlays("captcha-seq2seq", PICTURE)
    assert whole.size == (480, round(480 * PICTURE.height / PICTURE.width)) and [c for _, c in each] == list(text)
    assert {image.width for image, _ in each} == {240}
