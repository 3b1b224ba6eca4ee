"""Does the model predict what it has not seen? The last quarter is hidden, the model fitted again, and asked for it.

    result = backtest(fit)
    result.table       # time, geo, actual, expected, p05, p95, split "holdout"
    result.checks      # rows for tables/checks.csv
    result.refit       # the fit that has not seen the rows result.hidden, for mmm.watch.replay

Hidden KPI is masked, not cut off: shapes stay as they were, so the refit finds its compiled program; spend and
controls of the hidden periods are used as known. The error is held against an honest baseline, the same period a year
earlier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from mmm.insight.check import COLUMNS
from mmm.insight.evidence import Row, row
from mmm.insight.predictive import predictive
from mmm.insight.tables import fit_rows
from mmm.model.fit import fit as fit_model
from mmm.model.fit import panel_of, study_of
from mmm.model.sample import Progress
from mmm.study import INTERVAL, Study

HIDDEN_YEARS = 0.25
"""The share of a year that is hidden: a quarter, which is what a plan decides."""
SHORTEST_TRAINING_YEARS = 1.0
"""Years that must remain to fit on; a shorter history is not backtested, and the check says so."""
COVERAGE = 0.75
"""Share of hidden periods that the 90 % interval must hold: of 13, a calibrated one holds fewer once in 29 times."""


@dataclass(frozen=True)
class Backtest:
    """Predictions of the hidden periods, what they say of the model, and the fit that made them (None without one)."""

    table: pd.DataFrame
    checks: pd.DataFrame
    refit: xr.DataTree | None = None
    hidden: Int[np.ndarray, " period"] | None = None


def backtest(fit: xr.DataTree, progress: Progress | None = None) -> Backtest:
    """Refit `fit`'s model without its last quarter and predict it."""
    panel = panel_of(fit)
    per_year = float(fit.attrs["periods_per_year"])
    window = np.flatnonzero(panel["in_window"].values)
    hidden = window[len(window) - max(4, round(per_year * HIDDEN_YEARS)) :]
    if (len(window) - len(hidden)) / per_year < SHORTEST_TRAINING_YEARS:
        message = (
            "The history is too short to hide a quarter of a year and still see a whole one: how well the model "
            "predicts is unknown."
        )
        return Backtest(pd.DataFrame(), _table([row("backtest", "kpi", np.nan, np.nan, "caution", message)]))
    refit = fit_model(masked(fit, hidden), quick(study_of(fit)), progress=progress)
    expected, predicted = predictive(refit, hidden)
    actual = panel["kpi"].transpose("geo", "time").isel(time=hidden)
    year_before = hidden - round(per_year)
    before = panel["kpi"].transpose("geo", "time").to_numpy()[:, year_before] if year_before[0] >= 0 else None
    return Backtest(
        fit_rows(actual, expected, predicted).assign(split="holdout"),
        _table(_judge(actual.to_numpy(), expected, predicted, before)),
        refit,
        hidden,
    )


def combined(train: pd.DataFrame, holdout: pd.DataFrame) -> pd.DataFrame:
    """`tables/fit.csv`: the fit where it was trained, the backtest's predictions for the periods that it hid."""
    if holdout.empty:
        return train
    return pd.concat([train[~train["time"].isin(holdout["time"].unique())], holdout], ignore_index=True)


def masked(fit: xr.DataTree, hidden: np.ndarray) -> xr.DataTree:
    """The panel with the KPI of these rows unknown."""
    panel = fit["panel"].to_dataset()
    seen = xr.DataArray(~np.isin(np.arange(panel.sizes["time"]), hidden), dims="time")
    tree = xr.DataTree.from_dict({"/panel": panel.assign(kpi=panel["kpi"].where(seen).transpose(*panel["kpi"].dims))})
    if "lift" in fit.children:
        tree["lift"] = fit["lift"].copy()
    tree.attrs = dict(fit.attrs)
    return tree


def quick(study: Study) -> Study:
    """The study, fitted in a hurry."""
    return study.model_copy(update={"fit": study.fit.model_copy(update={"mode": "quick"})})


def _judge(
    actual: Float[np.ndarray, "geo time"],
    expected: xr.DataArray,
    predicted: xr.DataArray,
    year_before: Float[np.ndarray, "geo time"] | None,
) -> list[Row]:
    error = _wmape(actual, expected.mean("sample").transpose("geo", "time").to_numpy())
    naive = np.inf if year_before is None else _wmape(actual, year_before)
    low, high = np.quantile(predicted.transpose("sample", "geo", "time"), INTERVAL, axis=0)
    inside = float(((actual >= low) & (actual <= high)).mean())
    worse = (
        f"Hidden periods were missed by {error:.1%} on average; the same period a year earlier misses them by "
        f"{naive:.1%}. The model forecasts no better than that naive rule, so its baseline is not understood."
    )
    narrow = (
        f"Only {inside:.0%} of the hidden periods fell inside the 90 % interval: forecasts are less certain than "
        "they look."
    )
    rows = [
        row("backtest_error", "kpi", error, naive, "pass" if error <= naive else "caution", worse),
        row("backtest_coverage", "kpi", inside, COVERAGE, "pass" if inside >= COVERAGE else "caution", narrow),
    ]
    return [*rows, _totals(actual, predicted)] if len(actual) > 1 else rows


def _totals(actual: Float[np.ndarray, "geo time"], predicted: xr.DataArray) -> Row:
    """Geos are right one by one and wrong together when something that moves all of them was not foreseen."""
    seen = xr.DataArray(np.isfinite(actual), dims=("geo", "time"))
    low, high = np.quantile(predicted.where(seen.values[None], 0.0).sum("geo"), INTERVAL, axis=0)
    total = np.where(seen, actual, 0.0).sum(axis=0)
    inside = float(((total >= low) & (total <= high)).mean())
    narrow = (
        f"Only {inside:.0%} of the hidden periods' totals over geos fell inside the 90 % interval: something moves all "
        "geos together that the model does not foresee. Do not rely on its forecast of the total."
    )
    return row("backtest_coverage", "all geos", inside, COVERAGE, "pass" if inside >= COVERAGE else "caution", narrow)


def _wmape(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Sum of absolute errors over the sum of actuals, over all geos and periods."""
    return float(np.nansum(np.abs(actual - predicted)) / np.nansum(np.abs(actual)))


def _table(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)
