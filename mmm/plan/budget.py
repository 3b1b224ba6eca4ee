"""How should a fixed budget be split so that no other split earns more, and how do we know?

Every channel has a value curve `f_c`, piecewise linear between its knots and of any shape: concave, S-shaped, flat.

    maximise  sum_c f_c(spend_c)   subject to   sum_c spend_c = total,   lower <= spend <= upper.

S-shaped curves make local search fail: it leaves money in a channel that never gets past its threshold. Two facts
solve the problem to the end. Replacing each curve by its concave envelope gives an easy problem (fill the steepest
segments first) whose answer lies off the true curve in at most one channel. And for any price of money the *dual*

    bound(price) = price * total + sum_c max over the interval of (f_c(x) - price * x)

is at least the value of every feasible split. So: branch on the one channel that lies off its curve, at the knot
nearest to where it fell, until the best split found is within `tolerance` of the largest bound that is still open.
The bound returned is a proof, not an estimate: it follows from weak duality whatever the search did.

    solve_separable(spend, value, total=100.0, lower=0.0, upper=80.0)

Limits on groups of channels (`mmm.plan.limits.Share`) turn the filling into a small linear program; the rest is the
same. To add another linear limit, extend `limits.share_rows`.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from mmm.errors import InputError
from mmm.plan.limits import SLACK, Share, check_limits, share_rows

TOLERANCE: Final = 1e-6
"""The relative gap at which the search stops."""

TINY: Final = float(np.finfo(float).tiny)

MOST_NODES: Final = 5_000
"""Intervals searched before the best answer is returned with the gap that is left."""

Knots = Float[np.ndarray, "channel knot"]
PerChannel = Float[np.ndarray, " channel"]
Ends = Int[np.ndarray, " channel"]


@dataclass(frozen=True)
class Solution:
    """A split of the budget: `spend` by channel, the `value` it earns, and the most that any split could earn."""

    spend: PerChannel
    value: float
    upper_bound: float


def optimality_gap(solution: Solution) -> float:
    """By how much, relative to its value, the solution may at most fall short of the best split."""
    return (solution.upper_bound - solution.value) / max(abs(solution.value), TINY)


def solve_separable(
    spend: Knots,
    value: Knots,
    total: float | int,
    lower: PerChannel | float | int | Sequence[float] | None = None,
    upper: PerChannel | float | int | Sequence[float] | None = None,
    *,
    shares: Sequence[Share] = (),
    names: Sequence[str] | None = None,
    tolerance: float = TOLERANCE,
) -> Solution:
    """The split of `total` that earns the most, with a proven upper bound on what any split can earn.

    `spend` holds each channel's increasing knots and `value` the curve there; a curve is known only between its first
    and its last knot, so the bounds never reach beyond them. `lower` and `upper` are money by channel, one number for
    all, or `None` for the whole curve. `names` are used in messages.

    Raises `InputError` when a curve is not one, or when no split meets the bounds and shares: which, and by how much.
    """
    spend, value = np.asarray(spend, dtype=float), np.asarray(value, dtype=float)
    names = list(names) if names is not None else [f"channel {i}" for i in range(len(spend))]
    _check_curves(spend, value, names)
    low = np.maximum(spend[:, 0] if lower is None else np.broadcast_to(lower, len(spend)), spend[:, 0])
    high = np.minimum(spend[:, -1] if upper is None else np.broadcast_to(upper, len(spend)), spend[:, -1])
    check_limits(float(total), low, high, names, shares)
    return _branch_and_bound(_Problem.within(spend, value, float(total), low, high, shares), tolerance)


def _check_curves(spend: Knots, value: Knots, names: Sequence[str]) -> None:
    problems = []
    for name, knots, heights in zip(names, spend, value, strict=True):
        if not (np.isfinite(knots).all() and np.isfinite(heights).all()):
            problems.append(f"{name}: the curve holds a value that is not a finite number: leave that knot out")
        elif (np.diff(knots) <= 0).any():
            at = int(np.argmax(np.diff(knots) <= 0))
            pair = f"knots {at} and {at + 1} ({knots[at]:g}, {knots[at + 1]:g})"
            problems.append(f"{name}: {pair} do not increase: sort them and give each once")
    if problems:
        raise InputError(problems)


@dataclass(frozen=True)
class _Problem:
    """The curves cut to their bounds (so that the ends of an interval are knot numbers), and the limits."""

    spend: Knots
    value: Knots
    total: float
    matrix: Float[np.ndarray, "row channel"]
    limits: Float[np.ndarray, " row"]

    @classmethod
    def within(
        cls, spend: Knots, value: Knots, total: float, lower: PerChannel, upper: PerChannel, shares: Sequence[Share]
    ) -> _Problem:
        cut = np.clip(spend, lower[:, None], upper[:, None])
        heights = np.stack([np.interp(x, knots, f) for x, knots, f in zip(cut, spend, value, strict=True)])
        total = float(np.clip(total, cut[:, 0].sum(), cut[:, -1].sum()))
        return cls(cut, heights, total, *share_rows(shares, total, len(spend)))


@dataclass(frozen=True)
class _Segments:
    """The linear pieces of one channel's concave envelope on an interval, steepest first."""

    width: Float[np.ndarray, " segment"]
    slope: Float[np.ndarray, " segment"]


