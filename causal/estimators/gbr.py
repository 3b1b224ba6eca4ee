"""Did geos whose spend was moved sell more than geos that sold alike before? Geo-based regression.

    measured_i = a + b * before_i + att * treated_i + noise_i,    weights 1 / before_i

One row a geo: its mean KPI in the measured periods on that before the start. Adding up over time makes the
autocorrelation within a geo harmless; what is left to chance is which geos were treated, so there must be a dozen of
them or more. Large geos vary more, hence the weights, and each geo has a variance of its own in the standard error
(HC3). Source: Vaver and Koehler, 2011, "Measuring ad effectiveness using geo experiments".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import statsmodels.api as sm

from causal.estimators.counterfactual import SHARED
from causal.estimators.estimate import LEVEL, Estimate, student, window_of
from causal.estimators.trial import Day, Panel, read_trial
from mmm.errors import InputError

LEAST_GEOS = 6
CHANCE = "Which geos were treated has nothing to do with how they would have grown."


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    level: float = LEVEL,
    **layout: Any,
) -> Estimate:
    """Geo-based regression of a finished experiment; raises `InputError` with fewer than six geos or one a side."""
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    before, after = (trial.kpi[:, which].mean(1) for which in (~trial.measured, trial.measured))
    sides = int(trial.treated.sum()), int((~trial.treated).sum())
    problems = []
    if min(sides) < 2 or sum(sides) < LEAST_GEOS:
        problems.append(
            f"{sides[0]} treated and {sides[1]} control geos are too few for a regression over geos: two a side and "
            f"{LEAST_GEOS} in all are the least; use `synthetic_control` or `tbr`"
        )
    if (before <= 0).any():
        geo = trial.geos[int(np.argmin(before))]
        problems.append(f"geo {geo!r} sold nothing on average before the start: exclude it")
    if problems:
        raise InputError(problems, "the experiment's panel")
    design = np.column_stack([trial.treated.astype(float), np.ones(len(before)), before])
    fitted = sm.WLS(after, design, weights=1 / before).fit(cov_type="HC3", use_t=True)
    att = float(fitted.params[0])
    return Estimate(
        estimator="gbr",
        att=att,
        cells=trial.cells,
        expected=float(trial.kpi[trial.treated][:, trial.measured].sum()) - att * trial.cells,
        assumptions=(*SHARED, CHANCE),
        window=window_of(trial),
        **student(att, float(fitted.bse[0]), float(fitted.df_resid), level),
    )
