"""What is the KPI made of? Its expected value, period by period and in total, by what drives it.

`contribution_over_time` stacks the drivers on a grey base; the line is what was observed, and the strip between the
stack and the line is what the model does not explain. `decomposition` shows the channels' totals with their
intervals, largest first. Both draw `tables/contribution.csv` or `tables/channels.csv` as they are.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.dates import date_axis
from mmm.plots.source import Source, Units, beside, channels, period, table, total, units
from mmm.speech import message, word

TOP = 8
"""Channels drawn by name; the smaller ones are drawn together as "Other channels"."""

OTHERS = message("Other channels")


@theme.styled
def contribution_over_time(
    source: Source, ax: Axes | None = None, *, actual: pd.DataFrame | None = None, unit: Units | None = None
) -> Axes:
    """The expected KPI by driver over time, stacked on the base, with the observed KPI as a line.

    `source` gives the table `contribution` (`time, geo, component, mean`); geos are added up. `actual` is the table
    `fit`, read from the run or the fit where it is left out. The base holds everything that is no channel.
    """
    frame = table(source, "contribution")
    unit = unit or units(source)
    wide = total(frame).pivot_table(index="time", columns="component", values="mean", aggfunc="sum", observed=True)
    order = channels(source, frame["component"])
    media = [name for name in order if name in wide]
    stack = _stack(wide, media)
    shades = theme.colours(order) | {OTHERS: theme.OTHER}
    observed = _observed(beside(source, "fit") if actual is None else actual)
    scale = labels.scale(wide.sum(axis=1).to_numpy(), unit.kpi_unit)
    ax = theme.frame(theme.axes(ax, height_cm=6.2))
    base = scale.of(wide[[c for c in wide if c not in media]].sum(axis=1).to_numpy())
    ax.fill_between(wide.index, 0, base, color=theme.BASE, linewidth=0)
    handles: list[Patch | Line2D] = [Patch(color=theme.BASE, label=word("Base"))]
    for name, text in zip(
        stack, labels.names([word(OTHERS) if c == OTHERS else str(c) for c in stack], 20), strict=True
    ):
        top = base + scale.of(stack[name].to_numpy())
        ax.fill_between(wide.index, base, top, color=shades[str(name)], edgecolor="white", linewidth=0.25)
        handles.append(Patch(color=shades[str(name)], label=text))
        base = top
    if observed is not None:
        shown = scale.of(observed.reindex(wide.index).to_numpy())
        handles += ax.plot(
            wide.index, shown, color=theme.INK, linewidth=0.7, label=word("Actual {kpi}", kpi=unit.kpi_in_text)
        )
    date_axis(ax, wide.index)
    labels.plain_ticks(ax.yaxis)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.set_ylabel(scale.label(unit.kpi_name, period(frame["time"])))
    theme.legend(ax, handles)
    return ax


def _stack(wide: pd.DataFrame, media: list[str]) -> pd.DataFrame:
    """The channels to be named, in the study's order, and the rest in one column."""
    largest = set(wide[media].sum().abs().nlargest(TOP if len(media) > TOP + 1 else len(media)).index)
    stack = wide[[name for name in media if name in largest]].copy()
    if len(largest) < len(media):
        stack[OTHERS] = wide[[name for name in media if name not in largest]].sum(axis=1)
    return stack


def _observed(fit: pd.DataFrame | None) -> pd.Series | None:
    """The observed KPI by period, all geos together."""
    if fit is None:
        return None
    rows = total(fit).assign(time=lambda frame: pd.to_datetime(frame["time"]))
    return rows.groupby("time")["actual"].sum(min_count=1)


@theme.styled
def decomposition(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """Each channel's contribution over the window with its 90 % interval, largest first.

    `source` gives the table `channels`. More than twelve channels: the smallest are left to the table.
    """
    frame = total(table(source, "channels"))
    unit = unit or units(source)
    order = channels(source, frame["channel"])
    rows = frame[frame["metric"] == "contribution"].sort_values("mean", ascending=False).head(12)[::-1]
    scale = labels.scale(rows[["mean", "p95"]].to_numpy(), unit.kpi_unit)
    ax = theme.frame(theme.axes(ax, 11.0, theme.rows_cm(len(rows), 1.4)), grid="x")
    shades = theme.colours(order)
    mean, low, high = (scale.of(rows[column].to_numpy()) for column in ("mean", "p05", "p95"))
    places = range(len(rows))
    ax.barh(places, mean, height=0.62, color=[theme.tint(shades[name], 0.35) for name in rows["channel"]])
    ax.hlines(places, low, high, color=theme.INK, linewidth=0.9)
    ax.vlines(
        [*low, *high],
        [p - 0.14 for p in [*places] * 2],
        [p + 0.14 for p in [*places] * 2],
        color=theme.INK,
        linewidth=0.9,
    )
    ax.set_yticks(places, labels.names([str(name) for name in rows["channel"]], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    labels.plain_ticks(ax.xaxis)
    labels.name_x(ax, scale.label(word("Contribution to {kpi}", kpi=unit.kpi_in_text)))
    return ax
