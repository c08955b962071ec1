"""CTC against its definition: every path of a few frames, one by one."""

import itertools
from collections import defaultdict

import numpy as np
import pytest

from zoo.decoding import ctc

TEXTS = [(), (1,), (2, 1), (1, 1), (1, 2, 1), (2, 2, 2), (1, 2, 3, 1)]


def random_frames(count: int, symbols: int, seed: int = 0, peak: float = 1.0) -> np.ndarray:
    logits = peak * np.random.default_rng(seed).normal(size=(count, symbols))
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def every_path(frames: np.ndarray) -> dict[ctc.Text, list[tuple[float, tuple[int, ...]]]]:
    """All paths by the text that they spell, each with the logarithm of its probability."""
    actual: dict[ctc.Text, list[tuple[float, tuple[int, ...]]]] = defaultdict(list)
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        actual[ctc.collapse(path)].append((float(frames[np.arange(len(frames)), path].sum()), path))
    return actual


def totals(frames: np.ndarray) -> dict[ctc.Text, float]:
    return {text: float(np.logaddexp.reduce([p for p, _ in paths])) for text, paths in every_path(frames).items()}


def test_repeats_are_merged_before_blanks_are_dropped() -> None:
    path, text = ([" helo".index(character) for character in word] for word in ("hhe  lll llo", "hello"))
    assert ctc.collapse(path) == tuple(text)
    assert ctc.collapse([0, 0]) == () and ctc.collapse([]) == ()


def test_a_text_has_the_probability_of_all_its_paths() -> None:
    frames = random_frames(5, 4)
    expected = totals(frames)
    assert np.exp(list(expected.values())).sum() == pytest.approx(1)
    actual = ctc.log_probabilities(frames, TEXTS)
    assert actual == pytest.approx([expected.get(text, -np.inf) for text in TEXTS])
    assert ctc.log_probabilities(frames, [(2, 2, 2, 2)]) == [-np.inf], "seven frames are needed"


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_the_best_text_and_a_narrow_one_may_not(seed: int) -> None:
    frames = random_frames(6, 4, seed)
    expected = totals(frames)
    best = max(expected, key=lambda text: expected[text])
    actual = ctc.beam_search(frames, width=500)
    assert actual[0].text == best
    for one in actual[:10]:  # paths far below the best are not followed
        assert one.probability == pytest.approx(expected[one.text], abs=0.01)
    assert len(ctc.beam_search(frames, width=3)) == 3


def test_a_beam_weighs_what_it_prefers_and_tells_what_survived() -> None:
    frames = random_frames(6, 4, 1)
    trace: list[list[ctc.Followed]] = []
    plain = ctc.beam_search(frames, 50, trace=trace)
    assert len(trace) == len(frames) and trace[-1] == plain
    assert {len(one.text) for one in trace[0]} == {0, 1}, "after a frame there is at most one character"
    long = ctc.beam_search(frames, 50, prefer=lambda texts: np.array([3.0 * len(text) for text in texts]))
    assert len(long[0].text) > len(plain[0].text)
    for one in long:
        assert one.score == pytest.approx(one.probability + 3 * len(one.text))


def test_what_is_far_below_the_best_is_not_followed() -> None:
    frames = np.log([[0.9979, 0.002, 0.0001], [0.9979, 0.002, 0.0001]])
    assert [one.text for one in ctc.beam_search(frames)] == [(), (1,)], "too rare is the third symbol"
    twice = ctc.beam_search(np.repeat(frames, [1, 2], 0))
    assert (1, 1) not in [one.text for one in twice], "two of them are"


def test_the_best_path_may_spell_another_text_than_the_best() -> None:
    frames = np.log([[0.4, 0.6], [0.4, 0.6]])[:, ::-1]  # blank 0.6 in both: the path of blanks has 0.36
    assert ctc.collapse(ctc.best_path(frames).tolist()) == ()
    [best, *_] = ctc.beam_search(frames)
    assert best.text == (1,) and np.exp(best.probability) == pytest.approx(0.64)


