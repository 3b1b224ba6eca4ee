"""Estimators for tests without control geos, over many geos, and over users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal.estimators import cuped, doubly_robust, gbr, its, iv, regression_adjustment, switchback, trimmed_match
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
    answers = [its.estimate(impact(seed), ["y"], "2014-03-12", "2014-04-10", related=["x"]) for seed in range(12)]
    assert np.mean([found.att for found in answers]) == pytest.approx(10, abs=0.4)
    assert np.mean([found.interval[0] <= 10 <= found.interval[1] for found in answers]) > 0.9 - 3 * 0.087
    assert all(found.p_value < 0.1 for found in answers)


def test_a_series_that_is_not_there_or_was_treated_cannot_explain() -> None:
    with pytest.raises(InputError, match=r"(?s)no related series 'z'.*'y' is treated"):
        its.estimate(impact(0), ["y"], "2014-03-12", "2014-04-10", related=["z", "y"])


@pytest.mark.slow
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
    """60 tests: a coverage of 0.9 has a standard error of 0.039."""
    held = []
    for seed in range(60):
        low, high = cuped.estimate(users(100, seed=seed), "kpi", "treated", ["before"]).interval
        held.append(low <= 0.5 <= high)
    assert abs(np.mean(held) - 0.9) < 3 * 0.0387


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


def encouraged(moves: float, count: int = 400, seed: int = 0) -> pd.DataFrame:
    """Taste drives exposure and KPI alike; an encouragement moves the exposure, whose effect is 2."""
    rng = np.random.default_rng(seed)
    taste, asked = rng.standard_normal(count), rng.integers(0, 2, count)
    exposure = taste + moves * asked + rng.standard_normal(count)
    return pd.DataFrame(
        {"asked": asked, "exposure": exposure, "kpi": 2 * exposure + 3 * taste + rng.standard_normal(count)}
    )


def test_an_instrument_sees_through_taste() -> None:
    table = encouraged(1.0)
    found = iv.estimate(table, "kpi", "exposure", "asked")
    naive = np.polyfit(table["exposure"], table["kpi"], 1)[0]
    assert naive > 3
    assert found.interval[0] < 2 < found.interval[1]
    assert found.interval[1] < naive


def test_the_estimate_is_the_ratio_of_two_differences() -> None:
    """Asked: exposure 3 and KPI 10 on average; not asked: 1 and 4. (10 - 4) / (3 - 1) = 3."""
    table = pd.DataFrame({"asked": [1, 1, 0, 0], "exposure": [2.0, 4, 0, 2], "kpi": [9.0, 11, 3, 5]})
    found = iv.estimate(table, "kpi", "exposure", "asked")
    assert found.att == pytest.approx(3)
    assert found.incremental == pytest.approx(12)  # two people asked, 2 units of exposure more each, 3 a unit


def test_a_weak_instrument_says_so_with_an_interval_without_ends() -> None:
    found = iv.estimate(encouraged(0.02), "kpi", "exposure", "asked")
    assert found.interval == (-np.inf, np.inf)


def test_a_strong_instruments_interval_and_p_value_agree() -> None:
    for seed in range(20):
        table = encouraged(1.5, 60, seed)
        found = iv.estimate(table, "kpi", "exposure", "asked")
        assert (found.interval[0] <= 0 <= found.interval[1]) == (found.p_value >= 0.1)


def switched(effect: float, seed: int = 0) -> tuple[pd.Series, np.ndarray]:
    rng = np.random.default_rng(seed)
    on = np.repeat(rng.permutation([True] * 7 + [False] * 7), 3)
    kpi = 100 + 2 * wander(1, 42, 0.8, rng)[0] + effect * on
    return pd.Series(kpi, index=pd.date_range("2026-01-01", periods=42)), on


def test_blocks_that_are_on_are_compared_with_those_that_are_off() -> None:
    """Blocks of two, the first of each washed out: on 5 and 7, off 1 and 3: 6 - 2 = 4."""
    kpi = pd.Series([99.0, 5, 99, 1, 99, 7, 99, 3], index=pd.date_range("2026-01-01", periods=8))
    found = switchback.estimate(kpi, [True, True, False, False] * 2, 2, washout=1)
    assert found.att == pytest.approx(4)
    assert found.cells == 2


def test_a_switchbacks_interval_is_its_tests_and_moves_with_the_effect() -> None:
    for seed in range(5):
        nothing, something = (switchback.estimate(*switched(effect, seed), 3) for effect in (0.0, 4.0))
        np.testing.assert_allclose(np.subtract(something.interval, nothing.interval), 4)
        for found in (nothing, something):
            assert (found.interval[0] <= 0 <= found.interval[1]) == (found.p_value >= 0.1)
            assert found.interval[0] <= found.att <= found.interval[1]


def test_switches_that_do_not_follow_the_blocks_are_refused() -> None:
    kpi, on = switched(0.0)
    on[1] = ~on[1]
    with pytest.raises(InputError, match="must follow the blocks"):
        switchback.estimate(kpi, on, 3)
    with pytest.raises(InputError, match="cut whole blocks"):
        switchback.estimate(kpi.iloc[1:], on[1:], 3)


def confounded(curved_outcome: bool, curved_treatment: bool, seed: int, count: int = 1500) -> pd.DataFrame:
    """An effect of 1; a covariate drives treatment and outcome, in a curve where the model expects a line."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(count)
    index = 0.7 * (x**2 - 1) if curved_treatment else 0.7 * x
    treated = (rng.random(count) < 1 / (1 + np.exp(-index))).astype(int)
    driven = x**2 if curved_outcome else 2 * x
    return pd.DataFrame({"x": x, "treated": treated, "kpi": driven + treated + rng.standard_normal(count)})


@pytest.mark.parametrize(("curved_outcome", "curved_treatment"), [(False, False), (True, False), (False, True)])
def test_one_right_model_is_enough(curved_outcome: bool, curved_treatment: bool) -> None:
    """Twelve markets of users; the mean estimate is within three of its standard errors of the truth."""
    effects = [
        doubly_robust.estimate(confounded(curved_outcome, curved_treatment, seed), "kpi", "treated", ["x"]).att
        for seed in range(12)
    ]
    assert abs(np.mean(effects) - 1) < 3 * np.std(effects, ddof=1) / np.sqrt(12) + 0.02


def test_doubly_robust_intervals_hold_the_truth_nine_times_in_ten() -> None:
    """60 tests: a coverage of 0.9 has a standard error of 0.039."""
    answers = [
        doubly_robust.estimate(confounded(False, False, seed, 400), "kpi", "treated", ["x"]).interval
        for seed in range(60)
    ]
    assert abs(np.mean([low <= 1 <= high for low, high in answers]) - 0.9) < 3 * 0.0387


def test_two_wrong_models_are_not_enough() -> None:
    found = doubly_robust.estimate(confounded(True, True, 0), "kpi", "treated", ["x"])
    assert found.interval[0] > 1
