"""How often is an estimator wrong, and how often does it see a real effect? Measured on markets of known truth.

    operating("synthetic_control", runs=400)                # coverage, false positives, bias: nothing happened
    operating("synthetic_control", runs=400, lift=0.05)     # power and coverage at a 5 % lift
    operating("augmented", 400, market=one_of_many, level=0.95)
    roll_outs(runs=100, lift=0.05)                          # `staggered`, and its test of the weeks before

A typical market has log-normally sized geos that share two wandering demands, each with a loading of its own, and a
season; what is left is the geo's own AR(1) demand. All three have a standard deviation of 5 % of a geo's size, of which
an estimator can remove the shared ones. Treated geos are drawn by chance. `one_of_many` is the other common case: daily
sales, one treated geo. What was measured last stands in `causal/DESIGN.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.estimators import bsts, ensemble, staggered
from causal.estimators.estimate import LEVEL
from causal.estimators.its import share_below
from causal.estimators.trial import Trial
from causal.operating import wander

Market = Callable[..., Trial]
NOISE = 0.05
SIZES, LOADINGS = 0.7, 0.3
SHARE_TREATED = 0.25
GROWTH_A_DAY, WEEKDAY = 0.0005, 0.1


def typical(
    rng: np.random.Generator, geos: int = 40, weeks: int = 78, measured: int = 4, persistence: float = 0.5
) -> Trial:
    """The market that this module describes; see `simulate`."""
    return simulate(geos, weeks, measured, persistence, rng)


def operating(
    name: str,
    runs: int,
    *,
    lift: float = 0.0,
    level: float = LEVEL,
    seed: int = 0,
    market: Market = typical,
    **setting: float | int,
) -> pd.Series:
    """`coverage` of the true effect, `detected` (share of p-values below `1 - level`), `bias` and `error` of the lift.

    `name` is a candidate of the ensemble, `ensemble` itself, or `bsts`; `setting` goes to `market`.
    """
    rng = np.random.default_rng(seed)
    rows = [_one(name, market(rng, **setting), lift, level) for _ in range(runs)]
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
    """An effect is a share of sales, so taking the true one away and testing zero is testing the truth."""
    chosen = ensemble.choose(ensemble.placebo_table(trial, level), level) if name == "ensemble" else name
    nothing, p_true = _answer(chosen, trial)
    p_zero = _answer(chosen, planted(trial, lift))[1] if lift else p_true
    return {
        "covered": p_true >= 1 - level,
        "detected": p_zero < 1 - level,
        "effect": nothing / float(trial.target[trial.measured].mean()) + lift,
    }


def _answer(name: str, trial: Trial) -> tuple[float, float]:
    """Effect and p-value."""
    if name != "bsts":
        return ensemble.answer(name, trial)
    answers, _ = bsts.answers_by_draw(trial, trial.control_geos)
    below = share_below(answers, 0.0)
    return float(answers.weight @ answers.effect), 2 * min(below, 1 - below)


def roll_outs(
    runs: int,
    *,
    lift: float = 0.0,
    growth: float = 0.0,
    dates: Sequence[int] = (52, 60, 68),
    each: int = 4,
    persistence: float = 0.5,
    seed: int = 0,
) -> pd.Series:
    """How `staggered` fares where `each` of 40 geos adopt on each of three `dates` (weeks) out of 78.

    The effect is `lift` and grows by `growth` a week, as shares of the KPI. Columns as in `operating`, and
    `pre_trend`: how often the test of the weeks before the adoption alarms at 10 %.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(runs):
        nothing = typical(rng, persistence=persistence)
        order = rng.permutation(len(nothing.geos))[: each * len(dates)]
        first = np.full(len(nothing.geos), np.inf)
        first[order] = np.repeat(dates, each)
        since = np.arange(len(nothing.times)) - first[:, None]
        gained = np.where(since >= 0, lift + growth * np.maximum(since, 0), 0.0) * nothing.kpi
        wide = pd.DataFrame((nothing.kpi + gained).T, index=nothing.times, columns=list(nothing.geos))
        adopted = {nothing.geos[geo]: nothing.times[int(first[geo])] for geo in order}
        found = staggered.estimate(wide, adopted)
        truth, share = gained[since >= 0].mean(), found.expected / found.cells
        rows.append(
            {
                "coverage": found.interval[0] <= truth <= found.interval[1],
                "detected": found.p_value < 1 - LEVEL,
                "effect": (found.att - truth) / share,
                "pre_trend": staggered.pre_trend(wide, adopted) < 0.1,
            }
        )
    table = pd.DataFrame(rows)
    means = table[["coverage", "detected", "pre_trend"]].mean()
    return pd.concat([means, pd.Series({"bias": table["effect"].mean(), "error": table["effect"].std(ddof=0)})])


def planted(trial: Trial, lift: float) -> Trial:
    """The same trial with every treated geo's sales raised by `lift` in every measured period."""
    return replace(trial, kpi=trial.kpi * (1 + lift * np.outer(trial.treated, trial.measured)))


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


def one_of_many(
    rng: np.random.Generator,
    controls: int = 20,
    days: int = 90,
    measured: int = 14,
    noise: float = 0.15,
    persistence: float = 0.5,
) -> Trial:
    """Daily sales of one treated geo and its controls in which nothing happened, as a trial.

    Log-normal sizes, growth and a weekday pattern that all share, and AR(1) noise with a standard deviation of `noise`
    of a geo's size, over which no control can help.
    """
    length = days + measured
    size: Float[np.ndarray, " geo"] = 1000 * np.exp(rng.normal(0, SIZES, controls + 1))
    weekday = 1 + WEEKDAY * rng.standard_normal(7)[np.arange(length) % 7]
    shared = weekday * (1 + GROWTH_A_DAY * np.arange(length))
    kpi = size[:, None] * shared * (1 + noise * wander(controls + 1, length, persistence, rng))
    times = pd.date_range("2024-01-01", periods=length)
    flags = np.arange(length) >= days
    names = tuple(f"geo{i}" for i in range(controls + 1))
    return Trial(kpi, np.arange(controls + 1) == 0, flags, names, times, times[days], times[-1], times[-1])
