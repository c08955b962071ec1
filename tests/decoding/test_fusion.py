"""A language model weighs texts by Bayes' rule."""

import math

import numpy as np
import pytest

from zoo.decoding.fusion import LM_WEIGHT, Fusion, weighed
from zoo.decoding.ngram import NGram


def test_weighing_is_bayes_rule() -> None:
    actual = weighed([0.6, 0.3], [0.0, math.log(4)], 1.0)
    assert actual == pytest.approx(np.array([0.6, 1.2]) / 1.9)
    assert weighed([0.6, 0.3], [0.0, math.log(4)], 0.0) == pytest.approx([0.6, 0.3])


def test_a_language_model_prefers_its_words_and_what_they_begin_with() -> None:
    fusion = Fusion(NGram.of(["abba"] * 5, "abc", 3), 3, 4, weight=1.0)
    begun, other, word = fusion.preference(["abb", "cc", "abba"], [False, False, True])
    assert begun == pytest.approx(LM_WEIGHT * fusion.model.gains(["abb"], 3, 4, ended=False)[0])
    assert begun > other and word > other
    after = fusion.weighed(["abba", "cc"], [0.4, 0.5])
    assert after == pytest.approx(weighed([0.4, 0.5], fusion.model.gains(["abba", "cc"], 3, 4), 1.0))
    assert after[0] > after[1] and after.sum() <= 1
