"""Sampling in single precision changes the density by less than a thousandth, and what is reported not at all."""

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
from mmm.model.spec import Arrays, in_single

Market = Callable[..., xr.DataTree]


@pytest.mark.parametrize("geos", [1, 3])
def test_single_precision_exposure_gives_the_same_density_and_gradient(market: Market, geos: int) -> None:
    structure, arrays, _ = model_of(market(geos=geos))
    centre = prior_centre(structure, arrays) | {"sigma": jnp.asarray(0.03)}

    @jax.jit
    @jax.value_and_grad
    def density(parameters: dict[str, jax.Array], arrays: Arrays) -> jax.Array:
        return log_density(mix_model, (structure, arrays), {}, parameters)[0]

    (double, slope), (single, single_slope) = (density(centre, each) for each in (arrays, in_single(arrays)))
    assert in_single(arrays).lagged_exposure.nbytes == arrays.lagged_exposure.nbytes / 2
    assert float(single) == pytest.approx(float(double), abs=1e-3 * max(1.0, abs(float(double)) / 1000))
    for name, values in slope.items():
        scale = np.abs(values).max() + 1.0
        np.testing.assert_allclose(single_slope[name], values, atol=1e-4 * scale)
