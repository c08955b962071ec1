"""Decoding finds the most probable texts, batched as one by one, in either runtime."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import zoo
from tests.conftest import write_checkpoint
from zoo.decoding import beam, fusion
from zoo.decoding.ngram import NGram
from zoo.errors import InputError
from zoo.hub import store
from zoo.images import preprocess
from zoo.networks.seq2seq import Seq2Seq
from zoo.readers.base import Language
from zoo.readers.seq2seq import Seq2SeqReader
from zoo.text.alphabets import CharTokenizer

WIDTHS = (64,) * 6  # of the pictures
CONFIG = {
    "architecture": "seq2seq",
    "alphabet": "abc",
    "model_args": {"longest": 3, "width": 32, "heads": 4, "hidden": 32},
    "pretrained_cfg": {"input_size": [3, 32, 64], "mean": [0.5] * 3, "std": [0.25] * 3},
    "glyphzoo": {
        "kind": "seq2seq",
        "temperature": 1.3,
        "threshold": 0.5,
        "explained_layer": "encoder.blocks.1",
        "widths": [32, 96],
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint with random weights, sharpened so that texts differ in probability."""
    torch.manual_seed(3)
    network = Seq2SeqReader.build(CONFIG)
    assert isinstance(network, Seq2Seq)
    network.head.weight.data *= 4
    network.head.bias.data[CharTokenizer.eos] = -3
    return write_checkpoint(tmp_path_factory.mktemp("tiny-seq2seq"), CONFIG, network)


def every_text(reader: Seq2SeqReader, picture: Image.Image) -> dict[str, float]:
    """The probability of every text that there is, by teacher forcing."""
    texts = ["".join(letters) for n in range(4) for letters in itertools.product("abc", repeat=n)]
    tokens = np.insert(CharTokenizer("abc").batch(texts), 0, CharTokenizer.bos, axis=1)
    inputs = torch.from_numpy(reader.prepare(picture)[0]).expand(len(texts), -1, -1, -1)
    with torch.inference_mode():
        logits, _ = reader.network(inputs, torch.from_numpy(tokens[:, :-1]))
    steps = (logits / 1.3).log_softmax(-1).gather(-1, torch.from_numpy(tokens[:, 1:, None]))[..., 0]
    real = torch.from_numpy(tokens[:, 1:] != CharTokenizer.pad)
    return dict(zip(texts, (steps * real).sum(1).exp().tolist(), strict=True))


def test_a_wide_beam_finds_the_best_of_all_texts(
    reader: Seq2SeqReader, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beam, "PRUNING", np.log(1e-9))
    for picture in pictures:
        known = every_text(reader, picture)
        best = sorted(known.items(), key=lambda item: -item[1])[:5]
        hypotheses = reader.hypotheses(reader.look(picture), width=40)[0]
        texts = [reader.tokenizer.decode(h.tokens) for h in hypotheses]
        assert len(set(texts)) == len(texts) == 40
        assert texts[:5] == [text for text, _ in best]
        assert [h.probability for h in hypotheses] == pytest.approx([known[text] for text in texts], rel=1e-3)


