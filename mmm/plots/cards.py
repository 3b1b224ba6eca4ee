"""Do model, experiment and adjustment say the same of a channel's return? All of them on one scale.

`verdict_cards` draws the table `estimates`: for each channel one line for each source that speaks of its return over
the window, with the 90 % interval thin, the middle half thick and a mark at the median. Lines that do not overlap
contradict each other, and the verdict beside the channel says what that leaves of its number. The dashed line is the
return at which a channel pays back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmm.plots import labels, theme
from mmm.plots.names import evidence_name
from mmm.plots.returns import per_spend
from mmm.plots.source import Source, Units, beside, table, units
from mmm.speech import message, word

LOOKS = {
    "model before": (message("Mix model without its experiments"), theme.NAVY, "o", "white"),
    "model": (message("Mix model"), theme.NAVY, "o", None),
    "experiment": (message("Experiment"), theme.GAIN, "D", None),
    "adjustment": (message("Backdoor estimate"), theme.PALETTE[3], "s", None),
}
"""Name, colour, marker and inside of each source's mark, in the order of the lines."""
STEP, GAP = 0.24, 0.32
"""Distance of the lines of one channel, and the room between channels."""
BEYOND = 0.4
"""A line is cut where it leaves the range of all middle halves by more than this share of it."""
FEW = 12
"""Channels whose verdicts have room for two lines."""


@theme.styled
def verdict_cards(
    source: Source, ax: Axes | None = None, *, cards: pd.DataFrame | None = None, unit: Units | None = None
) -> Axes:
    """Every source's estimate of each channel's return, with the return that pays back and the channel's verdict.

    `source` gives the table `estimates` (`channel, source, experiment, p05, p25, median, p75, p95`); `cards` is the
    table of that name (`channel, label, break_even`), read from the run where it is left out.
    """
    unit = unit or units(source)
    frame = table(source, "estimates").dropna(subset=["median"])
    frame = frame[frame["source"].isin(list(LOOKS))]
    cards = beside(source, "cards") if cards is None else cards
    order = frame["source"].map(list(LOOKS).index)
    frame = frame.assign(order=order).sort_values("order", kind="stable")
    names = list(dict.fromkeys(table(source, "estimates")["channel"]))
    lines = [frame[frame["channel"] == name] for name in names]
    heights = [STEP * max(len(rows), 1) + GAP for rows in lines]
    tall = min(2.2 + 1.25 * sum(heights), theme.PAGE_HEIGHT_CM)
    ax = theme.frame(theme.axes(ax, theme.TEXT_WIDTH_CM, tall), grid="x")
    left, right = _reach(frame)
    top, centres = 0.0, []
    for rows, height in zip(lines, heights, strict=True):
        places = top + GAP / 2 + STEP * (np.arange(len(rows)) + 0.5)
        for place, (_, row) in zip(places, rows.iterrows(), strict=True):
            _line(ax, float(place), row, left, right)
        centres.append(top + height / 2)
        top += height
        ax.axhline(top, color=theme.GRID, linewidth=0.6, zorder=0)
    ax.set_ylim(top, 0.0)
    ax.set_xlim(left, right)
    ax.set_yticks(centres, labels.names([str(name) for name in names], 26))
    ax.tick_params(axis="y", length=0, labelcolor=theme.INK)
    labels.plain_ticks(ax.xaxis, 6)
    labels.name_x(ax, per_spend("roi", unit))
    present = set(frame["source"])
    handles = [
        theme.mark(word(name), marker, colour, inside, 4.5)
        for key, (name, colour, marker, inside) in LOOKS.items()
        if key in present
    ]
    if cards is not None:
        _verdicts(ax, cards.set_index("channel"), names, centres)
        handles += _pays_back(ax, cards)
    theme.legend(ax, handles, columns=5, wide=True)
    return ax


def _reach(frame: pd.DataFrame) -> tuple[float, float]:
    """The range of the axis: that of model and adjustment, whose longest tails are cut, and as much again for
    experiments."""
    steady, tests = frame[frame["source"] != "experiment"], frame[frame["source"] == "experiment"]
    low, high = min(float(steady["p25"].min()), 0.0), max(float(steady["p75"].max()), 1.2)
    width = high - low
    low, high = max(steady["p05"].min(), low - BEYOND * width), min(steady["p95"].max(), high + BEYOND * width)
    width = high - low
    left = max(min(low, tests["p05"].min()), low - width) if len(tests) else low
    right = min(max(high, tests["p95"].max()), high + width) if len(tests) else high
    return float(left - 0.02 * width), float(right + 0.02 * width)


def _line(ax: Axes, place: float, row: pd.Series, left: float, right: float) -> None:
    """One source's intervals and mark; a source that lies beyond the axis is an arrow at its end, with its median."""
    _, colour, marker, inside = LOOKS[str(row["source"])]
    middle, face = float(row["median"]), colour if inside is None else inside
    if not left < middle < right:
        above = middle >= right
        ax.plot(
            right if above else left, place, marker=">" if above else "<", markersize=5, color=colour, clip_on=False
        )
        ax.annotate(
            labels.number(middle),
            (right if above else left, place),
            xytext=(-6 if above else 6, 0),
            textcoords="offset points",
            ha="right" if above else "left",
            va="center",
            color=colour,
            fontsize=theme.SIZE - 1,
        )
        return
    for (low, high), weight, strength in (
        ((row["p05"], row["p95"]), 1.4, 0.55),
        ((row["p25"], row["p75"]), 3.6, 0.45),
    ):
        ax.hlines(place, max(low, left), min(high, right), color=colour, linewidth=weight, alpha=strength)
    ax.plot(middle, place, marker=marker, markersize=4.5, color=colour, markerfacecolor=face, zorder=3)


def _verdicts(ax: Axes, cards: pd.DataFrame, names: list[str], centres: list[float]) -> None:
    for name, centre in zip(names, centres, strict=True):
        if name in cards.index:
            said = labels.wrapped(evidence_name(str(cards.loc[name, "label"])), 18 if len(names) <= FEW else 40)
            labels.at_right(ax, centre, said, color=theme.MUTED, fontsize=theme.SIZE - 0.5)


def _pays_back(ax: Axes, cards: pd.DataFrame) -> list[Line2D]:
    """The return at which a channel pays back, where the KPI is worth money."""
    at = cards["break_even"].dropna()
    if at.empty:
        return []
    look: dict[str, Any] = {"color": theme.INK, "linewidth": 0.8, "linestyle": (0, (3, 2))}
    ax.axvline(float(at.iloc[0]), zorder=1, **look)
    return [Line2D([], [], label=word("Pays back"), **look)]
