from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgb

from mmm.plots import theme

# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as seen without one kind of cone.
VISION = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def lab(shade: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as somebody with this vision sees it."""
    rgb = np.array(to_rgb(shade))
    linear = np.clip(vision @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(np.maximum(xyz / np.array([0.9505, 1.0, 1.089]), 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_ten_channels_are_told_apart_with_every_common_vision(vision: str) -> None:
    seen = [lab(shade, VISION[vision]) for shade in theme.PALETTE]
    # A difference of 2.3 is just noticeable; areas side by side in print want several times that.
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 12


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
