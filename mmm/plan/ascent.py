"""How does one climb to the best calendar, and know how far it is to the top?

`climb` follows gradients inside the limits: every step goes from the present calendar towards the allowed one nearest
to `spend + step * gradient`, with the step length of Barzilai and Borwein (the curvature seen between the last two
points) and a line search that may pass through slightly worse points (the spectral projected gradient of Birgin,
Martínez and Raydan, 2000). `search` climbs from many starts on a part of the draws and ends the best with all of them.
`certify` proves what is left to gain, as `mmm.plan.majorant` explains.

What is climbed is a measure of risk over joint draws (`mmm.plan.measure`). For the bound the measure is replaced by
a mean over reweighted draws that it never exceeds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mmm.plan.boxes import tightened
from mmm.plan.joint import Form, Market, earned, thinned
from mmm.plan.majorant import Majorant, at_most, majorant_of, shares_of
from mmm.plan.measure import Measure, measured, weights
from mmm.plan.polytope import Cells, Polytope, Projection, farthest, repaired

FEW: Final = 100
"""Draws on which starts are compared."""

STEPS: Final = 60
"""Gradients from one start, at most."""

CLOSE: Final = 5e-3
"""A bound this close, relative to what the plan earns, is not tightened further."""

SETTLED: Final = 1e-5
"""A climb ends when a whole step promises less than this share of what the reference earns."""

MEMORY: Final = 5
"""The line search compares with the worst of so many last outcomes."""

SUFFICIENT: Final = 1e-4
SHRINK: Final = 0.4
LONGEST: Final = 10.0
"""The longest step, in units of the first, which would move some cell by its typical size."""

Oracle = Callable[[Cells], tuple[float, Cells]]
Draws = Float[np.ndarray, " sample"]


@dataclass(frozen=True)
class Joint:
    """A calendar to be decided: cells are channels times periods, the reference is what draws are compared with."""

    form: Form
    market: Market
    limits: Polytope
    reference: Float[np.ndarray, "channel period"]
    measure: Measure

    @property
    def shape(self) -> tuple[int, int]:
        channels, periods = self.reference.shape
        return channels, periods


@dataclass(frozen=True)
class Calendar:
    """The best calendar found, the measure of its gain over the reference, and the most any calendar could have."""

    spend: Float[np.ndarray, "channel period"]
    value: float
    upper_bound: float
    earned: Draws
    held: Draws

    @property
    def gap(self) -> float:
        """By how much, relative to what it earns, it may at most fall short of the best."""
        return (self.upper_bound - self.value) / max(abs(float(self.earned.mean())), 1e-300)


def search(problem: Joint, starts: Sequence[Cells] = (), seed: int = 0) -> Calendar:
    """The best calendar found from the reference, the majorant's optimum, `starts`, and random ones; certified."""
    few = _on(problem, thinned(problem.market, FEW))
    projection = Projection(problem.limits, _scale(problem))
    enough = SETTLED * abs(float(_draws(few, problem.reference.ravel()).mean()))
    up = partial(climb, projection=projection, enough=enough)
    hold = projection.nearest(problem.reference.ravel())
    relaxed = up(_majorant_oracle(few, np.ones(_samples(few))), start=hold)
    climbed = [up(_oracle(few), start=spend) for spend in (hold, relaxed, *starts, *_random(problem, projection, seed))]
    full = _oracle(problem)
    best = up(full, start=max([*climbed, relaxed, hold], key=lambda spend: full(spend)[0]))
    return certify(problem, repaired(problem.limits, best), projection)


def certify(problem: Joint, spend: Cells, projection: Projection | None = None) -> Calendar:
    """`spend` with its outcome and a bound on that of every allowed calendar."""
    projection = projection or Projection(problem.limits, _scale(problem))
    held = _draws(problem, problem.reference.ravel())
    gained = _draws(problem, spend) - held
    value = measured(problem.measure, jnp.asarray(gained))
    weight = weights(problem.measure, gained)
    majorant = _majorant(problem)
    oracle = _above(problem, majorant, weight)
    top = repaired(problem.limits, climb(oracle, projection, spend, SETTLED * abs(float(held.mean()))))
    height, slope = oracle(top)
    bound = height + slope @ (farthest(problem.limits, slope) - top)
    before = float((weight * held).mean())
    enough = before + float(value) + CLOSE * abs(float((gained + held).mean()))
    if bound > enough:
        bound = min(bound, _by_boxes(problem, majorant, weight, (top, spend), enough))
    return Calendar(
        spend=spend.reshape(problem.shape),
        value=float(value),
        upper_bound=max(float(bound) - before, float(value)),
        earned=gained + held,
        held=held,
    )


def _by_boxes(problem: Joint, majorant: Majorant, weight: Draws, starts: tuple[Cells, ...], enough: float) -> float:
    """The bound on the weighted mean that boxes leave; the channels are parted at the first of `starts`."""
    form, market, calendars = problem.form, problem.market, [start.reshape(problem.shape) for start in starts]
    shares = shares_of(form, market, majorant, jnp.asarray(calendars[0]), jnp.asarray(weight))
    constant, most = float(shares.constant), jnp.asarray(most_by_channel(problem))
    return constant + tightened(form, market, shares, problem.limits, most, calendars, enough - constant)


