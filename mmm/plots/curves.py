"""How far does more money carry? The response of the KPI to each channel's spend, one small panel a channel.

A run with a plan shows the plan's own curves (`tables/plan_curves.csv`): spend and value over the plan's horizon, where
today's and the proposed spend are what the plan says. Another shows the window's (`tables/curves.csv`).

The line is the mean response and the band its 90 % interval; the circle is the spend of today, the diamond the
recommended one. Spend that was never observed lies in the grey zone: there the curve is the model's opinion.
Where that zone begins is read from the plan (`tables/allocation_quality.csv`, `extrapolates_above`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.source import Source, Units, beside, channels, table, total, units
from mmm.speech import word

MOST = 2.0
"""The largest multiple of the present spend that a plan's curve is drawn to."""


@theme.styled
def response_curves(
    source: Source,
    axes: np.ndarray | None = None,
    *,
    allocation: pd.DataFrame | None = None,
    quality: pd.DataFrame | None = None,
    unit: Units | None = None,
) -> np.ndarray:
    """The contribution against the spend, an array of Axes with one channel each.

    `source` gives the table `plan_curves` or, where it has none, `curves`; `allocation` gives the recommended spend and
    `quality` (the table `allocation_quality`) the multiple of the present spend above which nothing was observed. Both
    are read from the run where they are left out; without them there is no diamond, and no grey zone.
    """
    frame, planned = curves_of(source)
    unit = unit or units(source)
    allocation = beside(source, "allocation") if allocation is None else allocation
    quality = beside(source, "allocation_quality") if quality is None else quality
    order = [name for name in channels(source, frame["channel"]) if (frame["channel"] == name).any()]
    shades = theme.colours(channels(source, frame["channel"]))
    names = dict(zip(order, labels.names(order, theme.title_width(len(order))), strict=True))
    axes = theme.grid_of(len(order)) if axes is None else np.ravel(np.asarray(axes, dtype=object))
    ticks = 4 if len(order) <= 12 else 3 if len(order) <= 20 else 2
    proposed, edges = _proposed(allocation), _edges(order, quality)
    for ax, name in zip(axes, order, strict=False):
        _panel(ax, frame[frame["channel"] == name], shades[name], proposed.get(name), edges[name], ticks)
        theme.title(ax, names[name], len(order))
    _name_outer_axes(axes[: len(order)], unit, planned)
    _legend(axes[0], bool(proposed), any(np.isfinite(edge) for edge in edges.values()))
    return axes


def curves_of(source: Source) -> tuple[pd.DataFrame, bool]:
    """The curves by `spend_multiple`, and whether they are the plan's."""
    plan = beside(source, "plan_curves")
    frame = total(table(source, "curves")) if plan is None else plan
    if "multiple" not in frame:
        return frame, False
    frame = frame.rename(columns={"multiple": "spend_multiple"})
    return frame[frame["spend_multiple"] <= MOST + 1e-9], True


def _edges(names: list[str], quality: pd.DataFrame | None) -> dict[str, float]:
    """The multiple at which each channel leaves what was observed; infinity where nobody knows."""
    if quality is None or "extrapolates_above" not in quality:
        return dict.fromkeys(names, np.inf)
    known = dict(zip(quality["channel"], quality["extrapolates_above"].astype(float), strict=True))
    return {name: known.get(name, np.inf) for name in names}


def _proposed(allocation: pd.DataFrame | None) -> dict[str, float]:
    """The recommended spend by channel, as a multiple of the present one."""
    if allocation is None:
        return {}
    rows = total(allocation)
    rows = rows[(rows["scenario"] == "recommended") & (rows["period"].astype(str) == "all")]
    return dict(zip(rows["channel"], rows["multiple"], strict=True))


def _panel(ax: Axes, rows: pd.DataFrame, colour: str, proposed: float | None, edge: float, ticks: int) -> None:
    rows = rows.sort_values("spend_multiple")
    multiple, spend, low, mean, high = (
        rows[column].to_numpy(dtype=float) for column in ("spend_multiple", "spend", "p05", "mean", "p95")
    )
    theme.frame(ax)
    ax.fill_between(spend, low, high, color=colour, alpha=0.22, linewidth=0)
    ax.plot(spend, mean, color=theme.readable(colour))
    if edge < multiple[-1]:
        ax.axvspan(float(np.interp(edge, multiple, spend)), spend[-1], color=theme.SHADE, zorder=0, linewidth=0)
    for place, inside in ((1.0, theme.INK), (proposed, "white")):
        if place is not None:
            x, y = float(np.interp(place, multiple, spend)), float(np.interp(place, multiple, mean))
            ax.plot(
                [x],
                [y],
                marker="o" if inside == theme.INK else "D",
                markersize=4,
                color=theme.INK,
                markerfacecolor=inside,
                markeredgewidth=0.9,
                zorder=5,
            )
    ax.set_xlim(0, spend[-1] if spend[-1] > 0 else 1)
    ax.set_ylim(min(0.0, float(low.min())), max(float(high.max()) * 1.05, 1e-9))
    labels.short_ticks(ax.xaxis, ticks)
    labels.short_ticks(ax.yaxis, 4)


def _name_outer_axes(axes: np.ndarray, unit: Units, planned: bool) -> None:
    """What the axes are, once a column and once a row: the panels are read together."""
    counted = unit.worth if planned else unit.kpi_unit
    spend, kpi = (labels.Scale(1.0, labels.symbol(name) or name) for name in (unit.currency, counted))
    name = word("Value") if counted and not unit.kpi_unit else unit.kpi_name
    last = {ax.get_subplotspec().colspan.start: ax for ax in axes}
    for ax in last.values():
        ax.set_xlabel(spend.label(word("Spend in the plan") if planned else word("Spend")))
    for ax in axes:
        if ax.get_subplotspec().colspan.start == 0:
            ax.set_ylabel(kpi.label(name))


def _legend(ax: Axes, proposed: bool, shaded: bool) -> None:
    """The marks, explained once over the panels."""
    handles: list[Line2D | Patch] = [theme.mark(word("Now"), "o", theme.INK)]
    if proposed:
        handles.append(theme.mark(word("Recommended"), "D", theme.INK, "white"))
    handles.append(
        Patch(color=theme.MUTED, alpha=0.3, linewidth=0, label=word("{level} interval", level=labels.level()))
    )
    if shaded:
        handles.append(Patch(facecolor=theme.SHADE, edgecolor=theme.GRID, label=word("Beyond observed spend")))
    figure = ax.get_figure(root=True)
    assert figure is not None  # Axes that a plot was given always have one
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
