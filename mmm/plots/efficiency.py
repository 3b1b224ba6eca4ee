"""What would more money earn, and is the last unit worth as much everywhere? The frontier, and returns at the margin.

`frontier` draws what each size of the budget earns when it is split best, with its 90 % interval, and marks the present
budget; the straight line is money back, so the curve's slope can be read against it. `marginal_returns` draws what the
next unit of money earns by channel, now (dot) and in the proposed plan (diamond): a plan moves money until the diamonds
stand on one line, except where a limit holds a channel back.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmm.plots import labels, theme
from mmm.plots.source import Source, Units, table, units


@theme.styled
def frontier(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """Outcome of the best split against its budget: mean and 90 % interval; the dot is the present budget.

    `source` gives the table `frontier` (`mmm.plan.frontier.efficient_frontier`).
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
    handles = [Line2D([], [], color=theme.NAVY, label="Best split (mean)")]
    handles.append(Patch(color=theme.PALETTE[0], alpha=0.18, linewidth=0, label="90 % interval"))
    now = float(np.interp(1.0, rows["multiple"], x))
    ax.plot([now], [np.interp(now, x, mean)], marker="o", markersize=5.5, color=theme.NAVY)
    handles.append(theme.mark("Present budget, best split", "o", theme.NAVY))
    if unit.valued and unit.currency:
        back = x * across.divisor / up.divisor
        ax.plot(x, back, color=theme.MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
        handles.append(Line2D([], [], color=theme.MUTED, linewidth=0.9, linestyle=(0, (3, 2)), label="Money back"))
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(0, 1.05 * float(high.max()))
    labels.plain_ticks(ax.xaxis)
    labels.plain_ticks(ax.yaxis)
    labels.name_x(ax, across.label("Budget"))
    ax.set_ylabel(up.label("Outcome of paid media"))
    theme.legend(ax, handles, wide=True)
    return ax


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
        ax.axvline(1.0, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
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
    symbol = labels.SYMBOLS.get(unit.currency, "")
    money = f"{symbol}1" if symbol else "unit of spend"
    labels.name_x(ax, f"Return on the next {money} (mean, 90 % interval)")
    theme.legend(ax, [theme.mark("Now", "o", theme.MUTED), theme.mark("As proposed", "D", theme.NAVY)], wide=True)
    return ax
