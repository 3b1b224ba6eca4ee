"""Monitors: silent while nothing changes, and each says what changed, since when and what to do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.insight.predictive import predictive
from mmm.model.fit import panel_of, study_of
from mmm.watch.monitor import Watch, watch, watch_panel
from mmm.watch.reading import Reading

OLD, NEW, CHANGE = 120, 26, 5
SIGMA = 0.05
TODAY = dt.date(2026, 11, 1)
PREDICTED: dict = {}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """KPI of 100 with noise, a steady channel, one of bursts, and impressions at a steady price."""
    rng = np.random.default_rng(7)
    weeks = OLD + NEW
    search = 50 * np.exp(0.1 * rng.normal(size=weeks))
    return pd.DataFrame(
        {
            "week": pd.date_range("2024-01-01", periods=weeks, freq="W-MON"),
            "sales": 100 * (1 + SIGMA * rng.normal(size=weeks)),
            "tv": np.where(np.arange(weeks) % 8 < 4, 80 * np.exp(0.2 * rng.normal(size=weeks)), 0.0),
            "search": search,
            "search_impressions": search / 0.01 * np.exp(0.05 * rng.normal(size=weeks)),
            "price": 10 + rng.normal(size=weeks),
            "unborn": np.zeros(weeks),
        }
    )


@pytest.fixture(scope="module")
def known(rows: pd.DataFrame) -> xr.DataTree:
    """A fit whose posterior is the truth: media and the control do nothing, the KPI is 100."""
    study = mmm.load_study(
        {
            "study": "flat",
            "currency": "EUR",
            "data": {
                "source": "old.csv", "time": "week", "kpi": {"column": "sales"}, "controls": ["price"],
                "channels": {
                    "tv": {"spend": "tv"}, "search": {"spend": "search", "exposure": "search_impressions"},
                    "unborn": {"spend": "unborn"},
                },
            },
            "model": {"adstock": "none", "saturation": "none", "max_lag": 0, "trend": {"kind": "none"},
                      "seasonality": {"order": 0}},
        }
    )  # fmt: skip
    tree = panel_from_frame(rows.iloc[:OLD], study)
    draws = (1, 500)
    tree["posterior"] = xr.DataTree(
        xr.Dataset(
            {
                "coefficient": (("chain", "draw", "geo", "channel"), np.zeros((*draws, 1, 3))),
                "baseline_coefficient": (("chain", "draw", "column"), np.broadcast_to([1.0, 0.0], (*draws, 2)).copy()),
                "sigma": (("chain", "draw"), np.full(draws, SIGMA)),
            }
        )
    )
    tree.attrs["seed"] = 1
    return tree


@pytest.fixture(autouse=True)
def _predicted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions do not depend on what these tests change, for media and the control do nothing: made once."""

    def once(tree: xr.DataTree, rows: np.ndarray | None = None, samples: int = 400):
        key = (None if rows is None else tuple(rows), samples, tree["panel"].sizes["geo"])
        if key not in PREDICTED:
            PREDICTED[key] = predictive(tree, rows, samples)
        return PREDICTED[key]

    monkeypatch.setattr("mmm.watch.forecast.predictive", once)


@pytest.fixture
def watching(known: xr.DataTree, rows: pd.DataFrame, tmp_path: Path):
    """What is found when new rows are changed: `watching(column=factor by week)`."""

    def found(today: dt.date = TODAY, everything: bool = False, **changes: object) -> Watch:
        late = rows.iloc[0 if everything else OLD :].reset_index(drop=True).copy()
        for column, value in changes.items():
            late[column] = value(late[column].to_numpy()) if callable(value) else value
        late.to_csv(tmp_path / "new.csv", index=False)
        return watch(known, tmp_path / "new.csv", today)

    return found


def since(weeks: int) -> dt.date:
    return (pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=OLD + weeks)).date()


def after(factor: float, start: int = CHANGE):
    return lambda values: np.where(np.arange(len(values)) >= start, values * factor, values)


def alert(watched: Watch, monitor: str) -> Reading:
    return next(reading for reading in watched.alerts if reading.monitor == monitor)


def test_nothing_new_is_nothing_said(watching) -> None:
    found = watching()
    assert found.alerts == []
    assert {r.monitor for r in found.readings} >= {"forecast_level", "forecast_score", "anomaly", "spend", "data_age"}
    scores = found.periods["score"].to_numpy()
    assert len(scores) == NEW
    assert scores.mean() == pytest.approx(0.0, abs=4 / np.sqrt(NEW))
    assert scores.std() == pytest.approx(1.0, abs=0.5)


def test_a_lower_level_is_found_with_its_date_and_its_size(watching) -> None:
    found = alert(watching(sales=after(0.92)), "forecast_level")
    assert abs((found.since - since(CHANGE)).days) <= 14
    assert found.since <= found.seen <= since(CHANGE + 10)
    assert found.chance < 0.05
    assert "% below the forecast since" in found.message
    assert "mmm refresh" in found.remedy


