"""Edits are counted by kind, over true characters."""

import pytest

from training.measure.spelling import confused, error_rates


def test_every_kind_of_edit_is_counted() -> None:
    read, true = ["kittin", "ab", "xyzq", ""], ["kitten", "abc", "xyz", "d"]
    rates = {row.measure: row.value for row in error_rates("set", read, true)}
    assert rates == {
        "CER": pytest.approx(4 / 13),
        "substitutions per character": pytest.approx(1 / 13),
        "deletions per character": pytest.approx(2 / 13),
        "insertions per character": pytest.approx(1 / 13),
    }


def test_the_interval_is_over_pictures() -> None:
    read, true = ["abcd"] * 50 + ["____"] * 50, ["abcd"] * 100
    [cer, *_] = error_rates("set", read, true, ", case as drawn", model="peer")
    assert cer.measure == "CER, case as drawn" and cer.model == "peer" and cer.count == 100
    assert cer.value == 0.5 and cer.interval and 0.38 < cer.interval[0] < 0.45 and 0.55 < cer.interval[1] < 0.62


def test_confusions_are_named_and_counted_in_their_places() -> None:
    first, second = confused("set", ["il1l", "lI"], ["llll", "II"], most=2)
    assert {first.measure, second.measure} < {"l read as i", "l read as 1", "I read as l"}
    assert first.count == (4 if first.measure[0] == "l" else 2) and first.value == 1 / first.count
    assert first.interval and first.interval[0] < first.value < first.interval[1]
