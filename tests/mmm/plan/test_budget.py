"""The split of a budget is the best one, and the proof that comes with it holds."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float

from mmm.errors import InputError
from mmm.plan.budget import optimality_gap, solve_separable
from mmm.plan.limits import Share

Knots = Float[np.ndarray, "channel knot"]


def hill(spend: Knots, top: np.ndarray, half: np.ndarray, slope: np.ndarray) -> Knots:
    power = spend ** slope[:, None]
    return top[:, None] * power / (power + half[:, None] ** slope[:, None])


def best_on_grid(value: Knots, total: int, lower: np.ndarray, upper: np.ndarray) -> float:
    """Exact dynamic programming where every channel takes a whole number of knots."""
    earned = np.full(total + 1, -np.inf)
    earned[0] = 0.0
    for heights, low, high in zip(value, lower, upper, strict=True):
        with_channel = np.full(total + 1, -np.inf)
        for taken in range(int(low), int(high) + 1):
            with_channel[taken:] = np.maximum(with_channel[taken:], earned[: total + 1 - taken] + heights[taken])
        earned = with_channel
    return float(earned[total])


def random_problem(seed: int, knots: int = 101) -> tuple[Knots, Knots, np.ndarray, np.ndarray]:
    """S-shaped Hill curves of 2 to 6 channels with knots at 0..100; every second one with bounds around a plan."""
    random = np.random.default_rng(seed)
    size = int(random.integers(2, 7))
    spend = np.tile(np.arange(float(knots)), (size, 1))
    curves = hill(spend, random.uniform(30, 300, size), random.uniform(2, 120, size), random.uniform(1, 3.5, size))
    lower, upper = np.zeros(size), np.full(size, knots - 1.0)
    if seed % 2:
        plan = random.dirichlet(np.full(size, 3.0)) * (knots - 1)
        lower, upper = np.floor(plan / 2), np.minimum(np.ceil(1.5 * plan), knots - 1)
    return spend, curves, lower, upper


def test_money_goes_past_the_threshold_of_one_channel_and_not_halfway_up_two() -> None:
    spend = np.array([[0.0, 4.0, 8.0], [0.0, 4.0, 8.0]])
    value = np.array([[0.0, 1.0, 10.0], [0.0, 1.0, 9.0]])
    solution = solve_separable(spend, value, 8.0)
    assert solution.spend.tolist() == [8.0, 0.0]
    assert solution.value == 10.0
    assert solution.upper_bound == pytest.approx(10.0)


def test_concave_curves_meet_at_equal_slopes() -> None:
    spend = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0]])
    value = np.array([[0.0, 9.0, 12.0, 13.0], [0.0, 5.0, 9.0, 11.0]])
    solution = solve_separable(spend, value, 3.5)
    assert solution.spend.tolist() == pytest.approx([1.5, 2.0])
    assert solution.value == pytest.approx(9 + 1.5 + 9)


def test_200_random_s_shaped_problems_match_dynamic_programming_with_a_certificate_each() -> None:
    regrets, gaps, seconds = [], [], []
    for seed in range(200):
        spend, value, lower, upper = random_problem(seed)
        began = time.perf_counter()
        solution = solve_separable(spend, value, 100.0, lower, upper)
        seconds.append(time.perf_counter() - began)
        exact = best_on_grid(value, 100, lower, upper)
        assert solution.upper_bound >= exact * (1 - 1e-12)
        assert solution.spend.sum() == pytest.approx(100.0, rel=1e-6)
        assert (solution.spend >= lower - 1e-9).all()
        assert (solution.spend <= upper + 1e-9).all()
        regrets.append(1 - solution.value / exact)
        gaps.append(optimality_gap(solution))
    assert max(regrets) <= 1e-3
    assert max(gaps) <= 1e-3
    assert np.median(seconds) < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_holds_for_curves_of_any_shape(seed: int) -> None:
    random = np.random.default_rng(seed)
    spend = np.tile(np.arange(41.0), (4, 1))
    value = random.normal(size=(4, 41)).cumsum(axis=1)
    solution = solve_separable(spend, value, 60.0)
    exact = best_on_grid(value, 60, np.zeros(4), np.full(4, 40.0))
    assert solution.value >= exact - 1e-9
    assert solution.upper_bound >= solution.value
    assert optimality_gap(solution) <= 1e-5


def test_the_reported_value_is_that_of_the_curve_at_the_reported_spend() -> None:
    spend, value, lower, upper = random_problem(3)
    solution = solve_separable(spend, value, 100.0, lower, upper)
    on_curve = sum(np.interp(x, knots, f) for x, knots, f in zip(solution.spend, spend, value, strict=True))
    assert solution.value == pytest.approx(on_curve)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), more=st.floats(0.0, 20.0), currency=st.sampled_from([0.01, 7.0, 1e6]))
def test_more_budget_never_earns_less_and_the_currency_does_not_matter(seed: int, more: float, currency: float) -> None:
    spend, value, _, _ = random_problem(2 * seed)
    once = solve_separable(spend, value, 80.0)
    assert solve_separable(spend, value, 80.0 + more).upper_bound >= once.value
    scaled = solve_separable(currency * spend, currency * value, currency * 80.0)
    assert scaled.value == pytest.approx(currency * once.value, rel=1e-5)
    assert scaled.spend.sum() == pytest.approx(currency * 80.0, rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), share=st.floats(0.2, 0.9))
def test_a_share_is_kept_and_dropping_it_never_hurts(seed: int, share: float) -> None:
    spend, value, _, _ = random_problem(2 * seed)
    members = np.arange(len(spend)) < 1
    limited = solve_separable(spend, value, 80.0, shares=[Share(members, maximum=share)])
    free = solve_separable(spend, value, 80.0)
    assert limited.spend[0] <= share * 80.0 * (1 + 1e-6)
    assert limited.spend.sum() == pytest.approx(80.0, rel=1e-6)
    assert limited.value <= free.upper_bound
    assert optimality_gap(limited) <= 1e-3


def test_a_share_of_one_channel_is_the_same_as_a_bound() -> None:
    spend, value, _, _ = random_problem(4)
    members = np.arange(len(spend)) == 1
    by_share = solve_separable(spend, value, 100.0, shares=[Share(members, minimum=0.1, maximum=0.3)])
    upper, lower = np.where(members, 30.0, 100.0), np.where(members, 10.0, 0.0)
    assert by_share.value == pytest.approx(solve_separable(spend, value, 100.0, lower, upper).value, rel=1e-5)


def test_two_overlapping_shares_are_kept_together() -> None:
    spend, value = random_problem(10)[:2]
    size = len(spend)
    first, second = np.arange(size) < 2, (np.arange(size) >= 1) & (np.arange(size) < 3)
    shares = [Share(first, maximum=0.5), Share(second, minimum=0.3, maximum=0.6)]
    solution = solve_separable(spend, value, 100.0, shares=shares)
    assert solution.spend[first].sum() <= 50.0 + 1e-4
    assert 30.0 - 1e-4 <= solution.spend[second].sum() <= 60.0 + 1e-4
    assert optimality_gap(solution) <= 1e-3


def test_bounds_may_be_one_number_and_a_frozen_channel_stays() -> None:
    spend, value, _, _ = random_problem(6)
    assert solve_separable(spend, value, 60.0, 5.0, 80.0).spend.min() >= 5.0
    frozen = np.full(len(spend), 100.0)
    frozen[0] = 17.0
    lower = np.where(frozen == 17.0, 17.0, 0.0)
    assert solve_separable(spend, value, 100.0, lower, frozen).spend[0] == 17.0


def test_bounds_that_leave_no_choice_are_met_exactly() -> None:
    spend, value, _, _ = random_problem(8)
    only = np.full(len(spend), 100.0 / len(spend))
    solution = solve_separable(spend, value, 100.0, only, only)
    assert solution.spend == pytest.approx(only)
    assert optimality_gap(solution) <= 1e-9


def test_curves_that_are_not_curves_are_all_named() -> None:
    spend = np.array([[0.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    value = np.array([[0.0, 1.0, 2.0], [0.0, np.nan, 2.0]])
    with pytest.raises(InputError) as error:
        solve_separable(spend, value, 2.0, names=["tv", "search"])
    assert "tv: knots 1 and 2 (2, 1) do not increase" in str(error.value)
    assert "search: the curve holds a value that is not a finite number" in str(error.value)
