"""How often is an estimator wrong, and how often does it see a real effect? Measured on markets of known truth.

    operating("synthetic_control", runs=400)                # coverage, false positives, bias: nothing happened
    operating("synthetic_control", runs=400, lift=0.05)     # power and coverage at a 5 % lift

A market has log-normally sized geos that share two wandering demands, each with a loading of its own, and a season;
what is left is the geo's own AR(1) demand. All three have a standard deviation of 5 % of a geo's size, of which an
estimator can remove the shared ones. Treated geos are drawn by chance. What was measured last stands in
`causal/DESIGN.md`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.estimators.ensemble import answer, choose, placebo_table
from causal.estimators.estimate import LEVEL
from causal.estimators.trial import Trial
from causal.operating import wander

NOISE = 0.05
SIZES, LOADINGS = 0.7, 0.3
SHARE_TREATED = 0.25


def operating(
    name: str,
    runs: int,
    *,
    lift: float = 0.0,
    geos: int = 40,
    weeks: int = 78,
    measured: int = 4,
    persistence: float = 0.5,
    level: float = LEVEL,
    seed: int = 0,
) -> pd.Series:
    """`coverage` of the true effect, `detected` (share of p-values below `1 - level`), `bias` and `error` of the lift.

    `name` is a candidate of the ensemble, or `ensemble` itself.
    """
    rng = np.random.default_rng(seed)
    rows = [_one(name, simulate(geos, weeks, measured, persistence, rng), lift, level) for _ in range(runs)]
    table = pd.DataFrame(rows)
    error = table["effect"] - lift
    return pd.Series(
        {
            "coverage": table["covered"].mean(),
            "detected": table["detected"].mean(),
            "bias": error.mean(),
            "error": np.sqrt((error**2).mean()),
        }
    )


def _one(name: str, trial: Trial, lift: float, level: float) -> dict[str, bool | float]:
    """An effect is constant over weeks here, so taking the true one away and testing zero is testing the truth."""
    effect = lift * float(trial.target[trial.measured].mean())
    chosen = choose(placebo_table(trial, level), level) if name == "ensemble" else name
    nothing, p_true = answer(chosen, trial)
    p_zero = answer(chosen, planted(trial, effect))[1] if lift else p_true
    return {
        "covered": p_true >= 1 - level,
        "detected": p_zero < 1 - level,
        "effect": nothing / float(trial.target[trial.measured].mean()) + lift,
    }


def planted(trial: Trial, effect: float) -> Trial:
    """The same trial with an effect in every treated geo and measured week."""
    return replace(trial, kpi=trial.kpi + effect * np.outer(trial.treated, trial.measured))


def simulate(geos: int, weeks: int, measured: int, persistence: float, rng: np.random.Generator) -> Trial:
    """A market in which nothing happened, as a trial."""
    size: Float[np.ndarray, " geo"] = 1000 * np.exp(rng.normal(0, SIZES, geos))
    shared = rng.normal(1, LOADINGS, (geos, 2)) @ wander(2, weeks, 0.9, rng)
    season = np.sin(2 * np.pi * np.arange(weeks) / 52 + rng.uniform(0, 2 * np.pi))
    own = wander(geos, weeks, persistence, rng)
    kpi = size[:, None] * (1 + NOISE * (shared + season + own))
    times = pd.date_range("2024-01-01", periods=weeks, freq="W-MON")
    treated = np.zeros(geos, dtype=bool)
    treated[rng.choice(geos, max(round(SHARE_TREATED * geos), 1), replace=False)] = True
    names = tuple(f"geo{i}" for i in range(geos))
    flags = np.arange(weeks) >= weeks - measured
    return Trial(kpi, treated, flags, names, times, times[-measured], times[-1], times[-1])
