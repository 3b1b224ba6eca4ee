"""Sampling reads exposure in single precision: the density is the same to a thousandth."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from numpyro.infer.util import log_density

from mmm.model.fit import model_of
from mmm.model.likelihood import mix_model, prior_centre
from mmm.model.spec import Arrays, for_sampling

Market = Callable[..., xr.DataTree]


STEEP = {"saturation_half_saturation_0": 0.01, "saturation_slope_0_common": 10.0}
"""Far out in the prior, where the least exposure decides: chains pass through it."""


@pytest.mark.parametrize("there", [{}, STEEP])
@pytest.mark.parametrize("geos", [1, 3])
def test_exposure_as_sampling_reads_it_gives_the_same_density_and_gradient(
    market: Market, geos: int, there: dict[str, float]
) -> None:
    structure, arrays, _ = model_of(market(geos=geos))
    centre = prior_centre(structure, arrays) | {"sigma": jnp.asarray(0.03)}
    centre |= {name: jnp.full_like(centre[name], value) for name, value in there.items()}

    @jax.jit
    @jax.value_and_grad
    def density(parameters: dict[str, jax.Array], arrays: Arrays) -> jax.Array:
        return log_density(mix_model, (structure, arrays), {}, parameters)[0]

    sampled = for_sampling(arrays)
    (double, slope), (single, single_slope) = (density(centre, each) for each in (arrays, sampled))
    assert sampled.lagged_exposure.nbytes <= arrays.lagged_exposure.nbytes * 0.5
    assert float(single) == pytest.approx(float(double), abs=1e-3 * max(1.0, abs(float(double)) / 1000))
    for name, values in slope.items():
        scale = np.abs(values).max() + 1.0
        np.testing.assert_allclose(single_slope[name], values, atol=1e-4 * scale)
