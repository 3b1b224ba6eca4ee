"""Nothing is clipped and no tick labels touch, on data as ugly as they come."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from mmm import plots
from mmm.plots import theme
from reports.figures import to_svg

VERBS = (
    "allocation",
    "causal_agreement",
    "causal_graph",
    "contribution_over_time",
    "decomposition",
    "fit_over_time",
    "gates",
    "response_curves",
    "roi",
    "scenarios",
    "spend_shift",
    "verdict_cards",
)


def drawn_figure(drawn: Any) -> Figure:
    figure = np.ravel(np.asarray(drawn, dtype=object))[0].get_figure()
    figure.draw_without_rendering()
    return figure


def written(texts: list[Text]) -> list[Text]:
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def shown(figure: Figure) -> list[Text]:
    """Every text that is drawn: a tick beyond the limits of its axis is not."""
    unseen = {
        id(label)
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        for label in (tick.label1, tick.label2)
    }
    in_view = [text for ax in figure.axes for row in ticks(ax) for text in row]
    return [text for text in written(figure.findobj(Text)) if id(text) not in unseen] + in_view


def clipped(figure: Figure) -> list[str]:
    """Texts that reach beyond the figure's edge by more than a pixel."""
    box = figure.bbox
    outside = []
    for text in shown(figure):
        edge = text.get_window_extent()
        if min(edge.x0 - box.x0, box.x1 - edge.x1, edge.y0 - box.y0, box.y1 - edge.y1) < -1:
            outside.append(text.get_text())
    return outside


def ticks(ax: Axes) -> list[list[Text]]:
    """The tick labels in view, of either axis."""
    rows = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        room = 1e-9 * (high - low)
        inside = [
            tick.label1 if tick.label1.get_visible() else tick.label2
            for tick in axis.get_major_ticks()
            if low - room <= tick.get_loc() <= high + room
        ]
        rows.append(written(inside))
    return rows


def touching(figure: Figure) -> list[tuple[str, str]]:
    """Neighbouring tick labels that overlap; slanted ones are told apart by their anchors."""
    found = []
    for ax in figure.axes:
        for across, labels in enumerate(ticks(ax)):
            upright = [text for text in labels if text.get_rotation() in (0.0, 90.0)]
            boxes = sorted((t.get_window_extent() for t in upright), key=lambda box: box.x0 if across == 0 else box.y0)
            gaps = [right.x0 - left.x1 if across == 0 else right.y0 - left.y1 for left, right in pairwise(boxes)]
            if gaps and min(gaps) < -0.5:
                found.append(tuple(text.get_text() for text in upright[:2]))
    return found


def crossing(figure: Figure) -> list[tuple[str, str]]:
    """Texts inside or beside the Axes that lie over each other."""
    found = []
    for ax in figure.axes:
        boxes = [(text.get_text(), text.get_window_extent()) for text in written(list(ax.texts))]
        found += [(a, b) for i, (a, one) in enumerate(boxes) for b, two in boxes[i + 1 :] if one.overlaps(two)]
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_clipped_nothing_overlaps_and_all_fits_a_page(ugly_run: Path, verb: str) -> None:
    plot: Callable[[Path], Any] = getattr(plots, verb)
    figure = drawn_figure(plot(ugly_run))
    assert clipped(figure) == []
    assert touching(figure) == []
    assert crossing(figure) == []
    width, height = figure.get_size_inches() / theme.CM
    assert width <= theme.TEXT_WIDTH_CM + 0.01
    assert height <= theme.PAGE_HEIGHT_CM + 0.01


@pytest.mark.parametrize("verb", VERBS)
def test_a_figure_drawn_twice_has_the_same_bytes_in_the_house_typeface(run: Path, verb: str) -> None:
    plot = getattr(plots, verb)
    first, second = to_svg(plot(run)), to_svg(plot(run))
    assert first == second
    figure = drawn_figure(plot(run))
    assert {tuple(text.get_fontfamily()) for text in shown(figure)} == {tuple(theme.family())}
