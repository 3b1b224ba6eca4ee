"""Does every geo have every period exactly once?

The grid runs from the first period of the data to the last, in steps of the frequency. Dates beside the grid, periods
that are missing and periods that stand twice are named by geo, because each has another remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from mmm.errors import listing
from mmm.speech import natural


def grid_problems(
    time: pd.Series, geo: pd.Series, frequency: str, where: Callable[[int], str], has_geo: bool
) -> list[str]:
    """Every departure of `(geo, time)` from a complete regular grid, with its place and remedy."""
    grid = pd.date_range(time.min(), time.max(), freq=frequency)
    beside = ~time.isin(grid)
    if beside.any():
        rows = [f"{where(int(row))} ({_day(time[row])})" for row in time.index[beside]]
        return [
            f"the periods are {frequency}, and {int(beside.sum())} dates are not: {listing(rows)}. Correct "
            "them, or state data.frequency"
        ]
    return [*_duplicates(time, geo, where, has_geo), *_gaps(time, geo, grid, has_geo)]


def _duplicates(time: pd.Series, geo: pd.Series, where: Callable[[int], str], has_geo: bool) -> Iterator[str]:
    """Periods that stand more than once, one sentence a geo."""
    twice = pd.DataFrame({"geo": geo, "time": time}).duplicated(keep=False)
    remedy = "keep one row a period, or add them up" + (
        "" if has_geo else "; if the rows are regions, name their column as data.geo"
    )
    for name in sorted(geo[twice].unique(), key=natural):
        rows = time[twice & (geo == name)].sort_values(kind="stable")
        days = [
            f"{_day(day)} ({' and '.join(where(int(row)) for row in group.index[:3])})"
            for day, group in rows.groupby(rows)
        ]
        yield f"{_of(name, has_geo)}{len(days)} periods stand more than once: {listing(days)}: {remedy}"


def _gaps(time: pd.Series, geo: pd.Series, grid: pd.DatetimeIndex, has_geo: bool) -> Iterator[str]:
    """Periods that are not there, one sentence for the geos that lack the same ones."""
    lacking: dict[tuple[pd.Timestamp, ...], list[str]] = {}
    for name in sorted(geo.unique(), key=natural):
        missing = tuple(grid.difference(pd.DatetimeIndex(time[geo == name])))
        if missing:
            lacking.setdefault(missing, []).append(name)
    remedy = "add the rows, with 0 where there truly was nothing" + ("; or leave the geo out" if has_geo else "")
    for missing, geos in lacking.items():
        days = listing([_day(day) for day in missing])
        yield f"{_of(listing(geos), has_geo)}{len(missing)} of {len(grid)} periods are missing: {days}: {remedy}"


def _of(geo: str, has_geo: bool) -> str:
    return f"geo {geo}: " if has_geo else ""


def _day(time: pd.Timestamp) -> str:
    return str(time).removesuffix(" 00:00:00")
