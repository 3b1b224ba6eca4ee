"""Against what is a plan measured, and which dates does it decide?

The *reference* is a stretch of history. With `horizon: history` it is the study's own window. Otherwise the most recent
periods are taken to come again, as many as the horizon has, each channel with the flighting it had then, beginning
where the data end or on `plan.horizon.start`. A plan is one multiple of that pattern per channel.

    reference_rows(panel, Horizon(periods=13))      # the last 13 rows

Another idea of what comes next, last year's same season for instance, is another way to choose rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int
from pandas.tseries.frequencies import to_offset

from mmm.study import INTERVAL, Horizon

PerChannel = Float[np.ndarray, " channel"]


def reference_rows(panel: xr.Dataset, horizon: str | Horizon) -> Int[np.ndarray, " period"]:
    """The rows of the panel that the plan scales: the window, or the last periods of the data, repeated if too few."""
    if isinstance(horizon, str):
        return np.flatnonzero(panel["in_window"].values)
    size = panel.sizes["time"]
    return np.arange(size - horizon.periods, size) % size


def future_periods(time: pd.DatetimeIndex, horizon: Horizon, frequency: str) -> pd.DatetimeIndex:
    """The dates the plan decides: from `horizon.start`, or from the first period after the data."""
    if horizon.start is None:
        return pd.date_range(time[-1] + to_offset(frequency), periods=horizon.periods, freq=frequency)
    return pd.date_range(pd.Timestamp(horizon.start), periods=horizon.periods, freq=frequency)


def observed_multiple(
    history: Float[np.ndarray, "time channel"], reference: Float[np.ndarray, "period channel"]
) -> PerChannel:
    """How far a channel's reference may be scaled before its typical period leaves the spend that was observed.

    The level that one active period in twenty exceeded, over the mean of the reference's active periods. A quantile
    rather than the maximum: one wild week is no experience of what that much spend does. At least 1.
    """
    found = np.ones(reference.shape[1])
    for c in range(reference.shape[1]):
        past, now = history[history[:, c] > 0, c], reference[reference[:, c] > 0, c]
        if len(past) and len(now):
            found[c] = max(1.0, np.quantile(past, INTERVAL[1]) / now.mean())
    return found


def value_per_kpi(panel: xr.Dataset) -> float:
    """Money per KPI unit over the reference, each period weighing what it sold."""
    known = panel["kpi"].fillna(0.0)
    worth = float((panel["value_per_kpi"] * known).sum())
    return worth / float(known.sum()) if float(known.sum()) else float(panel["value_per_kpi"].mean())
