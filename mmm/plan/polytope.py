"""Which calendars are allowed? Linear limits on many cells of spend at once, and how to stay inside them.

A cell is one amount that is decided, a channel in a period for instance. The limits are

    lower <= spend <= upper                      every cell
    low   <= rows @ spend <= high                every row: the budget, a channel's total, a group, a change in time

`check_polytope` names the rows that contradict one another and by how much before anything is solved. `nearest` is the
allowed calendar closest to a wish (the step that gradients need), `farthest` the one that earns the most under
constant slopes (the step that certificates need).

Another limit that is linear in spend is another row with a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from mmm.errors import InputError

Cells = Float[np.ndarray, " cell"]
Rows = Float[np.ndarray, " row"]

SLACK: Final = 1e-7
"""What a row may be exceeded by, relative to the largest limit, before it counts as broken."""

CLOSE: Final = 1e-10
"""`nearest` stops when no row is broken by more than this, relative to the largest cell."""

NEWTON: Final = 100
DAMPING: Final = 1e-3
SUFFICIENT: Final = 1e-4
SHORTEST: Final = 1e-12


@dataclass(frozen=True)
class Polytope:
    """The limits, in money. `names` say what each row is, in words that fit "... is 12.00 out of reach"."""

    lower: Cells
    upper: Cells
    rows: Float[np.ndarray, "row cell"]
    low: Rows
    high: Rows
    names: tuple[str, ...]
    cells: tuple[str, ...]


def check_polytope(limits: Polytope) -> None:
    """Raise `InputError`, naming what conflicts and by how much, unless some calendar meets every limit."""
    crossed = [
        f"{name}: the lower limit {low:,.2f} is {low - high:,.2f} above the upper limit {high:,.2f}: widen one of them"
        for name, low, high in zip(
            (*limits.cells, *limits.names),
            np.r_[limits.lower, limits.low],
            np.r_[limits.upper, limits.high],
            strict=True,
        )
        if low > high + SLACK * max(abs(low), abs(high))
    ]
    if crossed:
        raise InputError(crossed)
    short = _shortfall(limits)
    unit = float(np.abs(limits.upper).max(initial=1e-300))
    problems = [
        f"{name} is {amount:,.2f} out of reach within the other limits: widen it or them"
        for name, amount in zip(limits.names, short, strict=True)
        if amount > SLACK * unit
    ]
    if problems:
        raise InputError(problems)


def _shortfall(limits: Polytope) -> Rows:
    """The least total amount by which the rows have to give way, row by row."""
    size, rows = limits.rows.shape[1], len(limits.low)
    give = np.hstack([np.eye(rows), -np.eye(rows)])
    above, below = np.isfinite(limits.high), np.isfinite(limits.low)
    solved = _linear_program(
        np.r_[np.zeros(size), np.ones(2 * rows)],
        np.vstack([np.hstack([limits.rows, -give])[above], np.hstack([-limits.rows, give])[below]]),
        np.r_[limits.high[above], -limits.low[below]],
        [*zip(limits.lower, limits.upper, strict=True), *[(0.0, None)] * (2 * rows)],
    )
    return solved[size : size + rows] + solved[size + rows :]


def farthest(limits: Polytope, slope: Cells) -> Cells:
    """The allowed calendar with the largest `slope @ spend`: a vertex, by linear programming."""
    matrix, most = one_sided(limits)
    unit = max(float(np.abs(slope).max()), 1e-300)
    return _linear_program(-slope / unit, matrix, most, [*zip(limits.lower, limits.upper, strict=True)])


def repaired(limits: Polytope, spend: Cells) -> Cells:
    """The allowed calendar that moves the least money from `spend`: what rounding has broken is mended exactly."""
    size = len(spend)
    matrix, most = one_sided(limits)
    up, down = limits.upper - limits.lower, limits.upper - limits.lower
    start = np.clip(spend, limits.lower, limits.upper)
    moved = _linear_program(
        np.ones(2 * size),
        np.hstack([matrix, -matrix]),
        most - matrix @ start,
        [
            *zip(np.zeros(size), np.minimum(up, limits.upper - start), strict=True),
            *zip(np.zeros(size), np.minimum(down, start - limits.lower), strict=True),
        ],
    )
    return np.clip(start + moved[:size] - moved[size:], limits.lower, limits.upper)


def one_sided(limits: Polytope) -> tuple[Float[np.ndarray, "limit cell"], Float[np.ndarray, " limit"]]:
    """The rows as `matrix @ spend <= most`."""
    above, below = np.isfinite(limits.high), np.isfinite(limits.low)
    return np.vstack([limits.rows[above], -limits.rows[below]]), np.r_[limits.high[above], -limits.low[below]]


def _linear_program(cost: Cells, matrix: np.ndarray, most: np.ndarray, bounds: Sequence[tuple[Any, Any]]) -> np.ndarray:
    """The cheapest point, solved in units in which the largest bound is 1."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    unit = max(float(np.max([high for _, high in bounds if high is not None], initial=0.0)), 1e-300)
    scaled = [(low / unit, None if high is None else high / unit) for low, high in bounds]
    room = 1e-12 * np.maximum(np.abs(most / unit), 1.0)
    solved = linprog(cost, A_ub=csr_array(matrix), b_ub=most / unit + room, bounds=scaled, method="highs")
    if not solved.success:
        raise ArithmeticError(f"the linear program of a calendar's limits was not solved: {solved.message}")
    return np.asarray(solved.x) * unit


