"""Limits on many cells: conflicts are named with their amount, and the nearest calendar is allowed and nearest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.errors import InputError
from mmm.plan.polytope import Polytope, Projection, check_polytope, farthest, repaired
from tests.mmm.plan.calendars import limits_of

REFERENCE = np.array([[10.0, 30.0, 20.0], [5.0, 5.0, 8.0]])


def broken_by(limits: Polytope, spend: np.ndarray) -> float:
    """The largest excess over any limit."""
    total = limits.rows @ spend
    excess = [limits.lower - spend, spend - limits.upper, limits.low - total, total - limits.high]
    return float(np.max(np.concatenate(excess)))


def test_the_nearest_of_two_cells_that_share_a_budget() -> None:
    limits = Polytope(
        np.zeros(2), np.array([2.0, 3.0]), np.ones((1, 2)), np.array([4.0]), np.array([4.0]), ("b",), ("x", "y")
    )
    assert Projection(limits, np.ones(2)).nearest(np.array([1.0, 2.0])) == pytest.approx([1.5, 2.5])
    assert Projection(limits, np.ones(2)).nearest(np.array([5.0, 1.0])) == pytest.approx([2.0, 2.0])
    assert farthest(limits, np.array([1.0, 2.0])) == pytest.approx([1.0, 3.0])


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), far=st.floats(0.1, 20.0), change=st.floats(0.6, 3.0))
def test_the_nearest_calendar_is_allowed_and_no_allowed_one_is_nearer(seed: int, far: float, change: float) -> None:
    limits, random = limits_of(REFERENCE, 1.0, (0.7, 1.2), 2.0), np.random.default_rng(seed)
    steps, most = np.eye(6)[[1, 2, 4, 5]] - np.eye(6)[[0, 1, 3, 4]], change * np.array([20.0, 20.0, 6.0, 6.0])
    limits = replace(
        limits, rows=np.vstack([limits.rows, steps]), low=np.r_[limits.low, -most], high=np.r_[limits.high, most]
    )
    wish = REFERENCE.ravel() + far * 10 * random.normal(size=6)
    found = Projection(limits, np.ones(6)).nearest(wish)
    assert broken_by(limits, found) < 1e-6
    corner = farthest(limits, wish - found)
    assert (wish - found) @ (corner - found) <= 1e-5 * np.abs(wish).max() * np.abs(corner).max()


def test_what_rounding_has_broken_is_mended_with_the_least_money() -> None:
    limits = limits_of(REFERENCE, 1.0, (0.7, 1.2), 2.0)
    off = REFERENCE.ravel() + np.array([0.3, 0, 0, 0, 0, 0])
    mended = repaired(limits, off)
    assert broken_by(limits, mended) < 1e-8
    assert np.abs(mended - off).sum() == pytest.approx(0.3, rel=1e-6)


def test_a_budget_out_of_reach_is_named_with_the_amount() -> None:
    with pytest.raises(InputError, match=r"the budget is 15\.60 out of reach within the other limits"):
        check_polytope(limits_of(REFERENCE, 1.4, (0.5, 1.2), 3.0))


def test_every_crossed_pair_is_named_by_its_cell() -> None:
    limits = limits_of(REFERENCE, 1.0, (0.5, 1.5), 2.0)
    limits.lower[4] = 13.0
    with pytest.raises(InputError, match=r"channel 1, period 1: the lower limit 13\.00 is 1\.00 above the upper"):
        check_polytope(limits)
