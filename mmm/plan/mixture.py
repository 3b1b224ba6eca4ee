"""What is the most that planes over boxes allow?

Each channel's spend lies in one of its boxes, and inside a box planes lie above what the channel earns. Which calendar
mixes boxes best under the limits, all channels at once? With `mix_k` the share of box `k` and `x_k` what it spends,

    maximise  sum_k z_k     over  mix_k >= 0,  sum of a channel's mix = 1,  lower_k mix_k <= x_k <= upper_k mix_k,
              z_k <= height mix_k + slope x_k  for every plane of box k,     sum_k x_k within the limits.

A limit on one channel alone holds in each of its boxes by itself. An allowed calendar is a mixture of one box a
channel, so the value is never below what such a calendar earns. Source: disjunctive programming, Balas (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from mmm.plan.polytope import Polytope, one_sided

Periods = Float[np.ndarray, " period"]
Calendar = Float[np.ndarray, "channel period"]


@dataclass(frozen=True)
class Box:
    """One channel's spend between two ends, planes above what it earns there, and by period how loose they are."""

    channel: int
    lower: Periods
    upper: Periods
    heights: tuple[float, ...]
    slopes: tuple[Periods, ...]
    loose: Periods


@dataclass(frozen=True)
class Mixture:
    """The most that the planes allow, what is spent in each box, and the shares of the boxes."""

    value: float
    spend: Float[np.ndarray, "box period"]
    mix: Float[np.ndarray, " box"]


def best_mixture(limits: Polytope, boxes: Sequence[Box]) -> Mixture:
    """The linear program, with HiGHS, in units in which the largest limit and the largest plane are 1."""
    from scipy.optimize import linprog
    from scipy.sparse import block_array, diags_array, eye_array

    channel = np.array([box.channel for box in boxes])
    channels, count, periods = int(channel.max()) + 1, len(boxes), len(boxes[0].lower)
    laid = np.repeat(np.arange(count), [len(box.heights) for box in boxes])
    heights = np.concatenate([box.heights for box in boxes])
    unit, worth = float(np.abs(limits.upper).max()), max(float(np.abs(heights).max()), 1e-300)
    slopes = np.stack([slope for box in boxes for slope in box.slopes]) * (unit / worth)
    matrix, most = one_sided(limits)
    rows, most = matrix.reshape(len(matrix), channels, periods), most / unit
    row, owner = _alone(rows, channel)
    lower, upper = (np.stack([getattr(box, end) for box in boxes]).ravel() / unit for end in ("lower", "upper"))
    of_cell, of_plane, of_row = (_incidence(one, count) for one in (np.arange(count).repeat(periods), laid, owner))
    cells = eye_array(count * periods)
    within = block_array(
        [
            [cells, -diags_array(upper) @ of_cell, None],
            [-cells, diags_array(lower) @ of_cell, None],
            [_in_box(laid, -slopes, count), -diags_array(heights / worth) @ of_plane, of_plane],
            [_in_box(owner, rows[row, channel[owner]], count), -diags_array(most[row]) @ of_row, None],
            [rows[:, channel].reshape(len(rows), -1), None, None],
        ],
        format="csr",
    )  # fmt: skip
    room = np.r_[np.zeros(within.shape[0] - len(rows)), most + 1e-12 * np.maximum(np.abs(most), 1.0)]
    every = np.zeros((channels, within.shape[1]))
    every[channel, count * periods + np.arange(count)] = 1.0
    solved = linprog(
        np.r_[np.zeros(count * (periods + 1)), -np.ones(count)], A_ub=within, b_ub=room, A_eq=every,
        b_eq=np.ones(channels), bounds=[*[(0.0, None)] * (count * (periods + 1)), *[(None, None)] * count],
        method="highs",
    )  # fmt: skip
    if not solved.success:
        raise ArithmeticError(f"the linear program of a calendar's boxes was not solved: {solved.message}")
    spend, mix, _ = np.split(solved.x, [count * periods, count * (periods + 1)])
    return Mixture(-float(solved.fun) * worth, spend.reshape(count, periods) * unit, mix)


def _alone(
    rows: Float[np.ndarray, "row channel period"], channel: Int[np.ndarray, " box"]
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """Pairs of a row that holds one channel alone and a box of that channel."""
    touched = (rows != 0).any(axis=2)
    row, box = np.nonzero(touched[:, channel] & (touched.sum(axis=1) == 1)[:, None])
    return row, box


def _incidence(owner: Int[np.ndarray, " line"], count: int) -> Any:
    """A sparse matrix with a 1 in every line, in the column of its owner."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(owner)), (np.arange(len(owner)), owner)), shape=(len(owner), count))


def _in_box(owner: Int[np.ndarray, " line"], values: Float[np.ndarray, "line period"], count: int) -> Any:
    """A sparse matrix with each line's values in the cells of the box that owns it."""
    from scipy.sparse import csr_array

    lines, periods = values.shape
    cells = owner[:, None] * periods + np.arange(periods)
    start = periods * np.arange(lines + 1)
    return csr_array((values.ravel(), cells.ravel(), start), shape=(lines, count * periods))
