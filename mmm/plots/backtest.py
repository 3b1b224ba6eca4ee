"""Does the model predict what it has not seen? Observed against expected, with the hidden periods shaded.

The band is the 90 % predictive interval: nine of ten dots belong inside it, in the holdout as well.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.plots import labels, theme
from mmm.plots.dates import date_axis
from mmm.plots.source import Source, Units, period, table, units
from mmm.speech import word


@theme.styled
def fit_over_time(source: Source, ax: Axes | None = None, *, geo: str | None = None, unit: Units | None = None) -> Axes:
    """Actual KPI as dots, expected as a line, the predictive interval as a band, the holdout shaded and named.

    `source` gives the table `fit`. Intervals of geos do not add up, so one geo is drawn: `geo`, or "all" where the
    table has it, or the largest.
    """
    frame = table(source, "fit").assign(time=lambda rows: pd.to_datetime(rows["time"]))
    unit = unit or units(source)
    geo = geo or largest_geo(frame)
    rows = frame[frame["geo"].astype(str) == geo].sort_values("time")
    scale = labels.scale(rows[["actual", "p95"]].to_numpy(), unit.kpi_unit)
    ax = theme.frame(theme.axes(ax, height_cm=5.2))
    time = rows["time"].to_numpy()
    low, expected, high, actual = (scale.of(rows[column].to_numpy()) for column in ("p05", "expected", "p95", "actual"))
    band = ax.fill_between(
        time,
        low,
        high,
        color=theme.PALETTE[1],
        alpha=0.2,
        linewidth=0,
        label=word("{level} predictive interval", level=labels.level()),
    )
    (line,) = ax.plot(time, expected, color=theme.PALETTE[1], linewidth=1.1, label=word("Expected"))
    (dots,) = ax.plot(
        time, actual, linestyle="none", marker="o", markersize=_dot(len(rows)), color=theme.INK, label=word("Actual")
    )
    _shade_holdout(ax, rows)
    date_axis(ax, rows["time"])
    labels.plain_ticks(ax.yaxis)
    where = "" if geo in ("all", "national") else f" ({labels.short([geo], 16)[0]})"
    ax.set_ylabel(scale.label(unit.kpi_name + where, period(rows["time"])))
    theme.legend(ax, [dots, line, band])
    return ax


def largest_geo(frame: pd.DataFrame) -> str:
    """The geo that stands for the study: "all" where there are such rows, else the one with most KPI."""
    totals = frame.assign(geo=frame["geo"].astype(str)).groupby("geo")["actual"].sum()
    return "all" if "all" in totals else str(totals.idxmax())


def _dot(count: int) -> float:
    return float(np.clip(220 / max(count, 1), 0.8, 2.4))


def _shade_holdout(ax: Axes, rows: pd.DataFrame) -> None:
    """The periods that the model did not see, whether at the end or in the middle."""
    hidden = (rows["split"] == "holdout").to_numpy()
    starts = np.flatnonzero(np.diff(np.concatenate([[False], hidden]).astype(int)) == 1)
    ends = np.flatnonzero(np.diff(np.concatenate([hidden, [False]]).astype(int)) == -1)
    time = rows["time"].to_numpy()
    step = np.median(np.diff(time)) / 2 if len(time) > 1 else np.timedelta64(1, "D")
    for start, end in zip(starts, ends, strict=True):
        ax.axvspan(time[start] - step, time[end] + step, color=theme.SHADE, zorder=0, linewidth=0)
    if len(starts):
        ax.annotate(
            word("Hidden from the model"),
            (time[ends[-1]], 1.0),
            xycoords=("data", "axes fraction"),
            ha="right",
            va="bottom",
            xytext=(0, 2),
            textcoords="offset points",
            color=theme.MUTED,
            fontsize=theme.SIZE - 1,
        )
