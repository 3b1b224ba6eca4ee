"""The quarter so far explains itself to the cent, and the rest is proposed inside the plan's guards."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.errors import InputError
from mmm.plan.pace import Pace, pace
from mmm.plan.scenario import allocate
from tests.mmm.plan.test_allocate import with_plan

DONE = 3
STEPS = ["volume", "mix", "price", "efficiency"]


@pytest.fixture(scope="module")
def fit(fitted: xr.DataTree) -> xr.DataTree:
    return with_plan(fitted, horizon={"periods": 8}, bounds={"default": [0.5, 1.5]}, groups=[])


@pytest.fixture(scope="module")
def calendar(fit: xr.DataTree) -> pd.DataFrame:
    return allocate(fit).calendar


def actuals(fit: xr.DataTree, calendar: pd.DataFrame, periods: int = DONE, factor: float = 1.0) -> xr.DataTree:
    """The plan's own first periods, as new data: the reference's rows under the plan's dates."""
    dates = pd.DatetimeIndex(calendar["period"].unique())[:periods]
    reference = pd.DatetimeIndex(calendar["reference_period"].unique())[:periods]
    new = fit["panel"].to_dataset().sel(time=reference).assign_coords(time=dates).copy(deep=True)
    for name, rows in calendar.groupby("channel"):
        now = rows.iloc[:periods]
        multiple = (now["recommended_spend"] / now["current_spend"].where(now["current_spend"] > 0)).fillna(1.0).mean()
        for variable in ("spend", "exposure"):
            new[variable].loc[{"channel": name}] = factor * multiple * new[variable].sel(channel=name)
    return xr.DataTree.from_dict({"/panel": new})


@pytest.fixture(scope="module")
def on_plan(fit: xr.DataTree, calendar: pd.DataFrame) -> Pace:
    return pace(fit, actuals(fit, calendar), calendar)


def test_a_plan_that_is_kept_has_no_variance_but_the_unexplained(on_plan: Pace) -> None:
    assert on_plan.facts["spend"]["plan"] == pytest.approx(on_plan.facts["spend"]["actual"], abs=0.02)
    table = on_plan.table.set_index("channel")
    assert all(abs(amount) <= Decimal("0.02") for amount in table[STEPS].to_numpy().ravel())
    rest = table.loc["all", "value_actual"] - table.loc["all", "value_plan"]
    assert abs(rest - table.loc["all", "unexplained"]) <= Decimal("0.10")


def test_the_rest_keeps_budget_and_bounds_and_beats_the_plan(on_plan: Pace, calendar: pd.DataFrame) -> None:
    table = on_plan.table[on_plan.table["channel"] != "all"].set_index("channel")
    assert table.left_proposed.sum() == pytest.approx(on_plan.facts["budget_left"], rel=1e-6)
    assert table.left_in_proportion.sum() == pytest.approx(on_plan.facts["budget_left"], rel=1e-6)
    left = (
        calendar[~calendar["period"].isin(calendar["period"].unique()[:DONE])].groupby("channel")["current_spend"].sum()
    )
    assert (table.left_proposed <= 1.5 * left[table.index] * (1 + 1e-9)).all()
    assert (table.left_proposed >= 0.5 * left[table.index] * (1 - 1e-9)).all()
    assert on_plan.facts["proposal"]["gain_vs_plan"]["mean"] >= 0
    assert on_plan.facts["periods_left"] == 8 - DONE


def test_spending_a_third_more_is_volume_and_leaves_less(
    fit: xr.DataTree, calendar: pd.DataFrame, on_plan: Pace
) -> None:
    more = pace(fit, actuals(fit, calendar, factor=4 / 3), calendar)
    everything = more.table.set_index("channel").loc["all"]
    media = sum(more.table.set_index("channel").drop("all")["value_plan"])
    assert float(everything["volume"]) == pytest.approx(float(media) / 3, rel=1e-3)
    assert abs(everything["mix"]) < Decimal("0.10")
    assert everything["efficiency"] < 0
    spent = more.facts["spend"]
    assert on_plan.facts["budget_left"] - more.facts["budget_left"] == pytest.approx(spent["plan"] / 3, rel=1e-3)
    total = sum(everything[[*STEPS, "unexplained"]], everything["value_plan"])
    assert total == everything["value_actual"]


def test_data_that_are_not_the_quarter_are_refused(fit: xr.DataTree, calendar: pd.DataFrame) -> None:
    whole = actuals(fit, calendar, 4)["panel"].to_dataset()
    tree = {name: xr.DataTree.from_dict({"/panel": part}) for name, part in {
        "no period": whole.assign_coords(time=whole["time"] + np.timedelta64(7 * 52, "D")),
        "lack": whole.isel(time=[0, 2, 3]),
        "regions": whole.assign_coords(geo=["elsewhere"]),
    }.items()}  # fmt: skip
    for word, wrong in tree.items():
        with pytest.raises(InputError, match=word):
            pace(fit, wrong, calendar)
    with pytest.raises(InputError, match="after the plan's horizon"):
        pace(fit, tree["no period"], calendar)


def test_a_finished_quarter_has_nothing_to_propose(fit: xr.DataTree, calendar: pd.DataFrame) -> None:
    over = pace(fit, actuals(fit, calendar, 8), calendar)
    assert over.facts["proposal"] is None
    assert over.facts["reason"] == "the quarter is over"
