"""The laws let the shipped components pass, and name what a broken one breaks."""

from __future__ import annotations

import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jaxtyping import Array

from mmm.media import Adstock, Saturation, adstock, saturation
from mmm.media.laws import check_adstock, check_saturation, typical_draws

ADSTOCKS = {value.name: value for value in vars(adstock).values() if isinstance(value, Adstock)}
SATURATIONS = {value.name: value for value in vars(saturation).values() if isinstance(value, Saturation)}


@pytest.mark.parametrize("name", ADSTOCKS)
def test_every_shipped_adstock_keeps_the_laws(name: str) -> None:
    check_adstock(ADSTOCKS[name])


@pytest.mark.parametrize("name", SATURATIONS)
def test_every_shipped_saturation_keeps_the_laws(name: str) -> None:
    check_saturation(SATURATIONS[name])


def negative(lag: Array, *, retention: Array) -> Array:
    return retention**lag - 0.2


def vanishing(lag: Array, *, scale: Array) -> Array:
    return jnp.exp(-((1000.0 + lag) ** 2) * scale)


def edged(lag: Array, *, retention: Array) -> Array:
    return jnp.sqrt(jnp.where(lag == 0, 1.0, 0.0) * retention)


def remembering(lag: Array, *, retention: Array) -> Array:
    """Bound to a number of lags that is not the model's."""
    return retention ** jnp.arange(4.0)


BETA = {"retention": dist.Beta(2.0, 2.0)}


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Adstock(negative, BETA), "weights must not be negative"),
        (Adstock(vanishing, {"scale": dist.LogNormal(0.0, 0.5)}), "weights must be finite, and not all of them 0"),
        (Adstock(edged, BETA), "derivatives in `retention` must be finite"),
        (Adstock(remembering, BETA), "one weight for each lag"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_broken_adstock_is_told_its_law(broken: Adstock, law: str) -> None:
    with pytest.raises(AssertionError, match=f"`{broken.name}`: .*{law}"):
        check_adstock(broken)


def lifted(exposure: Array, *, half_saturation: Array) -> Array:
    return (exposure + 0.1) / (exposure + half_saturation)


def wearing_out(exposure: Array, *, half_saturation: Array) -> Array:
    return exposure * jnp.exp(-exposure / half_saturation)


def unguarded(exposure: Array, *, slope: Array) -> Array:
    return exposure ** (slope / (1 + slope))


def overflowing(exposure: Array, *, rate: Array) -> Array:
    return jnp.expm1(100.0 * rate * exposure)


def coupled(exposure: Array, *, half_saturation: Array) -> Array:
    return exposure / (exposure.max() + half_saturation) * jnp.asarray(exposure > 1.0, float)


HALF = {"half_saturation": dist.LogNormal(0.4, 0.7)}


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Saturation(lifted, HALF), "saturation must be 0 at no exposure"),
        (Saturation(wearing_out, HALF), "saturation must never decrease"),
        (Saturation(unguarded, {"slope": dist.LogNormal(0.0, 0.3)}), "the slope .* must be finite .*at no exposure"),
        (Saturation(overflowing, {"rate": dist.LogNormal(0.0, 0.3)}), "saturation must be finite"),
        (Saturation(coupled, HALF), "each exposure must be answered by itself"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_broken_saturation_is_told_its_law(broken: Saturation, law: str) -> None:
    with pytest.raises(AssertionError, match=f"`{broken.name}`: {law}"):
        check_saturation(broken)


def test_the_sentence_says_at_which_parameters_a_law_broke() -> None:
    with pytest.raises(AssertionError, match=r"\(at half_saturation \d.*, and 99 more draws of its priors\)"):
        check_saturation(Saturation(wearing_out, HALF))


def test_the_parameters_asked_are_typical_of_the_priors() -> None:
    draws = typical_draws(saturation.HILL, 200, seed=3)
    assert set(draws) == {"half_saturation", "slope"}
    low, high = (float(saturation.HILL.priors["slope"].icdf(jnp.asarray(q))) for q in (0.005, 0.995))
    assert low < float(draws["slope"].min()) < float(draws["slope"].max()) < high
