"""A plan of last quarter is judged by what is known now: it keeps the budget, and no plan beats the oracle's mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.errors import InputError
from mmm.study import Plan
from mmm.watch.replay import replay, replayed
from tests.mmm.plan.conftest import _market as market

SETTINGS = Plan(bounds={"default": (0.5, 1.5)}, max_shift_unvalidated=1.0)


def whole(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["channel"] == "all"].set_index("scenario")


def test_whoever_knew_the_truth_has_nothing_to_regret() -> None:
    truth = market(samples=1, scatter=0.0)
    rows = whole(replayed(truth, truth, SETTINGS))
    assert rows.loc["done", "gain_mean"] == 0
    assert rows.loc["recommended", "regret_mean"] == pytest.approx(0, abs=1e-9)
    assert rows.loc["recommended", "gain_mean"] == pytest.approx(rows.loc["done", "regret_mean"])
    assert rows.loc["oracle", "gain_mean"] > 0


def test_a_plan_made_on_wrong_curves_loses_what_the_truth_says_it_loses() -> None:
    truth = market(samples=1, scatter=0.0)
    wrong = replace(truth, curves=truth.curves[:, ::-1] * truth.curves[:, :, -1:] / truth.curves[:, ::-1, -1:])
    table = replayed(wrong, truth, SETTINGS)
    rows = whole(table)
    chosen = table[(table["scenario"] == "recommended") & (table["channel"] != "all")]
    heights = [
        np.interp(multiple, truth.multiples, truth.curves[0, c]) for c, multiple in enumerate(chosen["multiple"])
    ]
    assert rows.loc["recommended", "outcome_mean"] == pytest.approx(sum(heights))
    assert rows.loc["recommended", "regret_mean"] > 0.01 * rows.loc["oracle", "outcome_mean"]
    assert chosen["spend"].sum() == pytest.approx(rows.loc["recommended", "spend"])


def test_every_scenario_spends_what_was_spent_and_the_oracle_has_the_best_mean() -> None:
    before, after = market(), replace(market(), curves=1.2 * market(scatter=0.5).curves)
    rows = whole(replayed(before, after, SETTINGS))
    assert rows["spend"].to_numpy() == pytest.approx(before.spend.sum())
    assert (rows["outcome_mean"] <= rows.loc["oracle", "outcome_mean"] + 1e-9).all()
    assert np.isnan(rows.loc["done", "probability"])


def test_a_fit_that_saw_no_less_decides_as_the_one_that_judges(fitted: xr.DataTree) -> None:
    hidden = np.arange(fitted["panel"].sizes["time"])[-13:]
    table = replay(fitted, fitted, hidden)
    paid = fitted["panel"].to_dataset()
    paid = paid.isel(channel=np.flatnonzero(paid["paid"].values))
    done = table[table["scenario"] == "done"].set_index("channel")["current_spend"]
    for channel in paid["channel"].values:
        spent = float(paid["spend"].sel(channel=channel).isel(time=hidden).sum())
        assert done[str(channel)] == pytest.approx(spent)
    assert whole(table).loc["recommended", "gain_mean"] >= -1e-9
    assert whole(table).loc["recommended", "regret_mean"] >= -1e-9


def test_two_references_are_refused() -> None:
    with pytest.raises(InputError, match="one reference"):
        replayed(market(), market(spend=(1.0, 2.0, 3.0)), SETTINGS)
