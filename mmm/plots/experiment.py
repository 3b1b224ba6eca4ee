"""What could a geo test find, and what did it find? Power before it, the treated geos beside their control after it.

`power` draws the table `cell, lift, power, standard_error` (`causal.design`), with the wanted power and where each cell
reaches it. `counterfactual` draws the table `time, kpi, expected` of an estimate: the mean treated geo, what it would
have sold, and below both their difference, with the measured periods shaded.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.dates import date_axis
from mmm.speech import word


@theme.styled
def power(table: pd.DataFrame, ax: Axes | None = None, *, wanted: float = 0.8) -> Axes:
    """The share of tests that find a lift, against the lift; two Monte Carlo errors around it; one line a cell.

    `table` has `cell, lift, power, standard_error`; the dotted line is the wanted power.
    """
    ax = theme.frame(theme.axes(ax, 12.0, 6.5), grid="both")
    shades, handles = theme.colours(table["cell"].unique()), []
    for cell, rows in table.groupby("cell", sort=False):
        shade = shades[str(cell)]
        lift, share, error = (100 * rows[name].to_numpy(dtype=float) for name in ("lift", "power", "standard_error"))
        ax.fill_between(
            lift, np.clip(share - 2 * error, 0, 100), np.clip(share + 2 * error, 0, 100), color=shade, alpha=0.15, lw=0
        )
        ax.plot(lift, share, color=shade, marker="o", markersize=3)
        handles.append(Line2D([], [], color=shade, marker="o", markersize=3, label=str(cell)))
    handles.append(Patch(color=theme.MUTED, alpha=0.25, linewidth=0, label=word("Monte Carlo error (twice)")))
    ax.axhline(100 * wanted, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    found = table.groupby("lift")["power"].min()
    enough = found[found >= min(1.0, wanted + 0.15)]
    ax.set_xlim(0, 100 * float(enough.index[0] if len(enough) else found.index[-1]))
    ax.set_ylim(0, 102)
    labels.plain_ticks(ax.xaxis)
    labels.name_x(ax, word("True lift of the treated geos, %"))
    ax.set_ylabel(word("Tests that find it, %"))
    theme.legend(ax, handles, wide=True)
    return ax


@theme.styled
def counterfactual(
    table: pd.DataFrame, axes: tuple[Axes, Axes] | None = None, *, start: pd.Timestamp, end: pd.Timestamp
) -> tuple[Axes, Axes]:
    """The mean treated geo with and without the test, and their difference; measured periods are shaded.

    `table` has `time, kpi, expected` (`Estimate.series` with its index as a column). Spend moved from `start` to `end`;
    measured periods after `end` are the cooldown.
    """
    if axes is None:
        figure = theme.figure(theme.TEXT_WIDTH_CM, 9.0)
        grid = figure.add_gridspec(2, 1, height_ratios=[3, 2])
        upper = figure.add_subplot(grid[0])
        axes = (upper, figure.add_subplot(grid[1], sharex=upper))
    above, below = (theme.frame(ax, grid="y") for ax in axes)
    time = pd.DatetimeIndex(table["time"])
    scale = labels.scale(table[["kpi", "expected"]].to_numpy(dtype=float).ravel())
    kpi, expected = (scale.of(table[name].to_numpy(dtype=float)) for name in ("kpi", "expected"))
    step = time[-1] - time[-2]
    for ax in (above, below):
        ax.axvspan(start, end, color=theme.SHADE, linewidth=0, zorder=0)
        if time[-1] > end:
            ax.axvline(time[-1] + step / 2, color=theme.MUTED, linewidth=0.6, linestyle=(0, (1, 2)))
    above.plot(time, expected, color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 2)))
    above.plot(time, kpi, color=theme.NAVY, linewidth=1.3)
    above.set_ylabel(scale.label(word("KPI of the mean treated geo")))
    above.tick_params(axis="x", labelbottom=False)
    below.axhline(0.0, color=theme.INK, linewidth=0.6)
    below.plot(time, kpi - expected, color=theme.NAVY, linewidth=1.1)
    below.set_ylabel(scale.label(word("Difference")))
    date_axis(below, time)
    handles = [
        Line2D([], [], color=theme.NAVY, label=word("As it was")),
        Line2D([], [], color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 2)), label=word("Synthetic control")),
        Patch(color=theme.SHADE, linewidth=0, label=word("Test")),
    ]
    theme.legend(above, handles, wide=True)
    return above, below
