"""Experiments against the model that did not see them, and against each other, by numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from causal import conflict
from causal.conflict import Measured, smoothed

DRAWS = 4000


@pytest.fixture(scope="module")
def level() -> np.ndarray:
    """Draws of a channel's level, one on average, with a standard deviation of 0.2."""
    return 1 + 0.2 * np.random.default_rng(1).standard_normal(DRAWS)


def _measured(name: str, lift: float, level: np.ndarray, size: float = 100.0, scale: float = 10.0) -> Measured:
    return Measured(name, "tv", lift, scale, size * level)


def test_a_single_experiment_is_compared_with_the_fit_that_has_not_used_it(level: np.ndarray) -> None:
    """100 with a spread of 20 and an error of 10: 102 is nothing, 200 is over four standard deviations."""
    rows = conflict._left_out([_measured("near", 102.0, level)], used=False)
    assert (rows[0]["result"], rows[0]["pareto_k"]) == ("pass", -np.inf)
    assert rows[0]["predicted"] == pytest.approx(100.0, abs=1.0)
    assert conflict._left_out([_measured("far", 200.0, level)], used=False)[0]["result"] == "conflict"


def test_the_others_move_what_is_expected_of_one(level: np.ndarray) -> None:
    """A normal prior N(100, 20) and a measurement 120 with error 10 (a little more for t): near 116."""
    one, other = _measured("one", 100.0, level), _measured("other", 120.0, level)
    row = conflict._left_out([one, other], used=False)[0]
    assert row["predicted"] == pytest.approx(115.5, abs=2.0)
    assert float(row["pareto_k"]) < conflict.MOST_PARETO_K  # type: ignore[arg-type]


def test_reweighting_undoes_an_experiment_that_the_fit_has_used(level: np.ndarray) -> None:
    """Draws of the posterior with the experiment, by rejection; without it they are the prior's again."""
    one = _measured("one", 115.0, level, scale=20.0)
    keep = np.random.default_rng(2).random(DRAWS) < np.exp(one.log_likelihood - one.log_likelihood.max())
    with_it = replace(one, predicted=one.predicted[keep])
    assert with_it.predicted.mean() > 103
    row = conflict._left_out([with_it], used=True)[0]
    assert row["predicted"] == pytest.approx(100.0, abs=2.0)
    below = float(np.mean(stats.t.cdf((115.0 - one.predicted) / 20.0, 5)))
    assert row["statistic"] == pytest.approx(2 * min(below, 1 - below), abs=0.04)


def test_a_reweighting_that_hangs_on_few_draws_is_not_a_test(level: np.ndarray) -> None:
    narrow = _measured("narrow", 190.0, level, scale=0.5)
    row = conflict._left_out([narrow, _measured("other", 100.0, level)], used=False)[1]
    assert row["result"] == "not_testable"
    assert "without this experiment" in str(row["message"])


def test_two_tests_that_differ_by_more_than_their_errors_are_a_conflict_not_an_average(level: np.ndarray) -> None:
    """The second test is twice as large under every draw; 100 then implies 200, and the error is hypot(10, 2 * 10)."""
    one, two = _measured("one", 100.0, level), _measured("two", 260.0, level, size=200.0)
    row = conflict._pairs([two, one])[0]
    assert row["predicted"] == pytest.approx(200.0)
    assert row["statistic"] == pytest.approx(60 / np.hypot(10, 20))
    assert row["result"] == "conflict"
    assert "Do not average" in str(row["message"])
    agreeing = conflict._pairs([replace(two, lift=210.0), one])[0]
    assert agreeing["result"] == "pass"


def test_other_channels_are_not_compared(level: np.ndarray) -> None:
    assert conflict._pairs([_measured("one", 1.0, level), replace(_measured("two", 9.0, level), channel="radio")]) == []


def test_weights_add_up_and_equal_ones_have_no_tail() -> None:
    weights, k = smoothed(np.zeros(100))
    assert (weights.sum(), k) == (pytest.approx(1.0), -np.inf)
    heavy = np.log(np.random.default_rng(0).pareto(0.8, 2000))  # the tail of its weights has k = 1 / 0.8
    assert smoothed(heavy)[1] > conflict.MOST_PARETO_K
