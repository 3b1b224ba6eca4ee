"""More budget earns more, by less and less where curves are concave, and never more than its certificate says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.plan.bounds import allowed
from mmm.plan.choice import limits_for
from mmm.plan.frontier import efficient_frontier
from mmm.plan.outlook import Outlook, outcome
from mmm.plan.scenario import plan_from
from mmm.study import Plan as Settings

Market = Callable[..., Outlook]


def frontier_of(view: Outlook, **plan: Any) -> pd.DataFrame:
    settings = Settings(**{"caution": 0.0} | plan)
    limits = allowed(view.channels, settings.bounds, view.observed, None, 1.0)
    return efficient_frontier(view, limits, settings, tuple(np.round(np.arange(0.6, 1.5, 0.1), 1)))


def test_more_budget_earns_more_with_diminishing_returns(market: Market) -> None:
    table = frontier_of(market(slopes=(1.0, 0.9, 0.8)))
    assert table.budget.tolist() == pytest.approx(np.arange(180.0, 430.0, 30.0))
    assert (table.outcome_mean.diff()[1:] > 0).all()
    assert (table.mroi_mean.diff()[1:] < 0).all()
    assert table.optimality_gap.max() < 1e-3
    assert (table.outcome_p05 <= table.outcome_mean).all()


def test_the_present_budget_split_well_earns_at_least_what_it_does_now(market: Market) -> None:
    view = market()
    table = frontier_of(view).set_index("multiple")
    assert table.outcome_mean[1.0] >= outcome(view, np.ones(3)).sum(axis=1).mean()


def test_the_frontier_passes_through_recommended_cut_and_grow(market: Market) -> None:
    view, settings = market(), Settings(budget=330.0, caution=0.0, bounds={"default": (0.5, 1.6)})
    plan = plan_from(view, settings).scenarios.set_index("scenario")
    limits = limits_for(view, settings, None)
    line = efficient_frontier(view, limits, settings, (0.9, 1.0, 1.1)).set_index("multiple")
    for multiple, name in {0.9: "cut", 1.0: "recommended", 1.1: "grow"}.items():
        for column in ("budget", "outcome_mean", "outcome_p05", "outcome_p95"):
            assert line.loc[multiple, column] == pytest.approx(plan.loc[name, column])
    assert (line.mroi_p05 <= line.mroi_mean).all()
    assert (line.mroi_mean <= line.mroi_p95).all()


def test_profit_is_what_the_margin_leaves(market: Market) -> None:
    table = frontier_of(market(), finance={"margin": 0.4})
    assert table.profit.tolist() == pytest.approx((0.4 * table.outcome_mean - table.budget).tolist())
    assert frontier_of(market()).profit.isna().all()


def test_budgets_that_the_limits_rule_out_are_left_out(market: Market) -> None:
    assert frontier_of(market(), bounds={"default": (1.0, 1.0)}).multiple.tolist() == [1.0]


def test_the_free_budget_is_where_profit_is_largest(market: Market) -> None:
    view, plan = market(slopes=(1.0, 0.9, 0.8)), {"finance": {"margin": 0.8}, "bounds": {"default": (0.3, 2.0)}}
    free = plan_from(view, Settings(caution=0.0, budget={"target_mroi": 1 / 0.8}, **plan)).scenarios.iloc[1]
    profits = frontier_of(view, **plan)
    assert 0.8 * free.outcome_mean - free.budget >= profits.profit.max() - 1e-3 * free.budget
    assert profits.budget[0] < free.budget < profits.budget.iloc[-1]
