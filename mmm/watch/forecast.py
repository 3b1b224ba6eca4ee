"""Do new periods come out as the model foresaw? Their place in the predictive distribution, one after the other.

    foresight(fit, panel, new).table      # time, geo, actual, expected, p05, p95, pit, score

*pit* is the share of the predictive draws below the actual value: uniform while the model holds. Values of one
forecast lean on each other, for they share the level and the trend that are not known exactly: a quarter that starts
low will go on so. *score* is what is new in each period given those before it, by the draws' own correlation,

    z = chol(R)^-1 normal_quantile(pit),   R = correlation of the draws' normal scores

standard normal and independent while the model holds, whatever the likelihood; `mmm.watch.chart` adds them up.

Two things that a fit does not carry are added. The level goes on bending after the window as it did inside it: bends of
the learned size come at the same distance. And scores are freed of the memory that the fit's own residuals have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Float
from scipy.linalg import solve_triangular
from scipy.stats import norm

from mmm.insight.contrast import draws_of
from mmm.insight.predictive import predictive
from mmm.insight.tables import ALL_GEOS
from mmm.model.baseline import KNOTS_PER_YEAR
from mmm.model.fit import model_of
from mmm.study import INTERVAL
from mmm.watch.chart import Series, normal_scores_of_draws

SAMPLES = 2000
"""Predictive draws: the farthest score they can give is 3.7."""


@dataclass(frozen=True)
class Foresight:
    """The table by period and geo (`all` is the total), and the geos whose scores are charted."""

    table: pd.DataFrame
    geos: tuple[str, ...]

    def scores(self, geo: str) -> Series:
        """The scores of one geo in the order of time."""
        return self.table.loc[self.table["geo"] == geo, "score"].to_numpy(float)


def foresight(fit: xr.DataTree, panel: xr.Dataset, new: Bool[np.ndarray, " time"]) -> Foresight:
    """How the rows `new` of `panel`, which continues the fit's own, compare with what `fit` predicts."""
    tree = xr.DataTree.from_dict({"/panel": panel, "/posterior": fit["posterior"].to_dataset()})
    tree.attrs = dict(fit.attrs)
    rows = np.flatnonzero(new)
    expected, predicted = (_bent(tree, rows, draws) for draws in predictive(tree, rows, SAMPLES))
    actual = panel["kpi"].isel(time=rows).transpose("geo", "time")
    memory = _memory(fit)
    names = [str(geo) for geo in actual["geo"].values]
    parts = {ALL_GEOS: tuple(part.sum("geo", skipna=False) for part in (actual, expected, predicted))}
    if len(names) > 1:
        parts |= {name: tuple(part.sel(geo=name) for part in (actual, expected, predicted)) for name in names}
    frames = [
        _compared(name, seen.to_numpy(), mean.to_numpy(), draws.to_numpy(), memory)
        for name, (seen, mean, draws) in parts.items()
    ]
    table = pd.concat([frame.assign(time=actual["time"].values) for frame in frames], ignore_index=True)
    columns = ["time", "geo", "actual", "expected", "p05", "p95", "pit", "score"]
    return Foresight(table[columns], tuple(parts))


def _compared(
    geo: str,
    actual: Series,
    expected: Float[np.ndarray, "sample time"],
    predicted: Float[np.ndarray, "sample time"],
    memory: float,
) -> pd.DataFrame:
    below = (predicted < actual).sum(axis=0)
    pit = np.where(np.isfinite(actual), (below + 0.5) / (len(predicted) + 1), np.nan)
    low, high = np.quantile(predicted, INTERVAL, axis=0)
    score = _one_after_the_other(pit, predicted, memory)
    values = {"actual": actual, "expected": expected.mean(axis=0), "p05": low, "p95": high, "pit": pit, "score": score}
    return pd.DataFrame({"geo": geo, **values})


def _one_after_the_other(pit: Series, predicted: Float[np.ndarray, "sample time"], memory: float) -> Series:
    """What is new in each period given those before it; NaN where the KPI is missing."""
    known = np.isfinite(pit)
    scores = np.full(len(pit), np.nan)
    if not known.any():
        return scores
    correlation = np.corrcoef(normal_scores_of_draws(predicted[:, known]).T).reshape(known.sum(), -1)
    own = np.linalg.eigvalsh(correlation)[0]  # the noise of a period, which no other period shares
    distance = np.abs(np.subtract.outer(np.flatnonzero(known), np.flatnonzero(known)))
    together = correlation + own * np.where(distance > 0, memory**distance, 0.0)
    factor = np.linalg.cholesky(together)
    scores[known] = solve_triangular(factor, norm.ppf(pit[known]), lower=True)
    return scores


def _memory(fit: xr.DataTree) -> float:
    """Correlation of the fit's residuals with those of the period before, where it is positive; the mean over geos."""
    expected = predictive(fit)[0].mean("sample").transpose("geo", "time").to_numpy()
    panel = fit["panel"].to_dataset()
    residual = panel["kpi"].sel(time=panel["in_window"]).transpose("geo", "time").to_numpy() - expected
    residual = residual - np.nanmean(residual, axis=1, keepdims=True)
    products = np.nansum(residual[:, 1:] * residual[:, :-1], axis=1) / np.nansum(residual**2, axis=1)
    return float(np.clip(products.mean(), 0.0, 0.9))


def _bent(tree: xr.DataTree, rows: np.ndarray, foreseen: xr.DataArray) -> xr.DataArray:
    """`foreseen` with further bends of the level after the window; as it was where the trend does not bend."""
    model, panel = model_of(tree), tree["panel"].to_dataset()
    draws = draws_of(tree, SAMPLES)
    if "scale_bend" not in draws:
        return foreseen
    per_year = float(tree.attrs["periods_per_year"])
    years = (rows - np.flatnonzero(panel["in_window"].values)[-1]) / per_year
    hinges = np.maximum(0.0, years[:, None] - np.arange(0.0, years[-1], 1 / KNOTS_PER_YEAR))
    random = np.random.default_rng(int(tree.attrs["seed"])).standard_normal((len(draws["scale_bend"]), hinges.shape[1]))
    change = np.asarray(draws["scale_bend"])[:, None] * (random @ hinges.T)
    if model.structure.link == "log":
        return foreseen * np.exp(change)[:, None, :]
    return foreseen + change[:, None, :] * np.asarray(model.arrays.size)[None, :, None]
