"""What could a budget earn at most, were every value curve replaced by its concave envelope?

The envelope of a curve on an interval is the smallest concave curve above it: the upper hull of its knots. With
envelopes the best split is easy, because money simply goes to the steepest segment that is left, until the total is
spent. The slope of the last segment is the *price* of money. Any price proves a bound on the true curves,

    bound = price * total + sum_c max over the interval of (f_c(x) - price * x),

since no channel can do better against the price than its best reply (weak duality); the price of the envelopes makes
it the tightest. Share limits turn the filling into a small linear program and add a *charge* for each limit that binds,
which changes the price that the channels it holds together see.

`relax` returns a `Node`: intervals, the split, the prices, the bound. `mmm.plan.budget` cuts intervals until the split
lies on the curves. Another linear limit needs rows in `limits.share_rows` and nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from mmm.plan.limits import SHARE_SLACK, SLACK, Share, share_rows

TINY: Final = float(np.finfo(float).tiny)

ROUNDING: Final = 1e-13
"""What floating-point sums may lose, relative to their terms; added to every bound so that it stays one."""

INFEASIBLE: Final = 2
"""The status of a linear program without any feasible point, as SciPy numbers them."""

Knots = Float[np.ndarray, "channel knot"]
PerChannel = Float[np.ndarray, " channel"]
Ends = Int[np.ndarray, " channel"]


@dataclass(frozen=True)
class Problem:
    """The curves cut to their bounds (so that the ends of an interval are knot numbers), and the limits."""

    spend: Knots
    value: Knots
    total: float
    matrix: Float[np.ndarray, "row channel"]
    limits: Float[np.ndarray, " row"]

    @classmethod
    def within(
        cls, spend: Knots, value: Knots, total: float, lower: PerChannel, upper: PerChannel, shares: Sequence[Share]
    ) -> Problem:
        cut = np.clip(spend, lower[:, None], upper[:, None])
        heights = np.stack([np.interp(x, knots, f) for x, knots, f in zip(cut, spend, value, strict=True)])
        total = float(np.clip(total, cut[:, 0].sum(), cut[:, -1].sum()))
        return cls(cut, heights, total, *share_rows(shares, total, len(spend)))


@dataclass(frozen=True)
class Segments:
    """The linear pieces of one channel's concave envelope on an interval, steepest first."""

    width: Float[np.ndarray, " segment"]
    slope: Float[np.ndarray, " segment"]


@dataclass(frozen=True)
class Node:
    """Knot intervals, the best split under their envelopes, its prices, and the most any split inside can earn."""

    first: Ends
    final: Ends
    spend: PerChannel
    prices: PerChannel
    bound: float


def relax(problem: Problem, first: Ends, final: Ends, envelopes: dict[tuple[int, int, int], Segments]) -> Node | None:
    """The best split under the concave envelopes of these intervals; `None` where they leave no room for the total."""
    channels = np.arange(len(first))
    start, end = problem.spend[channels, first], problem.spend[channels, final]
    room = SLACK * max(abs(problem.total), TINY)
    if start.sum() > problem.total + room or end.sum() < problem.total - room:
        return None
    pieces = [
        _envelope(problem, c, i, j, envelopes)
        for c, (i, j) in enumerate(zip(first.tolist(), final.tolist(), strict=True))
    ]
    segments = Segments(np.concatenate([p.width for p in pieces]), np.concatenate([p.slope for p in pieces]))
    owner = np.repeat(channels, [len(piece.width) for piece in pieces])
    amounts, price, charges = _fill(problem, start, segments)
    spend = start + np.bincount(owner, amounts, minlength=len(start))
    if (problem.matrix @ spend > problem.limits + room).any():
        filled = _fill_within_limits(problem, start, segments, owner)
        if filled is None:
            return None
        amounts, price, charges = filled
        spend = start + np.bincount(owner, amounts, minlength=len(start))
    prices = price + charges @ problem.matrix
    terms = np.r_[price * problem.total, charges * problem.limits, best_replies(problem, prices, first, final)]
    bound = terms.sum() + ROUNDING * np.abs(terms).sum()
    return Node(first, final, np.minimum(spend, end), prices, float(bound))


def best_replies(problem: Problem, prices: PerChannel, first: Ends, final: Ends) -> PerChannel:
    """`max (f_c(x) - price_c x)` over each interval; the maximum of a piecewise-linear curve is at a knot."""
    knot = np.arange(problem.spend.shape[1])
    inside = (knot >= first[:, None]) & (knot <= final[:, None])
    return np.where(inside, problem.value - prices[:, None] * problem.spend, -np.inf).max(axis=1)


Filled = tuple[Float[np.ndarray, " segment"], float, Float[np.ndarray, " row"]]


def _fill(problem: Problem, start: PerChannel, segments: Segments) -> Filled:
    """Money goes to the steepest segments first; the price is the slope of the segment that took the last of it."""
    steepest = np.argsort(-segments.slope, kind="stable")
    before = np.cumsum(segments.width[steepest]) - segments.width[steepest]
    amounts = np.zeros(len(steepest))
    amounts[steepest] = np.clip(problem.total - start.sum() - before, 0.0, segments.width[steepest])
    used = segments.slope[amounts > 0]
    price = used.min() if len(used) else segments.slope.max(initial=0.0)
    return amounts, float(price), np.zeros(len(problem.limits))


def _fill_within_limits(
    problem: Problem, start: PerChannel, segments: Segments, owner: Int[np.ndarray, " segment"]
) -> Filled | None:
    """The same with share limits: a linear program, whose dual values are the price and each limit's charge."""
    from scipy.optimize import linprog

    unit, worth = max(abs(problem.total), TINY), max(float(np.abs(segments.slope).max(initial=0.0)), TINY)
    solved = linprog(
        -segments.slope / worth,
        A_ub=problem.matrix[:, owner],
        b_ub=(problem.limits - problem.matrix @ start) / unit + 10 * SHARE_SLACK,
        A_eq=np.ones((1, len(owner))),
        b_eq=[(problem.total - start.sum()) / unit],
        bounds=np.stack([np.zeros(len(owner)), segments.width / unit], axis=1),
    )
    if solved.status == INFEASIBLE:
        return None
    if not solved.success:
        raise ArithmeticError(f"the linear program of a budget with share limits was not solved: {solved.message}")
    charges = np.maximum(-solved.ineqlin.marginals, 0.0) * worth
    return solved.x * unit, float(-solved.eqlin.marginals[0] * worth), charges


def _envelope(
    problem: Problem, channel: int, first: int, final: int, known: dict[tuple[int, int, int], Segments]
) -> Segments:
    """The upper hull of a channel's knots from `first` to `final`, walked once from left to right."""
    key = (channel, first, final)
    if key not in known:
        spend = problem.spend[channel, first : final + 1].tolist()
        value = problem.value[channel, first : final + 1].tolist()
        x, f = [spend[0]], [value[0]]
        for here, height in zip(spend[1:], value[1:], strict=True):
            if here <= x[-1]:
                continue
            while len(x) > 1 and (f[-1] - f[-2]) * (here - x[-1]) <= (height - f[-1]) * (x[-1] - x[-2]):
                del x[-1], f[-1]
            x += [here]
            f += [height]
        width = np.diff(x)
        known[key] = Segments(width, np.diff(f) / width)
    return known[key]
