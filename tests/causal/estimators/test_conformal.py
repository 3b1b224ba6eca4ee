"""The permutation test: small numbers by hand, and p-value and interval that never contradict each other."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.estimators import did, synthetic_control, synthetic_did
from causal.estimators.conformal import Test, invert
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
def test_adding_an_effect_moves_estimate_and_interval_by_it(method: ModuleType) -> None:
    """The test refits under the null, so an added effect is taken away exactly."""
    without = method.estimate(market(), TREATED, START, END)
    with_five = method.estimate(market(effect=5.0), TREATED, START, END)
    assert with_five.att == pytest.approx(without.att + 5)
    moved = np.subtract(with_five.interval, without.interval)
    np.testing.assert_allclose(moved, 5, atol=0.02)
