"""What KPI does the model expect, and what would it not be surprised by? Expected and predictive draws by period.

Expected KPI is for effects, predictive draws (noise included) are for forecasts and for judging the fit.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from mmm.insight.contrast import draws_of, expected_kpi, over_draws
from mmm.insight.contribution import SAMPLES_BY_TIME
from mmm.model.fit import model_of, panel_of


def predictive(fit: xr.DataTree, rows: np.ndarray | None = None) -> tuple[xr.DataArray, xr.DataArray]:
    """Draws of expected KPI and of predicted KPI (noise included), each `sample geo time`, KPI units; window rows
    unless `rows` says which."""
    model = model_of(fit)
    draws = draws_of(fit, SAMPLES_BY_TIME)
    panel = panel_of(fit)
    rows = np.flatnonzero(panel["in_window"].values) if rows is None else rows
    expected = over_draws(lambda sample: expected_kpi(model, model.arrays, sample).T, draws)[..., rows]
    predicted = _with_noise(
        model.structure.likelihood, expected, draws, np.asarray(model.arrays.size), int(fit.attrs["seed"])
    )
    coords = {"sample": np.arange(len(expected)), "geo": panel["geo"].values, "time": panel["time"].values[rows]}
    return xr.DataArray(expected, coords, tuple(coords)), xr.DataArray(predicted, coords, tuple(coords))


def _with_noise(
    likelihood: str, expected: np.ndarray, draws: dict[str, jax.Array], size: np.ndarray, seed: int
) -> np.ndarray:
    key = jax.random.key(seed + 2)
    scale = size[None, :, None]
    if likelihood == "negative_binomial":
        concentration = np.asarray(draws["concentration"])[:, None, None]
        rate = (
            jax.random.gamma(key, jnp.asarray(np.broadcast_to(concentration, expected.shape)))
            * expected
            / concentration
        )
        return np.asarray(jax.random.poisson(jax.random.split(key)[0], rate), dtype=float)
    sigma = np.asarray(draws["sigma"])[:, None, None] * scale
    if likelihood == "student_t":
        degrees = jnp.asarray(draws["degrees_of_freedom"])[:, None, None]
        return expected + sigma * np.asarray(jax.random.t(key, jnp.broadcast_to(degrees, expected.shape)))
    return expected + sigma * np.asarray(jax.random.normal(key, expected.shape))
