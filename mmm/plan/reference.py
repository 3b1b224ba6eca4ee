"""Against what is a plan measured, and which dates does it decide?

The *reference* is a stretch of history. With `horizon: history` it is the study's own window. Otherwise the most recent
periods are taken to come again, as many as the horizon has, each channel with the flighting it had then, beginning
where the data end or on `plan.horizon.start`. A plan is one multiple of that pattern per channel.

    reference_of(tree, Horizon(periods=13))         # the last 13 rows, and what was spent in them

Another idea of what comes next, last year's same season for instance, is another way to choose rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int
from pandas.tseries.frequencies import to_offset

from mmm.errors import InputError
from mmm.study import INTERVAL, Horizon

PerChannel = Float[np.ndarray, " channel"]


@dataclass(frozen=True)
class Reference:
    """The dates a plan decides, the dates it repeats for them, and what each paid channel spent then, in money."""

    channels: tuple[str, ...]
    rows: Int[np.ndarray, " period"]
    periods: pd.DatetimeIndex
    dates: pd.DatetimeIndex
    flighting: Float[np.ndarray, "period channel"]
    observed: PerChannel
    experience: PerChannel

    @property
    def spend(self) -> PerChannel:
        """The reference spend by channel over the horizon."""
        return self.flighting.sum(axis=0)


def reference_of(tree: xr.DataTree, horizon: Literal["history"] | Horizon) -> Reference:
    """The reference of a panel or a fit. Raises `InputError` when no paid channel spends anything in it."""
    panel = paid_panel(tree)
    rows, time = reference_rows(panel, horizon), pd.DatetimeIndex(panel["time"].values)
    ahead = time[rows] if isinstance(horizon, str) else future_periods(time, horizon, tree.attrs["frequency"])
    return reference_at(tree, rows, ahead)


def reference_at(tree: xr.DataTree, rows: Int[np.ndarray, " period"], periods: pd.DatetimeIndex) -> Reference:
    """The reference whose periods repeat these rows of the panel. Raises `InputError` as `reference_of`."""
    panel = paid_panel(tree)
    time = pd.DatetimeIndex(panel["time"].values)
    spend = panel["spend"].sum("geo").transpose("time", "channel").values.astype(float)
    if not spend[rows].any():
        first, last = time[rows].min(), time[rows].max()
        dates = f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        raise InputError([f"no channel spends anything {dates}, the plan's reference: choose another plan.horizon"])
    return Reference(
        channels=tuple(str(name) for name in panel["channel"].values),
        rows=rows,
        periods=periods,
        dates=time[rows],
        flighting=spend[rows],
        observed=observed_multiple(spend[panel["in_window"].values.astype(bool)], spend[rows]),
        experience=experience(spend[panel["in_window"].values.astype(bool)]),
    )


def paid_panel(tree: xr.DataTree) -> xr.Dataset:
    """The panel with its paid channels only."""
    panel = tree["panel"].to_dataset()
    return panel.isel(channel=np.flatnonzero(panel["paid"].values))


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
    active = (reference > 0).sum(axis=0)
    mean = np.divide(reference.sum(axis=0), active, out=np.full(len(active), np.inf), where=active > 0)
    return np.maximum(1.0, experience(history) / mean)


def experience(history: Float[np.ndarray, "time channel"]) -> PerChannel:
    """The spend of a period that one active period in twenty exceeded, by channel; 0 where none was active."""
    active = [column[column > 0] for column in history.T]
    return np.array([np.quantile(past, INTERVAL[1]) if len(past) else 0.0 for past in active])


def value_per_kpi(panel: xr.Dataset) -> float:
    """Money per KPI unit over the reference, each period weighing what it sold."""
    known = panel["kpi"].fillna(0.0)
    worth = float((panel["value_per_kpi"] * known).sum())
    return worth / float(known.sum()) if float(known.sum()) else float(panel["value_per_kpi"].mean())
