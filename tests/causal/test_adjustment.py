"""The columns that stand for what is held still."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from causal.adjustment import GEO, SEASON, TREND, season, setting, trend


def _panel(periods: int = 60, geos: int = 2) -> xr.Dataset:
    rng = np.random.default_rng(0)
    coords = {
        "time": pd.date_range("2024-01-01", periods=periods, freq="W-MON"),
        "geo": [f"g{number}" for number in range(geos)],
        "control": ["price"],
        "in_window": ("time", np.arange(periods) >= 4),
    }
    kpi = (rng.random((geos, periods)) + 1) * np.array([[100.0], [1.0]])[:geos]
    return xr.Dataset(
        {"kpi": (("geo", "time"), kpi), "controls": (("geo", "time", "control"), rng.random((geos, periods, 1)))},
        coords,
    )


def test_only_the_window_is_adjusted_and_geos_speak_in_their_own_mean() -> None:
    here = setting(_panel(), 52.18)
    assert here.kpi.shape == (2, 56)
    np.testing.assert_allclose(here.kpi.mean(1), 1.0)
    assert here.scale[0] / here.scale[1] > 50


def test_every_control_is_a_block_by_its_name() -> None:
    blocks = setting(_panel(), 52.18).blocks
    assert list(blocks) == [SEASON, TREND, GEO, "price"]
    assert blocks["price"].shape == (2, 56, 1)
    np.testing.assert_array_equal(blocks[GEO][1, 0], [0.0, 1.0])


def test_less_than_a_year_has_no_season_to_tell() -> None:
    assert season(40, 52.18).shape == (40, 0)
    assert season(104, 52.18).shape == (104, 6)
    assert season(24, 12.0).shape == (24, 6)


def test_daily_data_have_a_week() -> None:
    columns = season(728, 365.25)
    assert columns.shape == (728, 12)
    monday_again = columns[:, [3, 4, 5, 9, 10, 11]]
    np.testing.assert_allclose(monday_again[7:], monday_again[:-7], atol=1e-9)


def test_the_trend_bends_every_half_year_and_not_at_its_ends() -> None:
    columns = trend(156, 52.0)
    assert columns.shape[1] == 1 + 5
    assert columns[0].tolist() == [0.0] * 6
    assert trend(20, 52.0).shape[1] == 1


def test_a_geo_that_sells_nothing_is_left_at_its_level() -> None:
    panel = _panel()
    panel["kpi"][1] = 0.0
    assert setting(panel, 52.18).scale[1] == pytest.approx(1.0)
