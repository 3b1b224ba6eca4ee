"""Boxes tighten a bound and never below what enumeration finds."""

from __future__ import annotations

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mmm.plan import ascent
from mmm.plan.ascent import Joint, certify, search
from mmm.plan.boxes import _made
from mmm.plan.majorant import majorant_of, shares_of
from mmm.plan.mixture import Box, best_mixture
from mmm.plan.polytope import Polytope
from tests.mmm.plan.calendars import calendar_problem

STEPS = 13


def box(channel: int, ends: tuple[float | int, float | int], height: float, slope: float) -> Box:
    lower, upper = (np.array([float(end)]) for end in ends)
    return Box(channel, lower, upper, (height,), (np.array([slope]),), np.zeros(1))


def limits_on(total: float, first: float = np.inf) -> Polytope:
    rows = np.array([[1.0, 1.0], [1.0, 0.0]])
    ends = np.array([total, first])
    return Polytope(np.zeros(2), np.full(2, 2.0), rows, np.array([total, 0.0]), ends, ("b", "first"), ("x", "y"))


def test_channels_that_pay_late_are_mixed_as_well_as_the_budget_allows() -> None:
    """Each earns 0.2 by unit up to 1 and 0.8 after it: 2 units go to one channel, one unit earns half of that."""
    boxes = [one for c in (0, 1) for one in (box(c, (0, 1), 0.0, 0.2), box(c, (1, 2), -0.6, 0.8))]
    assert best_mixture(limits_on(2.0), boxes).value == pytest.approx(1.0)
    assert best_mixture(limits_on(1.0), boxes).value == pytest.approx(0.5)
    found = best_mixture(limits_on(4.0), boxes)
    assert found.value == pytest.approx(2.0)
    assert found.spend.ravel().tolist() == pytest.approx([0, 2, 0, 2], abs=1e-9)
    assert found.mix.tolist() == pytest.approx([0, 1, 0, 1], abs=1e-9)


def test_a_limit_on_one_channel_holds_in_each_of_its_boxes() -> None:
    """Half of a box up to 2 and half of one at 0 would spend 1 on average: neither may spend more than that."""
    boxes = [box(0, (0, 1), 0.0, 0.2), box(0, (1, 2), -0.6, 0.8), box(1, (0, 2), 0.0, 0.0)]
    assert best_mixture(limits_on(2.0, first=1.0), boxes).value == pytest.approx(0.2)


@pytest.mark.parametrize("multiplies", [False, True])
def test_planes_of_a_box_lie_above_what_calendars_in_it_earn(multiplies: bool) -> None:
    problem = calendar_problem(channels=2, periods=3, slope=2.5, samples=4, multiplies=multiplies)
    form, market, most = problem.form, problem.market, jnp.full(2, 1e9)
    lower, upper = problem.limits.lower.reshape(2, 3), problem.limits.upper.reshape(2, 3)
    majorant = majorant_of(form, market, jnp.asarray(lower), jnp.asarray(upper), most)
    shares = shares_of(form, market, majorant, jnp.asarray(problem.reference), jnp.ones(4))
    half = (lower + upper) / 2
    boxes = _made(form, market, shares, most, lower, half, half / 2)
    at = np.stack([one.slopes[0] for one in boxes])
    for part in np.linspace(0, 1, 9):
        spend = part * half
        above = float(shares.constant) + sum(one.heights[0] for one in boxes) + float((at * spend).sum())
        earns = float(ascent.earned(form, market, jnp.asarray(spend)).mean())
        assert above >= earns - 1e-9 * abs(above)


def every_calendar(problem: Joint) -> np.ndarray:
    """All calendars of two channels and two periods on a grid that keep to the limits."""
    limits = problem.limits
    cells = np.array(list(product(*[np.linspace(0, high, STEPS) for high in limits.upper[:3]])))
    spend = np.column_stack([cells, limits.low[0] - cells.sum(axis=1)])
    total = spend @ limits.rows.T
    allowed = (spend >= 0) & (spend <= limits.upper)
    kept = (total >= limits.low - 1e-9) & (total <= limits.high + 1e-9)
    return spend[allowed.all(axis=1) & kept.all(axis=1)].reshape(-1, *problem.shape)


@pytest.mark.parametrize(("multiplies", "slope"), [(False, 3.0), (True, 2.0)])
def test_boxes_close_most_of_a_gap_and_no_calendar_of_a_grid_earns_more(
    monkeypatch: pytest.MonkeyPatch, multiplies: bool, slope: float
) -> None:
    problem = calendar_problem(
        channels=2, periods=2, slope=slope, bounds=(0.0, 2.0), samples=4, multiplies=multiplies, seed=3
    )
    found = search(problem)
    every = every_calendar(problem)
    draws = jax.vmap(lambda spend: ascent.earned(problem.form, problem.market, spend))(jnp.asarray(every))
    best = float((draws.mean(axis=1) - found.held.mean()).max())
    monkeypatch.setattr(ascent, "CLOSE", np.inf)
    without = certify(problem, found.spend.ravel())
    assert len(every) > 100
    assert best <= found.upper_bound
    assert found.gap < 0.5 * without.gap
