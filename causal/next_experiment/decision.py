"""Which decision would a test improve? The study's own budget plan, as arrays: the only module that sees `mmm.plan`.

The value of information is the value of deciding better, so it must be asked of the decision that will be taken: the
plan's curves over its horizon, its budget, its bounds and groups, and its certified solver.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from causal.next_experiment.value import Draws, Multiples, Split, Stakes

TOLERANCE = 1e-3


@dataclass(frozen=True)
class Terms:
    """What turns a value over the plan's horizon into profit over the years in which the decision holds."""

    currency: str
    margin: float
    horizons: float

    def money(self, value: float) -> float:
        return self.margin * self.horizons * value


def fill(spend: Float[np.ndarray, " channel"], multiples: Float[np.ndarray, " multiple"]) -> Split:
    """The best split of the present total on concave curves: money goes to the steepest step that is left.

    Exact where curves are concave and linear between their multiples, and many curves at once; a plan's own curves may
    be S-shaped, and need the certified solver of `mmm.plan.budget`.
    """
    widths = spend[:, None] * np.diff(multiples)
    total = float(spend.sum() * (1 - multiples[0]))

    def split(curves: Draws) -> Multiples:
        steps = (np.diff(curves, axis=-1) / widths).reshape(len(curves), -1)
        order = np.argsort(-steps, axis=1, kind="stable")
        money = np.broadcast_to(widths.ravel(), steps.shape)
        ordered = np.take_along_axis(money, order, 1)
        filled = np.clip(total - (np.cumsum(ordered, 1) - ordered), 0.0, ordered)
        spent = np.zeros_like(steps)
        np.put_along_axis(spent, order, filled, 1)
        return multiples[0] + spent.reshape(len(curves), *widths.shape).sum(-1) / spend

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

    def split(curves: Draws) -> Multiples:
        found = [
            best_split(view, limits, total, shares=shares, curves=each, tolerance=TOLERANCE).spend for each in curves
        ]
        return np.divide(found, view.spend, out=np.ones((len(found), len(view.spend))), where=view.spend > 0)

    given = study.plan.finance.margin if margin is None else margin
    terms = Terms(study.currency, 1.0 if given is None else given, years * view.periods_per_year / len(view.periods))
    return Stakes(view.curves, view.multiples, split), terms