@dataclass(frozen=True)
class _Node:
    """Knot intervals, the best split under their envelopes, its prices, and the most any split inside can earn."""

    first: Ends
    final: Ends
    spend: PerChannel
    prices: PerChannel
    bound: float


def _branch_and_bound(problem: _Problem, tolerance: float) -> Solution:
    envelopes: dict[tuple[int, int, int], _Segments] = {}
    order, open_nodes = count(), list[tuple[float, int, _Node]]()
    size, knots = problem.spend.shape
    best, best_value, closed = problem.spend[:, 0], -np.inf, -np.inf
    children = [(np.zeros(size, dtype=int), np.full(size, knots - 1))]
    while children:
        for first, final in children:
            if (node := _relax(problem, first, final, envelopes)) is not None:
                heapq.heappush(open_nodes, (-node.bound, next(order), node))
                if (value := _value(problem, node.spend)) > best_value:
                    best, best_value = node.spend, value
        children = []
        while open_nodes and not children and next(order) < MOST_NODES:
            if -open_nodes[0][0] <= best_value + tolerance * abs(best_value):
                break
            node = heapq.heappop(open_nodes)[-1]
            children = _split(problem, node)
            closed = closed if children else max(closed, node.bound)
    still_open = -open_nodes[0][0] if open_nodes else -np.inf
    return Solution(best, float(best_value), float(max(best_value, closed, still_open)))


def _value(problem: _Problem, spend: PerChannel) -> float:
    return float(sum(np.interp(x, knots, f) for x, knots, f in zip(spend, problem.spend, problem.value, strict=True)))


def _relax(
    problem: _Problem, first: Ends, final: Ends, envelopes: dict[tuple[int, int, int], _Segments]
) -> _Node | None:
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
    segments = _Segments(np.concatenate([p.width for p in pieces]), np.concatenate([p.slope for p in pieces]))
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
    bound = price * problem.total + charges @ problem.limits + _replies(problem, prices, first, final).sum()
    return _Node(first, final, np.minimum(spend, end), prices, float(bound))


def _replies(problem: _Problem, prices: PerChannel, first: Ends, final: Ends) -> PerChannel:
    """`max (f_c(x) - price_c x)` over each interval; the maximum of a piecewise-linear curve is at a knot."""
    knot = np.arange(problem.spend.shape[1])
    inside = (knot >= first[:, None]) & (knot <= final[:, None])
    return np.where(inside, problem.value - prices[:, None] * problem.spend, -np.inf).max(axis=1)


Filled = tuple[Float[np.ndarray, " segment"], float, Float[np.ndarray, " row"]]


def _fill(problem: _Problem, start: PerChannel, segments: _Segments) -> Filled:
    """Money goes to the steepest segments first; the price is the slope of the segment that took the last of it."""
    steepest = np.argsort(-segments.slope, kind="stable")
    before = np.cumsum(segments.width[steepest]) - segments.width[steepest]
    amounts = np.zeros(len(steepest))
    amounts[steepest] = np.clip(problem.total - start.sum() - before, 0.0, segments.width[steepest])
    used = segments.slope[amounts > 0]
    price = used.min() if len(used) else segments.slope.max(initial=0.0)
    return amounts, float(price), np.zeros(len(problem.limits))


def _fill_within_limits(
    problem: _Problem, start: PerChannel, segments: _Segments, owner: Int[np.ndarray, " segment"]
) -> Filled | None:
    """The same with share limits: a linear program, whose dual values are the price and each limit's charge."""
    from scipy.optimize import linprog

    unit, worth = max(abs(problem.total), TINY), max(float(np.abs(segments.slope).max(initial=0.0)), TINY)
    solved = linprog(
        -segments.slope / worth,
        A_ub=problem.matrix[:, owner],
        b_ub=(problem.limits - problem.matrix @ start) / unit,
        A_eq=np.ones((1, len(owner))),
        b_eq=[(problem.total - start.sum()) / unit],
        bounds=np.stack([np.zeros(len(owner)), segments.width / unit], axis=1),
    )
    if not solved.success:
        return None
    charges = np.maximum(-solved.ineqlin.marginals, 0.0) * worth
    return solved.x * unit, float(-solved.eqlin.marginals[0] * worth), charges


def _envelope(
    problem: _Problem, channel: int, first: int, final: int, known: dict[tuple[int, int, int], _Segments]
) -> _Segments:
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
        known[key] = _Segments(width, np.diff(f) / width)
    return known[key]


def _split(problem: _Problem, node: _Node) -> list[tuple[Ends, Ends]]:
    """Cut one interval in two: the channel that lies farthest below its envelope, at a knot beside its spend.

    Empty where every channel lies on its curve: such a node has no gap to close.
    """
    replies = _replies(problem, node.prices, node.first, node.final)

    def shortfall(c: int, x: float | np.floating) -> float:
        return float(replies[c] - np.interp(x, problem.spend[c], problem.value[c]) + node.prices[c] * x)

    channel = max(range(len(replies)), key=lambda c: shortfall(c, node.spend[c]))
    right = int(np.searchsorted(problem.spend[channel], node.spend[channel]))
    inner = [k for k in (right - 1, right) if node.first[channel] < k < node.final[channel]]
    if not inner:
        return []
    knot = max(inner, key=lambda k: shortfall(channel, problem.spend[channel, k]))
    below, above = node.final.copy(), node.first.copy()
    below[channel] = above[channel] = knot
    return [(node.first, below), (above, node.final)]
