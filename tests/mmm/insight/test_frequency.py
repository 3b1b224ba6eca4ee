"""The best frequency is where the chord from nothing is steepest, and a concave curve wants the lowest."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.insight.frequency import frequency_curves, optimal_frequency
from mmm.insight.returns import roi


def known(slope: float, half: float) -> xr.DataTree:
    """A fit whose draws are known: one channel, Hill saturation of frequency, no carryover."""
    random = np.random.default_rng(1)
    weeks = 60
    frame = pd.DataFrame(
        {
            "week": pd.date_range("2024-01-01", periods=weeks, freq="W-MON").strftime("%Y-%m-%d"),
            "sales": 1000 + 20 * random.normal(size=weeks),
            "spend": 100.0,
            "reach": random.uniform(50, 150, weeks),
            "frequency": random.uniform(1.0, 6.0, weeks),
        }
    )
    study: dict[str, Any] = {
        "study": "rf", "currency": "EUR",
        "data": {"source": "-", "time": "week", "kpi": {"column": "sales"}, "channels": {
            "video": {"spend": "spend", "reach": "reach", "frequency": "frequency"}}},
        "model": {"adstock": "none", "saturation": "hill", "max_lag": 0, "trend": {"kind": "none"},
                  "seasonality": {"order": 0}},
    }  # fmt: skip
    tree = panel_from_frame(frame, mmm.load_study(study))
    shape = (1, 4)
    typical = float(tree["panel"]["frequency"].mean())
    tree["posterior"] = xr.DataTree(
        xr.Dataset(
            {
                "saturation_half_saturation": (("chain", "draw", "channel"), np.full((*shape, 1), half / typical)),
                "saturation_slope": (("chain", "draw", "channel"), np.full((*shape, 1), slope)),
                "coefficient": (("chain", "draw", "geo", "channel"), np.full((*shape, 1, 1), 0.1)),
                "baseline_coefficient": (("chain", "draw", "column"), np.ones((*shape, 1))),
                "sigma": (("chain", "draw"), np.full(shape, 0.02)),
            },
            coords={"chain": [0], "draw": np.arange(4), "channel": ["video"], "geo": ["national"]},
        )
    )
    tree.attrs["study"] = json.dumps(mmm.load_study(study).canonical())
    return tree


def test_an_s_shape_has_its_best_frequency_where_the_chord_is_steepest() -> None:
    row = optimal_frequency(known(slope=3.0, half=2.0)).iloc[0]
    assert row.frequency_best == pytest.approx(2.0 * (3.0 - 1.0) ** (1 / 3.0), abs=0.13)
    assert not row.at_edge
    assert row.gain_mean > 0
    assert row.best_p05 <= row.frequency_best <= row.best_p95


def test_a_concave_curve_wants_the_lowest_frequency_and_says_that_it_is_an_edge() -> None:
    row = optimal_frequency(known(slope=0.8, half=2.0)).iloc[0]
    assert row.frequency_best == row.observed_low
    assert row.at_edge


def test_the_last_entry_is_the_return_as_it_was() -> None:
    fit = known(slope=2.0, half=2.0)
    curve = frequency_curves(fit)["video"]
    assert np.isnan(curve.frequency.values[-1])
    assert curve.values[:, -1] == pytest.approx(roi(fit).values.ravel(), rel=1e-6)


def test_without_reach_and_frequency_there_is_no_table(fitted: xr.DataTree) -> None:
    assert optimal_frequency(fitted).empty
