"""What the mix model expects of a test: the same cells, the same money, and the tail that carryover leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm.insight
from causal.design.expectation import expect
from mmm.errors import InputError

WEEKS = 30
DAYS = pd.date_range("2025-01-06", periods=WEEKS, freq="W-MON")


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> xr.DataTree:
    """A model in which an exposure sells one unit in its own week and half a unit in the next."""
    coords = {"geo": ["north", "south"], "time": DAYS, "channel": ["tv", "radio"]}
    exposure = xr.DataArray(np.full((2, WEEKS, 2), 10.0), coords, ("geo", "time", "channel"))
    kpi = xr.DataArray(np.full((2, WEEKS), 1000.0), {"geo": coords["geo"], "time": DAYS}, ("geo", "time"))
    seen = xr.DataArray(np.ones(WEEKS, dtype=bool), {"time": DAYS}, ("time",))

    def contrast(tree: xr.DataTree, one: xr.DataArray, other: xr.DataArray, samples: int) -> xr.DataArray:
        change = (one - other).transpose("geo", "time", "channel").sum("channel")
        return (change + 0.5 * change.shift(time=1, fill_value=0.0)).expand_dims(sample=samples)

    monkeypatch.setattr(mmm.insight, "contrast", contrast)
    return xr.DataTree.from_dict({"panel": xr.Dataset({"exposure": exposure, "kpi": kpi, "in_window": seen})})


def test_going_dark_loses_what_the_channel_brings_and_the_tail_comes_later(fit: xr.DataTree) -> None:
    """Ten exposures a week in one geo: 10, then 15 a week, and 5 in the week after."""
    expected = expect(fit, "tv", ["north"], 0.0, periods=2)
    assert expected.effect[0][:4] == pytest.approx([-10.0, -15.0, -5.0, 0.0])
    assert expected.lift(3)[0] == pytest.approx(-30.0 / 3000.0)
    assert expected.profile(3) == pytest.approx([1.0, 1.5, 0.5])


def test_the_cooldown_waits_for_nine_tenths_of_the_effect(fit: xr.DataTree) -> None:
    assert expect(fit, "tv", ["north"], 2.0, periods=2).cooldown == 1  # 25 of 30 would be 83 %
    assert expect(fit, "tv", ["north"], 2.0, periods=6).cooldown == 0  # 85 of 90


def test_what_the_fit_does_not_know_is_named(fit: xr.DataTree) -> None:
    with pytest.raises(InputError) as error:
        expect(fit, "tvv", ["east"], 0.0, periods=40)
    assert len(error.value.problems) == 3