def test_wilder_sales_are_no_shift_but_forecasts_that_miss(watching) -> None:
    swing = np.where(np.arange(NEW) % 2, 1.0, -1.0) * np.where(np.arange(NEW) >= CHANGE, 0.15, 0.0)
    found = watching(sales=lambda values: values * (1 + swing))
    assert "held" in alert(found, "forecast_score").message
    assert "forecast_level" not in {reading.monitor for reading in found.alerts}


def test_one_absurd_week_is_an_anomaly_and_a_missing_one_is_left_out(watching) -> None:
    found = alert(watching(sales=lambda v: np.where(np.arange(NEW) == 3, 150.0, v)), "anomaly")
    assert found.since == found.seen == since(3)
    assert found.chance < 0.05
    assert "the model expected" in found.message


def test_spend_price_range_and_silence_have_their_own_monitors(watching) -> None:
    found = watching(search=after(1.6))
    assert "a period since" in alert(found, "spend").message
    priced = alert(found, "cost_per_exposure")
    assert priced.subject == "search"
    assert priced.since == since(CHANGE)
    assert "pays +5" in priced.message or "pays +6" in priced.message
    slipped = alert(watching(tv=lambda v: np.where(np.arange(NEW) == 9, 5000.0, v)), "range")
    assert slipped.since == since(9)
    assert "5,000" in slipped.message
    silent = alert(watching(search=after(0.0, 2)), "silent_channel")
    assert silent.since == since(2)
    far = alert(watching(price=lambda v: np.where(np.arange(NEW) == 4, 30.0, v)), "range")
    assert far.subject == "price"


def test_a_burst_channel_may_pause_as_long_as_it_did(watching) -> None:
    found = watching(tv=lambda values: np.where(np.arange(NEW) >= NEW - 6, 0.0, values))
    assert "silent_channel" not in {reading.monitor for reading in found.alerts}


def test_a_channel_that_the_window_never_saw_is_told_once_it_spends(watching) -> None:
    found = alert(watching(unborn=after(1.0) and (lambda v: np.where(np.arange(NEW) >= 8, 20.0, v))), "new_channel")
    assert found.since == since(8)
    assert "its prior" in found.message


def test_old_cells_that_changed_are_told_by_how_much_they_moved(watching) -> None:
    little = watching(everything=True, sales=lambda v: np.where(np.arange(len(v)) == 50, v + 1.0, v))
    assert {reading.state for reading in little.readings if reading.monitor == "restated"} == {"notice"}
    much = alert(watching(everything=True, sales=lambda v: np.where(np.arange(len(v)) < 60, v * 1.1, v)), "restated")
    assert "restated in 60 old cells since 2024-01-01" in much.message
    assert much.statistic == pytest.approx(0.05, abs=0.01)


def test_stale_data_old_models_and_unread_spend_are_told(watching) -> None:
    assert "days before 2027-01-05" in alert(watching(dt.date(2027, 1, 5)), "data_age").message
    found = watching(tiktok_spend=1.0)
    notices = {reading.monitor: reading.message for reading in found.readings if reading.state == "notice"}
    assert "tiktok_spend" in notices["unread_column"]
    assert "model_age" not in notices  # 26 weeks of 52.2 are not yet half a year


def test_the_file_says_all_of_it(watching) -> None:
    told = json.loads(watching(sales=after(0.9)).to_json(run_id="flat-1"))
    assert told["run_id"] == "flat-1"
    assert told["first_new"] == str(since(0))
    assert told["alerts"][0]["monitor"] == "forecast_level"
    assert len(told["periods"]) == NEW
    assert {"monitor", "state", "statistic", "limit"} <= set(told["monitors"][0])


def test_geos_are_watched_one_by_one_and_together(known: xr.DataTree, rows: pd.DataFrame) -> None:
    both = pd.concat([rows.assign(geo="north"), rows.assign(geo="south", sales=rows["sales"].to_numpy()[::-1])])
    study = study_of(known)
    study = study.model_copy(update={"data": study.data.model_copy(update={"geo": "geo"})})
    tree = panel_from_frame(both, study)
    whole = panel_of(tree)
    draws = known["posterior"].to_dataset()
    coefficient = (("chain", "draw", "geo", "channel"), np.zeros((1, 500, 2, 3)))
    levels = (("chain", "draw", "column"), np.broadcast_to([1.0, 1.0, 0.0], (1, 500, 3)).copy())
    tree["posterior"] = xr.DataTree(
        xr.Dataset({"sigma": draws["sigma"], "coefficient": coefficient, "baseline_coefficient": levels})
    )
    tree.attrs["seed"] = 1
    tree["panel"] = xr.DataTree(whole.isel(time=slice(0, OLD)).drop_attrs())
    low = xr.DataArray((np.arange(NEW) >= CHANGE)[None] & np.array([[True], [False]]), dims=("geo", "time"))
    late = whole.isel(time=slice(OLD, None))
    found = watch_panel(tree, late.assign(kpi=late["kpi"].where(~low, late["kpi"] * 0.88)))
    assert {reading.subject for reading in found.alerts if reading.monitor == "forecast_level"} == {"all", "north"}
    by_geo = found.periods.groupby("geo")["actual"].sum()
    assert by_geo["all"] == pytest.approx(by_geo.drop("all").sum())
