from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgb

from mmm.colour import APART, VISION, difference
from mmm.plots import theme


@pytest.mark.parametrize("vision", VISION)
def test_ten_channels_are_told_apart_with_every_common_vision(vision: str) -> None:
    assert min(difference(a, b, VISION[vision]) for a, b in combinations(theme.PALETTE, 2)) > APART


def test_thirty_channels_have_thirty_colours_that_depend_on_their_place_only() -> None:
    names = [f"channel {i}" for i in range(30)]
    colours = theme.colours(names)
    assert len(set(colours.values())) == 30
    assert theme.colours(names[:5]) == {name: colours[name] for name in names[:5]}


def test_a_pale_colour_is_darkened_for_a_line_and_a_dark_one_is_not() -> None:
    assert theme.readable("#14365d") == "#14365d"
    assert sum(to_rgb(theme.readable("#f0f4ff"))) < sum(to_rgb("#f0f4ff"))


def test_the_look_leaves_matplotlib_as_it_was() -> None:
    before = dict(mpl.rcParams)
    with theme.look():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert dict(mpl.rcParams) == before


def test_small_multiples_never_outgrow_a_page() -> None:
    for count in (1, 2, 4, 5, 12, 13, 30, 60):
        cells = theme.grid_of(count)
        width, height = cells[0].get_figure().get_size_inches() / theme.CM
        assert len(cells) == count
        assert width <= theme.TEXT_WIDTH_CM + 0.01
        assert height <= theme.PAGE_HEIGHT_CM + 0.01
        pyplot.close("all")
