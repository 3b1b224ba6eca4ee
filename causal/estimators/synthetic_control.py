"""Which mixture of control geos moved like the treated ones before the start? It says what they would have sold.

    expected[t] = level + sum_j w_j (controls[j,t] - level_j),      w_j >= 0, sum_j w_j = 1

The weights make the mixture follow the mean treated geo before the start. With `levels=True`, the default, each geo is
first measured from its own mean before the start, so that a treated geo larger than any control still has a synthetic
one (as GeoLift and augsynth do with fixed effects); without it the mixture must match the level too (Abadie, Diamond
and Hainmueller, JASA 2010, here on outcomes alone).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from causal.estimators.conformal import Permutation
from causal.estimators.counterfactual import Counterfactual, measure
from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.simplex import simplex_weights
from causal.estimators.trial import Day, Panel, read_trial

MIXTURE = "The mixture of control geos that followed the treated ones before the start would have followed them on."


def mixture(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], before: Bool[np.ndarray, " time"]
) -> Counterfactual:
    """The nearest mixture, levels included."""
    weights = simplex_weights(target[before], controls[:, before])
    return Counterfactual(weights @ controls, weights)


def mixture_of_changes(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], before: Bool[np.ndarray, " time"]
) -> Counterfactual:
    """The nearest mixture of departures from each geo's own level."""
    level, levels = target[before].mean(), controls[:, before].mean(1, keepdims=True)
    found = mixture(target - level, controls - levels, before)
    return Counterfactual(level + found.expected, found.weights)


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    levels: bool = True,
    level: float = LEVEL,
    permutation: Permutation = "block",
    **layout: Any,
) -> Estimate:
    """Synthetic control of a finished experiment; `levels=False` for the mixture without levels of its own."""
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    rule = mixture_of_changes if levels else mixture
    return measure("synthetic_control", trial, rule, (MIXTURE,), level, permutation)
