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
from causal.estimators.conformal import Test, invert
from causal.estimators.counterfactual import effect_profile
from causal.estimators.trial import read_trial
from tests.causal.estimators.markets import END, START, TREATED, market


def of(series: list[float], measured: int) -> Test:
    """The test of a series whose counterfactual is its mean."""
    values = np.array(series)
    step = np.arange(len(values)) >= len(values) - measured

    def residuals(effect: float) -> np.ndarray:
        untouched = values - effect * step
        return untouched - untouched.mean()

    return Test(residuals, len(values), measured)


def test_the_largest_of_ten_blocks_has_a_p_value_of_a_tenth() -> None:
    assert of([0, 1, -1, 0, 1, -1, 0, 1, -1, 9], 1).p_value() == pytest.approx(0.1)


def test_blocks_go_round_the_end() -> None:
    """Neighbouring pairs of the circle -4, -1, 0, 5, 0 add up to -5, -1, 5, 5 and -4: three are of size 5."""
    assert of([-4, -1, 0, 5, 0], 2).p_value() == pytest.approx(3 / 5)


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
