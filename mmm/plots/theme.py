"""What do all figures have in common? One typeface, one palette, thin lines and room to breathe.

A figure is drawn at the size it has on the page, so that 8 points are 8 points: `figure(17, 6)` is as wide as the
text of an A4 report. A channel keeps its colour in every figure of a run: colours go by the channel's place in the
study. Colours are told apart with every common colour-vision deficiency (a test simulates them), and none carries a
meaning alone: a shape, a sign or a word says the same.

    @styled
    def my_plot(source, ax=None): ...        # drawn with this look; ax None makes a figure of the right size

To give the reports another look, change the constants; nothing else in the package names a colour or a typeface.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmm.plots.source import locale
from mmm.speech import speaking

FONT = "Source Sans Pro"
FALLBACK = "DejaVu Sans"
SIZE = 8.0

INK, MUTED, GRID, SHADE = "#1f2d3d", "#647282", "#e4e8ed", "#f1f3f6"
NAVY, BASE, GAIN, LOSS = "#14365d", "#c9d1da", "#1c8a6a", "#c8402f"
PALETTE = (
    "#14365d",
    "#2f69b1",
    "#45b096",
    "#eba335",
    "#d93f42",
    "#988cc8",
    "#c3e2f8",
    "#44590f",
    "#e7a1c3",
    "#4d180d",
)
OTHER = "#9aa5b1"

TEXT_WIDTH_CM = 17.0
PAGE_HEIGHT_CM = 23.0
CM = 1 / 2.54


def family() -> list[str]:
    """The typefaces in order of preference, of those that this installation has."""
    return [name for name in (FONT, FALLBACK) if name in _installed()]


@functools.cache
def _installed() -> frozenset[str]:
    package = find_spec("font_source_sans_pro")  # found, never imported: it is a folder of files to us
    for folder in (package.submodule_search_locations or []) if package else []:
        for path in sorted(Path(folder).glob("files/*.ttf")):
            font_manager.fontManager.addfont(path)
    return frozenset(entry.name for entry in font_manager.fontManager.ttflist)


def settings() -> dict[str, Any]:
    """The look as matplotlib's rcParams."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": MUTED,
        "axes.facecolor": "none",
        "axes.labelcolor": MUTED,
        "axes.labelsize": SIZE,
        "axes.linewidth": 0.6,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlepad": 4.0,
        "axes.titlesize": SIZE + 0.5,
        "axes.titleweight": "bold",
        "axes.unicode_minus": True,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.hspace": 0.05,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.facecolor": "white",
        "font.family": family(),
        "font.size": SIZE,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "hatch.linewidth": 0.5,
        "legend.borderaxespad": 0.0,
        "legend.columnspacing": 1.4,
        "legend.fontsize": SIZE,
        "legend.frameon": False,
        "legend.handleheight": 0.8,
        "legend.handlelength": 1.2,
        "legend.handletextpad": 0.5,
        "legend.labelcolor": INK,
        "lines.linewidth": 1.3,
        "svg.fonttype": "none",
        "svg.hashsalt": "mmm",
        "text.color": INK,
        "text.parse_math": False,
        "xtick.color": MUTED,
        "xtick.labelsize": SIZE,
        "ytick.color": MUTED,
        "ytick.labelsize": SIZE,
    }


@contextmanager
def look() -> Iterator[None]:
    """Everything drawn inside has the house's look; matplotlib's own settings are as before afterwards."""
    with mpl.rc_context(settings()):
        yield


def styled[**P, R](plot: Callable[P, R]) -> Callable[P, R]:
    """A plot that is drawn in `look()` and speaks as `spoken_for` has it."""

    @functools.wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with look():
            return spoken_for(plot)(*args, **kwargs)

    return drawn


def spoken_for[**P, R](said: Callable[P, R]) -> Callable[P, R]:
    """A function that speaks the language of the study that its first argument, a `Source`, knows."""

    @functools.wraps(said)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking(locale(args[0] if args else next(iter(kwargs.values()), None))):
            return said(*args, **kwargs)

    return spoken


def figure(width_cm: float = TEXT_WIDTH_CM, height_cm: float = 6.0) -> Figure:
    """An empty figure of this size on the page, laid out so that no label is clipped.

    pyplot makes it, so that a notebook shows it at the end of its cell (and closes it).
    """
    from matplotlib import pyplot

    return pyplot.figure(figsize=(width_cm * CM, height_cm * CM), layout="constrained")


