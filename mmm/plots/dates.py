"""How is time written on an axis? In hours, days, months or years that do not collide, whatever the frequency.

The ticks stand on the calendar: the finest step of `STEPS` that gives no more ticks than there is room for. Months are
named, with the year under January and under the first tick.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from mmm import speech

STEPS = (
    "1h",
    "3h",
    "6h",
    "12h",
    "1D",
    "2D",
    "W-MON",
    "2W-MON",
    "1MS",
    "2MS",
    "3MS",
    "4MS",
    "6MS",
    "1YS",
    "2YS",
    "5YS",
    "10YS",
)
"""Distances between ticks as pandas writes them, finest first."""


def date_axis(ax: Axes, time: pd.Index | pd.Series, most: int = 8) -> None:
    """Dates along x from the first period to the last, with at most `most` ticks."""
    moments = pd.DatetimeIndex(pd.to_datetime(pd.Series(time)).drop_duplicates().sort_values())
    if len(moments) > 1:
        ax.set_xlim(moments[0], moments[-1])
    ticks, step = calendar(moments[0], moments[-1], most)
    ax.set_xticks(ticks, [name(tick, step, first=place == 0) for place, tick in enumerate(ticks)])


def calendar(start: pd.Timestamp, end: pd.Timestamp, most: int) -> tuple[pd.DatetimeIndex, str]:
    """The ticks between two moments, and their step; the moment itself where no step of the calendar falls between."""
    days = max((end - start) / pd.Timedelta(days=1), 1e-9)
    for step in STEPS:
        if days / _days(step) > most + 1:
            continue
        origin = start.normalize().replace(month=1, day=1, year=start.year - start.year % 10)
        origin = start.normalize() if _days(step) < 25 else origin
        ticks = pd.date_range(origin, end, freq=step)
        ticks = ticks[ticks >= start]
        if 1 < len(ticks) <= most:
            return ticks, step
    return pd.DatetimeIndex([start]), "1D"


def _days(step: str) -> float:
    """About how long a step is."""
    count = int("".join(filter(str.isdigit, step)) or 1)
    unit = step.lstrip("0123456789")
    return count * {"h": 1 / 24, "D": 1.0, "W-MON": 7.0, "MS": 30.4, "YS": 365.25}[unit]


def name(tick: pd.Timestamp, step: str, first: bool) -> str:
    """What is written at a tick."""
    if step.endswith("YS"):
        return f"{tick:%Y}"
    month = speech.day(tick, "LLL" if step.endswith("MS") else "MMM", speech.spoken_locale())
    if step.endswith("MS"):
        return f"{month}\n{tick:%Y}" if first or tick.month == 1 else month
    day = f"{tick.day} {month}"
    return f"{day}\n{tick:%Y}" if first else day if not step.endswith("h") or tick.hour == 0 else f"{tick:%H:%M}"
