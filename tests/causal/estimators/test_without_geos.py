"""Estimators for tests without control geos, over many geos, and over users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal.estimators import cuped, gbr, its, regression_adjustment, trimmed_match
from causal.operating import wander
from mmm.errors import InputError
from tests.causal.estimators.markets import END, START, TREATED, market


def impact(seed: int) -> pd.DataFrame:
    """The vignette of R's CausalImpact: y = 1.2 x + noise, x wandering near 100, and 10 added from t = 71."""
    rng = np.random.default_rng(seed)
    x = 100 + np.cumsum(rng.standard_normal(100))
    y = 1.2 * x + rng.standard_normal(100)
    y[70:] += 10
    return pd.DataFrame({"y": y, "x": x}, index=pd.date_range("2014-01-01", periods=100))


def test_ten_is_recovered_from_the_causal_impact_vignette() -> None:
    answers = [its.estimate(impact(seed), ["y"], "2014-03-12", "2014-04-10", related=["x"]) for seed in range(40)]
    assert np.mean([found.att for found in answers]) == pytest.approx(10, abs=0.25)
    assert np.mean([found.interval[0] <= 10 <= found.interval[1] for found in answers]) > 0.9 - 3 * 0.047
    assert all(found.p_value < 0.1 for found in answers)


def test_wandering_sales_alone_are_seldom_called_an_effect() -> None:
    """AR(0.9) demand of 50 weeks, and nothing happened in the last 8."""
    rng = np.random.default_rng(8)
    index = pd.date_range("2024-01-01", periods=50, freq="W-MON")
    alarms = []
    for _ in range(100):
        wide = pd.DataFrame({"all": 100 + wander(1, 50, 0.9, rng)[0]}, index=index)
        alarms.append(its.estimate(wide, ["all"], index[-8], index[-1]).p_value < 0.1)
    assert np.mean(alarms) < 0.1 + 3 * 0.03


def test_a_regression_over_geos_finds_a_planted_effect() -> None:
    found = gbr.estimate(market(geos=12, effect=5.0), TREATED, START, END)
    assert found.interval[0] < 5 < found.interval[1]
    assert found.p_value < 0.1


def test_a_regression_over_four_geos_is_refused() -> None:
    with pytest.raises(InputError, match="too few for a regression over geos"):
        gbr.estimate(market(geos=4), TREATED, START, END)


def users(count: int = 2000, effect: float = 0.5, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    before, treated = rng.standard_normal(count), rng.integers(0, 2, count)
    return pd.DataFrame(
        {"before": before, "treated": treated, "kpi": 2 * before + effect * treated + rng.standard_normal(count)}
    )


def test_what_users_were_like_before_takes_four_fifths_of_the_variance_away() -> None:
    """kpi = 2 before + noise: the variance falls from 5 to 1."""
    plain = regression_adjustment.estimate(users(), "kpi", "treated")
    adjusted = cuped.estimate(users(), "kpi", "treated", ["before"])
    assert adjusted.standard_error**2 / plain.standard_error**2 == pytest.approx(0.2, rel=0.1)
    assert abs(adjusted.att - 0.5) < 3 * adjusted.standard_error


def test_intervals_of_users_hold_the_truth_nine_times_in_ten() -> None:
    """200 tests: a coverage of 0.9 has a standard error of 0.021."""
    held = []
    for seed in range(200):
        low, high = cuped.estimate(users(100, seed=seed), "kpi", "treated", ["before"]).interval
        held.append(low <= 0.5 <= high)
    assert abs(np.mean(held) - 0.9) < 3 * 0.0213


def test_everything_wrong_with_users_is_said_at_once() -> None:
    table = users(10).assign(treated=2, city="x")
    with pytest.raises(InputError, match=r"(?s)no column 'kpy': did you mean 'kpi'.*`city` is not numeric"):
        regression_adjustment.estimate(table, "kpy", "treated", ["city"])
    with pytest.raises(InputError, match=r"holds \[2\.0\]"):
        regression_adjustment.estimate(table, "kpi", "treated")


def test_one_pair_that_went_astray_does_not_decide_a_trimmed_match() -> None:
    rng = np.random.default_rng(0)
    cost = rng.uniform(1, 3, 20)
    response = 2 * cost + 0.1 * rng.standard_normal(20)
    response[3] += 100
    whole = trimmed_match.estimate(response, cost)
    trimmed = trimmed_match.estimate(response, cost, trim=0.05)
    assert whole.incremental / cost.sum() > 4
    assert trimmed.incremental / cost.sum() == pytest.approx(2, abs=0.1)
    assert trimmed.interval[0] <= trimmed.att <= trimmed.interval[1]


def test_pairs_that_cannot_tell_are_refused() -> None:
    with pytest.raises(InputError, match="leaves fewer than two"):
        trimmed_match.estimate((1.0, 2.0), (1.0, 1.0), trim=0.5)
    with pytest.raises(InputError, match="add up to nothing"):
        trimmed_match.estimate((1.0, 2.0), (1.0, -1.0))
