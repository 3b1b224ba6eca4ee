"""What KPI does the model expect, and what would it not be surprised by? Expected and predictive draws by period.

Expected KPI is for effects, predictive draws (noise included) are for forecasts and for judging the fit.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from mmm.insight.contrast import Sample, draws_of, expected_kpi, over_draws
from mmm.insight.contribution import SAMPLES_BY_TIME
from mmm.model.fit import model_of, panel_of
from mmm.model.spec import Arrays, Structure, for_sampling


def predictive(
    fit: xr.DataTree, rows: np.ndarray | None = None, samples: int = SAMPLES_BY_TIME
) -> tuple[xr.DataArray, xr.DataArray]:
    """Draws of expected KPI and of predicted KPI (noise included), each `sample geo time`, KPI units; window rows
    unless `rows` says which."""
    model = model_of(fit)
    draws = draws_of(fit, samples)
    panel = panel_of(fit)
    rows = np.flatnonzero(panel["in_window"].values) if rows is None else rows
    arrays = for_sampling(model.arrays)
    expected = over_draws(_expected, model.structure, draws, arrays, jnp.asarray(rows))
    predicted = _with_noise(model.structure, expected, draws, np.asarray(model.arrays.size), int(fit.attrs["seed"]))
    coords = {"sample": np.arange(len(expected)), "geo": panel["geo"].values, "time": panel["time"].values[rows]}
    return xr.DataArray(expected, coords, tuple(coords)), xr.DataArray(predicted, coords, tuple(coords))


def _expected(structure: Structure, sample: Sample, arrays: Arrays, rows: Array) -> Float[Array, "geo row"]:
    return expected_kpi(structure, sample, arrays)[rows].T


def _with_noise(
    structure: Structure, expected: np.ndarray, draws: dict[str, jax.Array], size: np.ndarray, seed: int
) -> np.ndarray:
    random = np.random.default_rng(seed)
    scalars = {name: np.asarray(values)[:, None, None] for name, values in draws.items() if values.ndim == 1}
    if "shock" in scalars:
        shock = scalars["shock"] * random.standard_normal((len(expected), 1, expected.shape[2]))
        expected = expected * np.exp(shock) if structure.link == "log" else expected + shock * size[None, :, None]
    if structure.likelihood == "negative_binomial":
        concentration, expected = scalars["concentration"], np.maximum(expected, 0.0)
        return random.poisson(random.gamma(concentration, expected / concentration)).astype(float)
    noise = scalars["sigma"] * size[None, :, None]
    if structure.likelihood == "student_t":
        return expected + noise * random.standard_t(np.broadcast_to(scalars["degrees_of_freedom"], expected.shape))
    return expected + noise * random.standard_normal(expected.shape)
