"""Does the model predict what it has not seen? The last periods are hidden, the model is fitted again, and asked for them.

    result = backtest(fit)
    result.table       # time, geo, actual, expected, p05, p95, split "holdout"
    result.checks      # rows for tables/checks.csv

Hidden KPI is masked, not cut off: shapes stay as they were, so the refit finds its compiled program, and spend and controls
of the hidden periods are used as known. Its error is held against an honest baseline, the same week a year earlier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from mmm.insight.predictive import predictive
from mmm.insight.tables import fit_rows
from mmm.model.fit import fit as fit_model
from mmm.model.fit import study_of
from mmm.model.sample import Progress

PERIODS_PER_YEAR_HIDDEN = 0.25
"""The share of a year that is hidden: a quarter, what a plan decides."""
SHORTEST_TRAINING = 1.0
"""Years that must remain to fit on; a shorter history is not backtested, and the check says so."""
COVERAGE = 0.75
"""Share of hidden periods inside the 90 % interval below which it is called too narrow; 13 periods of a calibrated one fall below 4 % of the time."""


@dataclass(frozen=True)
class Backtest:
    """Predictions of the hidden periods, and what they say of the model."""

    table: pd.DataFrame
    checks: pd.DataFrame


def backtest(fit: xr.DataTree, progress: Progress | None = None) -> Backtest:
    """Refit `fit`'s model without its last quarter and predict it."""
    panel = fit["panel"].to_dataset()
    per_year = float(fit.attrs["periods_per_year"])
    rows = np.flatnonzero(panel["in_window"].values)
    hidden = rows[len(rows) - max(4, round(per_year * PERIODS_PER_YEAR_HIDDEN)) :]
    if (len(rows) - len(hidden)) / per_year < SHORTEST_TRAINING:
        message = "The history is too short to hide a quarter of a year and still see a whole one: how well the model predicts is unknown."
        return Backtest(pd.DataFrame(), _checks([("backtest", "kpi", np.nan, np.nan, "caution", message)]))
    refit = fit_model(_masked(fit, hidden), _quick(fit), progress=progress)
    expected, predicted = predictive(refit, hidden)
    actual = panel["kpi"].transpose("geo", "time").isel(time=hidden)
    table = fit_rows(actual, expected, predicted).assign(split="holdout")
    return Backtest(table, _checks(_judge(panel, actual, expected, predicted, hidden, round(per_year))))


def combined(train: pd.DataFrame, holdout: pd.DataFrame) -> pd.DataFrame:
    """`tables/fit.csv`: the fit where it was trained, the backtest's predictions for the periods that it hid."""
    if holdout.empty:
        return train
    return pd.concat([train[~train["time"].isin(holdout["time"].unique())], holdout], ignore_index=True)


def _masked(fit: xr.DataTree, hidden: np.ndarray) -> xr.DataTree:
    panel = fit["panel"].to_dataset()
    seen = xr.DataArray(~np.isin(np.arange(panel.sizes["time"]), hidden), dims="time")
    tree = xr.DataTree.from_dict({"/panel": panel.assign(kpi=panel["kpi"].where(seen).transpose(*panel["kpi"].dims))})
    tree.attrs = dict(fit.attrs)
    return tree


def _quick(fit: xr.DataTree):
    study = study_of(fit)
    return study.model_copy(update={"fit": study.fit.model_copy(update={"mode": "quick"})})


def _judge(panel: xr.Dataset, actual: xr.DataArray, expected: xr.DataArray, predicted: xr.DataArray, hidden: np.ndarray, year: int) -> list[tuple]:
    truth = actual.to_numpy()
    error = _wmape(truth, expected.mean("sample").transpose("geo", "time").to_numpy())
    low, high = np.quantile(predicted.transpose("sample", "geo", "time"), [0.05, 0.95], axis=0)
    inside = float(np.mean((truth >= low) & (truth <= high)))
    rows = []
    naive = np.inf
    if hidden[0] >= year:
        naive = _wmape(truth, panel["kpi"].transpose("geo", "time").to_numpy()[:, hidden - year])
    rows.append(("backtest_error", "kpi", error, naive, "pass" if error <= naive else "caution", f"Hidden periods were missed by {error:.1%} on average; the same period a year earlier would have missed by {naive:.1%}. The model does not forecast better than a naive rule, so its baseline is not understood."))
    rows.append(("backtest_coverage", "kpi", inside, COVERAGE, "pass" if inside >= COVERAGE else "caution", f"Only {inside:.0%} of the hidden periods fell inside the 90 % interval: forecasts are less certain than they look."))
    return [(name, subject, statistic, limit, result, "" if result == "pass" else message) for name, subject, statistic, limit, result, message in rows]


def _wmape(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Sum of absolute errors over the sum of actuals, over all geos and periods."""
    return float(np.nansum(np.abs(actual - predicted)) / np.nansum(np.abs(actual)))


def _checks(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["check", "subject", "statistic", "limit", "result", "message"])
