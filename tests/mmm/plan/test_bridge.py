"""A variance bridge gives every cause its amount, and the amounts sum to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.errors import InputError
from mmm.plan.bridge import STEPS, Line, variance_bridge

money = st.decimals(min_value=0, max_value=10**9, places=2)


def amounts(table: object, channel: str) -> dict[str, Decimal]:
    return table[table.channel == channel].set_index("step").amount.to_dict()  # type: ignore[index]


def test_each_cause_by_hand() -> None:
    plan = [Line("tv", 100, 1000, 200), Line("search", 100, 500, 300)]
    actual = [Line("tv", 150, 1200, 240), Line("search", 90, 450, 297)]
    table = variance_bridge(plan, actual)
    # 240 of money for 200: 1.2 times. TV gets 30 more than its share, at 0.125 for 0.1 a unit, worth 0.2 as planned.
    tv = {"plan": 200, "volume": 40, "mix": 60, "price": -60, "efficiency": 0, "actual": 240}
    search = {"plan": 300, "volume": 60, "mix": -90, "price": 0, "efficiency": 27, "actual": 297}
    assert amounts(table, "tv") == tv
    assert amounts(table, "search") == search
    assert amounts(table, "all") == {step: tv[step] + search[step] for step in tv} | {"unexplained": 0}


def test_what_media_do_not_explain_stands_apart() -> None:
    table = variance_bridge([Line("tv", 1, 1, 2)], [Line("tv", 1, 1, 3)], total_plan=1000, total_actual=990.5)
    assert amounts(table, "all")["efficiency"] == Decimal("1.00")
    assert amounts(table, "all")["unexplained"] == Decimal("-10.50")


def test_a_channel_that_was_not_planned_or_not_bought_is_all_mix() -> None:
    plan = [Line("tv", 100, 10, 50), Line("radio", 0, 0, 0)]
    actual = [Line("tv", 0, 0, 0), Line("radio", 100, 20, 70)]
    table = variance_bridge(plan, actual)
    assert amounts(table, "tv") == {"plan": 50, "volume": 0, "mix": -50, "price": 0, "efficiency": 0, "actual": 0}
    assert amounts(table, "radio")["mix"] == 70


@settings(deadline=None, max_examples=30)
@given(lines=st.lists(st.tuples(*[money] * 6), min_size=1, max_size=6), ends=st.tuples(money, money))
def test_everything_sums_to_the_cent(lines: list[tuple[Decimal, ...]], ends: tuple[Decimal, Decimal]) -> None:
    plan = [Line(f"c{i}", *line[:3]) for i, line in enumerate(lines)]
    actual = [Line(f"c{i}", *line[3:]) for i, line in enumerate(lines)]
    table = variance_bridge(plan, actual, *ends)
    for channel in (line.channel for line in plan):
        own = amounts(table, channel)
        assert own["plan"] + sum(own[step] for step in STEPS) == own["actual"]
    whole = amounts(table, "all")
    assert whole["plan"] + sum(whole[step] for step in (*STEPS, "unexplained")) == whole["actual"] == ends[1]
    for step in STEPS:
        assert whole[step] == table[(table.step == step) & (table.channel != "all")].amount.sum()


def test_lines_that_do_not_match_are_all_named() -> None:
    with pytest.raises(InputError) as error:
        variance_bridge([Line("tv", 1, 1, 1), Line("tv", -1, 1, 1)], [Line("radio", 1, 1, 1)])
    named = ("tv: in the plan and not", "radio: in the actuals and not", "tv: 2 lines in the plan", "-1 is negative")
    for words in named:
        assert words in str(error.value)
