"""A calendar's outcome can be worked by hand, none earns more than its bound, and the search comes near it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.media.saturation import none, power
from mmm.plan.ascent import Joint, _majorant_oracle, most_by_channel, search
from mmm.plan.joint import Form, Market, carried, earned, saturated, thinned
from mmm.plan.majorant import at_most, majorant_of
from mmm.plan.measure import Measure, measured
from mmm.plan.polytope import Projection
from tests.mmm.plan.calendars import calendar_problem, with_rows


def one_channel(warm: list[float]) -> tuple[Form, Market]:
    """Half of the effect at once, half a period later; no saturation; 3 of money per unit of exposure."""
    market = Market(
        kernel=jnp.array([[[0.5], [0.5]]]),
        warm=jnp.array(warm)[None, None, :, None],
        rate=jnp.array([[0.1]]),
        coefficient=jnp.array([[[3.0]]]),
        units=jnp.ones((1, 1, 1)),
        worth=jnp.ones((1, 3, 1)),
        parameters=({},),
    )
    return Form((((0,), none),)), market


def allowed_calendar(problem: Joint, seed: int) -> np.ndarray:
    wish = problem.reference.ravel() * np.random.default_rng(seed).uniform(-1, 3, problem.reference.size)
    return Projection(problem.limits, np.ones(problem.reference.size)).nearest(wish).reshape(problem.shape)


def worth(problem: Joint, spend: np.ndarray) -> float:
    draws = earned(problem.form, problem.market, jnp.asarray(spend))
    held = earned(problem.form, problem.market, jnp.asarray(problem.reference))
    return float(measured(problem.measure, draws - held))


def test_carryover_lands_after_the_horizon_and_what_was_bought_before_it_is_not_counted() -> None:
    form, market = one_channel(warm=[0.7, 0.0, 0.0])
    spend = jnp.array([[0.0, 20.0]])
    assert carried(market, spend)[0, 0, :, 0].tolist() == pytest.approx([0.7, 1.0, 1.0])
    assert earned(form, market, spend).tolist() == pytest.approx([6.0])


def test_effects_that_multiply_earn_more_than_their_sum() -> None:
    problem = calendar_problem(multiplies=True)
    reference = jnp.asarray(problem.reference)
    alone = [reference * (np.arange(3) == c)[:, None] for c in range(3)]
    together = earned(problem.form, problem.market, reference)
    assert (together > sum(earned(problem.form, problem.market, one) for one in alone)).all()


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), slope=st.floats(0.7, 3.5), multiplies=st.booleans())
def test_the_majorant_is_concave_and_never_below_what_is_earned(seed: int, slope: float, multiplies: bool) -> None:
    problem = calendar_problem(seed=seed, slope=slope, multiplies=multiplies)
    form, market = problem.form, problem.market
    ends = (jnp.asarray(end.reshape(problem.shape)) for end in (problem.limits.lower, problem.limits.upper))
    majorant = majorant_of(form, market, *ends, jnp.asarray(most_by_channel(problem)))
    one, other = (jnp.asarray(allowed_calendar(problem, seed + i)) for i in (1, 2))
    heights = [at_most(form, market, spend, majorant) for spend in (one, other, (one + other) / 2)]
    room = 1e-9 * float(jnp.abs(heights[0]).max())
    assert (heights[0] >= earned(form, market, one) - room).all()
    assert (heights[2] >= (heights[0] + heights[1]) / 2 - room).all()


def test_a_plane_through_a_calendar_at_its_upper_limits_bounds_every_other() -> None:
    """Where curves are convex all the way, the slope at the right end has to be the chord's."""
    problem = calendar_problem(channels=1, slope=3.5, scatter=0.0)
    market = problem.market
    parameters = {**market.parameters[0], "half_saturation": jnp.full((1, 8), 9.0)}
    problem = replace(problem, market=market._replace(parameters=(parameters,)))
    upper = problem.limits.upper
    height, slope = _majorant_oracle(problem, np.ones(8))(upper)
    for share in (0.0, 0.5, 0.9):
        draws = earned(problem.form, problem.market, jnp.asarray((share * upper).reshape(problem.shape)))
        assert height + slope @ (share * upper - upper) >= float(draws.mean()) - 1e-9 * height


def test_curves_whose_exponential_bends_twice_still_lie_below_their_majorant() -> None:
    problem = calendar_problem(multiplies=True, channels=2, seed=5)
    shape = problem.market.parameters[0]["slope"].shape
    form = Form((((0, 1), power),), multiplies=True)
    market = problem.market._replace(
        coefficient=8 * problem.market.coefficient, parameters=({"exponent": jnp.full(shape, 0.6)},)
    )
    ends = (jnp.asarray(end.reshape(problem.shape)) for end in (problem.limits.lower, problem.limits.upper))
    majorant = majorant_of(form, market, *ends, jnp.asarray(most_by_channel(problem)))
    assert (majorant.sharpness == 0).all()
    one, other = (jnp.asarray(allowed_calendar(problem, seed)) for seed in (1, 2))
    heights = [at_most(form, market, spend, majorant) for spend in (one, other, (one + other) / 2)]
    assert (heights[0] >= earned(form, market, one)).all()
    assert (heights[2] >= (heights[0] + heights[1]) / 2 - 1e-9 * jnp.abs(heights[0])).all()


