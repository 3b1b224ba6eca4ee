"""Which control geos, and which earlier weeks, are like the measured ones? Synthetic difference in differences.

    att = (target_measured - sum_t l_t target_t) - sum_j w_j (controls_j,measured - sum_t l_t controls_j,t)

A synthetic control that only has to move in parallel (its level is free), compared with those earlier periods whose
mixture resembles the measured ones in the controls. Geo weights `w` carry a ridge of `(treated * measured)^(1/4)` times
the standard deviation of the controls' period-to-period changes, which spreads them over many geos; period weights `l`
carry next to none. Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager, AER 2021, "Synthetic
difference-in-differences", algorithm 1. Both programmes are solved to the optimum here; packages that stop early differ
in the third digit.

Under the null there are no measured periods to resemble, so the conformal test weighs all periods alike.
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
from causal.estimators.trial import Day, Panel, Trial, read_trial

PARALLEL = "The mixture of control geos and the treated ones would have gone on in parallel."
NEXT_TO_NONE = 1e-6
"""The share of the noise level that regularises period weights: only enough to make them unique."""


def parallel_mixture(
    target: Float[np.ndarray, " time"],
    controls: Float[np.ndarray, "geo time"],
    before: Bool[np.ndarray, " time"],
    treated_cells: int,
) -> Counterfactual:
    """The mixture of controls, raised to the target's level in the periods that resemble the measured ones."""
    earlier = controls[:, before]
    noise = float(np.diff(earlier, axis=1).std(ddof=1))
    centred = earlier - earlier.mean(1, keepdims=True)
    ridge = earlier.shape[1] * np.sqrt(treated_cells) * noise**2
    geos = simplex_weights(target[before] - target[before].mean(), centred, ridge)
    periods = np.full(earlier.shape[1], 1 / earlier.shape[1])
    if not before.all():
        later = controls[:, ~before].mean(1)
        across = (earlier - earlier.mean(0)).T
        periods = simplex_weights(later - later.mean(), across, len(controls) * (NEXT_TO_NONE * noise) ** 2)
    mixed = geos @ controls
    return Counterfactual(mixed + periods @ (target - mixed)[before], geos)


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
    """Synthetic difference in differences of a finished experiment; `layout` goes to `read_trial`."""
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    return measure("synthetic_did", trial, rule_for(trial), (PARALLEL,), level, permutation)


def rule_for(trial: Trial) -> Rule:
    """The rule with the ridge that a trial of this size asks for."""
    return partial(parallel_mixture, treated_cells=trial.cells)