def test_a_blank_frame_parts_two_that_are_alike() -> None:
    letter, blank = [0.01, 0.98, 0.01], [0.9991, 0.0005, 0.0004]
    frames = np.log([blank, letter, blank, letter, blank])
    trace: list[list[ctc.Followed]] = []
    best, *_ = ctc.beam_search(frames, trace=trace)
    assert best.text == (1, 1) and [len(actual[0].text) for actual in trace] == [0, 1, 1, 2, 2]
    assert best.probability == pytest.approx(ctc.log_probabilities(frames, [(1, 1)])[0], abs=2e-3)
    assert trace[2][0].score == pytest.approx(trace[1][0].score + np.log(0.9991), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_likeliest_texts_are_near_a_sure_one(seed: int) -> None:
    frames = random_frames(7, 4, seed, peak=6)
    best, *others = sorted(every := totals(frames), key=lambda text: -every[text])
    actual = ctc.near(frames, 4)
    assert len(set(actual)) == 4 and ctc.collapse(ctc.best_path(frames).tolist()) not in actual
    assert others[0] in [best, *actual] and len({*others[:8]} & {*actual}) >= 3
    assert actual[:2] == ctc.near(frames, 2), "the likeliest change comes first"


def test_near_a_text_of_one_frame_are_all_others() -> None:
    assert sorted(ctc.near(np.log([[0.1, 0.2, 0.7]]), 5)) == [(), (1,)]


def test_a_lexicon_scores_every_word_exactly() -> None:
    rng = np.random.default_rng(0)
    words = sorted({tuple(rng.integers(1, 5, rng.integers(1, 7)).tolist()) for _ in range(300)})
    lexicon = ctc.Lexicon.of(words)
    assert len(lexicon.symbols) < sum(map(len, words)) / 2, "what words share is there once"
    for seed in range(3):
        frames = random_frames(9, 5, seed, peak=3)
        assert lexicon.log_probabilities(frames) == pytest.approx(ctc.log_probabilities(frames, words))


def test_a_lexicon_does_not_run_out_of_numbers() -> None:
    frames = random_frames(400, 5, peak=20)
    word = ctc.collapse(ctc.best_path(frames).tolist())
    [actual] = ctc.Lexicon.of([word]).log_probabilities(frames)
    assert np.isfinite(actual) and actual == pytest.approx(ctc.log_probabilities(frames, [word])[0])


@pytest.mark.parametrize("text", TEXTS)
def test_alignments_are_the_best_paths_in_their_order(text: ctc.Text) -> None:
    frames = random_frames(6, 4, 2)
    paths = sorted(every_path(frames)[text], reverse=True)
    actual = ctc.alignments(frames, text, 8)
    assert [one.probability for one in actual] == pytest.approx([probability for probability, _ in paths[:8]])
    assert [tuple(one.path.tolist()) for one in actual] == [path for _, path in paths[:8]]
    for one in actual:
        assert [one.path[first:last].tolist() for first, last in one.spans] == [
            [symbol] * (last - first) for symbol, (first, last) in zip(text, one.spans, strict=True)
        ]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(one.spans))


def test_too_few_frames_spell_nothing() -> None:
    frames = random_frames(4, 4)
    assert ctc.shortest((1, 1, 2)) == 4 and len(ctc.alignments(frames, (1, 1, 2))) == 1
    assert ctc.shortest((1, 1, 1)) == 5 and ctc.alignments(frames, (1, 1, 1)) == []


@pytest.mark.parametrize("seed", range(6))
def test_the_best_path_is_the_alignment_of_what_it_spells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = np.repeat(rng.normal(0, 4, (12, 5)), rng.integers(1, 4, 12), axis=0)  # symbols last some frames
    frames = np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
    text = ctc.collapse(ctc.best_path(frames).tolist())
    [actual], (looked_for, _) = ctc.alignments(frames, text), ctc.alignments(frames, text, 2)
    assert actual.path.tolist() == looked_for.path.tolist() and actual.spans == looked_for.spans
    assert actual.probability == pytest.approx(looked_for.probability)