@pytest.mark.parametrize(
    ("seed", "slope", "measure", "multiplies"),
    [
        (1, 0.9, Measure(), True),
        (2, 3.0, Measure(), False),
        (3, 1.5, Measure(caution=0.5), False),
        pytest.param(4, 1.5, Measure(tail=0.25), False, marks=pytest.mark.slow),
    ],
)
def test_no_allowed_calendar_is_worth_more_than_the_bound(
    seed: int, slope: float, measure: Measure, multiplies: bool
) -> None:
    problem = calendar_problem(seed=seed, slope=slope, measure=measure, multiplies=multiplies)
    found = search(problem)
    assert found.value == pytest.approx(worth(problem, found.spend))
    assert found.spend.sum() == pytest.approx(problem.reference.sum(), rel=1e-6)
    assert (found.spend.ravel() >= problem.limits.lower - 1e-9).all()
    assert (found.spend.ravel() <= problem.limits.upper + 1e-9).all()
    for i in range(10):
        assert worth(problem, allowed_calendar(problem, seed + i)) <= found.upper_bound + 1e-6 * abs(found.upper_bound)


def test_the_search_finds_what_enumeration_finds() -> None:
    problem = calendar_problem(channels=2, periods=2, slope=2.5, bounds=(0.0, 2.0), samples=4)
    cells = np.array(list(product(*[np.linspace(0, high, 25) for high in problem.limits.upper[:3]])))
    every = np.column_stack([cells, problem.limits.low[0] - cells.sum(axis=1)])
    totals = every @ problem.limits.rows.T
    inside = (totals <= problem.limits.high + 1e-9).all(axis=1) & (every[:, 3] >= 0)
    every = every[inside & (every[:, 3] <= problem.limits.upper[3])]
    draws = jax.vmap(lambda x: earned(problem.form, problem.market, x))(jnp.asarray(every.reshape(-1, 2, 2)))
    found = search(problem)
    best = float((draws.mean(axis=1) - found.held.mean()).max())
    assert len(every) > 100
    assert best - 1e-3 * abs(float(found.held.mean())) <= found.value <= found.upper_bound
    assert best <= found.upper_bound


@pytest.mark.parametrize(("slope", "multiplies"), [(0.8, False), (1.0, True)])
def test_concave_curves_leave_no_gap(slope: float, multiplies: bool) -> None:
    assert search(calendar_problem(slope=slope, scatter=0.1 - 0.1 * multiplies, multiplies=multiplies)).gap < 1e-3


def test_another_currency_changes_the_money_and_nothing_else() -> None:
    euro, yen = search(calendar_problem()), search(calendar_problem(currency=160.0))
    assert yen.value == pytest.approx(160 * euro.value, rel=1e-3)
    assert yen.spend == pytest.approx(160 * euro.spend, rel=0.02, abs=160.0)
    assert yen.gap == pytest.approx(euro.gap, abs=1e-4)


def test_more_budget_earns_more_and_one_more_limit_never_helps() -> None:
    less, more = search(calendar_problem()), search(calendar_problem(budget=1.1))
    assert more.value > less.value
    problem = calendar_problem()
    first = np.zeros(problem.reference.size)
    first[: problem.shape[1]] = 1.0
    total = float(problem.reference[0].sum())
    limited = search(with_rows(problem, first, 0.95 * total, 1.05 * total, "channel 0: nearly as it is"))
    assert limited.spend[0].sum() == pytest.approx(total, rel=0.05 + 1e-9)
    assert limited.value <= less.value + 1e-4 * abs(float(less.held.mean()))


def test_fewer_draws_are_evenly_spaced_ones() -> None:
    market = calendar_problem(samples=9).market
    few = thinned(market, 3)
    assert few.kernel.tolist() == market.kernel[:, :, [0, 4, 8]].tolist()
    assert few.parameters[0]["slope"].shape == (3, 3)
    assert thinned(market, 20) is market


def test_channels_with_different_curves_keep_their_order() -> None:
    _, market = one_channel(warm=[0.0] * 3)
    both = Form((((1,), none), ((0,), lambda x: 10 * x)))
    exposure = jnp.arange(6.0).reshape(2, 1, 3, 1)
    values = saturated(both, market._replace(parameters=({}, {})), exposure)
    assert values[:, 0, :, 0].tolist() == [[0, 10, 20], [3, 4, 5]]


def test_a_cell_that_may_not_move_does_not() -> None:
    problem = calendar_problem()
    frozen = problem.reference.ravel().copy()
    limits = replace(problem.limits, lower=problem.limits.lower.copy(), upper=problem.limits.upper.copy())
    limits.lower[:5] = limits.upper[:5] = frozen[:5]
    found = search(replace(problem, limits=limits))
    assert found.spend[0] == pytest.approx(problem.reference[0])


def test_a_channel_is_capped_by_rows_that_hold_all_of_it_and_by_no_other() -> None:
    problem = calendar_problem(channels=2, periods=2, bounds=(0.0, 9.0), most=50.0)
    problem.limits.lower[:] = [1.0, 2.0, 3.0, 4.0]
    capped = with_rows(problem, np.array([1.0, 1.0, 1.0, 0.0]), -np.inf, 20.0, "channel 0 and half of channel 1")
    without, found = most_by_channel(problem), most_by_channel(capped)
    assert found.tolist() == pytest.approx([3 + 20 - 6, without[1]])
