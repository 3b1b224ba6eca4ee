"""What did a refresh move? Each channel's return in the last run and in this one.

`moved` draws `tables/changes.csv`: a hollow dot for then, a full one for now, the largest move on top. The line between
them is green where the return rose and red where it fell; one that the sampler's noise could explain is grey.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from mmm.plots import labels, theme
from mmm.plots.returns import name_of
from mmm.plots.source import Source, Units, table, units
from mmm.speech import word

NOISE = 2.0
"""Monte Carlo errors below which a move, or a part of it, is no finding."""


@theme.styled
def moved(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """Return on spend by channel, then and now, the largest move first.

    `source` gives the table `changes` (`channel, step, value, mcse`); only its steps `parent` and `child` are drawn.
    """
    frame = table(source, "changes")
    unit = unit or units(source)
    value, error = (frame.pivot(index="channel", columns="step", values=name) for name in ("value", "mcse"))
    then, now = value["parent"], value["child"]
    order = (now - then).abs().sort_values().index
    ax = theme.frame(theme.axes(ax, 11.0, theme.rows_cm(len(order), 2.0)), grid="x")
    noise = NOISE * np.hypot(error["parent"], error["child"])
    for place, name in enumerate(order):
        step = now[name] - then[name]
        quiet = abs(step) < noise[name]
        colour = theme.MUTED if quiet else theme.GAIN if step > 0 else theme.LOSS
        ax.plot([then[name], now[name]], [place, place], color=colour, alpha=0.5, linewidth=3, solid_capstyle="butt")
        ax.plot([then[name]], [place], "o", markersize=5, color=theme.INK, markerfacecolor="white")
        ax.plot([now[name]], [place], "o", markersize=5, color=theme.INK)
    ax.set_yticks(range(len(order)), labels.names([str(name) for name in order], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.set_xlim(left=min(0.0, float(value[["parent", "child"]].min().min())))
    labels.plain_ticks(ax.xaxis, 6)
    labels.name_x(ax, name_of("roi", unit))
    ends = [theme.mark(word("Then"), "o", theme.INK, "white", 5.0), theme.mark(word("Now"), "o", theme.INK, size=5.0)]
    theme.legend(ax, ends, wide=True)
    return ax
