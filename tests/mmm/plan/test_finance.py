"""Money adds up to the cent, and a margin turns revenue into profit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm.plan.finance import NO_MARGIN, Terms, apportion, cents, finance_table, terms
from mmm.plan.outlook import Outlook
from mmm.study import Finance

ONES = np.ones(2)


def lines(margin: float | None, spend: dict[str, list[float]], revenue: dict[str, list[list[float]]]) -> pd.DataFrame:
    scenarios = {name: (np.array(spend[name]), np.array(revenue[name])) for name in spend}
    return finance_table(scenarios, ["tv", "search"], Terms(margin, ONES, 0.99 * ONES, 13))


def amount(
    table: pd.DataFrame, line: str, scenario: str = "hold", channel: str = "all", column: str = "amount"
) -> Decimal:
    found = table[(table.line == line) & (table.scenario == scenario) & (table.channel == channel)]
    return found[column].item()


HOLD = {"hold": [100.0, 100.0]}, {"hold": [[300.0, 500.0], [500.0, 700.0]]}


def test_three_equal_thirds_add_up_to_the_total() -> None:
    assert apportion([100 / 3] * 3) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=12))
def test_apportioned_cents_sum_to_the_rounded_total_and_none_is_off_by_a_cent(amounts: list[float]) -> None:
    shares = apportion(amounts)
    assert sum(shares) == cents(float(sum(map(Decimal, amounts))))
    assert all(abs(share - Decimal(exact)) < Decimal("0.01") for share, exact in zip(shares, amounts, strict=True))


def test_the_lines_of_a_plan_by_hand() -> None:
    table = lines(0.4, *HOLD)
    assert amount(table, "spend") == Decimal("200.00")
    assert amount(table, "revenue") == Decimal("1000.00")
    assert amount(table, "revenue", channel="tv") == Decimal("400.00")
    assert amount(table, "margin") == Decimal("400.00")
    assert amount(table, "profit") == Decimal("200.00")
    assert amount(table, "npv") == Decimal("196.00")
    assert amount(table, "roi") == Decimal("5.0000")
    assert amount(table, "payback") == Decimal("6.5000")
    assert amount(table, "probability_of_loss") == Decimal("0.0000")
    assert amount(table, "profit_cvar05") == Decimal("120.00")


def test_profit_against_hold_is_taken_within_each_draw() -> None:
    spend = {"hold": [100.0, 100.0], "grow": [110.0, 110.0]}
    revenue = {"hold": [[300.0, 500.0], [500.0, 700.0]], "grow": [[320.0, 540.0], [520.0, 740.0]]}
    table = lines(0.5, spend, revenue)
    assert amount(table, "profit_vs_hold", "grow") == Decimal("10.00")
    assert amount(table, "profit_vs_hold", "grow", column="p05") == Decimal("10.00")


@pytest.mark.parametrize("line", ["spend", "revenue", "margin", "profit", "npv"])
def test_the_channels_of_a_money_line_sum_to_its_total_exactly(line: str) -> None:
    random = np.random.default_rng(3)
    table = lines(0.38, {"hold": list(random.uniform(0, 1e6, 2))}, {"hold": random.uniform(0, 1e7, (50, 2)).tolist()})
    own = table[table.line == line]
    assert own[own.channel != "all"].amount.sum() == own[own.channel == "all"].amount.item()
    assert amount(table, "profit") == amount(table, "margin") - amount(table, "spend")


def test_without_a_margin_there_is_no_profit_and_the_table_says_so() -> None:
    table = lines(None, *HOLD)
    assert set(table.line) == {"spend", "revenue", "roi"}
    assert amount(table, "revenue", column="note") == NO_MARGIN


def test_a_plan_that_spends_nothing_has_no_return_on_it() -> None:
    table = lines(0.4, {"hold": [0.0, 0.0]}, {"hold": [[0.0, 0.0], [0.0, 0.0]]})
    assert not {"roi", "payback"} & set(table.line)


def test_money_is_discounted_from_the_day_it_falls_due(market: Callable[..., Outlook]) -> None:
    view = replace(market(periods=2), periods_per_year=2.0, delay=np.array([0.0, 1.0, 2.0]))
    how = terms(Finance(margin=0.4, discount_rate=0.21), view)
    assert how.spend_factor == pytest.approx([(1 / 1.1 + 2 / 1.21) / 3] * 3)
    assert how.margin_factor == pytest.approx(how.spend_factor / 1.1**view.delay)
    assert how.periods == 2


def test_a_channel_without_spend_still_has_terms(market: Callable[..., Outlook]) -> None:
    view = market(spend=(100.0, 0.0, 50.0))
    assert np.isfinite(terms(Finance(), view).spend_factor).all()