class Projection:
    """`nearest` for many wishes under the same limits; where the last one ended is where the next begins.

    Distance is measured in units of `scale` by cell, so that small channels are not dust beside large ones. With a
    price on every row the cells part, `spend = clip(wish - price @ rows)`, so only the prices are searched for: Newton
    steps on the dual, which is piecewise quadratic, a handful of rows whatever the number of cells. A row that is not
    an equality has a price of the sign of the end it is held at, and none where it is not held.
    """

    def __init__(self, limits: Polytope, scale: Cells) -> None:
        rows = limits.rows * scale
        length = np.maximum(np.sqrt((rows**2).sum(axis=1)), 1e-300)
        self.rows = rows / length[:, None]
        self.low, self.high = limits.low / length, limits.high / length
        self.lower, self.upper = limits.lower / scale, limits.upper / scale
        self.scale = scale
        self.exact = limits.low == limits.high
        self.price = np.zeros(len(self.low))

    def nearest(self, wish: Cells) -> Cells:
        """The allowed calendar closest to `wish`."""
        goal, price = wish / self.scale, self.price
        reach = CLOSE * max(float(np.abs(self.upper).max()), 1e-300)
        height, place, slope = self._dual(goal, price)
        for _ in range(NEWTON):
            if np.abs(slope).max(initial=0.0) < reach:
                break
            held = (price != 0) | (slope != 0)
            free = self.rows[np.ix_(held, (place > self.lower) & (place < self.upper))]
            damping = DAMPING * min(1.0, float(np.abs(slope).max())) + reach
            way = np.zeros(len(price))
            way[held] = -np.linalg.solve(free @ free.T + damping * np.eye(int(held.sum())), slope[held])
            side = np.where(price != 0, np.sign(price), -np.sign(slope))
            length = 1.0
            while length > SHORTEST:
                there = price + length * way
                there = np.where(self.exact | (there * side > 0), there, 0.0)
                found = self._dual(goal, there)
                if found[0] <= height + SUFFICIENT * float(slope @ (there - price)):
                    break
                length /= 2
            else:
                break
            price, (height, place, slope) = there, found
        self.price = price
        return place * self.scale

    def _dual(self, goal: Cells, price: Rows) -> tuple[float, Cells, Rows]:
        """What the prices leave to gain, the cells at these prices, and the smallest slope in the prices."""
        place = np.clip(goal - price @ self.rows, self.lower, self.upper)
        total = self.rows @ place
        side = np.where(self.exact, 1.0, np.sign(price))
        end = np.where(side > 0, self.high, np.where(side < 0, self.low, np.clip(total, self.low, self.high)))
        paid = float(np.where(price != 0, price, 0.0) @ np.where(price != 0, end, 0.0))
        return paid - float(((place - goal) ** 2).sum()) / 2 - float(price @ total), place, end - total
