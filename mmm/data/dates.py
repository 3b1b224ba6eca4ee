"""Which day is meant, and how long is a period?

`parse_dates` reads one column in one format: ISO 8601, or one other format throughout. Two formats in a column, and
dates such as 03/04/2025 that nothing decides, are problems rather than guesses, because half a year of swapped days
and months still fits, and fits wrong. `find_frequency` infers hourly, daily, weekly or monthly from the gaps.

To read another format, add it to `FORMATS`: a label for messages, and what `strptime` calls it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mmm.errors import listing

FORMATS = {
    "2026-01-31": "%Y-%m-%d",
    "2026-01-31 14:00": "%Y-%m-%d %H:%M",
    "2026-01-31 14:00:00": "%Y-%m-%d %H:%M:%S",
    "2026-01-31T14:00:00": "%Y-%m-%dT%H:%M:%S",
    "2026-01-31T14:00": "%Y-%m-%dT%H:%M",
    "2026/01/31": "%Y/%m/%d",
    "20260131": "%Y%m%d",
    "day/month/year": "%d/%m/%Y",
    "month/day/year": "%m/%d/%Y",
    "day.month.year": "%d.%m.%Y",
    "day-month-year": "%d-%m-%Y",
    "month-day-year": "%m-%d-%Y",
    "31 Jan 2026": "%d %b %Y",
    "31-Jan-2026": "%d-%b-%Y",
    "Jan 31, 2026": "%b %d, %Y",
    "2026-01": "%Y-%m",
    "Jan 2026": "%b %Y",
}

PERIODS_PER_YEAR = {"h": 365.25 * 24, "D": 365.25, "W": 365.25 / 7, "MS": 12.0}
"""Periods in a mean year by the kind of frequency; `W` stands for all of `W-MON` to `W-SUN`."""

WORDS = {"hourly": "h", "H": "h", "daily": "D", "weekly": "W", "monthly": "MS", "M": "MS", "ME": "MS"}
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
ONE_DAY = pd.Timedelta(days=1)


def parse_dates(values: pd.Series, where: Callable[[int], str]) -> tuple[pd.Series, list[str]]:
    """The dates of a column as `datetime64[ns]`, and what stands against it. `where(row)` names a row."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        parsed = pd.Series(values)
        if parsed.dt.tz is not None:
            return parsed, [f"`{values.name}` carries the time zone {parsed.dt.tz}: give local times without one"]
        return parsed.astype("datetime64[ns]"), _unread(parsed, values, where)
    texts = _texts(values)
    written = texts[texts != ""].drop_duplicates()
    readings = {
        label: pd.to_datetime(written, format=form, errors="coerce", exact=True) for label, form in FORMATS.items()
    }
    complete = {label: reading for label, reading in readings.items() if reading.notna().all()}
    if not complete:
        return pd.Series(pd.NaT, index=values.index), _formats_problem(written, readings, str(values.name), where)
    label, reading = next(iter(complete.items()))
    other = next((name for name, found in complete.items() if not found.equals(reading)), None)
    problems = []
    if other and len(written):
        row = int(np.flatnonzero((complete[other] != reading).to_numpy())[0])
        problems.append(
            f"`{values.name}` can be read as {label} and as {other} (first {where(int(written.index[row]))}: "
            f"{written.iloc[row]!r}), "
            "and no date decides which: write dates as 2026-01-31"
        )
    by_text = pd.Series(reading.to_numpy(), index=written.to_numpy())
    parsed = pd.Series(by_text.reindex(texts.to_numpy()).to_numpy(), index=values.index, dtype="datetime64[ns]")
    return parsed, problems + _unread(parsed, values, where)


def _texts(values: pd.Series) -> pd.Series:
    """Cells as text; a spreadsheet's mixture of dates and text keeps both, so that the mixture is seen."""

    def text(cell: object) -> str:
        if cell is None or cell is pd.NaT or cell != cell:
            return ""
        if isinstance(cell, pd.Timestamp) or hasattr(cell, "isoformat"):
            return str(cell).removesuffix(" 00:00:00")
        return str(cell).strip()

    return pd.Series([text(cell) for cell in values], index=values.index, dtype="str")


def _unread(parsed: pd.Series, values: pd.Series, where: Callable[[int], str]) -> list[str]:
    rows = np.flatnonzero(parsed.isna().to_numpy())
    if not len(rows):
        return []
    return [
        f"`{values.name}` has no date on {listing([where(int(row)) for row in rows])}: write the period's first "
        "day, or remove the row"
    ]


def _formats_problem(
    written: pd.Series, readings: dict[str, pd.Series], name: str, where: Callable[[int], str]
) -> list[str]:
    """No format reads every cell: the commonest one, and the first rows that are something else."""
    label, best = max(readings.items(), key=lambda item: int(item[1].notna().sum()))
    if not best.notna().any():
        seen = listing([f"{where(int(row))}: {written[row]!r}" for row in written.index[:3]])
        return [
            f"`{name}` does not hold dates ({seen}): name the column of dates as data.time, and write them as "
            "2026-01-31"
        ]
    rest = written[best.isna()]
    first = written.index[best.notna()][0]
    others = listing([f"{where(int(row))}: {rest[row]!r}" for row in rest.index], 5)
    second = next((other for other, reading in readings.items() if reading[rest.index].notna().any()), None)
    what = f"mixes two date formats, {label} and {second}" if second else "has cells that are not dates"
    return [f"`{name}` {what}: {where(int(first))}: {written[first]!r}, but {others}. Write every date as 2026-01-31"]


def find_frequency(times: pd.DatetimeIndex, asked: str | None) -> tuple[str, list[str]]:
    """The pandas alias of the period (`W-MON`, `D`, `MS`, `h`) of sorted unique `times`, and what stands against it."""
    alias = WORDS.get(asked, asked) if asked else _inferred(times)
    if alias == "W":
        alias = f"W-{WEEKDAYS[int(np.bincount(times.day_of_week).argmax())]}"
    if alias is None:
        apart = listing([str(gap) for gap in pd.Series(times.diff()[1:]).value_counts().index[:3]])
        return "", [
            f"the dates are neither hours, days, weeks nor months apart (commonest: {apart}): bring the data to "
            "one of these periods"
        ]
    if alias not in ("h", "D", "MS") and alias not in {f"W-{day}" for day in WEEKDAYS}:
        return "", [
            f"data.frequency {asked!r} is not known: use hourly, daily, weekly, monthly, or W-MON to W-SUN; or "
            "leave it out"
        ]
    return alias, []


def _inferred(times: pd.DatetimeIndex) -> str | None:
    if len(times) < 3:
        return None
    gap = pd.Series(times.diff()[1:]).value_counts().index[0]
    if gap == pd.Timedelta(hours=1):
        return "h"
    if gap == ONE_DAY:
        return "D"
    if gap == 7 * ONE_DAY:
        return "W"
    return "MS" if 28 * ONE_DAY <= gap <= 31 * ONE_DAY else None


def period_starts(times: pd.Series, alias: str) -> pd.Series:
    """The start of each period: months may be dated by any one day of theirs, its last for instance."""
    if alias == "MS" and times.dt.day.nunique() > 1 and not times.dt.is_month_end.all():
        return times
    return times.dt.to_period("M").dt.to_timestamp().astype("datetime64[ns]") if alias == "MS" else times


def periods_per_year(alias: str) -> float:
    """How many periods of this frequency a mean year has."""
    return PERIODS_PER_YEAR[alias.split("-")[0]]
