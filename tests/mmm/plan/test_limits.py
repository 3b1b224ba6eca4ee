"""Limits that contradict one another are named, with the amount by which they do."""

from __future__ import annotations

import numpy as np
import pytest

from mmm.errors import InputError
from mmm.plan.limits import Share, check_limits

NAMES = ["tv", "search", "social"]


def refusal(total: float, lower: list[float], upper: list[float], *shares: Share) -> str:
    with pytest.raises(InputError) as error:
        check_limits(total, np.array(lower), np.array(upper), NAMES, shares)
    return str(error.value)


def members(*names: str) -> np.ndarray:
    return np.isin(NAMES, names)


def test_limits_that_can_be_met_pass() -> None:
    check_limits(100.0, np.zeros(3), np.full(3, 50.0), NAMES, [Share(members("tv"), 0.2, 0.4)])


def test_bounds_that_sum_to_the_total_exactly_leave_one_split_which_is_allowed() -> None:
    thirds = np.full(3, 0.1)
    check_limits(0.3, thirds, thirds, NAMES)


def test_floors_above_the_budget_say_by_how_much() -> None:
    message = refusal(100.0, [60.0, 50.0, 0.0], [90.0, 90.0, 90.0])
    assert "the lower bounds add up to 110.00, which is 10.00 more than the budget 100.00" in message
    assert "tv 60.00, search 50.00" in message


def test_ceilings_below_the_budget_say_by_how_much() -> None:
    assert "80.00, which is 20.00 less than the budget 100.00" in refusal(100.0, [0.0] * 3, [30.0, 30.0, 20.0])


def test_every_crossed_pair_of_bounds_is_named() -> None:
    message = refusal(100.0, [50.0, 0.0, 9.0], [40.0, 90.0, 8.0])
    assert "2 problems" in message
    assert "tv: the lower bound 50.00 is 10.00 above the upper bound 40.00" in message
    assert "social: the lower bound 9.00 is 1.00 above" in message


def test_a_share_that_the_bounds_forbid_is_named_with_its_amount() -> None:
    message = refusal(100.0, [50.0, 20.0, 0.0], [90.0, 90.0, 90.0], Share(members("tv", "search"), maximum=0.6))
    assert "tv, search: at most 60.0% of the budget 100.00 is 10.00 out of reach" in message


def test_two_shares_that_contradict_each_other_are_found() -> None:
    shares = [Share(members("tv", "search"), minimum=0.7), Share(members("search", "social"), minimum=0.6)]
    check_limits(100.0, np.zeros(3), np.full(3, 100.0), NAMES, shares)
    message = refusal(100.0, [0.0] * 3, [100.0, 20.0, 100.0], *shares)
    assert "10.00 out of reach" in message
