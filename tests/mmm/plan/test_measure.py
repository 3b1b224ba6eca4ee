"""A measure of risk is never above the weighted mean that stands in for it, whatever the draws."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.errors import InputError
from mmm.plan.measure import Measure, measured, weights

MEASURES = [Measure(), Measure(caution=0.5), Measure(caution=2.0), Measure(tail=0.2)]


def worth(measure: Measure, draws: np.ndarray) -> float:
    return float(measured(measure, jnp.asarray(draws)))


def test_measures_of_four_draws_by_hand() -> None:
    draws = np.array([1.0, 3.0, 3.0, 5.0])
    assert worth(Measure(), draws) == 3.0
    assert worth(Measure(caution=0.5), draws) == pytest.approx(3 - 0.5 * np.sqrt(2))
    assert worth(Measure(tail=0.5), draws) == 2.0


@pytest.mark.parametrize("measure", MEASURES)
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_weights_of_one_plan_bound_the_measure_of_every_plan(measure: Measure, seed: int) -> None:
    best, other = np.random.default_rng(seed).standard_t(3, size=(2, 40))
    weight = weights(measure, best)
    assert weight.mean() == pytest.approx(1.0)
    assert weight.min() >= -1e-12
    assert worth(measure, other) <= (weight * other).mean() + 1e-9


@pytest.mark.parametrize("measure", [MEASURES[0], MEASURES[1], MEASURES[3]])
def test_the_bound_is_tight_for_the_plan_whose_weights_they_are(measure: Measure) -> None:
    draws = np.linspace(-1.0, 1.0, 40)
    assert worth(measure, draws) == pytest.approx((weights(measure, draws) * draws).mean())


def test_two_measures_at_once_are_refused() -> None:
    with pytest.raises(InputError, match="give one of them"):
        Measure(caution=0.5, tail=0.1)
    with pytest.raises(InputError, match="0 < tail"):
        Measure(tail=0.0)
