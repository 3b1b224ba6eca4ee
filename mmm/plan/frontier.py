"""What would each size of the budget earn, were it split as well as can be?

    frontier = efficient_frontier(view, settings)      # budget, outcome with its interval, mROI, certificate

The budget runs between the least and the most that the limits allow, at multiples of the recommended one, and limits
widen with it as they do for the standing alternatives: the frontier passes through `recommended`, `cut` and `grow`, and
`hold` lies below it by what a better split is worth. Each budget is split by `mmm.plan.budget` under the same worth
(caution included) as the recommendation. `mroi` is what the next unit of money earns at that budget. `profit` is the
outcome times the margin less the budget; it is largest at the *free* budget, where the next unit of money brings back
just itself: `plan.budget: {target_mroi: 1 / margin}` finds that one exactly.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from mmm.errors import InputError
from mmm.plan.bounds import Allowed, for_budget
from mmm.plan.budget import optimality_gap
from mmm.plan.choice import best_split, cautious, settled, shares_of, wanted_budget
from mmm.plan.outlook import Outlook, outcome
from mmm.plan.risk import interval
from mmm.study import Plan as Settings

MULTIPLES: Final = tuple(np.round(np.linspace(0.5, 1.5, 21), 3).tolist())
"""Budgets along the frontier, as multiples of the recommended one."""

NUDGE: Final = 0.01
"""The next unit of money, as a share of the budget."""


def efficient_frontier(
    view: Outlook, limits: Allowed, settings: Settings, multiples: tuple[float, ...] = MULTIPLES
) -> pd.DataFrame:
    """`multiple, budget, outcome_*, mroi_*, profit, optimality_gap`, smallest budget first; `*` is mean, p05 and p95.

    Budgets that the limits rule out are left out. `profit` is NaN without a margin, `mroi` where a slightly
    larger budget is ruled out.
    """
    settings = settled(view, limits, settings)
    worth, shares = cautious(view, settings.caution), shares_of(settings.groups, view.channels)
    wanted = wanted_budget(view, limits, settings)

    def solved(factor: float) -> tuple[np.ndarray, float] | None:
        try:
            found = best_split(view, for_budget(limits, factor), factor * wanted, shares=shares, curves=worth)
        except InputError:
            return None
        split = np.divide(found.spend, view.spend, out=np.ones(len(view.spend)), where=view.spend > 0)
        return outcome(view, split).sum(axis=1), optimality_gap(found)

    margin = np.nan if settings.finance.margin is None else settings.finance.margin
    rows: list[dict[str, Any]] = []
    for factor in multiples:
        here, more = solved(factor), solved(factor * (1 + NUDGE))
        if here is None:
            continue
        draws, gap = here
        row = {"multiple": factor, "budget": factor * wanted} | interval(draws, "outcome_")
        step = np.full(1, np.nan) if more is None else (more[0] - draws) / (NUDGE * factor * wanted)
        row |= interval(step, "mroi_") | {"profit": margin * float(draws.mean()) - factor * wanted}
        rows.append(row | {"optimality_gap": gap})
    return pd.DataFrame(rows)
