"""What would more money earn, and is the last unit worth as much everywhere? The frontier, and returns at the margin.

`frontier` draws what each size of the budget earns when it is split best, with its 90 % interval, and marks the
recommended plan on it and the present one, which lies below it by what a better split is worth; the straight line is
money back, so the curve's slope can be read against it. `marginal_returns` draws what the
next unit of money earns by channel, now (dot) and in the proposed plan (diamond): a plan moves money until the diamonds
stand on one line, except where a limit holds a channel back.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.source import Source, Units, beside, table, units
from mmm.speech import word


@theme.styled
def frontier(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """Outcome of the best split against its budget: mean and 90 % interval; the diamond is the recommended budget.

    `source` gives the table `frontier` (`mmm.plan.frontier.efficient_frontier`), and beside it `scenarios`,
    whose present plan is the dot.
    """
    unit, rows = unit or units(source), table(source, "frontier")
    across, up = (
        labels.scale(rows[column].to_numpy(dtype=float), name)
        for column, name in (("budget", unit.currency), ("outcome_p95", unit.worth))
    )
    x = across.of(rows["budget"].to_numpy(dtype=float))
    low, mean, high = (up.of(rows[f"outcome_{part}"].to_numpy(dtype=float)) for part in ("p05", "mean", "p95"))
    ax = theme.frame(theme.axes(ax, 12.0, 7.0), grid="both")
    ax.fill_between(x, low, high, color=theme.PALETTE[0], alpha=0.18, linewidth=0)
    ax.plot(x, mean, color=theme.NAVY)
    handles = [Line2D([], [], color=theme.NAVY, label=word("Best split (mean)"))]
    handles.append(
        Patch(color=theme.PALETTE[0], alpha=0.18, linewidth=0, label=word("{level} interval", level=labels.level()))
    )
    if unit.valued and unit.currency:
        back = unit.break_even * x * across.divisor / up.divisor
        ax.plot(x, back, color=theme.MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
        handles.append(
            Line2D([], [], color=theme.MUTED, linewidth=0.9, linestyle=(0, (3, 2)), label=word("Money back"))
        )
    proposed = float(np.interp(1.0, rows["multiple"], x)), float(np.interp(1.0, rows["multiple"], mean))
    ends = [*x, *_mark(ax, *proposed, "D", theme.NAVY)]
    handles.append(theme.mark(word("Recommended plan"), "D", theme.NAVY))
    scenarios = beside(source, "scenarios")
    if scenarios is not None and (scenarios["scenario"] == "hold").any():
        hold = scenarios[scenarios["scenario"] == "hold"].iloc[0]
        ends += _mark(
            ax, float(hold["budget"]) / across.divisor, float(hold["outcome_mean"]) / up.divisor, "o", "white"
        )
        handles.append(theme.mark(word("Present plan"), "o", theme.NAVY, "white"))
    ax.set_xlim(min(ends), max(ends))
    ax.set_ylim(0, 1.05 * float(high.max()))
    labels.plain_ticks(ax.xaxis)
    labels.plain_ticks(ax.yaxis)
    labels.name_x(ax, across.label(word("Budget")))
    ax.set_ylabel(up.label(word("Outcome of paid media")))
    theme.legend(ax, handles, wide=True)
    return ax


def _mark(ax: Axes, x: float, y: float, marker: str, inside: str) -> list[float]:
    """A plan on the figure; where it stands on the x-axis."""
    size = 5.0 if marker == "D" else 5.5
    ax.plot(
        [x], [y], marker=marker, markersize=size, color=theme.NAVY, markerfacecolor=inside, linestyle="none", zorder=5
    )
    return [x]


@theme.styled
def marginal_returns(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """What the next unit of money earns by channel, at present (dot) and as proposed (diamond), with 90 % intervals.

    `source` gives the table `allocation_quality`. The dashed line is money back. A channel that spends nothing has no
    row.
    """
    unit = unit or units(source)
    rows = table(source, "allocation_quality").dropna(subset=["mroi_current_mean"])[::-1].reset_index(drop=True)
    ax = theme.frame(theme.axes(ax, 12.0, theme.rows_cm(len(rows), 2.0, 0.62)), grid="x")
    if unit.valued:
        ax.axvline(unit.break_even, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    kinds = {"current": ("o", theme.MUTED, 0.16), "recommended": ("D", theme.NAVY, -0.16)}
    for when, (marker, shade, aside) in kinds.items():
        low, mean, high = (rows[f"mroi_{when}_{part}"].to_numpy(dtype=float) for part in ("p05", "mean", "p95"))
        places = np.arange(len(rows)) + aside
        ax.hlines(places, low, high, color=shade, alpha=0.4, linewidth=2.2)
        ax.plot(mean, places, linestyle="none", marker=marker, markersize=4.5, color=shade)
    ax.set_yticks(range(len(rows)), labels.names([str(name) for name in rows["channel"]], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    labels.plain_ticks(ax.xaxis)
    symbol = labels.symbol(unit.currency)
    money = labels.money(1.0, unit.currency, 1) if symbol else word("unit of spend")
    labels.name_x(ax, word("Return on the next {money} (mean, {level} interval)", money=money, level=labels.level()))
    handles = [theme.mark(word("Now"), "o", theme.MUTED), theme.mark(word("As proposed"), "D", theme.NAVY)]
    theme.legend(ax, handles, wide=True)
    return ax
