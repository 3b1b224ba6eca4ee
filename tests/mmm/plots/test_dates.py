from __future__ import annotations

import pandas as pd
import pytest

from mmm.plots import theme
from mmm.plots.dates import calendar, date_axis


def written(start: str, periods: int, frequency: str, most: int = 8) -> list[str]:
    ax = theme.figure().subplots()
    date_axis(ax, pd.date_range(start, periods=periods, freq=frequency), most)
    return [label.get_text() for label in ax.get_xticklabels()]


def test_a_quarter_of_weeks_is_written_in_months_with_one_year() -> None:
    assert written("2026-06-29", 14, "W-MON", most=4) == ["Jul\n2026", "Aug", "Sept"]


def test_three_years_are_written_in_half_years_or_years_as_room_allows() -> None:
    assert written("2023-01-02", 158, "W-MON", most=7) == [
        "Jul\n2023",
        "Jan\n2024",
        "Jul",
        "Jan\n2025",
        "Jul",
        "Jan\n2026",
    ]
    assert written("2023-01-02", 158, "W-MON", most=4) == ["2024", "2025", "2026"]


def test_days_and_hours_are_written_as_such() -> None:
    assert written("2026-03-02", 5, "D")[:2] == ["2 Mar\n2026", "3 Mar"]
    assert "12:00" in written("2026-03-02", 30, "h")


@pytest.mark.parametrize("frequency", ["h", "D", "W-MON", "MS", "QS", "YS"])
@pytest.mark.parametrize("periods", [1, 2, 3, 30, 500])
@pytest.mark.parametrize("most", [3, 4, 8])
def test_there_is_a_tick_and_never_too_many(frequency: str, periods: int, most: int) -> None:
    time = pd.date_range("2001-02-05", periods=periods, freq=frequency)
    ticks, _ = calendar(time[0], time[-1], most)
    assert 1 <= len(ticks) <= most
    assert ((ticks >= time[0]) & (ticks <= time[-1])).all()
