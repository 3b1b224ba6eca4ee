"""What do all figures have in common? One typeface, one palette, thin lines and room to breathe.

A figure is drawn at the size it has on the page, so that 8 points are 8 points: `figure(17, 6)` is as wide as the
text of an A4 report. A channel keeps its colour in every figure of a run: colours go by the channel's place in the
study. Colours are told apart with every common colour-vision deficiency (a test simulates them), and none carries a
meaning alone: a shape, a sign or a word says the same.

    @styled
    def my_plot(source, ax=None): ...        # drawn with this look; ax None makes a figure of the right size

A run with a brand wears its colours and typeface in place of the house's (`mmm.plots.look`): `NAVY`, `INK`, `PALETTE`
and `FONT` are those of the look that is worn now. Beside these two chapters nothing names a colour or a typeface.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmm.plots.look import FALLBACK as FALLBACK
from mmm.plots.look import GRID as GRID
from mmm.plots.look import HOUSE as HOUSE
from mmm.plots.look import MUTED as MUTED
from mmm.plots.look import SIZE as SIZE
from mmm.plots.look import family, look, wearing, worn
from mmm.plots.look import settings as settings
from mmm.plots.source import brand, locale
from mmm.speech import speaking

SHADE = "#f1f3f6"
BASE, GAIN, LOSS = "#c9d1da", "#1c8a6a", "#c8402f"
OTHER = "#9aa5b1"

if TYPE_CHECKING:
    NAVY: str
    INK: str
    PALETTE: tuple[str, ...]
    FONT: str
else:

    def __getattr__(name: str) -> Any:
        parts = {"NAVY": "main", "INK": "ink", "PALETTE": "palette", "FONT": "font"}
        if name in parts:
            return getattr(worn(), parts[name])
        raise AttributeError(f"module 'mmm.plots.theme' has no {name!r}")


TEXT_WIDTH_CM = 17.0
PAGE_HEIGHT_CM = 23.0
CM = 1 / 2.54


def styled[**P, R](plot: Callable[P, R]) -> Callable[P, R]:
    """A plot that is drawn in `look()`, wears its source's brand, and speaks as `spoken_for` has it."""

    @functools.wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with wearing(brand(_source(args, kwargs))), look():
            return spoken_for(plot)(*args, **kwargs)

    return drawn


def spoken_for[**P, R](said: Callable[P, R]) -> Callable[P, R]:
    """A function that speaks the language of the study that its first argument, a `Source`, knows."""

    @functools.wraps(said)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking(locale(_source(args, kwargs))):
            return said(*args, **kwargs)

    return spoken


def _source(args: tuple[object, ...], kwargs: dict[str, Any]) -> object:
    """The first argument of a plot."""
    return args[0] if args else next(iter(kwargs.values()), None)


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
    ax.set_title(
        text, loc="left", fontsize=SIZE + (0.5 if count <= 20 else -0.5), color=worn().ink, fontfamily=family()
    )


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
    """A colour for each name, by its place; after the palette's end, the same hues lighter, then darker."""
    return {name: colour(place) for place, name in enumerate(dict.fromkeys(names))}


def colour(place: int) -> str:
    """The colour of the channel at `place` in the study: three of each hue, then they come round again."""
    palette = worn().palette
    hue, tier = palette[place % len(palette)], place // len(palette) % 3
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
