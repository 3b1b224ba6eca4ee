"""What shape did the model learn? Carryover by lag and saturation by exposure, with what is not known about them.

Both draw posterior summaries that the caller computed draw by draw: `adstock_shapes` the weight of each lag,
`saturation_shapes` the response at each relative exposure. The table is `channel, x, mean, p05, p95`, with x the lag in
periods or the exposure relative to its mean.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmm.plots import labels, theme
from mmm.speech import capitalised, word


@theme.styled
def adstock_shapes(shapes: pd.DataFrame, axes: np.ndarray | None = None, *, period: str = "period") -> np.ndarray:
    """The share of an exposure's effect that lands after each lag, a panel a channel; an array of Axes."""
    return _shapes(
        shapes, axes, word("{period}s after exposure", period=capitalised(word(period))), word("Weight"), stems=True
    )


@theme.styled
def saturation_shapes(shapes: pd.DataFrame, axes: np.ndarray | None = None) -> np.ndarray:
    """The response as a share of its ceiling, against exposure relative to its mean; an array of Axes."""
    return _shapes(shapes, axes, word("Exposure / mean"), word("Response"), stems=False)


def _shapes(shapes: pd.DataFrame, axes: np.ndarray | None, across: str, up: str, stems: bool) -> np.ndarray:
    order = [str(name) for name in dict.fromkeys(shapes["channel"])]
    axes = theme.grid_of(len(order), row_cm=3.2) if axes is None else np.ravel(np.asarray(axes, dtype=object))
    written = labels.names(order, theme.title_width(len(order)))
    last = {ax.get_subplotspec().colspan.start: ax for ax in axes}
    for ax, name, text, colour in zip(axes, order, written, theme.colours(order).values(), strict=False):
        rows = shapes[shapes["channel"] == name].sort_values("x")
        x, low, mean, high = (rows[column].to_numpy(dtype=float) for column in ("x", "p05", "mean", "p95"))
        theme.frame(ax)
        if stems:
            ax.vlines(x, low, high, color=colour, alpha=0.35, linewidth=3)
            ax.plot(x, mean, linestyle="none", marker="o", markersize=3, color=colour)
        else:
            ax.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
            ax.plot(x, mean, color=colour)
        ax.set_ylim(0, max(1.05 * float(high.max()), 1e-9))
        labels.plain_ticks(ax.xaxis, 4)
        labels.plain_ticks(ax.yaxis, 3)
        theme.title(ax, text, len(order))
        if ax in last.values():
            ax.set_xlabel(across)
        if ax.get_subplotspec().colspan.start == 0:
            ax.set_ylabel(up)
    return axes
