"""What would the treated geos have sold, given their own past and series that nobody touched? A structural time series.

    kpi[t]  = level + slope t + season[t] + sum_j b_j related[j,t] + wander[t] + noise[t]
    wander  : an AR(1) with unknown persistence; as it nears one, the local level of a random walk
    b_j     ~ Normal(0, spread),   spread ~ HalfNormal(1)      in standard deviations, after the shared mean

Everything but four scales is Gaussian, and integrated out: the KPI before the start is one normal vector, and NUTS has
the spread of the coefficients, the size and persistence of the wandering, and the noise to learn. Given those four the mean
of the measured periods is normal, so the effect's posterior is a mixture of normals, one a draw, and estimate, p-value and
interval are mean, tail and quantiles of that mixture. Without `related` all untreated geos explain; shrinkage decides how
much. Source: Brodersen, Gallusser, Koehler, Remy and Scott, Annals of Applied Statistics 2015, "Inferring causal impact
using Bayesian structural time-series models"; there the selection is by spike and slab, and the level a random walk.

The work grows with the cube of the periods before the start: seconds for a hundred, a minute for five hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.estimators.estimate import LEVEL, Estimate, window_of
from causal.estimators.its import NOTHING_ELSE, UNTOUCHED, Mixture, explaining, quantile, share_below
from causal.estimators.trial import Day, Panel, Trial, read_trial

GOES_ON = "Level, trend, season and the relation to the related series would have gone on as before the start."
WARMUP, DRAWS, CHAINS = 300, 300, 2
WIDE = 5.0
"""Prior standard deviation of level, slope and season, in standard deviations of the KPI before the start."""

Matrix = Float[np.ndarray, "time time"]
