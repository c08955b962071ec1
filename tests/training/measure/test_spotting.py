"""A word of a whole picture counts where it is and as it is spelled, and no more than once."""

import pytest

from training.measure import spotting

TRUE = [([0, 0, 100, 20], "Hello"), ([110, 0, 160, 20], "5%"), ([0, 40, 80, 60], "again")]


def test_a_word_counts_where_it_is_and_as_it_is_spelled() -> None:
    assert spotting.hits(TRUE, TRUE) == 3
    read = [([0, 2, 96, 22], "HELLO!"), ([110, 0, 160, 20], "6%"), ([0, 55, 80, 75], "again")]
    assert spotting.hits(read, TRUE) == 1, "one is misread, one lies elsewhere"
    assert spotting.hits(read, TRUE, spelled=False) == 2
    assert spotting.hits([], TRUE) == spotting.hits(TRUE, []) == 0


def test_no_word_counts_twice() -> None:
    assert spotting.hits([TRUE[0]] * 3, TRUE) == spotting.hits(TRUE, [TRUE[0]] * 3) == 1
    half = [([0, 0, 49, 20], "Hello"), ([51, 0, 100, 20], "Hello")]
    assert spotting.hits(half, TRUE) == 0, "neither covers half of it"


def test_rates_count_words_over_all_pictures() -> None:
    rows = {row.measure: row for row in spotting.rates("signs", [TRUE, TRUE[:1]], [TRUE, TRUE], model="ours")}
    assert rows["precision of words read"].value == 1 and rows["recall of words read"].value == pytest.approx(4 / 6)
    assert rows["F1 of words read"].value == rows["F1 of words found"].value == pytest.approx(0.8)
    assert {(row.count, row.model) for row in rows.values()} == {(2, "ours")}
    assert rows["precision of words read"].interval == (1, 1)


def test_true_words_are_those_of_the_metadata() -> None:
    row = {"text": "Hello 5%", "boxes": "0.0 0.0 100.0 20.0 110.0 0.0 160.0 20.0"}
    assert spotting.true_words(row) == TRUE[:2]
