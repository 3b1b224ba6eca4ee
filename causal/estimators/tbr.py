"""How do the treated geos' sales follow the control geos' over time? Time-based regression, cooldown included.

    target[t] = a + b * control[t] + noise, fitted before the start
    incremental = sum over the measured periods of (target - a - b * control)

One regression on the totals: robust with few geos, since it needs no weight for each, and blind to which control is the
better one. Source: Kerman, Wang and Vaver, 2017, "Estimating ad effectiveness using geo experiments in a time-based
regression framework". With `inference="student"` the interval is theirs, the t distribution of a predicted sum, which
takes periods to be independent; the default is the block permutation of the other estimators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float

from causal.estimators.counterfactual import Counterfactual, measure
from causal.estimators.estimate import LEVEL, Estimate, student
from causal.estimators.trial import Day, Panel, Trial, read_trial

LINEAR = "The line between the treated and the control geos' sales would have stayed what it was before the start."
INDEPENDENT = "Departures from the line are independent from period to period."


def line(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], before: Bool[np.ndarray, " time"]
) -> Counterfactual:
    """The least-squares line through the mean control geo."""
    mean = controls.mean(0)
    design = np.column_stack([np.ones_like(mean), mean])
    coefficients, *_ = np.linalg.lstsq(design[before], target[before])
    return Counterfactual(design @ coefficients, np.full(len(controls), coefficients[1] / len(controls)))


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    level: float = LEVEL,
    inference: Literal["block", "student"] = "block",
    **layout: Any,
) -> Estimate:
    """Time-based regression of a finished experiment; `layout` goes to `read_trial`."""
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    found = measure("tbr", trial, line, (LINEAR,), level)
    if inference == "block":
        return found
    error, degrees = prediction_error(trial)
    test = student(found.att, error, degrees, level)
    return replace(found, **test, assumptions=(*found.assumptions, INDEPENDENT))


def prediction_error(trial: Trial) -> tuple[float, int]:
    """Standard error of `att` where the line's noise is independent, and its degrees of freedom."""
    mean, before = trial.controls.mean(0), ~trial.measured
    design = np.column_stack([np.ones_like(mean), mean])
    residual = (trial.target - line(trial.target, trial.controls, before).expected)[before]
    degrees = int(before.sum()) - 2
    measured = design[trial.measured].mean(0)
    leverage = measured @ np.linalg.solve(design[before].T @ design[before], measured)
    variance = float(residual @ residual) / degrees
    return float(np.sqrt(variance * (1 / trial.measured.sum() + leverage))), degrees
