"""How should a fixed budget be split so that no other split earns more, and how do we know?

Every channel has a value curve `f_c`, piecewise linear between its knots and of any shape: concave, S-shaped, flat.

    maximise  sum_c f_c(spend_c)   subject to   sum_c spend_c = total,   lower <= spend <= upper.

S-shaped curves make local search fail: it leaves money in a channel that never gets past its threshold. Two facts
solve the problem to the end. Replacing each curve by its concave envelope gives an easy problem whose answer lies off
the true curve in at most one channel; and its price of money proves the most that any split can earn
(`mmm.plan.relaxation`). So: cut the interval of the one channel that lies off its curve, at the knot beside its spend,
and go on with the most promising half, until the best split found is within `TOLERANCE` of the largest bound that is
still open. The bound that is returned is a proof and not an estimate, whatever the search did.

    solve_separable(spend, value, total=100.0, lower=0.0, upper=80.0)

Limits on groups of channels come as `mmm.plan.limits.Share`. To add another linear limit, extend `limits.share_rows`.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from jaxtyping import Float

from mmm.errors import InputError
from mmm.plan.limits import Share, check_limits
from mmm.plan.relaxation import TINY, Ends, Knots, Node, PerChannel, Problem, Segments, best_replies, relax

TOLERANCE: Final = 1e-6
"""The relative gap at which the search stops."""

MOST_CUTS: Final = 5_000
"""Intervals cut in two before the best answer is returned with the gap that is left."""

Bound = Float[np.ndarray, " channel"] | Sequence[float | int] | float | int | None
"""Money by channel, one number for all, or the end of the curve."""


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
    lower: Bound = None,
    upper: Bound = None,
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
    return _branch_and_bound(Problem.within(spend, value, float(total), low, high, shares), tolerance)


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


def _branch_and_bound(problem: Problem, tolerance: float) -> Solution:
    envelopes: dict[tuple[int, int, int], Segments] = {}
    number, open_nodes = count(), list[tuple[float, int, Node]]()
    best, best_value, closed = problem.spend[:, 0], -np.inf, -np.inf

    def visit(first: Ends, final: Ends) -> None:
        nonlocal best, best_value
        if (node := relax(problem, first, final, envelopes)) is not None:
            heapq.heappush(open_nodes, (-node.bound, next(number), node))
            if (value := _value(problem, node.spend)) > best_value:
                best, best_value = node.spend, value

    size, knots = problem.spend.shape
    visit(np.zeros(size, dtype=int), np.full(size, knots - 1))
    for _ in range(MOST_CUTS):
        if not open_nodes or -open_nodes[0][0] <= best_value + tolerance * abs(best_value):
            break
        node = heapq.heappop(open_nodes)[-1]
        halves = _split(problem, node)
        if not halves:  # its split lies on the curves: what is left of its gap is rounding
            closed = max(closed, node.bound)
        for first, final in halves:
            visit(first, final)
    still_open = -open_nodes[0][0] if open_nodes else -np.inf
    return Solution(best, float(best_value), float(max(best_value, closed, still_open)))


def _value(problem: Problem, spend: PerChannel) -> float:
    return float(sum(np.interp(x, knots, f) for x, knots, f in zip(spend, problem.spend, problem.value, strict=True)))


def _split(problem: Problem, node: Node) -> list[tuple[Ends, Ends]]:
    """Cut one interval in two: the channel that lies farthest below its envelope, at a knot beside its spend.

    Empty where every channel lies on its curve: such a node has no gap to close.
    """
    replies = best_replies(problem, node.prices, node.first, node.final)

    def shortfall(c: int, x: float) -> float:
        return float(replies[c] - np.interp(x, problem.spend[c], problem.value[c]) + node.prices[c] * x)

    channel = max(range(len(replies)), key=lambda c: shortfall(c, float(node.spend[c])))
    right = int(np.searchsorted(problem.spend[channel], node.spend[channel]))
    inner = [k for k in (right - 1, right) if node.first[channel] < k < node.final[channel]]
    if not inner:
        return []
    knot = max(inner, key=lambda k: shortfall(channel, float(problem.spend[channel, k])))
    below, above = node.final.copy(), node.first.copy()
    below[channel] = above[channel] = knot
    return [(node.first, below), (above, node.final)]
