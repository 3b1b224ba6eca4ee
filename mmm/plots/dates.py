"""How is time written on an axis? In months and years that do not collide, whatever the frequency and the length."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter


def date_axis(ax: Axes, time: pd.Index | pd.Series, most: int = 8) -> None:
    """Dates along x from the first period to the last, with at most `most` ticks; years under the first month."""
    moments = pd.to_datetime(pd.Series(time))
    if moments.nunique() > 1:
        ax.set_xlim(moments.min(), moments.max())
    locator = AutoDateLocator(minticks=3, maxticks=most)
    ax.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, formats=["%Y", "%b", "%-d %b", "%H:%M", "%H:%M", "%S"], show_offset=False)
    formatter.zero_formats = ["", "%b\n%Y", "%-d %b", "%-d %b", "%H:%M", "%H:%M"]
    ax.xaxis.set_major_formatter(formatter)
