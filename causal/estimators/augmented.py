"""What if no mixture of control geos comes close enough? A synthetic control with a ridge regression for the remainder.

    w = w_simplex + (target - w_simplex X) (X'X + penalty I)^-1 X'

X holds the control geos' departures from their own level and from the period's mean, before the start. The second term
moves the weights, below zero where it must, until what the mixture missed is matched as far as the penalty allows. The
penalty is the largest whose error, leaving one period out, is within a standard error of the smallest. Source:
Ben-Michael, Feller and Rothstein, JASA 2021, "The augmented synthetic control method", equation 13; the penalty's grid
as in their package augsynth, so that both give the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from causal.estimators.conformal import Permutation
from causal.estimators.counterfactual import Counterfactual, Rule, measure
from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.simplex import simplex_weights
from causal.estimators.synthetic_control import MIXTURE
from causal.estimators.trial import Day, Panel, Trial, read_trial

STEPS, SMALLEST = 20, 1e-8
"""The grid of penalties: from the largest squared singular value down to this share of it."""


def augmented(
    target: Float[np.ndarray, " time"],
    controls: Float[np.ndarray, "geo time"],
    before: Bool[np.ndarray, " time"],
    penalty: float,
) -> Counterfactual:
    """The mixture of changes, with its weights moved by the ridge regression."""
    level, levels = target[before].mean(), controls[:, before].mean(1, keepdims=True)
    rows, columns = departures(target, controls, before)
    weights = simplex_weights(rows, columns)
    weights = weights + shift(rows - weights @ columns, columns, np.array([penalty]))[0]
    return Counterfactual(level + weights @ (controls - levels), weights)


def departures(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], before: Bool[np.ndarray, " time"]
) -> tuple[Float[np.ndarray, " before"], Float[np.ndarray, "geo before"]]:
    """Target and controls before the start, measured from their own levels and from the mean control of the period."""
    columns = controls[:, before] - controls[:, before].mean(1, keepdims=True)
    rows = target[before] - target[before].mean() - columns.mean(0)
    return rows, columns - columns.mean(0)


def shift(
    missed: Float[np.ndarray, " time"], columns: Float[np.ndarray, "geo time"], penalties: Float[np.ndarray, " penalty"]
) -> Float[np.ndarray, "penalty geo"]:
    """How ridge regressions with these penalties move the weights to match what the mixture missed."""
    geos, sizes, times = np.linalg.svd(columns, full_matrices=False)
    return (sizes * (times @ missed) / (sizes**2 + penalties[:, None])) @ geos.T


def choose_penalty(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], before: Bool[np.ndarray, " time"]
) -> float:
    """The largest penalty within a standard error of the best, leaving out one period at a time."""
    rows, columns = departures(target, controls, before)
    penalties = np.linalg.norm(columns, 2) ** 2 * SMALLEST ** (np.arange(STEPS + 1) / STEPS)
    errors = np.array(
        [_error_without(rows, columns, penalties, period) for period in range(len(rows) - 1)]
    )  # all but the last period, as augsynth does
    mean, spread = errors.mean(0), errors.std(0, ddof=1) / np.sqrt(len(errors))
    best = int(mean.argmin())
    return float(penalties[mean <= mean[best] + spread[best]].max())


def _error_without(
    rows: Float[np.ndarray, " time"],
    columns: Float[np.ndarray, "geo time"],
    penalties: Float[np.ndarray, " penalty"],
    period: int,
) -> Float[np.ndarray, " penalty"]:
    kept = np.arange(len(rows)) != period
    weights = simplex_weights(rows[kept], columns[:, kept])
    moved = weights + shift(rows[kept] - weights @ columns[:, kept], columns[:, kept], penalties)
    return (rows[period] - moved @ columns[:, period]) ** 2


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    penalty: float | None = None,
    level: float = LEVEL,
    permutation: Permutation = "block",
    **layout: Any,
) -> Estimate:
    """Ridge-augmented synthetic control of a finished experiment; the penalty is chosen from the data unless given."""
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    return measure("augmented", trial, rule_for(trial, penalty), (MIXTURE,), level, permutation)


def rule_for(trial: Trial, penalty: float | None = None) -> Rule:
    """The rule with its penalty, chosen before the start and kept in every refit of the test."""
    if penalty is None:
        penalty = choose_penalty(trial.target, trial.controls, ~trial.measured)
    return partial(augmented, penalty=penalty)