def test_only_hopeless_texts_are_not_followed(
    reader: Seq2SeqReader, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [every_text(reader, picture) for picture in pictures]
    least = float(np.median([sorted(texts.values())[-10] / max(texts.values()) for texts in known]))
    monkeypatch.setattr(beam, "PRUNING", np.log(least))
    inputs = np.concatenate([reader.prepare(picture)[0] for picture in pictures])
    together = reader.hypotheses(reader.look_at(inputs, []), width=40)
    for picture, texts, hypotheses in zip(pictures, known, together, strict=True):
        followed = {reader.tokenizer.decode(h.tokens): h.probability for h in hypotheses}
        assert {text for text, p in texts.items() if p > least} <= followed.keys()
        assert min(followed.values()) >= least * max(followed.values())
        [alone] = reader.hypotheses(reader.look(picture), width=40)
        assert [h.tokens for h in alone] == [h.tokens for h in hypotheses]
    assert len({len(hypotheses) for hypotheses in together}) > 1


def test_alternatives_are_sorted_and_hold_the_answer(reader: Seq2SeqReader, pictures: list[Image.Image]) -> None:
    for p in reader.read(pictures):
        assert p.alternatives[0] == (p.text, p.confidence) and len(p.alternatives) == 5
        probabilities = [probability for _, probability in p.alternatives]
        assert probabilities == sorted(probabilities, reverse=True)
        assert [c for c, *_ in p.characters] == list(p.text)
        assert p.label is None


def test_a_language_model_weighs_the_beam(
    reader: Seq2SeqReader, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beam, "PRUNING", np.log(1e-9))
    alone = reader.read(pictures)
    second = [p.alternatives[1][0] or p.alternatives[2][0] for p in alone]
    for weight in (0.0, 1.0):
        monkeypatch.setattr(reader, "settings", dataclasses.replace(reader.settings, language=weight))
        assert reader.read(pictures, lm=False) == alone
        assert reader.read(pictures, decode="greedy", lm=False) == reader.read(pictures, decode="greedy")
        for picture, before, word in zip(pictures, alone, second, strict=True):
            [after] = reader.read([picture], lm=NGram.of([word], "abc", 3))
            was, now = dict(before.alternatives), dict(after.alternatives)
            assert list(now.values()) == sorted(now.values(), reverse=True)
            assert now[word] > was[word]
            assert all(now[text] / was[text] <= now[word] / was[word] for text in now.keys() & was.keys())
            assert sum(now.values()) <= 1 and (after.text, after.confidence) == after.alternatives[0]
            assert [c for c, *_ in after.characters] == list(after.text)


def test_texts_that_a_language_model_prefers_are_followed(
    reader: Seq2SeqReader, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "LM_WEIGHT", 3.0)

    def followed(lm: NGram | None) -> list[str]:
        [hypotheses] = reader.hypotheses(look, width=2, lm=lm)
        return [reader.tokenizer.decode(h.tokens) for h in hypotheses]

    hits = []
    for picture in pictures:
        look = reader.look(picture)
        known = every_text(reader, picture)
        words = (text for text in sorted(known, key=known.__getitem__, reverse=True) if len(text) == 3)
        word = next(text for text in words if text not in followed(None))
        hits.append(word in followed(NGram.of([word], "abc", 3)))
    assert np.mean(hits) >= 0.8


def test_greedy_takes_the_likeliest_next_character(reader: Seq2SeqReader, pictures: list[Image.Image]) -> None:
    for p, picture in zip(reader.read(pictures, decode="greedy"), pictures, strict=True):
        tokens = [CharTokenizer.bos]
        with torch.inference_mode():
            while tokens[-1] != CharTokenizer.eos and len(tokens) < 5:
                logits = reader.network(torch.from_numpy(reader.prepare(picture)[0]), torch.tensor([tokens]))[0][0, -1]
                logits[[CharTokenizer.pad, CharTokenizer.bos]] = -torch.inf
                if len(tokens) == 4:
                    break
                tokens.append(int(logits.argmax()))
        assert p.text == reader.tokenizer.decode(tokens[1:])


@pytest.mark.parametrize("lm", [False, NGram.of(["cab", "abc", "ba"], "abc", 3)])
def test_a_batch_reads_as_single_pictures_do(lm: Language, reader: Seq2SeqReader, pictures: list[Image.Image]) -> None:
    together = reader.read(pictures, lm=lm)
    for one, picture in zip(together, pictures, strict=True):
        [alone] = reader.read([picture], lm=lm)
        assert alone.text == one.text
        assert alone.confidence == pytest.approx(one.confidence, rel=1e-4)


def test_onnx_reads_as_torch_does(folder: Path, reader: Seq2SeqReader, pictures: list[Image.Image]) -> None:
    onnx = zoo.load(folder)
    for a, b in zip(onnx.read(pictures), reader.read(pictures), strict=True):
        assert a.text == b.text
        assert a.confidence == pytest.approx(b.confidence, rel=1e-3)
        assert a.alternatives[-1][1] == pytest.approx(b.alternatives[-1][1], rel=1e-3)


def test_each_character_has_a_map_in_the_pictures_own_size(reader: Seq2SeqReader) -> None:
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (50, 170, 3), np.uint8))
    [p] = reader.read([picture])
    explanation = reader.explain(picture)
    assert explanation.maps.shape[0] == len(explanation.labels)
    assert explanation.labels == (p.text, *p.text)
    assert explanation.maps.shape == (1 + len(p.text), 50, 170) and explanation.maps.dtype == np.float32
    assert explanation.maps.min() >= 0 and explanation.maps.max() <= 1


