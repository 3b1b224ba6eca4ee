"""The design's three parts multiply like the whole matrix they stand for."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from mmm.model.design import fitted, moments
from mmm.model.fit import Model, model_of

Market = Callable[..., xr.DataTree]


@pytest.fixture(scope="module", params=[1, 3], ids=["national", "three geos"])
def model(request: pytest.FixtureRequest, market: Market) -> Model:
    """30 periods, three of them before the window; a trend that bends, a season, and two prices."""
    study = {"max_lag": 2, "seasonality": {"order": 2}, "trend": {"knots": 2}}
    data = {"controls": ["price"], "window": {"start": "2024-01-22"}}
    return model_of(market(periods=30, geos=request.param, model=study, data=data))


@pytest.fixture(scope="module")
def dense(model: Model) -> np.ndarray:
    """Every column written out from the blocks, `(time, geo, column)`."""
    shape = model.arrays.mask.shape
    blocks = [one.columns if one.columns.ndim == 3 else one.columns[:, None, :] for one in model.blocks]
    return np.concatenate([np.broadcast_to(one, (*shape, one.shape[-1])) for one in blocks], axis=-1)


def test_fitted_is_the_matrix_times_the_coefficients(model: Model, dense: np.ndarray) -> None:
    coefficient = jax.random.normal(jax.random.key(0), (dense.shape[-1],))
    np.testing.assert_allclose(fitted(model.arrays.design, coefficient), dense @ np.asarray(coefficient), atol=1e-12)


def test_moments_are_the_transposed_matrix_times_the_residual(model: Model, dense: np.ndarray) -> None:
    residual = np.asarray(jax.random.normal(jax.random.key(1), model.arrays.mask.shape))
    found = moments(model.arrays.design, jnp.asarray(residual))
    np.testing.assert_allclose(found, np.einsum("tgc,tg->c", dense, residual), atol=1e-12)


def test_the_gram_matrix_counts_only_cells_with_kpi(model: Model, dense: np.ndarray) -> None:
    rows = dense[np.asarray(model.arrays.mask) > 0]
    assert 0 < len(rows) < dense[..., 0].size
    np.testing.assert_allclose(model.arrays.design.gram, rows.T @ rows, atol=1e-12)


def test_sums_are_over_the_geos_with_kpi(model: Model, dense: np.ndarray) -> None:
    counted = dense * np.asarray(model.arrays.mask)[..., None]
    np.testing.assert_allclose(model.arrays.design.sums, counted.sum(axis=1), atol=1e-12)
