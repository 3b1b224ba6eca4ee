"""A holiday comes back every year; noise does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmm.insight.recurring import recurring_parts

WEEKS = pd.date_range("2023-01-02", periods=156, freq="W-MON")


def noise(seed: int, periods: int = 156) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=periods)


def test_a_holiday_is_found_where_it_is() -> None:
    holiday = (WEEKS.month == 11) & (WEEKS.day > 14) & (WEEKS.day < 22)
    found = recurring_parts(WEEKS, 10.0 * (noise(1) + 4.0 * holiday), 52.18)
    assert found["chance"].iloc[0] < 1e-4
    assert found["date"].iloc[0].strftime("%Y-%m") == "2025-11"
    assert found["residual"].iloc[0] == pytest.approx(40.0, abs=20.0)


def test_one_wild_week_in_one_year_is_no_holiday() -> None:
    residual = noise(2)
    residual[46] = 12.0
    assert recurring_parts(WEEKS, residual, 52.18)["chance"].iloc[0] > 0.01


@pytest.mark.parametrize(
    ("dates", "per_year"), [(WEEKS, 52.18), (pd.date_range("2021-01-01", periods=48, freq="MS"), 12.0)]
)
def test_noise_is_seldom_called_a_holiday(dates: pd.DatetimeIndex, per_year: float) -> None:
    # 300 series at a stated chance of 1 %: more than 10 have a probability of 0.0003
    alarms = sum(
        recurring_parts(dates, noise(seed, len(dates)), per_year)["chance"].iloc[0] < 0.01 for seed in range(300)
    )
    assert alarms <= 10


def test_days_are_judged_by_the_week_and_missing_ones_left_out() -> None:
    days = pd.date_range("2022-01-01", periods=1096, freq="D")
    residual = noise(3, 1096) + 3.0 * ((days.month == 12) & (days.day > 17) & (days.day < 25))
    residual[:40] = np.nan
    found = recurring_parts(days, residual, 365.25)
    assert len(found) == 52
    assert found["chance"].iloc[0] < 1e-6
    assert found["date"].iloc[0].strftime("%Y-%m") == "2024-12"


def test_years_of_few_periods_and_single_years_say_nothing() -> None:
    quarters = pd.date_range("2015-01-01", periods=40, freq="QS")
    assert recurring_parts(quarters, noise(4, 40), 4.0).empty
    assert recurring_parts(WEEKS[:50], noise(5, 50), 52.18).empty
