"""What do the data look like before any model? Spend over time, channel by channel, and which channels move together.

Both take the panel (or a fit, which holds it). Channels that move together (dark cells of the heat map) are channels
that no model can tell apart without an experiment.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from mmm.plots import labels, theme
from mmm.plots.dates import date_axis
from mmm.speech import word


@theme.styled
def spend_over_time(panel: xr.DataTree, axes: np.ndarray | None = None) -> np.ndarray:
    """Spend by period, all geos together, a panel a paid channel; an array of Axes.

    The grey line is the exposure where it is not the spend itself, on its own scale: where the two part, the price
    of attention moved.
    """
    data = panel["panel"].to_dataset()
    names = [str(name) for name in data["channel"].values[data["paid"].values.astype(bool)]]
    axes = theme.grid_of(len(names), row_cm=2.9) if axes is None else np.ravel(np.asarray(axes, dtype=object))
    shades = theme.colours(str(name) for name in data["channel"].values)
    written = labels.names(names, theme.title_width(len(names)))
    for ax, name, text in zip(axes, names, written, strict=False):
        spend, exposure = (
            data[what].sel(channel=name).sum("geo").to_numpy().astype(float) for what in ("spend", "exposure")
        )
        theme.frame(ax)
        ax.fill_between(data["time"].values, 0, spend, color=shades[name], alpha=0.85, linewidth=0)
        if (
            exposure.max() > 0
            and spend.max() > 0
            and not np.allclose(exposure / exposure.max(), spend / spend.max(), atol=1e-3)
        ):
            ax.plot(data["time"].values, exposure * spend.max() / exposure.max(), color=theme.MUTED, linewidth=0.6)
        ax.set_ylim(0, max(1.08 * float(spend.max()), 1e-9))
        labels.short_ticks(ax.yaxis, 3)
        date_axis(ax, data["time"].to_index(), most=4)
        theme.title(ax, text, len(names))
    unit = str(data["spend"].attrs.get("units", ""))
    for ax in axes[: len(names)]:
        if ax.get_subplotspec().colspan.start == 0:
            ax.set_ylabel(labels.Scale(1.0, labels.symbol(unit) or unit).label(word("Spend")))
    return axes


@theme.styled
def correlation(panel: xr.DataTree, ax: Axes | None = None) -> Axes:
    """Correlation of the channels' exposure over time, all geos together, as a heat map with its numbers.

    Numbers are written for up to fifteen channels; a channel that never varies has an empty row.
    """
    data = panel["panel"].to_dataset()
    exposure = data["exposure"].sum("geo").transpose("time", "channel").to_numpy().astype(float)
    centred = exposure - exposure.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    still = size <= 1e-12 * np.maximum(np.abs(exposure).max(axis=0), 1e-300)
    unit_length = np.where(still, np.nan, centred / np.where(still, 1.0, size))
    matrix = unit_length.T @ unit_length
    names = labels.names([str(name) for name in data["channel"].values], 18)
    count = len(names)
    side = float(np.clip(2.5 + 0.85 * count, 6.0, theme.TEXT_WIDTH_CM - 2))
    ax = theme.frame(theme.axes(ax, side + 2, side), grid="none")
    hidden = np.where(np.triu(np.ones_like(matrix), 0).astype(bool), np.nan, matrix)
    ax.pcolormesh(
        np.arange(count + 1) - 0.5,
        np.arange(count + 1) - 0.5,
        hidden,
        cmap=LinearSegmentedColormap.from_list("diverging", [theme.colour(3), "#ffffff", theme.NAVY]),
        vmin=-1,
        vmax=1,
        edgecolor="white",
        linewidth=0.8,
    )
    if count <= 15:
        for row, column in zip(*np.nonzero(np.isfinite(hidden)), strict=True):
            value = hidden[row, column]
            ax.text(
                column,
                row,
                f"{value:.2f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=theme.SIZE - 1,
                color="white" if value > 0.6 else theme.INK,
            )
    ax.set_xlim(-0.5, count - 1.5)
    ax.set_ylim(count - 0.5, 0.5)
    ax.set_xticks(range(count - 1), names[:-1], rotation=90)
    ax.set_yticks(range(1, count), names[1:])
    ax.tick_params(labelcolor=theme.INK, labelsize=theme.SIZE if count <= 20 else theme.SIZE - 1.5)
    ax.spines[:].set_visible(False)
    return ax
