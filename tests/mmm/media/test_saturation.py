"""Diminishing returns by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from mmm.media.component import Saturation
from mmm.media.saturation import AUTO, BURR, EXPONENTIAL, HILL, LOGISTIC, MICHAELIS_MENTEN, NONE, POWER, TANH

BOUNDED = [BURR, HILL, MICHAELIS_MENTEN, TANH, LOGISTIC, EXPONENTIAL]


def at(saturation: Saturation, exposure: list[float], **parameters: float) -> Array:
    return saturation(jnp.array(exposure), **{name: jnp.asarray(value) for name, value in parameters.items()})


def test_hill_by_hand() -> None:
    assert np.asarray(at(HILL, [0.0, 1.0, 2.0, 4.0], half_saturation=2.0, slope=2.0)) == pytest.approx(
        [0.0, 1 / 5, 1 / 2, 4 / 5]
    )


def test_hill_of_slope_one_is_michaelis_menten() -> None:
    exposure = [0.0, 0.3, 1.0, 7.0]
    assert np.asarray(at(HILL, exposure, half_saturation=1.5, slope=1.0)) == pytest.approx(
        np.asarray(at(MICHAELIS_MENTEN, exposure, half_saturation=1.5))
    )


@pytest.mark.parametrize(("tail", "slope", "other"), [(1.0, 1.8, HILL), (1.0, 1.0, MICHAELIS_MENTEN),
                                                      (0.0, 1.0, EXPONENTIAL)])  # fmt: skip
def test_burr_contains_the_others(tail: float, slope: float, other: Saturation) -> None:
    exposure = [0.0, 0.01, 0.4, 1.3, 9.0]
    own = {"half_saturation": 1.3} | ({"slope": slope} if "slope" in other.parameters else {})
    found = np.asarray(at(BURR, exposure, half_saturation=1.3, slope=slope, tail=tail))
    assert found == pytest.approx(np.asarray(at(other, exposure, **own)), abs=2e-6)


def test_a_longer_tail_approaches_the_ceiling_more_slowly() -> None:
    far = [float(at(BURR, [8.0], half_saturation=1.0, slope=1.0, tail=tail)[0]) for tail in (0.1, 0.5, 1.0)]
    assert far[0] > far[1] > far[2] == pytest.approx(8 / 9)


def test_a_slope_above_one_first_rises_faster_and_then_slower() -> None:
    steps = np.diff(at(HILL, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5], half_saturation=1.0, slope=3.0))
    assert steps[1] > steps[0]
    assert steps[-1] < steps[1]


@pytest.mark.parametrize("saturation", BOUNDED, ids=lambda component: component.name)
@pytest.mark.parametrize("half", [0.2, 1.0, 6.0])
def test_half_of_the_ceiling_is_reached_at_the_half_saturation(saturation: Saturation, half: float) -> None:
    shape = {name: value for name, value in {"slope": 1.7, "tail": 0.4}.items() if name in saturation.parameters}
    parameters = {"half_saturation": half} | shape
    assert np.asarray(at(saturation, [half, 1e9], **parameters)) == pytest.approx([0.5, 1.0])


def test_the_unbounded_curves_by_hand() -> None:
    assert np.asarray(at(NONE, [0.0, 3.0])).tolist() == [0.0, 3.0]
    assert np.asarray(at(POWER, [0.0, 4.0, 9.0], exponent=0.5)) == pytest.approx([0.0, 2.0, 3.0])


def test_tanh_is_the_logistic_curve_through_zero() -> None:
    exposure = np.array([0.0, 0.4, 1.0, 3.0])
    k = np.log(3.0) / 1.3
    by_hand = (1 - np.exp(-k * exposure)) / (1 + np.exp(-k * exposure))
    assert np.asarray(at(TANH, exposure.tolist(), half_saturation=1.3)) == pytest.approx(by_hand)


def test_the_slope_at_no_exposure_is_finite_where_the_formula_has_a_power() -> None:
    slopes = jax.vmap(jax.grad(lambda x: HILL(x, half_saturation=jnp.asarray(1.0), slope=jnp.asarray(0.5))))(
        jnp.array([0.0, 1.0])
    )
    assert np.asarray(slopes) == pytest.approx([0.0, 0.125])


def test_default_curves_seldom_start_steeper_than_linear_and_may_be_s_shaped() -> None:
    assert AUTO is BURR
    slope = np.asarray(BURR.priors["slope"].sample(jax.random.key(1), (50_000,)))
    assert (slope < 1.0).mean() == pytest.approx(0.12, abs=0.02)
    assert 0.002 < (slope > 2.5).mean() < 0.02


def test_hill_s_median_slope_is_nearly_one() -> None:
    assert float(HILL.priors["slope"].icdf(jnp.asarray(0.5))) == pytest.approx(1.0, abs=0.15)
