"""Does each monitor raise at most one false alarm a year, and how soon does it find what changed?

Run with `make bench`; `mmm/watch/DESIGN.md` keeps what it printed.
"""

from __future__ import annotations

import pandas as pd
import pytest

from tests.benchmarks.watching import FITTED, inputs, scaled, summary, watched

pytestmark = pytest.mark.benchmark

START = pd.Timestamp("2023-01-02") + pd.Timedelta(weeks=FITTED)


def test_inputs_that_do_not_change_raise_at_most_one_alarm_a_year() -> None:
    changes = {
        "search costs 30 % more": scaled("spend", 1.3, "search"),
        "search is bought twice": scaled("spend", 2.0, "search"),
        "social stops": scaled("spend", 0.0, "social"),
    }
    found = summary({seed: list(inputs(seed, changes)) for seed in range(200)}, START)
    print("\n", found.round(2).to_string())
    assert (found.loc["nothing", "a_year"] <= 1.0).all()
    assert found.loc[("social stops", "silent_channel"), "share"] == 1.0


def test_forecasts_that_hold_raise_at_most_one_alarm_a_year() -> None:
    changes = {"KPI 5 % lower": scaled("kpi", 0.95), "KPI 10 % lower": scaled("kpi", 0.90)}
    found = summary({seed: list(watched(seed, changes)) for seed in range(24)}, START)
    print("\n", found.round(2).to_string())
    assert (found.loc["nothing", "a_year"] <= 1.0).all()
    assert found.loc[("KPI 10 % lower", "forecast_level"), "share"] > 0.8
