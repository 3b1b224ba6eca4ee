"""The laws of carryover and saturation, for every shipped component and whatever exposure Hypothesis thinks of."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from jaxtyping import Array, Float
from numpyro.distributions import constraints

from mmm.media import Adstock, Saturation, adstock, saturation
from mmm.media.adstock import carry_over, half_life, lagged, normalised_weights

MAX_LAG, PERIODS = 6, 24
ADSTOCKS = {value.name: value for value in vars(adstock).values() if isinstance(value, Adstock)}
SATURATIONS = {value.name: value for value in vars(saturation).values() if isinstance(value, Saturation)}

quickly = settings(max_examples=20, deadline=None)
exposures = npst.arrays(
    np.float64, MAX_LAG + PERIODS, elements=st.one_of(st.just(0.0), st.floats(1e-3, 50.0, allow_subnormal=False))
)


def parameters_of(component: Adstock | Saturation) -> st.SearchStrategy[dict[str, Array]]:
    """Values well inside the support of each prior."""

    def values(prior: Any) -> st.SearchStrategy[Array]:
        share = prior.support is constraints.unit_interval
        return (st.floats(0.05, 0.95) if share else st.floats(0.2, 5.0)).map(jnp.asarray)

    return st.fixed_dictionaries({name: values(prior) for name, prior in component.priors.items()})


@cache
def carried(name: str) -> Any:
    """Compiled once for each component: `(exposure, parameters) -> (adstocked exposure, weights)`."""

    def question(
        exposure: Float[Array, " time"], own: dict[str, Array]
    ) -> tuple[Float[Array, " period"], Float[Array, " lag"]]:
        weights = normalised_weights(ADSTOCKS[name], MAX_LAG, own)
        return carry_over(lagged(exposure, MAX_LAG), weights), weights

    return jax.jit(question)


@cache
def response(name: str) -> Any:
    return jax.jit(lambda exposure, own: SATURATIONS[name](exposure, **own))


@pytest.mark.parametrize("name", ADSTOCKS)
@quickly
@given(data=st.data(), exposure=exposures, change=st.floats(0.0, 100.0), at=st.integers(0, PERIODS - 1))
def test_adstock_never_looks_ahead_and_stays_within_what_was_seen(
    name: str, data: st.DataObject, exposure: np.ndarray, change: float, at: int
) -> None:
    own = data.draw(parameters_of(ADSTOCKS[name]))
    before, weights = (np.asarray(part) for part in carried(name)(exposure, own))
    changed = exposure.copy()
    changed[MAX_LAG + at] += change
    after = np.asarray(carried(name)(changed, own)[0])
    np.testing.assert_array_equal(after[:at], before[:at])
    assert np.all(weights >= 0)
    assert weights.sum() == pytest.approx(1.0)
    assert np.all(before >= exposure.min() - 1e-9)
    assert np.all(before <= exposure.max() + 1e-9)


@pytest.mark.parametrize("name", ADSTOCKS)
@quickly
@given(data=st.data(), exposure=exposures, other=exposures, times=st.floats(0.0, 20.0))
def test_adstock_is_linear_and_conserves_exposure(
    name: str, data: st.DataObject, exposure: np.ndarray, other: np.ndarray, times: float
) -> None:
    own = data.draw(parameters_of(ADSTOCKS[name]))
    first, second = (np.asarray(carried(name)(one, own)[0]) for one in (exposure, other))
    both = np.asarray(carried(name)(times * exposure + other, own)[0])
    np.testing.assert_allclose(both, times * first + second, rtol=1e-9, atol=1e-9)
    early = np.where((np.arange(len(exposure)) >= MAX_LAG) & (np.arange(len(exposure)) < PERIODS), exposure, 0.0)
    np.testing.assert_allclose(np.asarray(carried(name)(early, own)[0]).sum(), early.sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ADSTOCKS)
@quickly
@given(data=st.data())
def test_half_of_the_effect_arrives_within_the_kernel(name: str, data: st.DataObject) -> None:
    own = data.draw(parameters_of(ADSTOCKS[name]))
    weights = carried(name)(np.zeros(MAX_LAG + PERIODS), own)[1]
    life = float(half_life(weights))
    assert 0 < life <= MAX_LAG + 1
    arrived = np.interp(life, np.arange(MAX_LAG + 2), np.r_[0.0, np.cumsum(weights)])
    assert arrived == pytest.approx(0.5)


@pytest.mark.parametrize("name", SATURATIONS)
@quickly
@given(data=st.data(), exposure=exposures)
def test_saturation_is_zero_at_zero_and_never_decreases(name: str, data: st.DataObject, exposure: np.ndarray) -> None:
    own = data.draw(parameters_of(SATURATIONS[name]))
    found = np.asarray(response(name)(np.sort(exposure), own))
    assert np.all(np.isfinite(found))
    assert np.all(found[np.sort(exposure) == 0] == 0)
    assert np.all(np.diff(found) >= -1e-12)


@pytest.mark.parametrize("name", ["michaelis_menten", "tanh", "exponential", "power"])
@quickly
@given(data=st.data(), exposure=exposures)
def test_without_a_slope_twice_the_exposure_never_brings_more_than_twice(
    name: str, data: st.DataObject, exposure: np.ndarray
) -> None:
    own = data.draw(parameters_of(SATURATIONS[name]))
    once, twice = (np.asarray(response(name)(times * exposure, own)) for times in (1.0, 2.0))
    assert np.all(twice <= 2 * once + 1e-12)


@pytest.mark.parametrize("name", [key for key in SATURATIONS if "half_saturation" in SATURATIONS[key].parameters])
@quickly
@given(data=st.data(), exposure=exposures, times=st.floats(0.1, 10.0))
def test_only_exposure_relative_to_the_half_saturation_counts(
    name: str, data: st.DataObject, exposure: np.ndarray, times: float
) -> None:
    own = data.draw(parameters_of(SATURATIONS[name]))
    found = response(name)(exposure, own)
    scaled = response(name)(times * exposure, own | {"half_saturation": times * own["half_saturation"]})
    np.testing.assert_allclose(scaled, found, rtol=1e-9, atol=1e-12)
