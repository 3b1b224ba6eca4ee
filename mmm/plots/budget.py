"""What should move, and what would that earn? The recommended spend by channel, and the plans side by side.

`spend_shift` draws a dot for today's spend and an arrow to the proposed one, with the signed change beside it; the
largest budgets come first. `scenarios` draws what each plan gains over holding, with its 90 % interval: a plan whose
interval includes a loss looks like it. Where the study gives a margin the gain is profit, for a plan that spends more
may bring more revenue and leave less.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.names import spoken
from mmm.plots.source import Source, Units, beside, table, total, units
from mmm.speech import message, word

MOST = 16
"""Channels that `spend_shift` draws: those that move most."""

NAMES = {
    "hold": message("Hold"),
    "recommended": message("Recommended"),
    "cut": message("Cut"),
    "grow": message("Grow"),
}


def title(scenario: str) -> str:
    """What a scenario is called: our own in the language that is spoken, the user's as written."""
    return word(NAMES[scenario]) if scenario in NAMES else spoken(scenario)


@theme.styled
def spend_shift(
    source: Source, ax: Axes | None = None, *, scenario: str = "recommended", unit: Units | None = None
) -> Axes:
    """Spend by channel now (dot) and as a scenario proposes it (arrow), largest budget first.

    `source` gives the table `allocation`; geos and periods are added up where there is no row for all of them. Of
    more than `MOST` channels the largest moves are drawn, and the label says how many are not.
    """
    unit = unit or units(source)
    every = moves(table(source, "allocation"), scenario)
    change = (every["recommended_spend"] - every["current_spend"]).abs()
    rows = every.loc[sorted(change.nlargest(MOST).index)][::-1]
    now, then = rows["current_spend"].to_numpy(dtype=float), rows["recommended_spend"].to_numpy(dtype=float)
    scale = labels.scale(np.concatenate([now, then]), unit.currency)
    ax = theme.frame(theme.axes(ax, 11.0, theme.rows_cm(len(rows), 1.4)), grid="x")
    ax.set_xlim(0, 1.05 * scale.of(np.append(np.concatenate([now, then]), 1e-9)).max())
    for place, (before, after) in enumerate(zip(now, then, strict=True)):
        _move(ax, place, before, after, scale, unit.currency)
    ax.set_yticks(range(len(rows)), labels.names([str(name) for name in rows["channel"]], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    labels.plain_ticks(ax.xaxis)
    text = message("{what} (dot: now, arrow: proposed)")
    if len(every) > len(rows):
        text = message("{what} (dot: now, arrow: proposed; {n} smaller moves not shown)")
    labels.name_x(ax, word(text, what=scale.label(word("Spend")), n=len(every) - len(rows)))
    labels.make_room(ax)
    return ax


def moves(allocation: pd.DataFrame, scenario: str = "recommended") -> pd.DataFrame:
    """A scenario's `channel, current_spend, recommended_spend` over all geos and periods, largest budget first."""
    rows = total(allocation[allocation["scenario"] == scenario])
    whole = rows[rows["period"].astype(str) == "all"]
    rows = whole if len(whole) else rows
    summed = rows.groupby("channel", sort=False)[["current_spend", "recommended_spend"]].sum().reset_index()
    return summed.sort_values("current_spend", ascending=False, kind="stable").reset_index(drop=True)


def _move(ax: Axes, place: int, before: float, after: float, scale: labels.Scale, currency: str) -> None:
    change = after - before
    small = abs(change) < 0.001 * before
    colour = theme.MUTED if small else theme.GAIN if change > 0 else theme.LOSS
    x, end = before / scale.divisor, after / scale.divisor
    ax.plot([x], [place], marker="o", markersize=4.5, color=theme.MUTED, zorder=3)
    if not small:
        arrow = {
            "arrowstyle": "-|>,head_length=0.35,head_width=0.18",
            "color": colour,
            "linewidth": 1.4,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        ax.annotate("", (end, place), (x, place), arrowprops=arrow, zorder=2)
    ax.annotate(
        labels.money(change, currency, sign=True) if not small else word("no change"),
        (max(x, end), place),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        ha="left",
        color=colour,
        fontsize=theme.SIZE - 0.5,
    )


@theme.styled
def allocation(
    source: Source, ax: Axes | None = None, *, scenario: str = "recommended", quality: pd.DataFrame | None = None
) -> Axes:
    """The proposed spend as a multiple of the present one (diamond), within the bounds (grey) and the doubt (line).

    `source` gives the table `allocation`; `quality` (the table `allocation_quality`, read from the run where it is
    left out) gives the 90 % interval of the best multiple, draw by draw. A filled diamond is at a bound.
    """
    rows = total(table(source, "allocation"))
    rows = rows[(rows["scenario"] == scenario) & (rows["period"].astype(str) == "all")][::-1].reset_index(drop=True)
    quality = beside(source, "allocation_quality") if quality is None else quality
    doubt = {} if quality is None else quality.set_index("channel")[["optimum_p05", "optimum_p95"]].to_dict("index")
    ax = theme.frame(theme.axes(ax, 13.0, theme.rows_cm(len(rows), 2.0)), grid="x")
    ax.axvline(1.0, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=2)
    places = np.arange(len(rows))
    ax.barh(places, rows["upper"] - rows["lower"], left=rows["lower"], height=0.55, color=theme.GRID)
    for place, row in rows.iterrows():
        if row["channel"] in doubt:
            ax.plot(list(doubt[row["channel"]].values()), [place, place], color=theme.PALETTE[1], linewidth=1.6)
        inside = theme.NAVY if row["at_bound"] else "white"
        ax.plot([row["multiple"]], [place], marker="D", markersize=5, color=theme.NAVY, markerfacecolor=inside)
    ax.set_yticks(places, labels.names([str(name) for name in rows["channel"]], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    labels.plain_ticks(ax.xaxis)
    ax.use_sticky_edges = False  # a diamond at a bound stays whole
    ax.margins(x=0.03)
    labels.name_x(ax, word("Proposed spend / present spend"))
    handles = [
        theme.mark(word("Proposed"), "D", theme.NAVY, "white"),
        theme.mark(word("Proposed, at a bound"), "D", theme.NAVY),
    ]
    sure = word("{level} interval of the best", level=labels.level())
    doubts = [Line2D([], [], color=theme.PALETTE[1], linewidth=1.6, label=sure)] * bool(doubt)
    theme.legend(ax, [*handles, *doubts, Patch(color=theme.GRID, label=word("Bounds"))], wide=True)
    return ax


@theme.styled
def scenarios(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """Gain of every plan over holding the present spend: mean and 90 % interval, in profit where the margin is known,
    else in what the KPI is worth, and then the probability of a gain.

    `source` gives the table `scenarios`. Holding itself is the line at zero.
    """
    unit = unit or units(source)
    rows = against_hold(table(source, "scenarios"), unit)[::-1]
    low, mean, high = (rows[part].to_numpy(dtype=float) for part in ("p05", "mean", "p95"))
    scale = labels.scale(np.concatenate([low, high]), unit.worth)
    ax = theme.frame(theme.axes(ax, 15.0, 1.6 + 0.75 * len(rows)), grid="x")
    ax.axvline(0, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    chance = rows["probability_beats_hold"].to_numpy(dtype=float)
    for place, name in enumerate(rows["scenario"]):
        colour = theme.MUTED if low[place] <= 0 <= high[place] else theme.GAIN if mean[place] > 0 else theme.LOSS
        ends = scale.of(np.array([low[place], high[place]]))
        ax.plot(ends, [place, place], color=colour, alpha=0.4, linewidth=5, solid_capstyle="round")
        ax.plot(
            scale.of(mean[place : place + 1]),
            [place],
            marker="D" if name == "recommended" else "o",
            markersize=5.5,
            color=colour,
        )
        gain, sure = labels.money(mean[place], unit.worth, sign=True), labels.percent(chance[place])
        known = np.isfinite(chance[place])
        odds = gain if unit.profitable else word("{gain}, {p} chance of a gain", gain=gain, p=sure)
        labels.at_right(ax, place, odds if known else word("changes nothing"), gap=6.0, color=theme.INK)
    ax.set_yticks(range(len(rows)), labels.names([title(str(name)) for name in rows["scenario"]], 24))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    labels.plain_ticks(ax.xaxis)
    over = message("Profit over the present plan") if unit.profitable else message("Gain over the present spend")
    what = scale.label(word(over))
    labels.name_x(ax, word("{what} (mean, {level} interval)", what=what, level=labels.level()))
    return ax


def against_hold(scenarios: pd.DataFrame, unit: Units) -> pd.DataFrame:
    """Every plan but holding, with `mean, p05, p95` of its gain over it: profit where the margin is known."""
    held = scenarios["scenario"] == "hold"
    rows = scenarios[~held]
    found = rows[["scenario", "probability_beats_hold"]].copy()
    for part in ("mean", "p05", "p95"):
        gain = rows[f"gain_vs_hold_{part}"].astype(float)
        if unit.profitable:
            extra = rows["budget"].astype(float) - float(scenarios.loc[held, "budget"].iloc[0])
            gain = gain.combine(extra, unit.finance.profit)
        found[part] = gain
    return found
