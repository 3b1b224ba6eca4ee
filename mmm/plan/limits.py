"""Can this budget be spent at all within the limits it is given?

A plan's limits are linear: each channel's spend lies between its `lower` and its `upper`, the spends add up to the
total, and a *share* limit holds a group of channels together,

    minimum * total  <=  sum of the group's spend  <=  maximum * total.

`check_limits` answers before anything is solved. When the limits contradict one another it finds the least by which
they must give way (a linear program with one slack for each limit) and names those limits and amounts.

To limit something else that is linear in spend, add its rows to `share_rows`; the solver and the check both read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from mmm.errors import InputError

SLACK: Final = 1e-9
"""Relative room left to floating-point sums, so that `lower == upper == total` counts as feasible."""

SHARE_SLACK: Final = 1e-8
"""The same for share limits, relative to the budget; a linear program meets them no more exactly than that."""


@dataclass(frozen=True)
class Share:
    """The spend of `members` together is between `minimum` and `maximum` of the total budget."""

    members: Bool[np.ndarray, " channel"]
    minimum: float = 0.0
    maximum: float = 1.0


def share_rows(
    shares: Sequence[Share], total: float, size: int
) -> tuple[Float[np.ndarray, "row channel"], Float[np.ndarray, " row"]]:
    """Every share limit as rows of `matrix @ spend <= limit`; a limit that cannot bind (0 or 1) has no row."""
    rows: list[Float[np.ndarray, " channel"]] = []
    limits: list[float] = []
    for share in shares:
        if share.maximum < 1:
            rows.append(share.members.astype(float))
            limits.append(share.maximum * total)
        if share.minimum > 0:
            rows.append(-share.members.astype(float))
            limits.append(-share.minimum * total)
    return np.array(rows).reshape(len(rows), size), np.array(limits, dtype=float)


def check_limits(
    total: float,
    lower: Float[np.ndarray, " channel"],
    upper: Float[np.ndarray, " channel"],
    names: Sequence[str],
    shares: Sequence[Share] = (),
) -> None:
    """Raise `InputError`, naming what conflicts and by how much, unless some spend meets every limit."""
    problems = _bound_problems(lower, upper, names) or _total_problems(total, lower, upper, names)
    if not problems and shares:
        problems = _share_problems(total, lower, upper, names, shares)
    if problems:
        raise InputError(problems)


def _bound_problems(
    lower: Float[np.ndarray, " channel"], upper: Float[np.ndarray, " channel"], names: Sequence[str]
) -> list[str]:
    return [
        f"{name}: the lower bound {low:,.2f} is {low - high:,.2f} above the upper bound {high:,.2f}: widen one of them"
        for name, low, high in zip(names, lower, upper, strict=True)
        if low > high
    ]


def _total_problems(
    total: float, lower: Float[np.ndarray, " channel"], upper: Float[np.ndarray, " channel"], names: Sequence[str]
) -> list[str]:
    room = SLACK * max(abs(total), float(np.abs(upper).max()))
    if lower.sum() > total + room:
        over = lower.sum() - total
        return [
            f"the lower bounds add up to {lower.sum():,.2f}, which is {over:,.2f} more than the budget {total:,.2f} "
            f"({_list(names, lower)}): lower the bounds of some channels or raise the budget"
        ]
    if upper.sum() < total - room:
        short = total - upper.sum()
        return [
            f"the upper bounds add up to {upper.sum():,.2f}, which is {short:,.2f} less than the budget {total:,.2f} "
            f"({_list(names, upper)}): raise the bounds of some channels or lower the budget"
        ]
    return []


def _list(names: Sequence[str], amounts: Float[np.ndarray, " channel"], most: int = 8) -> str:
    """The largest amounts by name: `tv 1,200.00, search 300.00 and 4 more`."""
    order = np.argsort(-amounts, kind="stable")
    shown = ", ".join(f"{names[i]} {amounts[i]:,.2f}" for i in order[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _share_problems(
    total: float,
    lower: Float[np.ndarray, " channel"],
    upper: Float[np.ndarray, " channel"],
    names: Sequence[str],
    shares: Sequence[Share],
) -> list[str]:
    """The share limits that have to give way, by the least total amount of money."""
    from scipy.optimize import linprog

    matrix, limits = share_rows(shares, total, len(names))
    rows, size = matrix.shape
    unit = max(abs(total), SLACK)
    solved = linprog(
        np.r_[np.zeros(size), np.ones(rows)],
        A_ub=np.hstack([matrix, -np.eye(rows)]),
        b_ub=limits / unit,
        A_eq=np.r_[np.ones(size), np.zeros(rows)][None, :],
        b_eq=[float(np.clip(total, lower.sum(), upper.sum())) / unit],
        bounds=[*zip(lower / unit, upper / unit, strict=True), *[(0.0, None)] * rows],
    )
    excess = solved.x[size:] * unit
    problems = []
    for row, limit, amount in zip(matrix, limits, excess, strict=True):
        if amount > SHARE_SLACK * unit:
            members = ", ".join(name for name, coefficient in zip(names, row, strict=True) if coefficient)
            side = "at most" if limit >= 0 else "at least"
            problems.append(
                f"{members}: {side} {abs(limit) / unit:.1%} of the budget {total:,.2f} is {amount:,.2f} out of reach "
                "within the channels' bounds and the other groups: widen the share or the bounds"
            )
    return problems
