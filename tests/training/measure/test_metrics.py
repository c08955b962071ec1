import numpy as np
import pytest

from training.measure.calibration import (
    binary_cross_entropy,
    coverage,
    expected_calibration_error,
    fit_temperature,
    threshold,
)
from training.measure.metrics import bootstrap, wilson
from zoo.decoding.probabilities import softmax


def test_wilson_agrees_with_the_published_example() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 0) == (0, 1)
    assert wilson(10, 10)[1] == pytest.approx(1)


def test_bootstrap_holds_the_mean() -> None:
    values = np.random.default_rng(0).normal(3, 1, 400)
    low, high = bootstrap(values, np.mean)
    assert low < values.mean() < high
    assert 0.1 < high - low < 0.3


def test_bootstrap_holds_a_biased_statistic() -> None:
    rng = np.random.default_rng(0)
    sure = rng.random(600)
    pairs = np.column_stack([sure, rng.random(600) < sure])
    low, high = bootstrap(pairs, lambda rows: expected_calibration_error(rows[:, 0], rows[:, 1]))
    assert 0 < low < expected_calibration_error(*pairs.T) < high < 0.1


def test_ece_of_honest_and_of_boasting_confidence() -> None:
    rng = np.random.default_rng(0)
    sure = rng.random(50_000)
    right = rng.random(50_000) < sure
    assert expected_calibration_error(sure, right) < 0.01
    assert expected_calibration_error(np.ones(100), np.arange(100) < 60) == pytest.approx(0.4)


def test_the_temperature_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 5))
    target = (softmax(logits).cumsum(1) > rng.random((20_000, 1))).argmax(1)
    right = logits.argmax(1) == target
    found = fit_temperature(lambda t: binary_cross_entropy(softmax(2.5 * logits / t).max(1), right))
    assert found == pytest.approx(2.5, rel=0.05)


def test_the_threshold_keeps_its_share() -> None:
    sure = np.random.default_rng(0).random(10_000)
    assert np.mean(sure >= threshold(sure, 0.98)) == pytest.approx(0.98, abs=1e-3)


def test_coverage_is_the_largest_share_that_is_precise_enough() -> None:
    sure, right = [0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 0, 1, 0]
    assert coverage(sure, right, 1.0) == pytest.approx(0.4)
    assert coverage(sure, right, 0.75) == pytest.approx(0.8)  # more mistakes further down do not forbid it
    assert coverage(sure[::-1], right[::-1], 0.75) == pytest.approx(0.8)
    assert coverage(sure, right, 0.6) == 1 and coverage([0.9], [0]) == 0 and coverage([], []) == 0