def test_every_layer_can_be_looked_into(reader: Seq2SeqReader) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (50, 170, 3), np.uint8)
    activations = [reader.activations(picture, layer) for layer in reader.layers]
    assert len(activations) > 2 and all(one.over().shape == (50, 170) for one in activations)
    heights = [one.channels.shape[1] for one in activations]
    assert heights == sorted(heights, reverse=True) and heights[0] > heights[-1]


@pytest.mark.parametrize(
    ("options", "word"), [({"lexicon": ["a"]}, "lexicon="), ({"lm": 1}, "lm="), ({"decode": "best"}, "greedy")]
)
def test_an_option_that_it_lacks_is_named(reader: Seq2SeqReader, options: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        reader.read([], **options)


def test_no_picture_is_no_answer(reader: Seq2SeqReader) -> None:
    assert reader.read([]) == []


def test_a_picture_is_not_squeezed_and_reads_alone_as_in_a_batch(folder: Path) -> None:
    rng = np.random.default_rng(1)
    shapes = [(30, 70), (32, 64), (16, 44), (48, 20), (40, 400), (30, 70)]
    mixed = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]
    for runtime in ("onnx", "torch"):
        reader = zoo.load(folder, runtime=runtime)
        widths = [reader.prepare(picture)[0].shape[3] for picture in mixed]
        assert widths == [80, 64, 96, 32, 96, 80]  # the last but one is scaled down to the widest
        for (height, width), picture in zip(shapes, mixed, strict=True):
            assert reader.prepare(picture)[1].scale == pytest.approx(min(32 / height, 96 / width))
        together, alone = reader.read(mixed), [reader.read([picture])[0] for picture in mixed]
        assert [p.text for p in together] == [p.text for p in alone]
        assert [p.confidence for p in together] == pytest.approx([p.confidence for p in alone], rel=1e-4)
        assert reader.explain(mixed[4]).maps.shape[1:] == (40, 400)


def test_widths_that_make_no_sense_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / store.WEIGHTS).symlink_to(folder / store.WEIGHTS)
    for widths in ([96], [96, 32], [0, 32]):
        (tmp_path / store.CONFIG).write_text(json.dumps(CONFIG | {"glyphzoo": CONFIG["glyphzoo"] | {"widths": widths}}))
        with pytest.raises(InputError, match="narrowest and the widest"):
            zoo.load(tmp_path)


def test_what_was_cut_off_has_no_heat(reader: Seq2SeqReader) -> None:
    pixels = np.full((60, 200, 3), 255, np.uint8)
    pixels[20:40, 60:100] = np.random.default_rng(2).integers(0, 200, (20, 40, 3))
    left, top, right, bottom = preprocess.content(Image.fromarray(pixels))
    maps = reader.explain(pixels).maps
    outside = np.ones((60, 200), bool)
    outside[top - 9 : bottom + 9, left - 9 : right + 9] = False  # where the input was padded, it may look
    assert maps.shape[1:] == (60, 200) and maps.max() == 1
    assert all(heat[outside].max() == 0 for heat in maps)


def test_covering_a_part_changes_no_frame(reader: Seq2SeqReader) -> None:
    pixels = np.full((24, 80, 3), 255, np.uint8)
    pixels[2:22, 10:70] = 0
    covered = pixels.copy()
    covered[:, :40] = 255
    whole, place = reader.prepare(pixels)
    part, same = reader.prepare(covered, pixels)
    assert part.shape == whole.shape and same == place
    changed = np.flatnonzero((part != whole).any((0, 1, 2)))
    assert changed.max() < whole.shape[3] / 2 + 2, "what is not covered stays where it was"
    assert reader.prepare(covered)[0].shape != whole.shape


def test_the_steps_of_the_decoder_take_one_core(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, session = [], onnxruntime.InferenceSession

    def opened(model: bytes, options: onnxruntime.SessionOptions, providers: list[str]) -> onnxruntime.InferenceSession:
        threads.append(options.intra_op_num_threads)
        return session(model, options, providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)
    zoo.load(folder, threads=2)
    assert threads == [2, 1], "the picture is seen by two, and each step is small"
