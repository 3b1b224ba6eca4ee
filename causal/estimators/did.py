"""Did the treated geos change more than the others? Difference in differences.

    kpi[g,t] = level[g] + period[t] + att * treated[g] * measured[t] + u[g,t]

With one start for all treated geos the two-way fixed effects are a subtraction: the change of the mean treated geo
minus that of the mean control geo. Every control counts alike, which is right where geos move in parallel and wrong
where large ones swing more than small ones: look at `event_study` before the start, where nothing should be seen, or
use a synthetic control. Several starts are for `staggered`: one regression over them compares treated geos with treated
ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from causal.estimators.conformal import Permutation, invert
from causal.estimators.counterfactual import Counterfactual, conformal_test, measure
from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.trial import Day, Panel, Trial, read_trial

PARALLEL = "Without the experiment, treated and control geos would have changed by the same amount."


def parallel(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], before: Bool[np.ndarray, " time"]
) -> Counterfactual:
    """The mean control geo, raised to the level of the treated one."""
    mean = controls.mean(0)
    return Counterfactual(mean + (target - mean)[before].mean(), np.full(len(controls), 1 / len(controls)))


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    level: float = LEVEL,
    permutation: Permutation = "block",
    **layout: Any,
) -> Estimate:
    """Difference in differences of a finished experiment; `layout` goes to `read_trial`."""
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    return measure("did", trial, parallel, (PARALLEL,), level, permutation)


def event_study(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    level: float = LEVEL,
    **layout: Any,
) -> pd.DataFrame:
    """The difference in every period, with `low`, `high` and `p_value`: before the start it should be nothing.

    Each measured period is tested alone against all periods before the start; each period before the start against the
    others before it. Columns `effect, low, high, p_value, measured`, one row a period.
    """
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    rows = [_one_period(trial, period, level) for period in range(len(trial.times))]
    return pd.DataFrame(rows, index=trial.times).assign(measured=trial.measured)


def _one_period(trial: Trial, period: int, level: float) -> dict[str, float]:
    kept = np.flatnonzero(~trial.measured | (np.arange(len(trial.times)) == period))
    alone = replace(trial, kpi=trial.kpi[:, kept], times=trial.times[kept], measured=kept == period)
    gap = alone.target - parallel(alone.target, alone.controls, ~alone.measured).expected
    test = conformal_test(alone, parallel)
    effect, others = float(gap[alone.measured][0]), gap[~alone.measured]
    low, high = invert(test, effect, float(others.std()) or 1.0, level)
    return {"effect": effect, "low": low, "high": high, "p_value": test.p_value()}