def axes(ax: Axes | None, width_cm: float = TEXT_WIDTH_CM, height_cm: float = 6.0) -> Axes:
    """`ax`, or the one Axes of a new figure of this size."""
    return figure(width_cm, height_cm).subplots() if ax is None else ax


def grid_of(count: int, width_cm: float = TEXT_WIDTH_CM, row_cm: float = 3.6) -> np.ndarray:
    """`count` small Axes in reading order, three to a row (more when there are many), on one page at most."""
    columns = min(max(count, 1), 2 if count == 4 else 3 if count <= 12 else 4 if count <= 20 else 5)
    rows = -(-count // columns)
    height = min(row_cm * rows + 0.5, PAGE_HEIGHT_CM)
    small = figure(0.65 * width_cm if count == 1 else width_cm, height)
    cells = small.subplots(rows, columns, squeeze=False).ravel()
    for spare in cells[count:]:
        spare.remove()
    return cells[:count]


def rows_cm(count: int, rest: float, row: float = 0.52) -> float:
    """The height of a figure with one row a channel and `rest` for axis and legend; many rows are closer."""
    return min(rest + count * (row if count <= 12 else 0.8 * row), PAGE_HEIGHT_CM)


def frame(ax: Axes, grid: str = "y") -> Axes:
    """Thin spines, no tick marks, a light grid along `grid` ("x", "y", "both" or "none")."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=GRID, linewidth=0.8)
    ax.tick_params(length=0, labelsize=SIZE, labelcolor=MUTED, labelfontfamily=family(), pad=3)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(size=SIZE, color=MUTED, family=family())
    ax.set_axisbelow(True)
    if grid != "none":
        ax.grid(axis=grid, color=GRID, linewidth=0.6)
    return ax


def title(ax: Axes, text: str, count: int = 1) -> None:
    """A short title, left-aligned over one of `count` small multiples."""
    ax.set_title(text, loc="left", fontsize=SIZE + (0.5 if count <= 20 else -0.5), color=INK, fontfamily=family())


def title_width(count: int) -> int:
    """The characters that the title of one of `count` small multiples has room for."""
    return 22 if count <= 12 else 16 if count <= 20 else 12


def legend(ax: Axes, handles: Iterable[Any], columns: int | None = None, wide: bool = False) -> None:
    """One legend over the Axes, left-aligned, read row by row, in as many rows as the Axes' width needs.

    A `wide` one may begin at the left edge of a figure that has no other Axes.
    """
    entries = list(handles)
    canvas = ax.get_figure(root=True)
    assert canvas is not None  # Axes that a plot was given always have one
    canvas.draw_without_rendering()
    box, edge = ax.get_window_extent(), 0.0
    if wide and len(canvas.axes) == 1:
        edge = (0.01 * canvas.bbox.width - box.x0) / box.width
    room = box.width * (1 - edge)
    for count in range(columns or len(entries), 0, -1):
        order = [entries[i] for first in range(count) for i in range(first, len(entries), count)]
        placed = ax.legend(handles=order, loc="lower left", bbox_to_anchor=(edge, 1.02), ncols=count, labelspacing=0.3)
        if placed.get_window_extent().width <= room:
            return


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, by its place; after ten, the same hues lighter, then darker."""
    return {name: colour(place) for place, name in enumerate(dict.fromkeys(names))}


def colour(place: int) -> str:
    """The colour of the channel at `place` in the study: thirty that differ, then they come round again."""
    hue, tier = PALETTE[place % len(PALETTE)], place // len(PALETTE) % 3
    return (hue, tint(hue, 0.5), tint(hue, -0.35))[tier]


def mark(label: str, marker: str, shade: str, inside: str | None = None, size: float = 4.5) -> Line2D:
    """A legend's entry for a marker of this shade, filled with `inside` (itself where left out)."""
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markersize=size,
        color=shade,
        markerfacecolor=inside or shade,
        label=label,
    )


def readable(shade: str) -> str:
    """`shade`, darkened as far as a thin line on white needs."""
    luminance = float(np.dot(to_rgb(shade), (0.2126, 0.7152, 0.0722)))
    return shade if luminance < 0.72 else tint(shade, -0.3)


def tint(shade: str, amount: float) -> str:
    """`shade` mixed with white (`amount` up to 1) or, below zero, with black (down to -1)."""
    towards = np.ones(3) if amount > 0 else np.zeros(3)
    return to_hex((1 - abs(amount)) * np.array(to_rgb(shade)) + abs(amount) * towards)
