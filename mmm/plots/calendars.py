"""When is each channel on air? The calendar of a plan, a panel a channel.

`calendar` draws the recommended plan, each channel's flighting times one multiple; `flighting` the calendar that
decides every period by itself. Bars are the proposed spend of each period, the line is what was spent in the period it
repeats. Panels keep their own scale: a calendar compares weeks of one channel, `spend_shift` compares channels.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.dates import date_axis
from mmm.plots.source import Source, Units, channels, table, units
from mmm.speech import word


@theme.styled
def calendar(source: Source, axes: np.ndarray | None = None, *, unit: Units | None = None) -> np.ndarray:
    """Proposed spend by period (bars) over the present spend (line); an array of Axes, one a channel that spends.

    `source` gives the table `calendar`, of `mmm.allocate`.
    """
    return _panels(source, table(source, "calendar"), axes, unit or units(source))


@theme.styled
def flighting(source: Source, axes: np.ndarray | None = None, *, unit: Units | None = None) -> np.ndarray:
    """The same of the table `flighting`, which `mmm.plan.flighting.flight` decides period by period."""
    return _panels(source, table(source, "flighting"), axes, unit or units(source))


def _panels(source: Source, rows: pd.DataFrame, axes: np.ndarray | None, unit: Units) -> np.ndarray:
    active = rows.groupby("channel", sort=False)[["current_spend", "recommended_spend"]].sum().sum(axis=1) > 0
    order = [name for name in channels(source, [str(name) for name in active.index]) if active.get(name, False)]
    axes = theme.grid_of(len(order), row_cm=3.4) if axes is None else np.ravel(np.asarray(axes, dtype=object))
    written = labels.names(order, theme.title_width(len(order)))
    scale = labels.scale(rows[["current_spend", "recommended_spend"]].to_numpy(dtype=float), unit.currency)
    shades = theme.colours(order)
    for ax, name, text in zip(axes, order, written, strict=False):
        _channel(ax, rows[rows["channel"] == name].sort_values("period"), scale, shades[name])
        theme.title(ax, text, len(order))
        if ax.get_subplotspec().colspan.start == 0:
            ax.set_ylabel(scale.label(word("Spend")))
    if len(axes):
        handles = [Patch(color=theme.MUTED, alpha=0.5, linewidth=0, label=word("Proposed"))]
        handles.append(Line2D([], [], color=theme.INK, linewidth=1.0, label=word("Present")))
        axes[0].get_figure(root=True).legend(handles=handles, loc="outside upper left", ncols=2)
    return axes


def _channel(ax: Axes, rows: pd.DataFrame, scale: labels.Scale, shade: str) -> None:
    period = pd.DatetimeIndex(pd.to_datetime(rows["period"]))
    step = (period[1] - period[0]) if len(period) > 1 else pd.Timedelta(days=1)
    theme.frame(ax)
    ax.bar(period, scale.of(rows["recommended_spend"].to_numpy()), width=0.8 * step, color=shade, alpha=0.75)
    ax.step(period, scale.of(rows["current_spend"].to_numpy()), where="mid", color=theme.INK, linewidth=1.0)
    date_axis(ax, rows["period"], most=3)
    ax.set_xlim(period[0] - step / 2, period[-1] + step / 2)
    ax.set_ylim(bottom=0)
    labels.plain_ticks(ax.yaxis, 3)
