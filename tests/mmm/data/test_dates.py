"""One column of dates has one format, and one distance between its periods."""

from __future__ import annotations

import pandas as pd
import pytest

from mmm.data.dates import find_frequency, parse_dates, period_starts, periods_per_year


def where(row: int) -> str:
    return f"line {row + 2}"


def parsed(*cells: object) -> tuple[list[str], list[str]]:
    dates, problems = parse_dates(pd.Series(list(cells), name="week"), where)
    return [str(date)[:16] for date in dates], problems


@pytest.mark.parametrize(
    "cells",
    [
        ("2026-01-05", "2026-01-26"),
        ("2026/01/05", "2026/01/26"),
        ("20260105", "20260126"),
        ("05/01/2026", "26/01/2026"),
        ("01/05/2026", "01/26/2026"),
        ("05.01.2026", "26.01.2026"),
        ("5 Jan 2026", "26 Jan 2026"),
        (" 2026-01-05 ", "2026-01-26"),
        ("2026-01-05T00:00:00", "2026-01-26T00:00:00"),
        (pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-26")),
    ],
)
def test_dates_of_one_format_are_read(cells: tuple[object, ...]) -> None:
    assert parsed(*cells) == (["2026-01-05 00:00", "2026-01-26 00:00"], [])


def test_hours_are_kept() -> None:
    assert parsed("2026-01-05 13:00", "2026-01-05 14:00")[0] == ["2026-01-05 13:00", "2026-01-05 14:00"]


def test_two_formats_in_one_column_name_the_first_rows_of_each() -> None:
    (problem,) = parsed("2026-01-05", "2026-01-12", "19/01/2026", "26/01/2026")[1]
    assert problem == (
        "`week` mixes two date formats, 2026-01-31 and day/month/year: line 2: '2026-01-05', but line 4: '19/01/2026', "
        "line 5: '26/01/2026'. Write every date as 2026-01-31"
    )


def test_a_spreadsheet_that_mixes_dates_and_text_is_told() -> None:
    (problem,) = parsed(pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12"), "19/01/2026")[1]
    assert "mixes two date formats" in problem


def test_days_and_months_that_nothing_tells_apart_are_refused() -> None:
    (problem,) = parsed("01/02/2026", "01/03/2026")[1]
    assert "can be read as day/month/year and as month/day/year (first line 2: '01/02/2026')" in problem


def test_days_and_months_that_agree_either_way_are_read() -> None:
    assert parsed("01/01/2026", "02/02/2026") == (["2026-01-01 00:00", "2026-02-02 00:00"], [])


def test_a_cell_that_is_no_date_is_named() -> None:
    (problem,) = parsed("2026-01-05", "total", "2026-01-19")[1]
    assert "has cells that are not dates" in problem
    assert "line 3: 'total'" in problem


def test_an_impossible_day_is_named() -> None:
    assert "'2026-02-30'" in parsed("2026-02-23", "2026-02-30")[1][0]


def test_a_missing_date_is_named() -> None:
    assert parsed("2026-01-05", None, "2026-01-19")[1] == [
        "`week` has no date on line 3: write the period's first day, or remove the row"
    ]


def test_a_column_of_words_is_not_dates() -> None:
    assert "does not hold dates" in parsed("north", "south")[1][0]


def test_a_time_zone_is_refused() -> None:
    _, problems = parse_dates(pd.Series(pd.date_range("2026-01-05", periods=3, tz="UTC"), name="week"), where)
    assert "carries the time zone UTC" in problems[0]


@pytest.mark.parametrize(
    ("frequency", "alias", "a_year"),
    [("W-MON", "W-MON", 52.18), ("W-SUN", "W-SUN", 52.18), ("D", "D", 365.25), ("MS", "MS", 12), ("h", "h", 8766)],
)
def test_the_frequency_is_inferred(frequency: str, alias: str, a_year: float) -> None:
    times = pd.date_range("2026-01-01", periods=30, freq=frequency)
    assert find_frequency(times, None) == (alias, [])
    assert periods_per_year(alias) == pytest.approx(a_year, abs=0.01)


def test_a_gap_does_not_hide_the_frequency() -> None:
    times = pd.date_range("2026-01-05", periods=30, freq="W-MON").delete([4, 5, 11])
    assert find_frequency(times, None) == ("W-MON", [])


@pytest.mark.parametrize("asked", ["weekly", "W", "W-TUE"])
def test_a_frequency_can_be_asked_for(asked: str) -> None:
    assert find_frequency(pd.date_range("2026-01-06", periods=5, freq="W-TUE"), asked) == ("W-TUE", [])


def test_an_unknown_frequency_and_an_odd_distance_are_refused() -> None:
    times = pd.date_range("2026-01-06", periods=5, freq="3D")
    assert "neither hours, days, weeks nor months apart" in find_frequency(times, None)[1][0]
    assert "data.frequency 'quarterly' is not known" in find_frequency(times, "quarterly")[1][0]


def test_months_may_be_dated_by_their_last_day() -> None:
    ends = pd.Series(pd.date_range("2026-01-31", periods=3, freq="ME"))
    assert find_frequency(pd.DatetimeIndex(ends), None) == ("MS", [])
    assert period_starts(ends, "MS").dt.strftime("%Y-%m-%d").tolist() == ["2026-01-01", "2026-02-01", "2026-03-01"]
