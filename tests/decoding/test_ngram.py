"""The n-gram model counts as Witten and Bell do."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from training import language as made
from training.data.texts import persian_texts
from training.data.texts.english import WORDS, dictionary
from zoo.decoding import ngram
from zoo.decoding.ngram import NGram

FEW = ["abba", "aba", "abba", "cab", "b"]


def chance(words: list[str], before: str, letter: str) -> float:
    """Witten & Bell's interpolation, straight from the definition; `before` is a suffix of what was written."""
    counted = Counter(
        padded[i] for word in words for padded in [f"__{word}_"] for i in range(2, len(padded))
        if padded[:i].endswith(before)
    )  # fmt: skip
    shorter = chance(words, before[1:], letter) if before else 1 / 4
    total, kinds = sum(counted.values()), len(counted)
    return (counted[letter] + kinds * shorter) / (total + kinds) if total else shorter


@pytest.mark.parametrize("text", ["abba", "ABBA", "a", "cc", "bacab"])
def test_probabilities_are_those_of_the_definition(text: str) -> None:
    padded = f"__{text.lower()}_"
    expected = sum(math.log(chance(FEW, padded[i - 2 : i], padded[i])) for i in range(2, len(padded)))
    assert NGram.of(FEW, "abc", 3).log_probability(["c", text])[1] == pytest.approx(expected)


def test_all_texts_together_are_certain() -> None:
    """But for the empty one, which no word is."""
    model = NGram.of(["aa", "a", "aaaa"], "a", 3)
    assert 0.9 < np.exp(model.log_probability(["a" * n for n in range(1, 400)])).sum() < 1
    assert model.log_probability(["", "ab", "7"]).tolist() == [-math.inf] * 3
    assert model.log_probability([]).tolist() == []


def test_a_beginning_is_as_likely_as_all_that_begins_so() -> None:
    model = NGram.of(FEW, "abc", 3)
    [open_] = np.exp(model.log_probability(["ab"], ended=False))
    longer = np.exp(model.log_probability(["aba", "abb", "abc", "ab"], ended=[False, False, False, True]))
    assert open_ == pytest.approx(longer.sum())
    ended, begun = (ngram.english().gains(["giraf", "giraffe7"], 36, 12, ended) for ended in (True, False))
    assert ended[0] < 3 < 6 < begun[0]
    assert begun[1] == pytest.approx(ended[1] - math.log(12), abs=0.01), "a digit behind it ends a word"


def test_a_saved_model_is_the_same(tmp_path: Path) -> None:
    model = NGram.of(FEW, "abc", 3)
    model.save(tmp_path / "few.npz")
    again = NGram.load(tmp_path / "few.npz")
    texts = ["abba", "bac", "cab"]
    assert (again.alphabet, again.order) == ("abc", 3)
    assert np.array_equal(again.log_probability(texts), model.log_probability(texts))


def test_words_are_told_from_characters() -> None:
    words = [word for word in dictionary(True) if len(word) > 5][:300]
    rng = np.random.default_rng(0)
    scrambled = ["".join(rng.permutation(list(word))) for word in words]
    gains = [ngram.english().gains(texts, 36, 12) for texts in (words, scrambled)]
    assert np.mean(gains[0]) > 5 > 2 > np.mean(gains[1]) and min(gains[1]) >= 0
    assert ngram.english().gains(["x7k2p", "2024", ""], 36, 12).tolist() == [0, 0, 0]


def test_a_word_may_have_digits_around_it() -> None:
    word, behind, around, spelled, inside = ngram.english().gains(
        ["giraffe", "giraffe7", "4giraffe2", "giraffet", "gir7affe"], 36, 12
    )
    assert inside < 0.1 < 5 < spelled < word
    assert behind - word == pytest.approx(around - behind) == pytest.approx(math.log(36 / 20))


@pytest.mark.parametrize("name", ["english", "persian"])
def test_the_committed_model_is_the_one_that_the_command_makes(name: str) -> None:
    again, kept = getattr(made, name)(), getattr(ngram, name)()
    assert again.alphabet == kept.alphabet
    assert np.array_equal(again.grams, kept.grams) and np.array_equal(again.counts, kept.counts)


def test_words_held_out_for_tests_are_not_counted() -> None:
    assert not set(dictionary(True)) & {*dictionary(False), *WORDS}
    assert not set(persian_texts.dictionary(True)) & set(persian_texts.dictionary(False))
    assert made.english(without=dictionary(False)[:1000]).counts.sum() < ngram.english().counts.sum()
