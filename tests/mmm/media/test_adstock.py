"""Carryover by hand: small kernels, small exposures, numbers that fit in the margin."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from mmm.media.adstock import (
    AUTO,
    BINOMIAL,
    DELAYED,
    GEOMETRIC,
    NEGATIVE_BINOMIAL,
    NONE,
    WEIBULL_CDF,
    WEIBULL_PDF,
    carry_over,
    half_life,
    lagged,
    normalised_weights,
)
from mmm.media.component import Adstock


def weights(adstock: Adstock, max_lag: int, **parameters: float) -> Array:
    return normalised_weights(adstock, max_lag, {name: jnp.asarray(value) for name, value in parameters.items()})


def test_a_pulse_is_spread_over_the_periods_after_it() -> None:
    exposure = jnp.array([0.0, 0.0, 7.0, 0.0, 0.0, 0.0])
    carried = carry_over(lagged(exposure, 2), weights(GEOMETRIC, 2, retention=0.5))
    assert np.asarray(carried) == pytest.approx([4.0, 2.0, 1.0, 0.0])


def test_history_works_on_and_has_no_row_of_its_own() -> None:
    exposure = jnp.array([7.0, 7.0, 0.0, 0.0])
    carried = carry_over(lagged(exposure, 2), weights(GEOMETRIC, 2, retention=0.5))
    assert np.asarray(carried) == pytest.approx([3.0, 1.0])


def test_lagged_exposure_is_what_was_seen_so_many_periods_ago() -> None:
    rows = lagged(jnp.array([1.0, 2.0, 3.0, 4.0]), 1)
    assert np.asarray(rows).tolist() == [[2.0, 3.0, 4.0], [1.0, 2.0, 3.0]]


def test_each_geo_carries_its_own_exposure() -> None:
    exposure = jnp.array([[0.0, 0.0], [3.0, 0.0], [0.0, 30.0]])
    carried = carry_over(lagged(exposure, 1), jnp.array([2.0, 1.0]) / 3)
    assert np.asarray(carried) == pytest.approx(np.array([[2.0, 0.0], [1.0, 20.0]]))


def test_a_maximum_lag_of_zero_is_no_carryover() -> None:
    exposure = jnp.array([1.0, 5.0, 2.0])
    assert np.asarray(weights(GEOMETRIC, 0, retention=0.9)).tolist() == [1.0]
    assert np.asarray(carry_over(lagged(exposure, 0), jnp.ones(1))).tolist() == [1.0, 5.0, 2.0]


def test_kernels_have_the_weights_of_their_formulas() -> None:
    assert np.asarray(weights(NONE, 3)).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert np.asarray(weights(GEOMETRIC, 2, retention=0.5)) == pytest.approx(np.array([4.0, 2.0, 1.0]) / 7)
    assert np.asarray(weights(DELAYED, 2, retention=0.5, delay=1.0)) == pytest.approx([0.25, 0.5, 0.25])
    assert np.asarray(weights(BINOMIAL, 2, retention=0.5)) == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    decay = np.exp([0.0, -0.5, -1.0])
    assert np.asarray(weights(WEIBULL_CDF, 2, shape=1.0, scale=2.0)) == pytest.approx(decay / decay.sum())
    assert np.asarray(weights(WEIBULL_PDF, 2, shape=1.0, scale=2.0)) == pytest.approx(decay / decay.sum())


@pytest.mark.parametrize("retention", [0.05, 0.5, 0.9])
def test_a_negative_binomial_without_a_peak_is_geometric(retention: float) -> None:
    found = weights(NEGATIVE_BINOMIAL, 13, mean_lag=retention / (1 - retention), peak=0.0)
    assert np.asarray(found) == pytest.approx(np.asarray(weights(GEOMETRIC, 13, retention=retention)), rel=1e-9)


@pytest.mark.parametrize(("mean_lag", "peak"), [(1.0, 0.2), (2.0, 0.0), (3.0, 1.5)])
def test_the_mean_lag_is_the_average_delay_of_a_kernel_that_is_not_cut(mean_lag: float, peak: float) -> None:
    found = weights(NEGATIVE_BINOMIAL, 400, mean_lag=mean_lag, peak=peak)
    assert float((found * jnp.arange(401)).sum()) == pytest.approx(mean_lag, rel=1e-6)


def test_a_larger_peak_comes_later_and_leaves_less_of_a_tail() -> None:
    plain, peaked = (weights(NEGATIVE_BINOMIAL, 30, mean_lag=4.4, peak=peak) for peak in (0.0, 3.0))
    assert int(jnp.argmax(plain)) == 0
    assert int(jnp.argmax(peaked)) == 3  # floor(mean_lag peak / (1 + peak)), the mode of a negative binomial
    assert float(plain[-1]) > float(peaked[-1])


def test_the_default_nests_the_simplest_kernel() -> None:
    assert AUTO is NEGATIVE_BINOMIAL
    assert float(AUTO.priors["peak"].log_prob(0.01)) > float(AUTO.priors["peak"].log_prob(0.5))


@pytest.mark.parametrize(
    ("kernel", "periods"),
    [
        ([1.0, 0.0, 0.0], 0.5),  # all in the period of the exposure: half of it after half a period
        ([0.5, 0.5, 0.0], 1.0),
        ([0.25, 0.5, 0.25], 1.5),
        ([0.0, 0.0, 1.0], 2.5),
        ([4 / 7, 2 / 7, 1 / 7], 0.875),  # half of 7 is 3.5 of the first 4
    ],
)
def test_a_half_life_is_when_half_of_the_effect_has_arrived(kernel: list[float], periods: float) -> None:
    assert float(half_life(jnp.array(kernel))) == pytest.approx(periods)


def test_half_lives_come_one_for_each_kernel_of_a_batch() -> None:
    found = half_life(jnp.array([[[1.0, 0.0], [0.5, 0.5]]]))
    assert np.asarray(found) == pytest.approx(np.array([[0.5, 1.0]]))


def test_longer_retention_works_longer() -> None:
    lives = jax.vmap(lambda r: half_life(normalised_weights(GEOMETRIC, 60, {"retention": r})))(
        jnp.array([0.2, 0.5, 0.8])
    )
    assert np.all(np.diff(lives) > 0)
