"""How do users in a randomised test differ, less what they were like before it? CUPED.

    adjusted_i = outcome_i - theta * (before_i - mean before),    att = mean adjusted treated - mean adjusted untreated

`before` is what is known of a user from before the test, usually the outcome itself: it cannot be an effect of the
treatment, so taking its part away removes noise and no effect. The variance falls by the squared correlation. `theta`
is found within the arms, so that an effect does not enter it. Source: Deng, Xu, Kohavi and Walker, WSDM 2013.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.regression_adjustment import unit_estimate
from causal.estimators.units import read_units


def estimate(
    units: pd.DataFrame, outcome: str, treatment: str, before: Sequence[str], *, level: float = LEVEL
) -> Estimate:
    """The difference of adjusted means, with Welch's t-test (each arm has its own variance)."""
    data = read_units(units, outcome, treatment, before)
    adjusted = without(data.outcome, data.treated, data.covariates)
    arms = [adjusted[data.treated == arm] for arm in (1, 0)]
    test = stats.ttest_ind(*arms, equal_var=False)
    error = float(np.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms)))
    return unit_estimate("cuped", data, float(arms[0].mean() - arms[1].mean()), error, float(test.df), level, False)


def without(
    outcome: Float[np.ndarray, " unit"],
    treated: Float[np.ndarray, " unit"],
    before: Float[np.ndarray, "unit covariate"],
) -> Float[np.ndarray, " unit"]:
    """The outcome less what the units' past explains of it, with slopes found within the arms."""
    arms = np.column_stack([treated, 1 - treated])
    within = [values - arms @ (np.linalg.pinv(arms) @ values) for values in (outcome, before)]
    theta, *_ = np.linalg.lstsq(within[1], within[0])
    return outcome - (before - before.mean(0)) @ theta
