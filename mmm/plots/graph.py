"""What is believed of one channel's causes? Arrows from each cause to what it moves, and what is held still for it.

Causes stand left of what they move. A filled box is held still when the channel's effect is estimated, an outlined one
is not; a dashed one was measured by nobody. The way that the effect itself takes is drawn strong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import networkx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.text import Text

from mmm.plots import labels, theme
from mmm.plots.names import spoken
from mmm.plots.source import Source, table, units
from mmm.speech import message, word

CAUSES = {
    "the season": message("Season"),
    "the trend": message("Trend"),
    "the geo": message("Region"),
    "a latent demand": message("Hidden demand"),
}
KPI = "the KPI"
LATENT = {"facecolor": "white", "edgecolor": theme.MUTED, "linestyle": "--"}
HELD = {"facecolor": theme.SHADE, "edgecolor": theme.OTHER, "linestyle": "-"}
FREE = {"facecolor": "white", "edgecolor": theme.OTHER, "linestyle": "-"}
KEY = ((HELD, message("Held still")), (LATENT, message("Not measured")))
ASKED = {"facecolor": theme.NAVY, "edgecolor": theme.NAVY, "linestyle": "-"}


class Arrow(NamedTuple):
    """From a cause to what it moves; whether the cause is unmeasured, and whether it is held still."""

    cause: str
    effect: str
    latent: bool
    held: bool


class Place(NamedTuple):
    """Where a name stands, and what its box looks like."""

    layer: int
    y: float
    look: dict[str, str]


Places = dict[str, Place]


@theme.styled
def causal_graph(source: Source, ax: Axes | None = None, *, channel: str | None = None) -> Axes:
    """The graph of `channel`, by default of the first.

    `source` gives the table `graph` (`channel, cause, effect, latent, held`).
    """
    frame, channel = graph_of(source, channel)
    arrows = [Arrow(*row) for row in frame[["cause", "effect", "latent", "held"]].itertuples(index=False)]
    places = _places(arrows, channel)
    layers = [place.layer for place in places.values()]
    rows = max(3, *(layers.count(layer) for layer in layers))
    ax = theme.frame(theme.axes(ax, theme.TEXT_WIDTH_CM, theme.rows_cm(rows, 1.6, 0.8)), grid="none")
    ax.spines[:].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlim(-0.5, max(layers) + 0.5)
    ax.set_ylim(-rows / 2 - 0.3, rows / 2 + 0.3)
    _connect(ax, arrows, places, _boxes(ax, places, units(source).kpi_name), _way(arrows, channel))
    looks = [place.look for place in places.values()]
    theme.legend(ax, [Patch(**look, label=word(said)) for look, said in KEY if look in looks])
    return ax


def _boxes(ax: Axes, places: Places, kpi: str) -> dict[str, Text]:
    boxes = {}
    for name, place in places.items():
        boxes[name] = ax.text(
            place.layer,
            place.y,
            labels.wrapped(kpi if name == KPI else cause_name(name), 22),
            ha="center",
            va="center",
            color="white" if place.look is ASKED else theme.INK,
            bbox={"boxstyle": "round,pad=0.45", "linewidth": 0.9} | place.look,
            zorder=4,
        )
    return boxes


def _connect(
    ax: Axes, arrows: Iterable[Arrow], places: Places, boxes: Mapping[str, Text], way: Collection[tuple[str, str]]
) -> None:
    """Draw the arrows; one that passes a layer bows around what stands there."""
    for arrow in arrows:
        start, end = places[arrow.cause], places[arrow.effect]
        bow = -float(np.copysign(0.18, start.y)) if end.layer - start.layer > 1 else 0.0
        strong = (arrow.cause, arrow.effect) in way
        look = {"color": theme.NAVY if strong else theme.OTHER, "linewidth": 1.6 if strong else 0.8}
        look |= {"linestyle": "--" if arrow.latent else "-", "connectionstyle": f"arc3,rad={bow:.2f}"}
        ends = {"patchA": boxes[arrow.cause].get_bbox_patch(), "patchB": boxes[arrow.effect].get_bbox_patch()}
        drawn = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 1} | look | ends
        ax.annotate("", (end.layer, end.y), (start.layer, start.y), arrowprops=drawn, zorder=2)


def cause_name(name: str) -> str:
    """A cause as a person calls it, in the language that is spoken."""
    return word(CAUSES[name]) if name in CAUSES else spoken(name)


def graph_of(source: Source, channel: str | None = None) -> tuple[pd.DataFrame, str]:
    """The arrows of one channel, by default of the first, and its name."""
    frame = table(source, "graph")
    chosen = channel or str(frame["channel"].iloc[0])
    return frame[frame["channel"] == chosen], chosen


def _places(arrows: Sequence[Arrow], channel: str) -> Places:
    """Where each name stands and how it looks: a layer right of all that moves it."""
    drawn = _drawn(arrows)
    held, latent = {arrow.cause for arrow in arrows if arrow.held}, {arrow.cause for arrow in arrows if arrow.latent}
    places = {}
    for layer, names in enumerate(networkx.topological_generations(drawn)):
        ordered = sorted(names, key=list(drawn).index)
        for row, name in enumerate(ordered):
            look = ASKED if name == channel else LATENT if name in latent else HELD if name in held else FREE
            places[name] = Place(layer, (len(ordered) - 1) / 2 - row, look)
    return places


def _way(arrows: Iterable[Arrow], channel: str) -> set[tuple[str, str]]:
    """The arrows along which the channel moves the KPI."""
    drawn = _drawn(arrows)
    on_the_way = ({channel} | networkx.descendants(drawn, channel)) & ({KPI} | networkx.ancestors(drawn, KPI))
    return {(cause, effect) for cause, effect in drawn.edges if {cause, effect} <= on_the_way}


def _drawn(arrows: Iterable[Arrow]) -> networkx.DiGraph:
    return networkx.DiGraph([(arrow.cause, arrow.effect) for arrow in arrows])
