"""Which decision would a test improve? The study's own budget plan, as arrays: the only module that sees `mmm.plan`.

The value of information is the value of deciding better, so it must be asked of the decision that will be taken: the
plan's curves over its horizon, its budget, its bounds and groups, and its certified solver.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from causal.next_experiment.value import Curves, Split, Stakes

TOLERANCE = 1e-3


@dataclass(frozen=True)
class Terms:
    """What turns a value over the plan's horizon into profit over the years in which the decision holds."""

    currency: str
    margin: float
    horizons: float

    def money(self, value: float) -> float:
        return self.margin * self.horizons * value


def splitter(spend: Float[np.ndarray, " channel"], multiples: Float[np.ndarray, " multiple"]) -> Split:
    """The certified best split of the present total between the first and the last multiple of every channel."""
    from mmm.plan.budget import solve_separable

    def split(curves: Curves) -> Float[np.ndarray, " channel"]:
        return (
            solve_separable(spend[:, None] * multiples, curves, float(spend.sum()), tolerance=TOLERANCE).spend / spend
        )

    return split


def stakes_of(fit: xr.DataTree, margin: float | None, years: float) -> tuple[Stakes, Terms]:
    """The plan of the fit's study as a decision, and its terms. `margin` None is the study's, or 1."""
    from mmm.plan.choice import best_split, limits_for, shares_of, wanted_budget
    from mmm.plan.outlook import outlook
    from mmm.plan.scenario import reach_of
    from mmm.study import Study

    study = Study.model_validate_json(fit.attrs["study"])
    view = outlook(fit, study, study.plan.horizon, reach_of(study.plan))
    limits = limits_for(view, study.plan, None)
    total, shares = wanted_budget(view, limits, study.plan), shares_of(study.plan.groups, view.channels)

    def split(curves: Curves) -> np.ndarray:
        found = best_split(view, limits, total, shares=shares, curves=curves, tolerance=TOLERANCE)
        return np.divide(found.spend, view.spend, out=np.ones(len(view.spend)), where=view.spend > 0)

    given = study.plan.finance.margin if margin is None else margin
    terms = Terms(study.currency, 1.0 if given is None else given, years * view.periods_per_year / len(view.periods))
    return Stakes(view.curves, view.multiples, split), terms
