"""How do treated and untreated units differ, once their known differences are held still? One regression.

    outcome_i = effect * treated_i + covariates_i . gamma + u_i

After random assignment the covariates only sharpen the answer. Without it they carry it: on the job-training data the
experiment says 1,794 dollars, and the same regression with a survey's units as controls says 700, before adjustment
-8,498. No interval shows that error. For units that are periods and geos use `causal.regression`, which knows
that sales wander; here units are people or stores, independent of each other.

Source of the numbers: LaLonde, American Economic Review 1986, in the sample of Dehejia and Wahba, JASA 1999.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import statsmodels.api as sm
from jaxtyping import Float

from causal.estimators.estimate import LEVEL, Estimate, student
from causal.estimators.units import UNCONFOUNDED, Units, read_units


def estimate(
    units: pd.DataFrame,
    outcome: str,
    treatment: str,
    covariates: Sequence[str] = (),
    *,
    level: float = LEVEL,
    robust: bool = True,
) -> Estimate:
    """The difference between treated and untreated units, with covariates held still.

    Standard errors allow each unit its own variance (HC3) unless `robust` is off; with no covariates and `robust` this
    is Welch's comparison of means in all but a few units.
    """
    data = read_units(units, outcome, treatment, covariates)
    design = np.column_stack([data.treated, np.ones(len(data.outcome)), data.covariates])
    fitted = sm.OLS(data.outcome, design).fit(cov_type="HC3" if robust else "nonrobust", use_t=True)
    att, error = float(fitted.params[0]), float(fitted.bse[0])
    return unit_estimate("regression_adjustment", data, att, error, float(fitted.df_resid), level, bool(covariates))


def unit_estimate(
    name: str, data: Units, att: float, error: float, degrees: int | float, level: float, adjusted: bool
) -> Estimate:
    """An estimate over units, from a t-test."""
    cells = int(data.treated.sum())
    seen: Float[np.ndarray, " treated"] = data.outcome[data.treated == 1]
    return Estimate(
        estimator=name,
        att=att,
        cells=cells,
        expected=float(seen.sum()) - att * cells,
        assumptions=UNCONFOUNDED if adjusted else ("Units were assigned to the treatment by chance.",),
        **student(att, error, degrees, level),
    )
