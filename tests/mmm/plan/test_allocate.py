"""From a fit to a plan: the reference, the curves and the study's settings find one another."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.errors import InputError
from mmm.insight.contribution import contribution
from mmm.plan.scenario import Plan, allocate
from mmm.plan.stage import plan_tables


def with_plan(fit: xr.DataTree, **plan: Any) -> xr.DataTree:
    """The fit as if its study had asked for another plan."""
    study = json.loads(fit.attrs["study"])
    study["plan"] |= plan
    copy = fit.copy()
    copy.attrs = fit.attrs | {"study": json.dumps(study)}
    return copy


def of(plan: Plan, name: str = "recommended") -> pd.DataFrame:
    return plan.allocation[plan.allocation.scenario == name].set_index("channel")


def paid_spend(fit: xr.DataTree) -> xr.DataArray:
    panel = fit["panel"].to_dataset()
    return panel["spend"].isel(channel=np.flatnonzero(panel["paid"].values)).sum("geo")


@pytest.fixture(scope="module")
def history(fitted: xr.DataTree) -> tuple[xr.DataTree, Plan]:
    fit = with_plan(fitted, horizon="history")
    return fit, allocate(fit)


def test_hold_over_history_reproduces_spend_and_contribution(history: tuple[xr.DataTree, Plan]) -> None:
    fit, plan = history
    window = fit["panel"]["in_window"].values.astype(bool)
    assert plan.scenarios.budget[0] == pytest.approx(float(paid_spend(fit).isel(time=window).sum()))
    paid = list(of(plan).index)
    earned = contribution(fit, as_value=True).sel(channel=paid).sum(["geo", "channel"]).mean()
    assert plan.scenarios.outcome_mean[0] == pytest.approx(float(earned), rel=0.01)


def test_the_future_repeats_the_last_periods(fitted: xr.DataTree) -> None:
    fit = with_plan(fitted, horizon={"periods": 8})
    plan = allocate(fit)
    spend = paid_spend(fit).isel(time=slice(-8, None)).sum("time")
    assert of(plan, "hold").recommended_spend.to_dict() == pytest.approx(spend.to_series().to_dict())
    assert plan.calendar.period.min() > pd.Timestamp(fit["panel"]["time"].values[-1])
    assert np.isfinite(plan.scenarios.outcome_mean).all()


def test_budget_and_bounds_can_be_said_in_the_call(fitted: xr.DataTree) -> None:
    fit = with_plan(fitted, horizon="history")
    reference = allocate(fit).scenarios.budget[0]
    plan = allocate(fit, budget=1.05 * reference, bounds=(0.8, 1.2))
    assert of(plan).recommended_spend.sum() == pytest.approx(1.05 * reference, rel=1e-6)
    assert of(plan).multiple.between(0.8 - 1e-9, 1.2 + 1e-9).all()


def test_a_call_is_checked_like_a_study(fitted: xr.DataTree) -> None:
    with pytest.raises(InputError, match="bounds name 'tvv', which is not a channel"):
        allocate(fitted, bounds={"tvv": (0.5, 1.0)})
    with pytest.raises(InputError, match="lower <= upper"):
        allocate(fitted, bounds=(1.5, 0.5))


def test_every_table_of_the_run_folder_is_there(history: tuple[xr.DataTree, Plan]) -> None:
    tables = plan_tables(with_plan(history[0], flighting=None), None)
    expected = [
        "allocation", "scenarios", "allocation_quality", "finance", "calendar", "plan_curves", "plan_draws",
        "plan_summary", "frontier",
    ]  # fmt: skip
    assert list(tables) == expected
    assert not any(table.empty for table in tables.values())


def test_the_same_fit_gives_the_same_plan(history: tuple[xr.DataTree, Plan]) -> None:
    again = allocate(history[0])
    pd.testing.assert_frame_equal(again.allocation, history[1].allocation)
    pd.testing.assert_frame_equal(again.scenarios, history[1].scenarios)
