"""The permutation test: small numbers by hand, and p-value and interval that never contradict each other."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.estimators import did, synthetic_control, synthetic_did
from causal.estimators.conformal import Test, invert, persistence_of, spreads, standardised, total
from causal.estimators.counterfactual import effect_profile
from causal.estimators.trial import read_trial
from causal.operating import wander
from causal.regression import PERSISTENCES
from tests.causal.estimators.markets import END, START, TREATED, market


def of(series: list[float], measured: int) -> Test:
    """The test of a series whose counterfactual is its mean."""
    values = np.array(series)
    step = np.arange(len(values)) >= len(values) - measured

    def residuals(effect: float) -> np.ndarray:
        untouched = values - effect * step
        return untouched - untouched.mean()

    return Test(residuals, len(values), measured, len(values) - measured, statistic=total)


def test_the_largest_of_ten_blocks_has_a_p_value_of_a_tenth() -> None:
    assert of([0, 1, -1, 0, 1, -1, 0, 1, -1, 9], 1).p_value() == pytest.approx(0.1)


def test_blocks_go_round_the_end() -> None:
    """Neighbouring pairs of the circle -4, -1, 0, 5, 0 add up to -5, -1, 5, 5 and -4: three are of size 5."""
    assert of([-4, -1, 0, 5, 0], 2).p_value() == pytest.approx(3 / 5)


def test_a_total_strays_farthest_at_the_ends_of_a_series_that_wanders() -> None:
    """By simulation: ten thousand AR(0.8) series of 40 periods about their means, errors of 0.7 %."""
    series = wander(10_000, 40, 0.8, np.random.default_rng(1))
    series -= series.mean(1, keepdims=True)
    seen = [np.roll(series, -start, axis=1)[:, :4].sum(1).std() for start in range(40)]
    expected = spreads(40, 4, 0.8)
    np.testing.assert_allclose(expected, seen, rtol=0.03)
    assert expected[36] > 1.1 * expected[18]
    np.testing.assert_allclose(spreads(40, 4, 0.0), np.sqrt(4 - 16 / 40))


def test_the_persistence_of_a_short_series_is_found_without_bias() -> None:
    """200 series of 80: the mean has an error of 0.006."""
    series = wander(200, 80, 0.6, np.random.default_rng(2))
    assert np.mean([persistence_of(each) for each in series]) == pytest.approx(0.6, abs=0.02)
    assert persistence_of(np.zeros(20)) in PERSISTENCES


def test_the_last_block_of_a_wandering_series_is_called_an_effect_in_one_case_of_ten() -> None:
    """800 series: errors of 1.1 points. Plain totals are called effects more often, for they are at an end."""
    rng = np.random.default_rng(3)
    plain, fair = [], []
    for values in wander(800, 80, 0.9, rng):
        residuals = values - values.mean()
        for statistic, results in ((total, plain), (standardised, fair)):
            test = Test(lambda _, found=residuals: found, 80, 4, 76, statistic=statistic)  # type: ignore[misc]
            results.append(test.p_value_of(residuals) < 0.1)
    assert np.mean(plain) > 0.13
    assert 0.07 < np.mean(fair) < 0.13


def test_surplus_and_p_value_are_one_test() -> None:
    for seed in range(40):
        values = np.random.default_rng(seed).standard_normal(30)
        test = of(list(values), 3)
        either = max(test.surplus(0.0, 0.8, sign) for sign in (1, -1))
        assert (either > 0) == (test.p_value() < 0.2)


def test_the_interval_is_what_the_test_does_not_reject() -> None:
    test = of(list(np.sin(np.arange(40.0)) + 3 * (np.arange(40) >= 36)), 4)
    low, high = invert(test, 3.0, 1.0, 0.9)
    assert low < 3 < high
    assert test.p_value(low + 1e-4) >= 0.1
    assert test.p_value(high - 1e-4) >= 0.1
    assert test.p_value(low - 1e-4) < 0.1
    assert test.p_value(high + 1e-4) < 0.1


def test_ten_periods_cannot_reject_anything_at_ninety_percent() -> None:
    assert invert(of([0, 1, -1, 0, 1, -1, 0, 1, -1, 99], 1), 99.0, 1.0, 0.9) == (-np.inf, np.inf)


@pytest.mark.parametrize("method", [did, synthetic_control, synthetic_did])
@given(seed=st.integers(0, 10_000), effect=st.floats(-8, 8), level=st.sampled_from([0.8, 0.9]))
@settings(max_examples=6, deadline=None)
def test_interval_and_p_value_never_contradict(method: ModuleType, seed: int, effect: float, level: float) -> None:
    found = method.estimate(market(effect=effect, seed=seed, weeks=30), TREATED, *_last_four(30), level=level)
    holds_zero = found.interval[0] <= 0 <= found.interval[1]
    assert holds_zero == (not found.p_value < 1 - level)
    assert found.interval[0] <= found.interval[1]


def _last_four(weeks: int) -> tuple:
    index = market(weeks=weeks).index
    return index[-4], index[-1]


@pytest.mark.parametrize("method", [did, synthetic_control, synthetic_did])
def test_a_lift_moves_estimate_and_interval_by_what_it_adds(method: ModuleType) -> None:
    """The test refits under the null, so a lift is taken away exactly."""
    nothing = market()
    lifted = nothing.copy()
    lifted.loc[START:END, TREATED] *= 1.05
    added = float((lifted - nothing).loc[START:END, TREATED].mean().mean())
    without, found = (method.estimate(each, TREATED, START, END) for each in (nothing, lifted))
    assert found.att == pytest.approx(without.att + added)
    moved = np.subtract(found.interval, without.interval)
    np.testing.assert_allclose(moved, added, atol=0.02)


def test_a_lift_that_follows_the_weekdays_does_not_widen_its_interval() -> None:
    """Taken away as the same amount every day, it leaves weekdays that larger geos explain: an interval of 4 points."""
    rng = np.random.default_rng(4)
    days = pd.date_range("2024-01-01", periods=70)
    weekday = np.array([0.6, 0.8, 0.76, 1.0, 1.2, 1.4, 1.24])[np.arange(70) % 7]
    sizes = 100 * np.exp(rng.normal(0, 0.7, (12, 1)))
    kpi = sizes * weekday * (1 + 0.02 * rng.standard_normal((12, 70)))
    kpi[:4, -28:] *= 1.17
    wide = pd.DataFrame(kpi.T, index=days, columns=[f"geo{i}" for i in range(12)])
    found = synthetic_control.estimate(wide, [f"geo{i}" for i in range(4)], days[-28], days[-1])
    low, high = (bound * found.cells / found.expected for bound in found.interval)
    assert low < 0.17 < high
    assert high - low < 0.03


def test_a_kpi_below_zero_has_an_effect_that_is_spread_evenly() -> None:
    trial = read_trial(market(), TREATED, START, END)
    even = effect_profile(replace(trial, kpi=trial.kpi - 200.0))
    np.testing.assert_array_equal(even, trial.measured.astype(float))
    np.testing.assert_allclose(effect_profile(trial).sum(), trial.measured.sum())
    assert np.ptp(effect_profile(trial)[trial.measured]) > 0
