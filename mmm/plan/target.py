"""How large should the budget be to meet a target?

With `V(B)` what the recommended split of a budget `B` earns on average, and `t` the return that is asked for,

    target_roi    the largest B with V(B) - t B >= 0        all money earns t on average
    target_mroi   the B that maximises V(B) - t B           the last unit of money earns t
    target_cpa    target_roi with t = value per KPI unit / cost per KPI unit

Both are read off the surplus `V(B) - t B`. With S-shaped curves the surplus may cross zero or peak more than once, so
the whole range of budgets is scanned before the answer is refined.

Another target is another reading of the surplus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from mmm.errors import InputError
from mmm.study import Target

SCANNED: Final = 41
"""Budgets looked at between the smallest and the largest that the bounds allow."""

REFINED: Final = 20
"""Times the interval around the answer is narrowed."""


def budget_for(target: Target, most: Callable[[float], float], low: float, high: float, value_per_kpi: float) -> float:
    """The budget between `low` and `high` that meets the target; `most` says what its split earns.

    Raises `InputError` when no budget in that range reaches the target ROI or CPA.
    """
    wanted = _wanted_return(target, value_per_kpi)
    totals = np.linspace(low, high, SCANNED)

    def surplus_of(total: float) -> float:
        return most(total) - wanted * total

    surplus = np.array([surplus_of(float(total)) for total in totals])
    if target.target_mroi is not None:
        at = int(surplus.argmax())
        return _peak(surplus_of, totals[max(at - 1, 0)], totals[min(at + 1, SCANNED - 1)])
    meets = np.flatnonzero(surplus >= -1e-9 * np.maximum(totals, 1e-300))
    meets = meets[totals[meets] > 0]
    if not len(meets):
        raise InputError([_out_of_reach(target, surplus, totals, wanted, value_per_kpi)])
    last = int(meets[-1])
    if last == SCANNED - 1:
        return float(high)
    return _crossing(surplus_of, totals[last], totals[last + 1])


def _wanted_return(target: Target, value_per_kpi: float) -> float:
    if target.target_cpa is not None:
        return value_per_kpi / target.target_cpa
    return float(target.target_roi or target.target_mroi or 0.0)


def _out_of_reach(target: Target, surplus: np.ndarray, totals: np.ndarray, wanted: float, value_per_kpi: float) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        roi = np.where(totals > 0, surplus / totals + wanted, -np.inf)
    at = int(roi.argmax())
    if target.target_cpa is not None:
        asked, best = f"target_cpa {target.target_cpa:g}", f"lowest cost per KPI unit is {value_per_kpi / roi[at]:,.2f}"
    else:
        asked, best = f"target_roi {target.target_roi:g}", f"highest ROI is {roi[at]:,.2f}"
    return (
        f"plan.budget: {asked} is out of reach: between the budgets {totals[0]:,.2f} and {totals[-1]:,.2f} that the "
        f"bounds allow, the {best}, at {totals[at]:,.2f}: relax the target or lower the bounds"
    )


def _crossing(surplus: Callable[[float], float], meets: float, misses: float) -> float:
    for _ in range(REFINED):
        middle = (meets + misses) / 2
        meets, misses = (middle, misses) if surplus(middle) >= 0 else (meets, middle)
    return float(meets)


def _peak(surplus: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(REFINED):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if surplus(left) < surplus(right) else (low, right)
    return float((low + high) / 2)