def climb(oracle: Oracle, projection: Projection, start: Cells, enough: float) -> Cells:
    """The best calendar seen on the way up from `start`, until a whole step promises less than `enough` money."""
    scale = projection.scale
    place, (value, slope) = start, oracle(start)
    best, best_value = place, value
    recent = deque([value], maxlen=MEMORY)
    first = 1.0 / max(float(np.abs(slope * scale - (slope * scale).mean()).max()), 1e-300)
    step = first
    for _ in range(STEPS):
        way = projection.nearest(place + step * slope * scale**2) - place
        promise = float(slope @ way)
        if promise <= enough:
            break
        length = 1.0
        while True:
            there = place + length * way
            height, slope_there = oracle(there)
            if height >= min(recent) + SUFFICIENT * length * promise or length < 1e-4:
                break
            length *= SHRINK
        moved, bent = (there - place) / scale, (slope - slope_there) * scale
        curvature = float(moved @ bent)
        longest = LONGEST * first
        step = min(float(moved @ moved) / curvature, longest) if curvature > 0 else longest
        place, value, slope = there, height, slope_there
        recent.append(value)
        if value > best_value:
            best, best_value = place, value
    return best


def _random(problem: Joint, projection: Projection, seed: int, count: int = 4) -> list[Cells]:
    """Allowed calendars that differ: vertices under random slopes, half way to the reference."""
    random = np.random.default_rng(seed)
    middle = projection.nearest(problem.reference.ravel())
    return [
        (farthest(problem.limits, random.normal(size=len(middle)) / projection.scale) + middle) / 2
        for _ in range(count)
    ]


def _scale(problem: Joint) -> Cells:
    """A typical amount by cell: the channel's mean over the periods, or a thousandth of the budget's mean."""
    mean = problem.reference.mean(axis=1, keepdims=True)
    floor = 1e-3 * max(float(problem.reference.mean()), 1e-300)
    return np.broadcast_to(np.maximum(mean, floor), problem.shape).ravel()


def _on(problem: Joint, market: Market) -> Joint:
    return Joint(problem.form, market, problem.limits, problem.reference, problem.measure)


def _samples(problem: Joint) -> int:
    return int(problem.market.kernel.shape[2])


def _draws(problem: Joint, spend: Cells) -> Draws:
    return np.asarray(earned(problem.form, problem.market, jnp.asarray(spend.reshape(problem.shape))))


def _oracle(problem: Joint) -> Oracle:
    """The measure of the gain over the reference, and its gradient."""
    held = jnp.asarray(_draws(problem, problem.reference.ravel()))
    return partial(_call, _measured_gain, problem, (problem.measure, held))


def _majorant_oracle(problem: Joint, weight: Draws) -> Oracle:
    """The mean over reweighted draws of what the majorant earns, and its gradient."""
    return _above(problem, _majorant(problem), weight)


def _above(problem: Joint, majorant: Majorant, weight: Draws) -> Oracle:
    return partial(_call, _weighted_majorant, problem, (majorant, jnp.asarray(weight)))


def _majorant(problem: Joint) -> Majorant:
    lower, upper = (jnp.asarray(end.reshape(problem.shape)) for end in (problem.limits.lower, problem.limits.upper))
    return majorant_of(problem.form, problem.market, lower, upper, jnp.asarray(most_by_channel(problem)))


def most_by_channel(problem: Joint) -> Float[np.ndarray, " channel"]:
    """The most a channel can spend over the horizon, by its periods and by the rows that hold all of them."""
    channel = np.repeat(np.arange(problem.shape[0]), problem.shape[1])
    upper, lower = (np.bincount(channel, end) for end in (problem.limits.upper, problem.limits.lower))
    for row, high in zip(problem.limits.rows, problem.limits.high, strict=True):
        if np.isin(row, (0.0, 1.0)).all() and np.isfinite(high):
            whole = np.bincount(channel, row) == problem.shape[1]
            room = high - float(row @ problem.limits.lower)
            upper = np.where(whole, np.minimum(upper, lower + room), upper)
    return upper


def _call(function: Callable, problem: Joint, given: tuple[object, ...], spend: Cells) -> tuple[float, Cells]:
    value, slope = function(problem.form, problem.market, jnp.asarray(spend.reshape(problem.shape)), *given)
    return float(value), np.asarray(slope).ravel()


@partial(jax.jit, static_argnames=("form", "measure"))
def _measured_gain(form: Form, market: Market, spend: Array, measure: Measure, held: Array) -> tuple[Array, Array]:
    return jax.value_and_grad(lambda x: measured(measure, earned(form, market, x) - held))(spend)


@partial(jax.jit, static_argnames="form")
def _weighted_majorant(
    form: Form, market: Market, spend: Array, majorant: Majorant, weight: Array
) -> tuple[Array, Array]:
    return jax.value_and_grad(lambda x: (weight * at_most(form, market, x, majorant)).mean())(spend)
