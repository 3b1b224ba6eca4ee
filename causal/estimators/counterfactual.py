"""What would the treated geos have sold? From a rule that predicts them to an estimate with an honest interval.

    expected = rule(target, controls, before)      # the mean treated geo in every period, from the periods in `before`
    att      = mean over the measured periods of (target - expected)

Every estimator that has a counterfactual series is such a rule, and `measure` does the rest: the estimate from a fit to
the periods before the start, p-value and interval from fits to all periods under the null (`conformal`). To add an
estimator, write its rule in a file of its own and hand it to `measure`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from causal.estimators.conformal import Permutation, Statistic, Test, invert, standardised, total
from causal.estimators.estimate import LEVEL, Estimate, window_of
from causal.estimators.trial import Trial


class Counterfactual(NamedTuple):
    """What the mean treated geo would have sold, and what each control geo counts in it."""

    expected: Float[np.ndarray, " time"]
    weights: Float[np.ndarray, " geo"]


Rule = Callable[[Float[np.ndarray, " time"], Float[np.ndarray, "geo time"], Bool[np.ndarray, " time"]], Counterfactual]
SHARED = (
    "No geo's sales depend on the spend in another geo.",
    "Nothing else that happened during the experiment moved treated and control geos differently.",
)


def measure(
    name: str,
    trial: Trial,
    rule: Rule,
    assumptions: tuple[str, ...],
    level: float = LEVEL,
    permutation: Permutation = "block",
) -> Estimate:
    """The estimate of one rule, with p-value and interval from the conformal test."""
    found = rule(trial.target, trial.controls, ~trial.measured)
    gap = trial.target - found.expected
    att = float(gap[trial.measured].mean())
    test = conformal_test(trial, rule, permutation)
    scale = max(float(np.std(gap[~trial.measured])), 1e-6 * float(np.abs(trial.target).mean()), 1e-12)
    low, high = invert(test, att, scale / np.sqrt(trial.measured.sum()), level)
    p_value = test.p_value()
    return Estimate(
        estimator=name,
        att=att,
        interval=(low, high),
        p_value=max(p_value, 1 - level) if low <= 0 <= high else p_value,  # a widened interval is a milder test
        level=level,
        cells=trial.cells,
        expected=float(found.expected[trial.measured].sum() * trial.treated.sum()),
        assumptions=(*SHARED, *assumptions),
        weights=pd.Series(found.weights, index=list(trial.control_geos), name="weight"),
        series=pd.DataFrame({"kpi": trial.target, "expected": found.expected}, index=trial.times),
        window=window_of(trial),
    )


def conformal_test(
    trial: Trial, rule: Rule, permutation: Permutation = "block", statistic: Statistic | None = None
) -> Test:
    """The permutation test of effects in proportion to sales: the rule refitted to all periods, without the effect.

    Periods drawn independently have no place, so the statistic's default is then the total as it is.
    """
    everything = np.ones(len(trial.times), dtype=bool)
    controls, target, profile = trial.controls, trial.target, effect_profile(trial)

    def residuals(effect: float) -> Float[np.ndarray, " time"]:
        untouched = target - effect * profile
        return untouched - rule(untouched, controls, everything).expected

    statistic = statistic or (standardised if permutation == "block" else total)
    start, measured = int(trial.measured.argmax()), int(trial.measured.sum())
    return Test(residuals, len(trial.times), measured, start, permutation, statistic)


def effect_profile(trial: Trial) -> Float[np.ndarray, " time"]:
    """How an effect of one KPI unit a period spreads over the measured periods: as the treated geos' sales do.

    A lift is a share of sales: more on a Saturday than on a Monday. Taken away as a constant, it would leave a weekday
    pattern behind that a fit to all periods bends to explain, and the interval with it. A KPI that goes below zero is
    no sales, and its effect is spread evenly.
    """
    measured = trial.measured.astype(float)
    sales = trial.target[trial.measured]
    return measured if sales.min() < 0 or sales.mean() == 0 else measured * trial.target / sales.mean()
