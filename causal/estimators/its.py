"""What would the treated geos have sold, going by their own past? Interrupted time series, with or without controls.

    kpi[t] = level + slope * t + season[t] + att * measured[t] + b * related[t] + u[t]
    u[t]   = persistence * u[t-1] + noise

For tests that left no geo untreated, and for national ones. Sales wander, so the effect is estimated by generalised
least squares with the persistence taken out (`causal.regression`). A short series does not tell its persistence, and
the largest doubt about the effect lies there: every persistence answers with its t distribution, and counts as much as
its restricted likelihood says. p-value and interval are tail and quantiles of that one mixture.

With `related`, series that the treatment did not touch explain the treated geos (what CausalImpact does with a state
space). The season needs a year of history before it is fitted. Nothing protects this estimator from what else happened
in those weeks: the answer is as good as the sentence "the past and these series say what would have happened".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import optimize, stats

from causal.adjustment import season
from causal.estimators.estimate import LEVEL, Estimate, window_of
from causal.estimators.trial import Day, Panel, Trial, read_trial
from causal.regression import PERSISTENCES, Observations, adjust, independent, observations, persistence_likelihood
from causal.regression import estimate as regress
from mmm.errors import InputError, closest

NOTHING_ELSE = "Nothing else that moves sales began or ended with the experiment."
TREND = "Level, trend and season would have gone on as before the start."
UNTOUCHED = "The related series were not touched by the experiment."
NEGLIGIBLE = 1e-4
"""A persistence that weighs less than this share of the likeliest one is left out."""


class Mixture(NamedTuple):
    """One answer a persistence (or a posterior draw): weight, effect, standard error; degrees of freedom of all."""

    weight: Float[np.ndarray, " answer"]
    effect: Float[np.ndarray, " answer"]
    error: Float[np.ndarray, " answer"]
    degrees: float


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    related: Sequence[str] = (),
    level: float = LEVEL,
    **layout: Any,
) -> Estimate:
    """Interrupted time series of a finished experiment.

    `related` names geos (columns) that serve as explaining series; others are not used. `layout` goes to `read_trial`.
    """
    trial = read_trial(panel, treated, start, end, measured_until, controls_needed=False, **layout)
    step = trial.measured.astype(float)
    answers = answers_by_persistence(observations(trial.target[None], step[None], explaining(trial, related)[None]))
    expected = trial.target - float(answers.weight @ answers.effect) * step
    return from_mixture("its", answers, trial, expected, level, (TREND, UNTOUCHED) if related else (TREND,))


def from_mixture(
    estimator: str,
    answers: Mixture,
    trial: Trial,
    expected: Float[np.ndarray, " time"],
    level: float,
    assumptions: tuple[str, ...],
) -> Estimate:
    """Estimate, interval and p-value as mean, quantiles and tail of one mixture; `expected` is the KPI of the mean
    treated geo without the effect, and `assumptions` come after the one that every past needs."""
    att = float(answers.weight @ answers.effect)
    below = share_below(answers, 0.0)
    seen = float(trial.target[trial.measured].sum() * trial.treated.sum())
    return Estimate(
        estimator=estimator,
        att=att,
        interval=(quantile(answers, 0.5 - level / 2), quantile(answers, 0.5 + level / 2)),
        p_value=2 * min(below, 1 - below),
        level=level,
        cells=trial.cells,
        expected=seen - att * trial.cells,
        assumptions=(NOTHING_ELSE, *assumptions),
        series=pd.DataFrame({"kpi": trial.target, "expected": expected}, index=trial.times),
        window=window_of(trial),
    )


def answers_by_persistence(data: Observations) -> Mixture:
    """The effect at each persistence that the series does not rule out."""
    likelihood = persistence_likelihood(replace(data, covariates=independent(data.covariates, data.present)))
    weight = np.exp(likelihood - likelihood.max())
    kept = weight > NEGLIGIBLE
    found = [regress(adjust(data, float(persistence))) for persistence in PERSISTENCES[kept]]
    effect, error = (np.array([getattr(each, name) for each in found]) for name in ("effect", "standard_error"))
    return Mixture(weight[kept] / weight[kept].sum(), effect, error, float(found[0].degrees))


def share_below(answers: Mixture, value: float) -> float:
    """How much of the mixture lies below a value."""
    return float(answers.weight @ stats.t.cdf((value - answers.effect) / answers.error, answers.degrees))


def quantile(answers: Mixture, share: float) -> float:
    """The value with this share of the mixture below it."""
    each = answers.effect + answers.error * stats.t.ppf(share, answers.degrees)
    if np.ptp(each) == 0:
        return float(each[0])
    return float(optimize.brentq(lambda value: share_below(answers, value) - share, each.min(), each.max()))


def explaining(trial: Trial, related: Sequence[str]) -> Float[np.ndarray, "time column"]:
    """Level, slope, season where there is a year of it, and the related series, each of unit size."""
    periods = len(trial.times)
    days = (trial.times[-1] - trial.times[0]).days / (periods - 1)
    year = 365.25 / max(days, 1.0)
    before = int((~trial.measured).sum())
    waves = season(periods, year) if before >= year else np.empty((periods, 0))
    series = untouched(trial, related).T
    return np.column_stack([np.ones(periods), np.linspace(-1, 1, periods), waves, series / np.abs(series).max(0)])


def untouched(trial: Trial, related: Sequence[str]) -> Float[np.ndarray, "geo time"]:
    """The related series; raises `InputError` for names that the panel does not have, or that were treated."""
    problems = [f"there is no related series {name!r}: {closest(name, trial.geos)}" for name in related
                if name not in trial.geos]  # fmt: skip
    problems += [f"{name!r} is treated and cannot explain itself: leave it out of `related`" for name in related
                 if name in trial.treated_geos]  # fmt: skip
    if problems:
        raise InputError(problems, "the experiment's panel")
    return trial.kpi[np.isin(trial.geos, list(related))]
