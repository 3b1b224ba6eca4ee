"""Each rule gives columns the prior that its formula says."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import handlers

from mmm.model.block import Decaying, Horseshoe, Shape, Smooth, centre_of_scales, column_scales, sample_scales, waves


def test_a_block_without_a_rule_keeps_its_standard_deviations_and_a_number_is_one_learned_scale() -> None:
    blocks: tuple[Shape, ...] = (("intercept", 2, None), ("bend", 3, 0.15))
    assert column_scales(blocks, {"scale_bend": jnp.asarray(0.3)}).tolist() == pytest.approx([1, 1, 0.3, 0.3, 0.3])


def test_a_horseshoe_lets_single_columns_out_as_far_as_the_slab() -> None:
    blocks: tuple[Shape, ...] = (("controls", 3, Horseshoe(0.001, 0.2)),)
    draw = {"scale_controls": jnp.asarray(0.01), "local_controls": jnp.asarray([0.01, 1.0, 1e6])}
    # free scales 0.0001, 0.01, 10,000; against a slab of 0.2 the second loses 0.12 %, the third all above 0.2
    assert column_scales(blocks, draw).tolist() == pytest.approx([1e-4, 0.01 / np.sqrt(1.0025), 0.2], rel=1e-6)


def test_harmonics_fall_with_their_order_as_fast_as_the_decay() -> None:
    blocks: tuple[Shape, ...] = (("seasonality", 4, Decaying(0.2, (0.4, 0.5), (1, 1, 2, 4))),)
    draw = {"scale_seasonality": jnp.asarray(0.3), "decay_seasonality": jnp.asarray(2.0)}
    assert column_scales(blocks, draw).tolist() == pytest.approx([0.3, 0.3, 0.3 / 4, 0.3 / 16])


def test_waves_make_a_gaussian_process() -> None:
    """Their covariance is the Matern 5/2 kernel, away from the ends of the domain."""
    time = np.linspace(-1.0, 1.0, 9)
    blocks: tuple[Shape, ...] = (("level", 60, Smooth(0.1, (0.0, 1.0), 2.0)),)
    columns = waves(time, 2.0, 60)
    scale = column_scales(blocks, {"scale_level": jnp.asarray(0.3), "lengthscale_level": jnp.asarray(0.5)})
    distance = np.sqrt(5) * np.abs(time[:, None] - time) / 0.5
    kernel = 0.3**2 * (1 + distance + distance**2 / 3) * np.exp(-distance)
    np.testing.assert_allclose((columns * np.asarray(scale) ** 2) @ columns.T, kernel, atol=1e-3)


def test_chains_start_where_every_rule_can() -> None:
    blocks: tuple[Shape, ...] = (
        ("bend", 3, 0.15), ("controls", 4, Horseshoe(0.01, 0.2)), ("level", 5, Smooth(0.1, (0.0, 1.0), 2.0)),
        ("seasonality", 2, Decaying(0.2, (0.4, 0.5), (1, 1))),
    )  # fmt: skip
    with handlers.seed(rng_seed=jax.random.key(0)):
        sampled = sample_scales(blocks)
    centre = centre_of_scales(blocks)
    assert {name: jnp.shape(value) for name, value in centre.items()} == {
        name: jnp.shape(value) for name, value in sampled.items()
    }
    assert all(bool((value > 0).all()) for value in centre.values())
