"""Differences between geos are sampled at the scale that the data ask for, and mean the same at every scale."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mmm.model.centring import CENTRING, MOST, gradient_recentred, learned_centring, recentred

DRAWS, GEOS = 400, 20
SPREAD = np.exp(np.random.default_rng(0).normal(-1.5, 0.5, (4, DRAWS, 1)))
UNIT = np.random.default_rng(1).normal(size=(4, DRAWS, GEOS - 1, 1))
BEFORE = np.array([CENTRING])


@pytest.mark.parametrize("before", [0.0, 0.25, 0.8])
def test_differences_that_are_known_ask_for_themselves(before: float) -> None:
    differences = 0.2 + 0.0 * UNIT
    contrast = differences / SPREAD[..., None, :] ** (1.0 - before)
    assert learned_centring(SPREAD, contrast, np.array([before])) == pytest.approx([MOST])


@pytest.mark.parametrize("before", [0.0, 0.25, 0.8])
def test_differences_of_which_nothing_is_known_ask_to_be_free_of_the_spread(before: float) -> None:
    contrast = UNIT * SPREAD[..., None, :] ** before
    assert learned_centring(SPREAD, contrast, np.array([before])) == pytest.approx([0.0], abs=0.05)


def test_what_is_sampled_does_not_follow_the_spread_any_more() -> None:
    """Half known: the differences grow with the root of the spread."""
    contrast = 0.3 * UNIT * SPREAD[..., None, :] ** (0.5 - (1.0 - CENTRING))
    after = learned_centring(SPREAD, contrast, BEFORE)
    draws = recentred({"geo_spread": np.log(SPREAD), "geo_contrast": contrast}, BEFORE, after)
    size = np.log((draws["geo_contrast"] ** 2).mean(axis=2)).ravel()
    assert after == pytest.approx([0.5], abs=0.05)
    assert abs(np.corrcoef(size, np.log(SPREAD).ravel())[0, 1]) < 1e-6


def test_recentred_contrasts_are_the_same_differences() -> None:
    draws = {"geo_spread": np.log(SPREAD), "geo_contrast": UNIT, "sigma": SPREAD[..., 0]}
    after = np.array([0.7])
    moved = recentred(draws, BEFORE, after)
    scale = SPREAD[..., None, :]
    np.testing.assert_allclose(moved["geo_contrast"] * scale ** (1 - 0.7), UNIT * scale ** (1 - CENTRING))
    assert moved["sigma"] is draws["sigma"]
    back = recentred(moved, after, BEFORE)["geo_contrast"]
    np.testing.assert_allclose(back, UNIT)
    assert jax.tree.map(jnp.shape, moved) == jax.tree.map(jnp.shape, draws)


def test_gradients_follow_to_the_coordinates_of_another_centring() -> None:
    """All but the change of volume, which adds the same to every gradient."""
    after, change = np.array([0.7]), 0.7 - CENTRING

    def density(log_spread: jax.Array, contrast: jax.Array) -> jax.Array:
        return -((contrast - 0.3) ** 2).sum() - jnp.sin(log_spread).sum() * contrast[0, 0]

    def moved(log_spread: jax.Array, contrast: jax.Array) -> jax.Array:
        return density(log_spread, contrast * jnp.exp(-change * log_spread))

    values = {"geo_spread": np.log(SPREAD), "geo_contrast": UNIT}

    def slopes(function: Callable[..., jax.Array], at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        each = jax.vmap(jax.vmap(jax.grad(function, argnums=(0, 1))))(at["geo_spread"], at["geo_contrast"])
        return dict(zip(("geo_spread", "geo_contrast"), map(np.asarray, each), strict=True))

    found = gradient_recentred(values, slopes(density, values), BEFORE, after)
    expected = slopes(moved, recentred(values, BEFORE, after))
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)
