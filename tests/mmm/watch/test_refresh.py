"""A refresh explains its move step by step: what did not change is zero, and the parts are the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.model.fit import panel_of, study_of
from mmm.study import Study
from mmm.watch.refresh import STEPS, changes, path, refreshed_panel, roi_over

OLD, NEW, DRAWS = 60, 12, (2, 200)
Fits = list[tuple[xr.DataTree, Study]]


def frame(periods: int) -> pd.DataFrame:
    """Spend of 10 and then of 20: what is asked of other periods is asked of other spend."""
    t = np.arange(periods)
    days = pd.date_range("2024-01-01", periods=periods, freq="W-MON")
    spend = np.where(t < OLD, 10.0, 20.0)
    return pd.DataFrame({"week": days, "sales": 100.0 + t % 4, "tv": spend, "radio": 5.0 + t % 3})


def study(**model: Any) -> Study:
    bare = {
        "adstock": "none",
        "saturation": "tanh",
        "max_lag": 0,
        "trend": {"kind": "none"},
        "seasonality": {"order": 0},
    }
    return mmm.load_study(
        {
            "study": "moving", "currency": "EUR", "model": {**bare, **model},
            "data": {"source": "x.csv", "time": "week", "kpi": {"column": "sales"},
                     "channels": {"tv": {"spend": "tv"}, "radio": {"spend": "radio"}}},
        }
    )  # fmt: skip


def with_posterior(tree: xr.DataTree, asked: Study, coefficient: float) -> xr.DataTree:
    """A fit whose draws of the coefficient scatter around `coefficient`."""
    fit = tree.copy()
    rng = np.random.default_rng(round(1000 * coefficient))
    wave = coefficient * (1 + 0.1 * rng.normal(size=(*DRAWS, 1, 2)))
    scale = (("chain", "draw", "channel"), np.ones((*DRAWS, 2)))
    fit["posterior"] = xr.DataTree(
        xr.Dataset(
            {
                "coefficient": (("chain", "draw", "geo", "channel"), wave),
                "saturation_half_saturation": scale,
                "baseline_coefficient": (("chain", "draw", "column"), np.ones((*DRAWS, 1))),
                "sigma": (("chain", "draw"), np.full(DRAWS, 0.1)),
            }
        )
    )
    fit.attrs |= {"study": asked.model_dump_json(), "seed": 1}
    return fit


@pytest.fixture
def parent() -> xr.DataTree:
    return with_posterior(panel_from_frame(frame(OLD), study()), study(), 0.20)


@pytest.fixture
def refits() -> tuple[Fits, Callable[[xr.DataTree, Study], xr.DataTree]]:
    asked: Fits = []

    def refit(tree: xr.DataTree, given: Study) -> xr.DataTree:
        asked.append((tree, given))
        return with_posterior(tree, given, 0.20 + 0.03 * len(asked))

    return asked, refit


def child_of(parent: xr.DataTree, late: pd.DataFrame, asked: Study, coefficient: float = 0.5) -> xr.DataTree:
    whole = panel_of(panel_from_frame(late, asked))
    tree = xr.DataTree.from_dict({"/panel": refreshed_panel(parent, whole).panel.drop_attrs(deep=False)})
    tree.attrs = dict(parent.attrs)
    return with_posterior(tree, asked, coefficient)


def total(table: pd.DataFrame, channel: str) -> tuple[float, float]:
    values = table[table["channel"] == channel].set_index("step")["value"]
    return float(values[list(STEPS)].sum()), float(values["child"] - values["parent"])


def test_new_periods_alone_take_no_fit_and_move_the_roi_in_two_parts(parent, refits) -> None:
    child = child_of(parent, frame(OLD + NEW), study())
    worlds = path(parent, child, refits[1])
    assert refits[0] == []
    assert [world.step for world in worlds] == ["parent", "learned", "asked"]
    table = changes(worlds)
    values = table.set_index(["channel", "step"])["value"]
    for channel in ("tv", "radio"):
        parts, whole = total(table, channel)
        assert parts == pytest.approx(whole, rel=1e-12)
        unmoved = values[channel].loc[["model", "prior", "experiments", "restated"]]
        assert unmoved.tolist() == [0.0] * 4
    assert values["tv", "parent"] == pytest.approx(float(mmm.roi(parent).sel(channel="tv").mean()))
    assert values["tv", "child"] == pytest.approx(float(mmm.roi(child).sel(channel="tv").mean()))
    assert values["tv", "learned"] > 0
    assert values["tv", "asked"] < 0  # the new periods spend twice as much, where less is left to gain
    assert abs(values["radio", "asked"]) < 0.05 * values["radio", "child"]


def test_every_step_changes_one_thing_and_the_parts_are_the_whole(parent, refits) -> None:
    late = frame(OLD + NEW)
    late.loc[7, "sales"] = 130.0
    newer = study(seasonality={"order": 1}, per_channel={"tv": {"roi_prior": {"median": 2.0, "p95": 4.0}}})
    worlds = path(parent, child_of(parent, late, newer), refits[1])
    assert [world.step for world in worlds] == ["parent", "model", "prior", "restated", "learned", "asked"]
    (modelled, first), (believed, second), (restated, third) = refits[0]
    assert first.model.seasonality.order == 1
    assert first.model.of("tv").roi_prior is None
    assert second.model.of("tv").roi_prior is not None
    for tree in (modelled, believed):
        assert float(panel_of(tree)["kpi"][0, 7]) == 103.0
    assert third.model == second.model
    assert float(panel_of(restated)["kpi"][0, 7]) == 130.0
    assert panel_of(restated).sizes["time"] == OLD
    table = changes(worlds)
    for channel in ("tv", "radio"):
        parts, whole = total(table, channel)
        assert parts == pytest.approx(whole, rel=1e-12)
    of_tv = table[table["channel"] == "tv"].set_index("step")["value"]
    assert of_tv["experiments"] == 0
    assert (of_tv.drop("experiments") != 0).all()


def test_other_code_is_a_change_of_the_model(parent, refits) -> None:
    worlds = path(parent, child_of(parent, frame(OLD + NEW), study()), refits[1], same_code=False)
    assert [world.step for world in worlds] == ["parent", "model", "learned", "asked"]
    assert study_of(worlds[1].fit).model.max_lag == 0


def test_monte_carlo_error_says_which_parts_are_noise(parent, refits) -> None:
    child = child_of(parent, frame(OLD + NEW), study(), coefficient=0.2004)
    table = changes(path(parent, child, refits[1])).set_index(["channel", "step"])
    learned = table.loc[("radio", "learned")]
    assert abs(learned["value"]) < 4 * learned["mcse"]
    # 10 % of the ROI over 400 independent draws, for either fit
    assert learned["mcse"] == pytest.approx(np.sqrt(2) * 0.1 * table.loc[("radio", "parent"), "value"] / 20, rel=0.25)
    assert table.loc[("radio", "asked"), "mcse"] < 0.2 * learned["mcse"]


def test_old_rows_count_once(parent) -> None:
    whole = panel_of(panel_from_frame(frame(OLD + NEW), study()))
    grown = refreshed_panel(parent, whole).panel
    assert grown.sizes["time"] == OLD + NEW == int(grown["in_window"].sum())
    xr.testing.assert_equal(grown["kpi"], whole["kpi"])


def test_roi_over_all_of_the_window_is_the_roi(parent) -> None:
    panel = panel_of(parent)
    np.testing.assert_allclose(roi_over(parent, panel["time"].values), mmm.roi(parent), rtol=1e-6)
    assert np.isnan(roi_over(parent, panel["time"].values[:0])).all()
