"""A study's plan becomes tables, or is refused before anything is sampled."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import pytest
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.data.simulate import simulate
from mmm.errors import InputError
from mmm.plan import stage
from mmm.study import Study
from tests.mmm.plan.test_allocate import with_plan


def asked(**plan: Any) -> tuple[xr.DataTree, Study]:
    market = simulate(seed=1, weeks=60)
    study = mmm.load_study(market.study() | {"plan": plan})
    return panel_from_frame(market.frame, study), study


def test_a_calendar_and_regions_that_cannot_be_are_refused_together() -> None:
    panel, study = asked(flighting=True, by_geo=True, budget={"target_roi": 2.0})
    with pytest.raises(InputError) as refused:
        stage.check_plan(panel, study)
    assert ["a calendar needs a budget" in said for said in refused.value.problems] == [True, False]
    assert "one region only" in refused.value.problems[1]


def test_periods_that_cannot_hold_the_budget_are_refused() -> None:
    panel, study = asked(flighting={"within": [0.1, 0.2]})
    with pytest.raises(InputError, match="budget"):
        stage.check_plan(panel, study)
    stage.check_plan(*asked(flighting={"within": {"default": [0.5, 1.5]}}))


def test_a_flighting_names_channels_of_the_study() -> None:
    with pytest.raises(InputError, match=r"plan.flighting names 'telly'"):
        asked(flighting={"minimum": {"telly": 100.0}})
    assert mmm.load_study(simulate(seed=1, weeks=60).study() | {"plan": {"flighting": False}}).plan.flighting is None


def test_a_calendar_that_is_asked_for_has_its_table_and_certificate(
    fitted: xr.DataTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "flight", partial(stage.flight, samples=20))
    tables = stage.plan_tables(with_plan(fitted, flighting={"within": {"default": [0.5, 1.5]}}), None)
    calendar = tables["flighting"]
    mean = calendar.groupby("channel")["current_spend"].transform("mean")
    assert calendar.recommended_spend.between(0.5 * mean - 0.01, 1.5 * mean + 0.01).all()
    facts = tables["plan_summary"].set_index("key")["value"]
    assert 0 <= float(facts["flighting_optimality_gap"]) < 0.05
    assert float(facts["flighting_gain_mean"]) > 0
    assert pd.to_numeric(facts["flighting_budget"]) == pytest.approx(calendar.current_spend.sum(), rel=1e-5)
    assert "allocation_geo" not in tables
